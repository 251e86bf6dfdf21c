// New nodes begin from the snapshot of a chain with several epochs and some thousand accounts: real blocks, certificates,
// stores and snapshots, and peers that answer as honest nodes do or lie.

import { randomBytes } from 'node:crypto';
import { cp, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Checkpoint } from '../../src/chain/checkpoint.ts';
import type { Anchor } from '../../src/consensus/types.ts';
import { verifyNative } from '../../src/crypto/keys.ts';
import { snapshotService } from '../../src/node/snapshot-service.ts';
import { type Block, headerHash } from '../../src/primitives/block.ts';
import { concatBytes, equalBytes } from '../../src/primitives/bytes.ts';
import { NOTAR } from '../../src/primitives/consensus.ts';
import { type ConsensusMode, genesisHash } from '../../src/primitives/genesis.ts';
import type { SignatureCheck } from '../../src/primitives/signing.ts';
import { EpochBoundary, SnapshotChunk, SnapshotOffers, type SnapshotRequest } from '../../src/primitives/snapshot.ts';
import { CertifiedBlock } from '../../src/primitives/wire.ts';
import { Snapshots } from '../../src/store/snapshots.ts';
import { CatchUp } from '../../src/sync/catch-up.ts';
import { SnapshotClient } from '../../src/sync/snapshot-client.ts';
import { SnapshotPeers } from '../../src/sync/snapshot-peers.ts';
import { SnapshotSearch } from '../../src/sync/snapshot-search.ts';
import { SnapshotSync, type SyncMode } from '../../src/sync/snapshot-sync.ts';
import { Trust } from '../../src/sync/trust.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { account, applySynced, certify, GENESIS_TIME, makeGenesis, Node, pay } from '../chain/fixture.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { type BlocksAnswer, caughtUp, hang, stream, TestNetwork, type TestPeer, until } from './fixture.ts';

const test = suite('snapshot sync');
/** Blocks of an epoch. */
const LENGTH = 12;
const SNAPSHOT = 3 * LENGTH;
const HEIGHT = SNAPSHOT + 20;
/** Of the snapshot, each half of the state. */
const CHUNKS = 2;
const genesis = makeGenesis({ accounts: 9000, parameters: { epochDuration: LENGTH } });
const hash = genesisHash(genesis);
const blocks: Block[] = [];
const block = (height: number) => blocks[height - 1] as Block;

let source: Node;
/** of the boundary of epoch 3, and of a block in the middle of an epoch as a liar has it */
let kept: Snapshots;
let inBetween: Snapshots;
/** of the boundary of epoch 4 alone */
let newer: Snapshots;
let chunks = 0;
let directory: string;
let over: () => void;
let removed: Promise<void>;

test.before(async () => {
  await new Promise<void>((ready, failed) => {
    removed = withTempDir(async (path) => {
      directory = path;
      ready();
      await new Promise<void>((resolve) => {
        over = resolve;
      });
    }).catch(failed);
  });
  await (await Node.open(genesis, join(directory, 'zero'))).stop();
  source = await fresh();
  const options = { keep: 2, rest: async () => undefined };
  kept = await Snapshots.open(join(directory, 'kept'), options);
  inBetween = await Snapshots.open(join(directory, 'in-between'), options);
  newer = await Snapshots.open(join(directory, 'newer'), options);
  while (source.chain.head.height < HEIGHT) {
    const height = source.chain.head.height + 1;
    const transfers = height % 2 === 1 ? [pay(genesis, { from: 0, to: account(1), nonce: (height - 1) / 2 })] : [];
    blocks.push((await source.grow(transfers)).block);
    if (height === SNAPSHOT) await kept.make(source.store.freeze());
    if (height === SNAPSHOT + LENGTH) await newer.make(source.store.freeze());
    if (height === SNAPSHOT + 4) await inBetween.make(source.store.freeze());
  }
});
test.after(async () => {
  await source.remove();
  over();
  await removed;
});

/** A node with block 0, which takes long to make: copied. */
async function fresh(place?: string): Promise<Node> {
  const location = place ?? (await mkdtemp(join(directory, 'node-')));
  await cp(join(directory, 'zero'), location, { recursive: true });
  return Node.open(genesis, location);
}

type Answer = (request: SnapshotRequest, signal: AbortSignal) => AsyncIterable<Uint8Array>;

interface SnapshotPeer extends TestPeer {
  readonly snapshot: Answer;
}

const answerOf =
  (snapshots: Snapshots): Answer =>
  (request) =>
    snapshotService({ store: source.store, snapshots }, request);
const honest: Answer = (request, signal) => answerOf(kept)(request, signal);

/** Another answer in place of an honest one to requests of this kind. */
function lying(selector: SnapshotRequest['selector'], lie: (answer: Uint8Array) => Uint8Array): Answer {
  return async function* (request, signal) {
    for await (const answer of honest(request, signal)) yield request.selector === selector ? lie(answer) : answer;
  };
}

class Network extends TestNetwork {
  readonly #now: () => readonly SnapshotPeer[];

  constructor(peers: readonly SnapshotPeer[] | (() => readonly SnapshotPeer[])) {
    super();
    this.#now = typeof peers === 'function' ? peers : () => peers;
  }

  override peers() {
    this.list.splice(0, Number.POSITIVE_INFINITY, ...this.#now());
    return super.peers();
  }

  readonly reported: [peer: string, reason: string][] = [];
  readonly snapshotRequests: [peer: string, request: SnapshotRequest][] = [];

  requestSnapshot(id: string, request: SnapshotRequest, signal: AbortSignal): AsyncIterable<Uint8Array> {
    this.snapshotRequests.push([id, request]);
    if (request.selector === 2) chunks++;
    return (this.list.find((peer) => peer.id === id) as SnapshotPeer).snapshot(request, signal);
  }

  override report(peer: string, kind: string, reason = ''): void {
    super.report(peer, kind);
    this.reported.push([peer, reason]);
  }
}

function peer(id: string, snapshot: Answer, height = HEIGHT): SnapshotPeer {
  return {
    id,
    height,
    snapshot,
    blocks: async function* (request) {
      if (request.selector === 1) {
        const found = blocks.find((one) => equalBytes(headerHash(one.header), request.value[0] as Uint8Array));
        if (found !== undefined) yield CertifiedBlock.serialize({ block: found, certificate: null });
        return;
      }
      const { from, count } = request.value;
      for (const one of blocks.slice(from - 1, from - 1 + count)) {
        yield CertifiedBlock.serialize({ block: one, certificate: certify(genesis, one) });
      }
    },
  };
}

interface Settings {
  readonly mode?: SyncMode;
  readonly node?: Node;
  readonly trust?: { consensus: ConsensusMode; checkpoint?: Checkpoint; now: number };
  readonly stopAfterChunks?: number;
  readonly now?: () => number;
  /** peers tell news until it is there: by a snapshot that is looked for when catch-up has ended */
  readonly height?: number;
  /** its directory is the test's to remove */
  readonly keep?: boolean;
}

const verify = async (checks: readonly SignatureCheck[]) =>
  checks.map(({ publicKey, message, signature }) => verifyNative(publicKey, message, signature));

interface Synced {
  readonly node: Node;
  readonly network: Network;
  readonly anchors: readonly Anchor[];
}

/** A node that has caught up with these peers, as far as it could. */
async function synced(
  peers: readonly SnapshotPeer[] | (() => readonly SnapshotPeer[]),
  {
    mode = 'snapshot',
    node: given,
    trust,
    stopAfterChunks = Number.POSITIVE_INFINITY,
    keep = false,
    height = 0,
    now = () => performance.now(),
  }: Settings,
  look: (result: Synced) => Promise<void>,
): Promise<void> {
  const node = given ?? (await fresh());
  const { chain, store } = node;
  const network = new Network(peers);
  const anchors: Anchor[] = [];
  const fatal: Error[] = [];
  const common = { network, chain, onSynced: (anchor: Anchor) => anchors.push(anchor), logger: silentLogger() };
  const trusted = new Trust({
    mode: trust?.consensus ?? 'poa',
    checkpoint: trust?.checkpoint,
    head: () => chain.head.header,
    present: () => ({ epoch: chain.epoch.epoch, unbondingPeriod: 300 }),
    requestBlocks: (id, request, signal) => network.requestBlocks(id, request, signal),
    clock: { now: () => trust?.now ?? GENESIS_TIME },
  });
  const snapshot = new SnapshotSync({
    ...common,
    mode,
    store,
    trust: trusted,
    genesisHash: hash,
    verify,
    now,
  });
  const catchUp = new CatchUp({
    ...common,
    trust: trusted,
    snapshot,
    bodyMatches: (one) => chain.bodyMatches(one),
    holds: (certificate) => chain.holds(certificate),
    onFatal: (error) => fatal.push(error),
    now,
  });
  chunks = 0;
  try {
    catchUp.begin();
    await caughtUp(catchUp, () => chunks >= stopAfterChunks);
    await until(`block ${height}`, () => {
      catchUp.consider();
      return chain.head.height >= height;
    });
    if (stopAfterChunks < Number.POSITIVE_INFINITY) await catchUp.stop();
    assert.equal(fatal, []);
    await look({ node, network, anchors });
  } finally {
    await catchUp.stop();
    await (keep ? node.stop() : node.remove());
  }
}

/** It is where the others are, with their state and without their past. */
async function isAtHead({ node }: Synced): Promise<void> {
  const { chain, store } = node;
  assert.equal(chain.head.hash, source.chain.head.hash);
  assert.equal(chain.epoch, source.chain.epoch);
  assert.is(store.base?.height, SNAPSHOT);
  assert.is(await store.blockByHeight(SNAPSHOT - 1), undefined);
  const verified = await store.verify();
  assert.equal(verified.stateRoot, source.chain.head.header.stateRoot);
  assert.is(verified.headers, HEIGHT - SNAPSHOT + 1);
}

test('a new node begins from the newest snapshot, and goes on with the blocks above it', () =>
  synced([peer('a', honest), peer('b', honest)], {}, async (result) => {
    await isAtHead(result);
    const { node, network, anchors } = result;
    assert.equal(network.reported, []);
    assert.equal(
      network.requests.map((request) => request.selector === 0 && request.value.from),
      [SNAPSHOT + 1],
      'no block below',
    );
    const [first] = anchors;
    assert.equal([first?.header.height, first?.certificate?.epoch], [SNAPSHOT, 3]);
    assert.ok(new Set(network.snapshotRequests.map(([id]) => id)).size === 2, 'from both');
    for (const epoch of [1, 2, 3, 4]) {
      const [own, theirs] = await Promise.all([node.store.boundary(epoch), source.store.boundary(epoch)]);
      assert.equal(own, theirs, 'it can lead others the same way');
    }
    const { anchor, epoch } = await node.chain.instance();
    assert.equal([epoch, anchor.header.height], [source.chain.epoch.epoch, HEIGHT]);
    const next = await source.build([], {});
    await applySynced(node.chain, next.block, certify(genesis, next.block));
    assert.is(node.chain.head.height, HEIGHT + 1);
  }));

test('one that is stopped on the way goes on where it was, and fetches nothing twice', () =>
  withTempDir(async (place) => {
    // The last chunk never comes.
    const slow: Answer = async function* (request, signal) {
      if (request.selector === 2 && chunks === CHUNKS) await hang(signal);
      yield* honest(request, signal);
    };
    const node = await fresh(place);
    await synced([peer('a', slow)], { node, keep: true, stopAfterChunks: CHUNKS }, async () => {
      assert.is(node.chain.head.height, 0);
      assert.is((await node.store.unfinishedRestoration())?.missing.length, 16 / CHUNKS);
      await node.store.verify();
    });
    const liar = peer('liar', lying(2, alter));
    const honestLater = () => [liar, ...(chunks > 0 ? [peer('a', honest)] : [])];
    await synced(honestLater, { node: await Node.open(genesis, place), keep: true }, async (result) => {
      await isAtHead(result);
      const kinds = result.network.snapshotRequests.map(([, { selector }]) => selector);
      assert.equal(
        kinds.filter((kind) => kind !== 0),
        [2, 2],
        "no walk again; the chunk that was missing, the liar's first",
      );
    });
  }));

test('the boundaries on the way are all kept, however few come at once', () => {
  const one: Answer = (request, signal) =>
    honest(request.selector === 1 ? { selector: 1, value: { ...request.value, count: 1 } } : request, signal);
  return synced([peer('a', one)], {}, async (result) => {
    await isAtHead(result);
    for (const epoch of [1, 2, 3]) {
      const [own, theirs] = await Promise.all([result.node.store.boundary(epoch), source.store.boundary(epoch)]);
      assert.equal(own, theirs);
    }
  });
});

const LIES: readonly (readonly [what: string, reason: RegExp, answer: Answer])[] = [
  ['sends a chunk with an altered value', /not those of the state/, lying(2, alter)],
  [
    'leaves an entry out',
    /not those of the state/,
    lying(2, (answer) => editChunk(answer, (chunk) => ({ ...chunk, entries: chunk.entries.slice(1) }))),
  ],
  [
    'turns entries round',
    /not in order/,
    lying(2, (answer) => editChunk(answer, (chunk) => ({ ...chunk, entries: [...chunk.entries].reverse() }))),
  ],
  ['sends what is no chunk', /no SnapshotChunk/, lying(2, () => Uint8Array.of(1, 2, 3))],
  [
    'has a Notar for a boundary',
    /no Final/,
    lying(1, (answer) => editBoundary(answer, (one) => ({ ...one, certificate: { ...one.certificate, kind: NOTAR } }))),
  ],
  [
    'forges a signature',
    /do not hold/,
    lying(1, (answer) =>
      editBoundary(answer, (one) => {
        const [first, ...rest] = one.certificate.signatures as [Uint8Array, ...Uint8Array[]];
        return {
          ...one,
          certificate: { ...one.certificate, signatures: [first.with(40, (first[40] as number) ^ 1), ...rest] },
        };
      }),
    ),
  ],
  [
    'names a set of its own',
    /not the validator set/,
    lying(1, (answer) => editBoundary(answer, (one) => ({ ...one, validators: one.validators?.slice(0, 1) ?? null }))),
  ],
  [
    'changes a header',
    /no Final/,
    lying(1, (answer) =>
      editBoundary(answer, (one) => ({ ...one, header: { ...one.header, stateRoot: new Uint8Array(32) } })),
    ),
  ],
  [
    'offers another block than the last of its epoch',
    /does not end with the block/,
    lying(0, (answer) => {
      const offers = SnapshotOffers.deserialize(answer);
      return SnapshotOffers.serialize(
        offers.map((offer) => ({ ...offer, height: offer.height + 1, hash: new Uint8Array(32) })),
      );
    }),
  ],
  [
    'has the state of a block in the middle of an epoch',
    /does not end epoch/,
    async function* (request, signal) {
      const poser = block(SNAPSHOT + 4);
      if (request.selector !== 1) yield* answerOf(inBetween)(request, signal);
      else {
        yield* honest({ selector: 1, value: { from: request.value.from, count: 3 } }, signal);
        const { validators } = (await source.store.boundary(4)) as EpochBoundary;
        yield EpochBoundary.serialize({ header: poser.header, certificate: certify(genesis, poser), validators });
      }
    },
  ],
];

for (const [what, reason, answer] of LIES) {
  test(`a peer that ${what} is reported, and the others help`, () =>
    synced([peer('liar', answer, HEIGHT + 1), peer('honest', honest)], {}, async (result) => {
      await isAtHead(result);
      assert.ok(result.network.reported.length > 0, 'somebody is reported');
      for (const [id, said] of result.network.reported) {
        assert.is(id, 'liar');
        assert.match(said, reason);
      }
    }));
}

test('a peer that has not what it offers, or fails, costs time', () =>
  synced(
    [
      peer('empty', async function* (request, signal) {
        if (request.selector === 0) yield* honest(request, signal);
      }),
      peer('failing', async function* (request, signal) {
        if (request.selector !== 0) throw new Error('reset');
        yield* honest(request, signal);
      }),
      peer('honest', honest),
    ],
    {},
    async (result) => {
      await isAtHead(result);
      assert.equal(result.network.reported, []);
    },
  ));

test('a peer that does not answer holds nobody up', () => {
  let reason: unknown;
  const silent: Answer = async function* (request, signal) {
    if (request.selector === 2) {
      await hang(signal).catch((error: unknown) => {
        reason = error;
        throw error;
      });
    }
    yield* honest(request, signal);
  };
  return synced([peer('honest', honest), peer('silent', silent)], {}, async (result) => {
    await isAtHead(result);
    assert.ok(result.network.snapshotRequests.some(([id, { selector }]) => id === 'silent' && selector === 2));
    assert.is((reason as DOMException).name, 'AbortError', 'it was not waited for until its time was up');
  });
});

/** For what is given up after some seconds. */
const hurried = () => 16 * performance.now();

/** What is asked of it is never answered; why it was given up is written down. */
function hanging(reasons: unknown[], isHung: (selector: SnapshotRequest['selector']) => boolean): Answer {
  return async function* (request, signal) {
    if (isHung(request.selector)) {
      await hang(signal).catch((error: unknown) => {
        reasons.push(error);
        throw error;
      });
    }
    yield* honest(request, signal);
  };
}

/** Offers snapshots that nobody has. */
const boasting = (answer: Answer): Answer =>
  async function* (request, signal) {
    if (request.selector !== 0) yield* answer(request, signal);
    else {
      const offer = (number: number) => ({
        epoch: 9,
        height: 9_000_000 + number,
        hash: randomBytes(32),
        entries: 1,
        bytes: 1,
      });
      yield SnapshotOffers.serialize(Array.from({ length: 8 }, (_, number) => offer(number)));
    }
  };

test('what is offered and never proved holds up no block', async () => {
  const reasons: unknown[] = [];
  const liars = ['x', 'y', 'z'].map((id) => peer(id, boasting(hanging(reasons, (selector) => selector === 1)), 2e7));
  await synced([...liars, peer('honest', honest)], { mode: 'auto' }, async ({ node, network }) => {
    assert.equal(node.chain.head.hash, source.chain.head.hash);
    assert.is(node.store.base, undefined);
    assert.ok(
      network.snapshotRequests.some(([, { selector }]) => selector === 0),
      'it looked for one',
    );
    assert.equal(reasons, [], 'nobody waited for it');
  });
});

test('who hangs does not hide who has a snapshot', async () => {
  const reasons: unknown[] = [];
  const liars = ['x', 'y', 'z'].map((id) => peer(id, boasting(hanging(reasons, (selector) => selector === 1)), 2e7));
  const node = await fresh();
  // Blocks above the snapshot do not wait for another one: until they are there no time passes.
  const now = () => (node.chain.head.height < HEIGHT ? 0 : hurried());
  await synced([...liars, peer('honest', honest)], { node, now }, async (result) => {
    await isAtHead(result);
    const asked = (id: string) =>
      result.network.snapshotRequests.filter(([one, { selector }]) => one === id && selector === 1).length;
    // Once before the snapshot is there, and perhaps once above it.
    for (const { id } of liars) assert.ok(asked(id) <= 2, 'its other offers come after those of others');
    assert.ok(reasons.length >= 3);
    for (const reason of reasons) assert.is((reason as DOMException).name, 'AbortError');
  });
});

test('blocks do not wait for a state that does not come', async () => {
  const reasons: unknown[] = [];
  const first = hanging(reasons, (selector) => selector === 2 && chunks > 1);
  await synced([peer('liar', first)], { now: hurried }, async ({ node }) => {
    assert.equal(node.chain.head.hash, source.chain.head.hash);
    assert.is(node.store.base, undefined, 'by blocks');
    assert.ok(await node.store.unfinishedRestoration(), 'it was proved');
  });
  assert.is((reasons[0] as DOMException).name, 'AbortError', 'its time was not waited for');
});

test('what was begun is not given up because who has it is silent for a moment', () =>
  withTempDir(async (place) => {
    const halfway = hanging([], (selector) => selector === 2 && chunks === CHUNKS);
    const first = { node: await fresh(place), keep: true, stopAfterChunks: CHUNKS };
    await synced([peer('a', halfway)], first, async ({ node }) => {
      assert.is((await node.store.unfinishedRestoration())?.boundary.header.height, SNAPSHOT);
    });
    let questions = 0;
    const silent: Answer = async function* (request, signal) {
      if (request.selector === 0 && questions++ === 0) throw new Error('reset');
      yield* honest(request, signal);
    };
    const peers = [peer('holder', silent), peer('other', answerOf(newer))];
    await synced(peers, { node: await Node.open(genesis, place), keep: true }, isAtHead);
  }));

test('what was begun and does not end an epoch is given up', () =>
  withTempDir(async (place) => {
    const node = await fresh(place);
    const poser = block(SNAPSHOT + 4);
    const { validators } = (await source.store.boundary(4)) as EpochBoundary;
    await node.store.restore({ header: poser.header, certificate: certify(genesis, poser), validators });
    await synced([peer('poser', answerOf(inBetween)), peer('a', honest)], { node, keep: true }, isAtHead);
  }));

test('what peers say of their height makes no snapshot of use that is near', async () => {
  const near = await fresh();
  for (const one of blocks.slice(0, SNAPSHOT - 6)) await applySynced(near.chain, one, certify(genesis, one));
  const peers = [peer('liar', honest, 2e7), peer('honest', honest)];
  await synced(peers, { node: near, now: hurried }, async ({ node, network }) => {
    assert.ok(network.snapshotRequests.length > 0, 'it looked for one');
    assert.is(node.store.base, undefined);
    assert.equal(node.chain.head.hash, source.chain.head.hash);
  });
});

test('blocks where that was asked for, or where they are few', async () => {
  for (const mode of ['blocks', 'auto'] as const) {
    await synced([peer('a', honest)], { mode }, async ({ node, network }) => {
      assert.equal(node.chain.head.hash, source.chain.head.hash);
      assert.is(node.store.base, undefined);
      assert.equal(network.snapshotRequests, []);
    });
  }
  const near = await fresh();
  for (const one of blocks.slice(0, 2)) await applySynced(near.chain, one, certify(genesis, one));
  await synced([peer('a', honest)], { node: near }, async ({ node }) => {
    assert.equal(node.chain.head.hash, source.chain.head.hash);
    assert.is(node.store.base, undefined, 'not for some dozen blocks');
  });
});

/** Offers the snapshot as one of a block far ahead of where it is. */
const farAhead = lying(0, (answer) =>
  SnapshotOffers.serialize(
    SnapshotOffers.deserialize(answer).map((offer) => ({ ...offer, height: offer.height + 1e6 })),
  ),
);

test('a peer that lies about how far ahead it is makes nobody throw history away', async () => {
  for (const answer of [honest, farAhead]) {
    const peers = [peer('liar', answer, 2_000_000), peer('honest', honest)];
    await synced(peers, { mode: 'auto', now: hurried }, async ({ node, network }) => {
      assert.ok(network.snapshotRequests.length > 0, 'it looked for one');
      assert.is(node.store.base, undefined);
      assert.equal(node.chain.head.hash, source.chain.head.hash, 'the blocks were fetched');
      for (const [id] of network.reported) assert.is(id, 'liar');
    });
  }
});

/** It began at the snapshot itself: it has the blocks above. */
function withoutPast(id: string): SnapshotPeer {
  const whole = peer(id, honest);
  return {
    ...whole,
    blocks: (request, signal) =>
      request.selector === 0 && request.value.from <= SNAPSHOT
        ? stream()
        : (whole.blocks as BlocksAnswer)(request, signal),
  };
}

/** A node with the first two blocks. */
async function near(): Promise<Node> {
  const node = await fresh();
  for (const one of blocks.slice(0, 2)) await applySynced(node.chain, one, certify(genesis, one));
  return node;
}

test('where nobody has the next block any more a snapshot is taken, however near', async () => {
  const peers = [withoutPast('a'), withoutPast('b')];
  await synced(peers, { mode: 'auto', node: await near(), height: HEIGHT }, isAtHead);
  const others = [...peers, peer('whole', honest)];
  for (const [list, mode] of [
    [others, 'auto'],
    [peers, 'blocks'],
  ] as const) {
    await synced(list, { mode, node: await near() }, async ({ node, network }) => {
      assert.is(node.store.base, undefined);
      assert.is(node.chain.head.height, list === others ? HEIGHT : 2);
      assert.equal(network.snapshotRequests, []);
    });
  }
});

test('it is looked for until it is proved, however long that takes', async () => {
  const begun = hurried();
  const slow: Answer = async function* (request, signal) {
    while (request.selector === 1 && hurried() < begun + 25_000)
      await new Promise((resolve) => setTimeout(resolve, 20));
    yield* honest(request, signal);
  };
  const peers = [{ ...withoutPast('slow'), snapshot: slow }];
  await synced(peers, { mode: 'auto', node: await near(), now: hurried, height: HEIGHT }, async (result) => {
    await isAtHead(result);
    const walks = result.network.snapshotRequests.filter(([, { selector }]) => selector === 1);
    assert.is(walks.length, 1, 'it was asked once');
  });
});

test('who claims the next block and never sends it keeps nobody from a snapshot', async () => {
  let passed = 0;
  const liar: SnapshotPeer = {
    ...peer('liar', () => stream()),
    async *blocks(_, signal) {
      passed = 120_000;
      await hang(signal);
      yield* [];
    },
  };
  const now = () => performance.now() + passed;
  const peers = [liar, withoutPast('a')];
  await synced(peers, { mode: 'auto', node: await near(), now, height: SNAPSHOT }, async ({ node, network }) => {
    assert.is(node.store.base?.height, SNAPSHOT);
    assert.ok(network.asked.includes('liar'));
  });
});

test('where blocks have come meanwhile no snapshot is taken', async () => {
  const node = await near();
  let isWalking = false;
  const slow: Answer = async function* (request, signal) {
    if (request.selector === 1) {
      isWalking = true;
      await until('blocks', () => node.chain.head.height > 2);
    }
    yield* honest(request, signal);
  };
  const peers = () => [
    { ...withoutPast('slow'), snapshot: slow },
    ...(isWalking ? [peer('whole', () => stream())] : []),
  ];
  await synced(peers, { mode: 'auto', node, height: HEIGHT }, async ({ network }) => {
    assert.is(node.store.base, undefined);
    assert.ok(network.snapshotRequests.some(([, { selector }]) => selector === 1));
  });
});

test('while nobody has one it is asked for ever more rarely', async () => {
  const node = await fresh();
  const network = new Network([peer('liar', () => stream(), 2e7)]);
  const pauses: number[] = [];
  const snapshot = new SnapshotSync({
    network,
    chain: node.chain,
    mode: 'auto',
    store: node.store,
    trust: { refusal: () => undefined, start: () => Promise.reject(new Error('nothing is to be proved')) },
    genesisHash: hash,
    verify,
    onSynced: () => assert.unreachable(),
    now: () => 0,
    logger: pino({ level: 'info' }, { write: (line: string) => void pauses.push(JSON.parse(line).seconds) }),
  });
  const over = new AbortController();
  const run = snapshot.run(over.signal, () => 'distance').catch(() => 'aborted');
  assert.not(snapshot.isComing, 'blocks do not wait for it');
  await until('the second time', () => pauses.length === 2);
  assert.equal(pauses, [2, 4]);
  assert.is(network.snapshotRequests.length, 2);
  over.abort();
  assert.is(await run, 'aborted');
  await node.remove();
});

test('who was still to prove something when the search ended has his turn after all others', async () => {
  const node = await fresh();
  const reasons: unknown[] = [];
  const liar = peer(
    'liar',
    hanging(reasons, (selector) => selector === 1),
  );
  const network = new Network([liar, peer('honest', honest)]);
  const peers = new SnapshotPeers({ network, logger: silentLogger() });
  const search = new SnapshotSearch({
    client: new SnapshotClient(network),
    peers,
    trust: { start: async () => ({ epoch: 1, validatorsRoot: new Uint8Array(32), height: 0 }) },
    store: node.store,
    genesisHash: hash,
    verify,
  });
  const over = new AbortController();
  const candidates = await search.candidates(1, over.signal);
  const only = candidates.map((candidate) => ({ ...candidate, peers: ['liar'] }));
  const proof = search.prove(only, over.signal).catch((error: unknown) => error);
  while (!network.snapshotRequests.some(([, { selector }]) => selector === 1)) await new Promise(setImmediate);
  over.abort();
  await withTimeout(proof, 5000, 'the end of the search');
  assert.equal(peers.inTurn(), ['honest', 'liar']);
  assert.equal(network.reported, [], 'its time was not up');
  await node.remove();
});

const checkpointAt = (height: number): Checkpoint => ({ height, hash: headerHash(block(height).header) });
/** ms after genesis, where two thirds of the unbonding period are 200 */
const later = (ms: number) => GENESIS_TIME + ms;

test('with stake at work an old head is not trusted, a checkpoint is', async () => {
  await synced([peer('a', honest)], { trust: { consensus: 'pos', now: later(201) } }, async ({ network, node }) => {
    assert.equal(network.snapshotRequests, []);
    assert.is(node.store.base, undefined);
  });
  for (const height of [LENGTH + 5, 2 * LENGTH, SNAPSHOT]) {
    const checkpoint = checkpointAt(height);
    const trust = { consensus: 'hybrid' as const, now: later(201 + height - 1), checkpoint };
    await synced([peer('a', honest)], { trust }, async (result) => {
      await isAtHead(result);
      const epochs = result.network.snapshotRequests.flatMap(([, request]) =>
        request.selector === 1 ? [request.value.from] : [],
      );
      assert.equal(epochs, [block(height).header.epoch], 'the walk begins there');
    });
  }
});

test('a checkpoint that nobody has, or of another chain, leads nowhere', async () => {
  const trust = {
    consensus: 'pos' as const,
    now: later(230),
    checkpoint: { height: SNAPSHOT, hash: concatBytes(new Uint8Array(31), Uint8Array.of(1)) },
  };
  const foreign: SnapshotPeer = {
    ...peer('foreign', honest),
    blocks: () => stream(CertifiedBlock.serialize({ block: block(SNAPSHOT), certificate: null })),
  };
  await synced([foreign, peer('a', honest, 0)], { trust, stopAfterChunks: 0 }, async ({ node }) => {
    assert.is(node.store.base, undefined);
  });
});

function alter(answer: Uint8Array): Uint8Array {
  return editChunk(answer, (chunk) => {
    const [first, ...rest] = chunk.entries;
    if (first === undefined) return chunk;
    return { ...chunk, entries: [{ ...first, value: first.value.with(0, (first.value[0] as number) ^ 1) }, ...rest] };
  });
}

function editChunk(answer: Uint8Array, edit: (chunk: SnapshotChunk) => SnapshotChunk): Uint8Array {
  return SnapshotChunk.serialize(edit(SnapshotChunk.deserialize(answer)));
}

function editBoundary(answer: Uint8Array, edit: (boundary: EpochBoundary) => EpochBoundary): Uint8Array {
  return EpochBoundary.serialize(edit(EpochBoundary.deserialize(answer)));
}

test.run();
