// What the tests of beginning from a snapshot share: a chain with several epochs and some thousand accounts, real blocks,
// certificates, stores and snapshots, peers that answer as honest nodes do, and a node that catches up with them.

import { cp, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Checkpoint } from '../../src/chain/checkpoint.ts';
import type { Anchor } from '../../src/consensus/types.ts';
import { verifyNative } from '../../src/crypto/keys.ts';
import { snapshotService } from '../../src/node/snapshot-service.ts';
import { type Block, headerHash } from '../../src/primitives/block.ts';
import { equalBytes } from '../../src/primitives/bytes.ts';
import { type ConsensusMode, genesisHash } from '../../src/primitives/genesis.ts';
import type { SignatureCheck } from '../../src/primitives/signing.ts';
import { SnapshotChunk, type SnapshotRequest } from '../../src/primitives/snapshot.ts';
import { CertifiedBlock } from '../../src/primitives/wire.ts';
import { Snapshots } from '../../src/store/snapshots.ts';
import { CatchUp } from '../../src/sync/catch-up.ts';
import { SnapshotSync, type SyncMode } from '../../src/sync/snapshot-sync.ts';
import { Trust } from '../../src/sync/trust.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { account, applySynced, certify, GENESIS_TIME, makeGenesis, Node, pay } from '../chain/fixture.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { type BlocksAnswer, caughtUp, hang, stream, TestNetwork, type TestPeer, until } from './fixture.ts';

/** Blocks of an epoch. */
export const LENGTH = 12;
export const SNAPSHOT = 3 * LENGTH;
export const HEIGHT = SNAPSHOT + 20;
/** Of the snapshot, each half of the state. */
export const CHUNKS = 2;
export const genesis = makeGenesis({ accounts: 9000, parameters: { epochDuration: LENGTH } });
export const hash = genesisHash(genesis);
export const blocks: Block[] = [];
export const block = (height: number) => blocks[height - 1] as Block;

export let source: Node;
/** of the boundary of epoch 3, and of a block in the middle of an epoch as a liar has it */
let kept: Snapshots;
export let inBetween: Snapshots;
/** of the boundary of epoch 4 alone */
export let newer: Snapshots;
export let chunks = 0;
let directory: string;
let over: () => void;
let removed: Promise<void>;

/** Before all tests. */
export async function openSource(): Promise<void> {
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
}

/** After all tests. */
export async function closeSource(): Promise<void> {
  await source.remove();
  over();
  await removed;
}

/** A node with block 0, which takes long to make: copied. */
export async function fresh(place?: string): Promise<Node> {
  const location = place ?? (await mkdtemp(join(directory, 'node-')));
  await cp(join(directory, 'zero'), location, { recursive: true });
  return Node.open(genesis, location);
}

export type Answer = (request: SnapshotRequest, signal: AbortSignal) => AsyncIterable<Uint8Array>;

export interface SnapshotPeer extends TestPeer {
  readonly snapshot: Answer;
}

export const answerOf =
  (snapshots: Snapshots): Answer =>
  (request) =>
    snapshotService({ store: source.store, snapshots }, request);

export const honest: Answer = (request, signal) => answerOf(kept)(request, signal);

/** Another answer in place of an honest one to requests of this kind. */
export function lying(selector: SnapshotRequest['selector'], lie: (answer: Uint8Array) => Uint8Array): Answer {
  return async function* (request, signal) {
    for await (const answer of honest(request, signal)) yield request.selector === selector ? lie(answer) : answer;
  };
}

export class Network extends TestNetwork {
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

export function peer(id: string, snapshot: Answer, height = HEIGHT): SnapshotPeer {
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

/** A node with the first two blocks. */
export async function near(): Promise<Node> {
  const node = await fresh();
  for (const one of blocks.slice(0, 2)) await applySynced(node.chain, one, certify(genesis, one));
  return node;
}

/** It began at the snapshot itself: it has the blocks above. */
export function withoutPast(id: string): SnapshotPeer {
  const whole = peer(id, honest);
  return {
    ...whole,
    blocks: (request, signal) =>
      request.selector === 0 && request.value.from <= SNAPSHOT
        ? stream()
        : (whole.blocks as BlocksAnswer)(request, signal),
  };
}

/** For what is given up after some seconds. */
export const hurried = () => 16 * performance.now();

/** What is asked of it is never answered; why it was given up is written down. */
export function hanging(reasons: unknown[], isHung: (selector: SnapshotRequest['selector']) => boolean): Answer {
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

export function alter(answer: Uint8Array): Uint8Array {
  return editChunk(answer, (chunk) => {
    const [first, ...rest] = chunk.entries;
    if (first === undefined) return chunk;
    return { ...chunk, entries: [{ ...first, value: first.value.with(0, (first.value[0] as number) ^ 1) }, ...rest] };
  });
}

export function editChunk(answer: Uint8Array, edit: (chunk: SnapshotChunk) => SnapshotChunk): Uint8Array {
  return SnapshotChunk.serialize(edit(SnapshotChunk.deserialize(answer)));
}

interface Settings {
  readonly mode?: SyncMode;
  readonly node?: Node;
  readonly trust?: { consensus: ConsensusMode; checkpoint?: Checkpoint; now: number };
  readonly stopAfterChunks?: number;
  readonly now?: () => number;
  /** not until catch-up has ended, but until it is there: peers tell news all the time */
  readonly height?: number;
  /** its directory is the test's to remove */
  readonly keep?: boolean;
}

export const verify = async (checks: readonly SignatureCheck[]) =>
  checks.map(({ publicKey, message, signature }) => verifyNative(publicKey, message, signature));

interface Synced {
  readonly node: Node;
  readonly network: Network;
  readonly anchors: readonly Anchor[];
}

/** A node that has caught up with these peers, as far as it could. */
export async function synced(
  peers: readonly SnapshotPeer[] | (() => readonly SnapshotPeer[]),
  {
    mode = 'snapshot',
    node: given,
    trust,
    stopAfterChunks = Number.POSITIVE_INFINITY,
    keep = false,
    height,
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
    if (height === undefined) await caughtUp(catchUp, () => chunks >= stopAfterChunks);
    else {
      await until(`block ${height}`, () => {
        catchUp.consider();
        return chain.head.height >= height;
      });
    }
    if (stopAfterChunks < Number.POSITIVE_INFINITY) await catchUp.stop();
    assert.equal(fatal, []);
    await look({ node, network, anchors });
  } finally {
    await catchUp.stop();
    await (keep ? node.stop() : node.remove());
  }
}

/** It is where the others are, with their state and without their past. */
export async function isAtHead({ node }: Synced): Promise<void> {
  const { chain, store } = node;
  assert.equal(chain.head.hash, source.chain.head.hash);
  assert.equal(chain.epoch, source.chain.epoch);
  assert.is(store.base?.height, SNAPSHOT);
  assert.is(await store.blockByHeight(SNAPSHOT - 1), undefined);
  const verified = await store.verify();
  assert.equal(verified.stateRoot, source.chain.head.header.stateRoot);
  assert.is(verified.headers, HEIGHT - SNAPSHOT + 1);
}
