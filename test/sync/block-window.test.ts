// Ranges from several peers at once: who is asked for what, how far ahead, and what becomes of those who are slow or send
// nonsense. The blocks are made up; nobody executes them here.

import { SerializedList } from '@chainsafe/ssz';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Block, Body, Header, headerHash } from '../../src/primitives/block.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import { type BlocksRequest, CertifiedBlock } from '../../src/primitives/wire.ts';
import { BlockWindow, WINDOW_BYTES } from '../../src/sync/block-window.ts';
import type { SyncError } from '../../src/sync/errors.ts';
import { Sources } from '../../src/sync/sources.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { hang, stream } from './fixture.ts';

const test = suite('block window');
const LENGTH = 400;
const RANGE = 64;

const chain: Uint8Array[] = [];
for (let height = 1, parent: Hash = new Uint8Array(32); height <= LENGTH; height++) {
  const block: Block = { header: { ...Header.defaultValue(), height, parent }, body: Body.defaultValue() };
  parent = headerHash(block.header);
  chain.push(CertifiedBlock.serialize({ block, certificate: null }));
}

type Answer = (from: number, count: number, signal: AbortSignal) => AsyncIterable<Uint8Array>;
const honest: Answer = (from, count) => stream(...chain.slice(from - 1, from - 1 + count));
const silent: Answer = async function* (_from, _count, signal) {
  await hang(signal);
  yield* [];
};

interface Peer {
  readonly height?: number;
  readonly oldestHeight?: number;
  readonly answer?: Answer;
}

interface Setup {
  readonly window: BlockWindow;
  /** who was asked for the blocks from which height on */
  readonly asked: [peer: string, from: number, count: number][];
  readonly lies: [peer: string, error: SyncError][];
  readonly sources: Sources;
  /** moves the clock */
  readonly wait: (milliseconds: number) => void;
  /** reads on until this height, or the end */
  read(until?: number): Promise<number[]>;
}

async function withWindow(peers: Readonly<Record<string, Peer>>, body: (setup: Setup) => Promise<void>): Promise<void> {
  let time = 0;
  const clock = () => time;
  const asked: Setup['asked'] = [];
  const lies: Setup['lies'] = [];
  const list = Object.entries(peers).map(([id, { height = LENGTH, oldestHeight = 0 }]) => ({
    id,
    height,
    oldestHeight,
  }));
  const sources = new Sources({ peers: () => list, now: clock });
  const window = new BlockWindow(0, {
    requestBlocks(id: string, { value }: BlocksRequest, signal: AbortSignal) {
      const { from, count } = value as { from: number; count: number };
      asked.push([id, from, count]);
      return (peers[id]?.answer ?? honest)(from, count, signal);
    },
    sources,
    serving: (height) => sources.serving(height),
    bodyMatches: () => true,
    onLie(peer, error) {
      lies.push([peer, error]);
      sources.setAside(peer);
    },
    clock,
    logger: silentLogger(),
  });
  const blocks = window.blocks();
  const read = async (until = Number.POSITIVE_INFINITY): Promise<number[]> => {
    const heights: number[] = [];
    while (heights.at(-1) !== until) {
      const { value, done } = await blocks.next();
      if (done === true) break;
      heights.push(value.block.header.height);
    }
    return heights;
  };
  const wait = (milliseconds: number) => {
    time += milliseconds;
  };
  try {
    await withTimeout(body({ window, asked, lies, sources, wait, read }), 20_000, 'the window');
  } finally {
    await withTimeout(window.close(), 5000, 'the window to close');
  }
}

const upTo = (to: number, from = 1) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('ranges come from several peers, and are read in order', async () => {
  // Each answers when the next one is asked: only those who are asked at once ever get on.
  const waiting: (() => void)[] = [];
  let mostAtOnce = 0;
  const together: Answer = async function* (from, count) {
    const others = new Promise<void>((resolve) => waiting.push(resolve));
    mostAtOnce = Math.max(mostAtOnce, waiting.length);
    if (from === 1 || waiting.length === 3 || from + count > LENGTH) for (const go of waiting.splice(0)) go();
    await Promise.race([others, new Promise((resolve) => setTimeout(resolve, 50))]);
    yield* chain.slice(from - 1, from - 1 + count);
  };
  const peer = { answer: together };
  await withWindow({ a: peer, b: peer, c: peer, d: peer }, async ({ read, asked, lies }) => {
    assert.equal(await read(), upTo(LENGTH));
    assert.ok(mostAtOnce >= 2, `${mostAtOnce} at once`);
    assert.ok(new Set(asked.map(([id]) => id)).size >= 3, 'several were asked');
    assert.is(new Set(asked.map(([, from]) => from)).size, asked.length, 'nothing was asked for twice');
    assert.equal(asked.slice(0, 2), [
      ['a', 1, RANGE],
      ['a', 1 + RANGE, RANGE],
    ]);
    assert.equal(lies, []);
  });
});

test('an answer that is cut short is continued, by whoever is free', async () => {
  const short: Answer = (from, count, signal) => honest(from, Math.min(count, 10), signal);
  await withWindow({ a: { answer: short }, b: { answer: short } }, async ({ read }) => {
    assert.equal(await read(), upTo(LENGTH));
  });
});

test('peers are asked only for what they say to have', async () => {
  const peers = { young: { oldestHeight: 200 }, old: { height: 250 } };
  await withWindow(peers, async ({ read, asked }) => {
    assert.equal(await read(), upTo(LENGTH));
    for (const [id, from] of asked) assert.ok(id === 'old' ? from <= 250 : from >= 200, `${id} ${from}`);
    assert.ok(asked.some(([id]) => id === 'young'));
  });
});

test('the end is where nobody says to have more', async () => {
  await withWindow({ a: { height: 100 } }, async ({ read, asked }) => {
    assert.equal((await read()).slice(0, 100), upTo(100));
    assert.ok(asked.every(([, from]) => from <= 128));
  });
  await withWindow({ a: { oldestHeight: 2 } }, async ({ read, asked }) => {
    assert.equal([await read(), asked], [[], []]);
  });
});

test('who sends nonsense costs its range; the blocks of others stay', async () => {
  const nonsense: Answer = (from, count, signal) =>
    from === 1 ? honest(from, count, signal) : stream(new Uint8Array(100));
  await withWindow({ liar: { answer: nonsense }, a: {}, b: {} }, async ({ read, asked, lies }) => {
    assert.equal(await read(), upTo(LENGTH));
    assert.equal(
      lies.map(([peer, { code }]) => [peer, code]),
      [['liar', 'WRONG_BLOCK']],
    );
    const [, from] = asked.findLast(([id]) => id === 'liar') as [string, number, number];
    assert.equal(asked.filter(([, start]) => start === from).length, 2, 'its range was asked for once more');
    assert.is(new Set(asked.map(([, start]) => start)).size, asked.length - 1, 'and nothing else was');
  });
});

test('who is silent is replaced after two seconds, not before, and loses nothing but its turn', async () => {
  const answer: Answer = (from, count, signal) => (from === 1 ? honest : silent)(from, count, signal);
  await withWindow({ slow: { answer }, good: {} }, async ({ read, asked, lies, wait, sources }) => {
    assert.equal(await read(RANGE), upTo(RANGE));
    const rest = read();
    const its = () => asked.find(([id, from]) => id === 'slow' && from > 1)?.[1];
    while (its() === undefined) await new Promise(setImmediate);
    const askedForIt = () => asked.filter(([, from]) => from === its()).map(([id]) => id);
    wait(1999);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    assert.equal(askedForIt(), ['slow']);
    wait(1);
    assert.equal(await rest, upTo(LENGTH, RANGE + 1));
    assert.equal(askedForIt(), ['slow', 'good']);
    assert.equal(lies, []);
    assert.equal(
      sources.usable().map(({ id }) => id),
      ['good'],
    );
  });
});

test('no more is fetched ahead than has room, whatever the blocks weigh', async () => {
  const transactions = SerializedList.fromArray(Array.from({ length: 120 }, () => new Uint8Array(8192)));
  let sent = 0;
  const large: Answer = async function* (from) {
    for (const bytes of chain.slice(from - 1, from + 3)) {
      const { header, body } = CertifiedBlock.deserialize(bytes).block;
      const message = CertifiedBlock.serialize({
        block: { header, body: { ...body, transactions } },
        certificate: null,
      });
      sent += message.length;
      yield message;
    }
  };
  const peer = { answer: large, height: 100 };
  await withWindow({ a: peer, b: peer, c: peer, d: peer }, async ({ read, window }) => {
    let taken = 0;
    for (let height = 1; height <= 100; height += 20) {
      await read(height);
      for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
      taken = window.unreleased().reduce((sum, { bytes }) => sum + bytes, taken);
      window.release(height);
      assert.ok(sent - taken <= WINDOW_BYTES, `${sent - taken} bytes wait at block ${height}`);
      assert.ok(height > 60 || sent - taken > WINDOW_BYTES / 2, 'and the room is used');
    }
  });
});

test('a peer that is forgotten is replaced, in what was read too', async () => {
  await withWindow({ a: { height: RANGE }, b: {} }, async ({ window, read, asked, sources }) => {
    await read(10);
    const senders = new Set(window.unreleased().map(({ peer }) => peer));
    assert.is(senders.size, 1);
    window.release(4);
    assert.equal(
      window.unreleased().map(({ block }) => block.header.height),
      upTo(10, 5),
    );
    const [liar] = senders as Set<string>;
    sources.setAside(liar as string);
    window.forget(liar as string);
    assert.equal(window.unreleased(), []);
    const again: number[] = [];
    for await (const { block } of window.blocks()) {
      again.push(block.header.height);
      if (again.length === 20) break;
    }
    assert.equal(again, upTo(24, 5));
    assert.ok(asked.some(([id, from]) => id !== liar && from === 5));
  });
});

test('closing ends what is under way', async () => {
  await withWindow({ a: { answer: silent } }, async ({ window, read }) => {
    const rest = read();
    await window.close();
    assert.equal(await rest, []);
  });
});

test.run();
