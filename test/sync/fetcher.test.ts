// Single blocks and certificates from peers that have them, do not have them, or lie.

import { Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Block } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import type { Certificate } from '../../src/primitives/consensus.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { Fetcher, type FetcherOptions } from '../../src/sync/fetcher.ts';
import { createLogger, silentLogger } from '../../src/telemetry/logger.ts';
import { Node } from '../chain/fixture.ts';
import { withTimeout } from '../helpers/timeout.ts';
import {
  type BlocksAnswer,
  buildChain,
  encode,
  GENESIS,
  hang,
  type SampleBlock,
  sign,
  stream,
  TestNetwork,
  type TestPeer,
} from './fixture.ts';

const fetcherTest = suite('fetcher');
const blocks = await buildChain(2);
const first = blocks[0] as SampleBlock;
const second = blocks[1] as SampleBlock;
/** As in src/sync/fetcher.ts. */
const ROUNDS = 8;
const MAX_UNDERWAY = 128;

let judge: Node;
fetcherTest.before(async () => {
  judge = await Node.open(GENESIS);
});
fetcherTest.after(() => judge.remove());

class Told {
  readonly blocks: string[] = [];
  readonly certificates: (readonly Certificate[])[] = [];
  good = true;
  /** called while a block is told */
  atBlock: () => void = () => undefined;
  readonly #waiting: (() => void)[] = [];

  readonly onBlock = (hash: Uint8Array, _block: Block): void => {
    this.blocks.push(toHex(hash));
    this.atBlock();
    this.#wake();
  };

  readonly onCertificates = async (certificates: readonly Certificate[]): Promise<boolean> => {
    this.certificates.push(certificates);
    this.#wake();
    return this.good;
  };

  /** Resolves when something more is told. */
  next(): Promise<void> {
    return withTimeout(new Promise((resolve) => this.#waiting.push(resolve)), 5000, 'an answer');
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

async function withFetcher(
  peers: readonly TestPeer[],
  body: (setup: { fetcher: Fetcher; told: Told; network: TestNetwork }) => Promise<void>,
  changes: Partial<FetcherOptions> = {},
): Promise<void> {
  const network = new TestNetwork(...peers);
  const told = new Told();
  const { onBlock, onCertificates } = told;
  const bodyMatches = (block: Block) => judge.chain.bodyMatches(block);
  const fetcher = new Fetcher({ network, bodyMatches, onBlock, onCertificates, logger: silentLogger(), ...changes });
  try {
    await body({ fetcher, told, network });
  } finally {
    fetcher.stop();
  }
}

const byHash: BlocksAnswer = async function* (request) {
  if (request.selector !== 1) return;
  for (const hash of request.value) {
    const found = blocks.find((one) => toHex(one.hash) === toHex(hash));
    if (found !== undefined) yield encode(found, 'bare');
  }
};
const peer = (id: string, changes: Partial<TestPeer> = {}): TestPeer => ({ id, height: 0, blocks: byHash, ...changes });
const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
};

fetcherTest('a block comes from the first peer that has it', async () => {
  const peers = [peer('a', { blocks: () => stream() }), peer('b'), peer('c')];
  await withFetcher(peers, async ({ fetcher, told, network }) => {
    fetcher.fetchBlock(first.hash);
    await told.next();
    assert.equal(told.blocks, [toHex(first.hash)]);
    assert.equal(network.asked, ['a', 'b']);
    assert.equal(network.requests[0], { selector: 1, value: [first.hash] });
  });
});

fetcherTest(
  'an answer without anything of what was asked for is none, and certificates are asked for once',
  async () => {
    const old = sign(first.hash, 3);
    const wanted = sign(second.hash, 6);
    const peers = [
      peer('behind', { certificates: async () => [old] }),
      peer('helpful', { certificates: async () => [old, wanted] }),
    ];
    await withFetcher(peers, async ({ fetcher, told, network }) => {
      fetcher.fetchCertificates(1, 5, 7);
      await told.next();
      assert.equal(told.certificates, [[old, wanted]]);
      assert.equal(network.asked, ['behind', 'helpful']);
    });
    await withFetcher([peer('behind', { certificates: async () => [old] })], async ({ fetcher, network }) => {
      fetcher.fetchCertificates(1, 5, 7);
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.equal(network.asked, ['behind'], 'consensus asks again when it still needs them');
    });
  },
);

fetcherTest('peers take turns in being asked first', async () => {
  await withFetcher(
    ['a', 'b', 'c'].map((id) => peer(id)),
    async ({ fetcher, told, network }) => {
      for (let i = 0; i < 4; i++) {
        fetcher.fetchBlock(first.hash);
        await told.next();
        await turns(5);
      }
      assert.equal(network.asked, ['a', 'b', 'c', 'a']);
    },
  );
});

fetcherTest('asked for again while it is under way, a block is fetched once', async () => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* late() {
    await gate;
    yield encode(first, 'bare');
  }
  await withFetcher([peer('a', { blocks: late })], async ({ fetcher, told, network }) => {
    for (let i = 0; i < 5; i++) fetcher.fetchBlock(first.hash);
    await turns(5);
    assert.is(network.asked.length, 1);
    release();
    await told.next();
    await turns(5);
    assert.is(told.blocks.length, 1);
    fetcher.fetchBlock(first.hash);
    await told.next();
    assert.is(network.asked.length, 2, 'a new request is a new fetch');
  });
});

const LIES: readonly (readonly [name: string, answer: BlocksAnswer, offence?: 'untrue'])[] = [
  ['garbage', () => stream(new Uint8Array(300).fill(9)), 'untrue'],
  ['another block', () => stream(encode(second, 'final')), 'untrue'],
  [
    'another body',
    () => stream(encode({ hash: first.hash, block: { header: first.block.header, body: second.block.body } }, 'bare')),
    'untrue',
  ],
  [
    'a reset',
    async function* () {
      yield await Promise.reject(new Error('the stream was reset'));
    },
  ],
  [
    'no connection',
    () => {
      throw new Error('no connection');
    },
  ],
];

for (const [name, blocks, offence] of LIES) {
  fetcherTest(`a peer that answers with ${name} is passed over`, async () => {
    await withFetcher([peer('liar', { blocks }), peer('honest')], async ({ fetcher, told, network }) => {
      fetcher.fetchBlock(first.hash);
      await told.next();
      assert.equal(told.blocks, [toHex(first.hash)]);
      assert.equal(network.asked, ['liar', 'honest']);
      assert.equal(network.reports, offence === undefined ? [] : [`liar: ${offence}`]);
    });
  });
}

fetcherTest('more than one answer is not read', async () => {
  let closed = false;
  async function* endless() {
    try {
      for (;;) yield encode(first, 'bare');
    } finally {
      closed = true;
    }
  }
  await withFetcher([peer('a', { blocks: endless })], async ({ fetcher, told }) => {
    fetcher.fetchBlock(first.hash);
    await told.next();
    await turns(5);
    assert.ok(closed);
    assert.is(told.blocks.length, 1);
  });
});

fetcherTest('peers are asked in rounds until one has it, also one that came later', async () => {
  await withFetcher([], async ({ fetcher, told, network }) => {
    fetcher.fetchBlock(first.hash);
    await turns(5);
    network.list.push(peer('late'));
    await told.next();
    assert.equal(network.asked, ['late']);
  });
});

fetcherTest('what nobody has is given up after some rounds, and can be asked for again', async () => {
  const { promise, done } = signalled();
  const logger = createLogger({ level: 'debug', stream: lineStream(done, 'no peer has') });
  await withFetcher(
    [peer('a'), peer('b')],
    async ({ fetcher, told, network }) => {
      fetcher.fetchBlock(sha256(Uint8Array.of(1)));
      await withTimeout(promise, 10_000, 'giving up');
      assert.is(network.asked.length, 2 * ROUNDS);
      assert.equal(network.asked.slice(0, 4), ['a', 'b', 'b', 'a']);
      assert.is(told.blocks.length, 0);
      await turns(5);
      fetcher.fetchBlock(sha256(Uint8Array.of(1)));
      assert.is(network.asked.length, 2 * ROUNDS + 1);
    },
    { logger },
  );
});

fetcherTest('as many are under way at once as consensus can want, no more', async () => {
  async function* never(_: unknown, signal: AbortSignal) {
    yield await hang(signal);
  }
  await withFetcher([peer('a', { blocks: never })], async ({ fetcher, network }) => {
    for (let i = 0; i < MAX_UNDERWAY + 20; i++) fetcher.fetchBlock(sha256(Uint8Array.of(i, i >> 8)));
    await turns(5);
    assert.is(network.asked.length, MAX_UNDERWAY);
  });
});

fetcherTest(
  'peers that never answer keep nobody else from being asked, and are let go when somebody has it',
  async () => {
    const hanging: AbortSignal[] = [];
    async function* never(_: unknown, signal: AbortSignal) {
      hanging.push(signal);
      yield await hang(signal);
    }
    const peers = [peer('a', { blocks: never }), peer('b', { blocks: never }), peer('honest'), peer('c')];
    await withFetcher(peers, async ({ fetcher, told, network }) => {
      let waited: boolean[] = [];
      told.atBlock = () => {
        waited = hanging.map(({ aborted }) => aborted);
      };
      fetcher.fetchBlock(first.hash);
      await told.next();
      told.atBlock = () => undefined;
      assert.equal(network.asked, ['a', 'b', 'honest']);
      assert.equal(waited, [false, false], 'the time of neither had run out');
      await turns(5);
      assert.equal(
        hanging.map(({ aborted }) => aborted),
        [true, true],
      );
      fetcher.fetchBlock(second.hash);
      await told.next();
      assert.equal(told.blocks, [toHex(first.hash), toHex(second.hash)]);
    });
  },
);

fetcherTest('certificates that hold end the search, others do not', async () => {
  const certificates = [sign(first.hash, 5)];
  const peers = [
    peer('empty', { certificates: async () => [] }),
    peer('gone', { certificates: () => Promise.reject(new Error('reset')) }),
    peer('a', { certificates: async () => certificates }),
    peer('b', { certificates: async () => certificates }),
  ];
  await withFetcher(peers, async ({ fetcher, told, network }) => {
    told.good = false;
    fetcher.fetchCertificates(1, 3, 9);
    await told.next();
    told.good = true;
    await told.next();
    assert.equal(network.asked, ['empty', 'gone', 'a', 'b']);
    assert.equal(told.certificates, [certificates, certificates]);
    assert.equal(network.reports, ['a: untrue']);
    await turns(5);
    assert.is(network.asked.length, 4);
  });
});

fetcherTest('certificates are asked for by epoch and slots', async () => {
  const asked: unknown[] = [];
  const certificates: TestPeer['certificates'] = async (request) => {
    asked.push(request);
    return [sign(first.hash, 5)];
  };
  await withFetcher([peer('a', { certificates })], async ({ fetcher, told }) => {
    fetcher.fetchCertificates(1, 3, 9);
    fetcher.fetchCertificates(1, 3, 9);
    fetcher.fetchCertificates(1, 4, 9);
    await told.next();
    await turns(5);
    assert.equal(asked, [
      { epoch: 1, from: 3, to: 9 },
      { epoch: 1, from: 4, to: 9 },
    ]);
  });
});

fetcherTest('stop ends requests under way, rounds to come, and takes no more', async () => {
  const signals: AbortSignal[] = [];
  async function* never(_: unknown, signal: AbortSignal) {
    signals.push(signal);
    yield await hang(signal);
  }
  await withFetcher(
    [peer('a', { blocks: never }), peer('b', { blocks: never })],
    async ({ fetcher, told, network }) => {
      fetcher.fetchBlock(first.hash);
      await turns(5);
      assert.is(signals[0]?.aborted, false);
      fetcher.stop();
      await turns(20);
      assert.is(signals[0]?.aborted, true);
      fetcher.fetchBlock(second.hash);
      fetcher.fetchCertificates(1, 1, 2);
      await turns(20);
      assert.is(network.asked.length, 1);
      assert.is(told.blocks.length, 0);
    },
  );
  await withFetcher([], async ({ fetcher, network, told }) => {
    fetcher.fetchBlock(first.hash);
    await turns(5);
    fetcher.stop();
    network.list.push(peer('late'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal([network.asked, told.blocks], [[], []]);
  });
});

fetcherTest('a network that fails is logged, not thrown at nobody', async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  try {
    const { promise, done } = signalled();
    const network = new TestNetwork();
    network.peers = () => {
      throw new Error('not running');
    };
    const logger = createLogger({ level: 'error', stream: lineStream(done, 'not running') });
    await withFetcher(
      [],
      async ({ fetcher }) => {
        fetcher.fetchBlock(first.hash);
        await withTimeout(promise, 5000, 'a line');
        await turns(5);
      },
      { network, logger },
    );
    assert.equal(unhandled, []);
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
});

function signalled() {
  let done: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    done = resolve;
  });
  return { promise, done };
}

/** Calls `done` when a log line holds `text`. */
function lineStream(done: () => void, text: string): Writable {
  return new Writable({
    write(chunk, _encoding, next) {
      if (String(chunk).includes(text)) done();
      next();
    },
  });
}

fetcherTest.run();
