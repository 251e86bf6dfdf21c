// New nodes begin from a snapshot, those that are far behind or have no other way forward go on from one; nobody else does.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Checkpoint } from '../../src/chain/checkpoint.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { concatBytes } from '../../src/primitives/bytes.ts';
import { CertifiedBlock } from '../../src/primitives/wire.ts';
import { applySynced, certify, GENESIS_TIME, Node } from '../chain/fixture.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { hang, stream } from './fixture.ts';
import {
  type Answer,
  alter,
  answerOf,
  block,
  blocks,
  CHUNKS,
  chunks,
  closeSource,
  fresh,
  genesis,
  HEIGHT,
  hanging,
  honest,
  hurried,
  isAtHead,
  LENGTH,
  lying,
  near,
  newer,
  openSource,
  peer,
  SNAPSHOT,
  type SnapshotPeer,
  source,
  synced,
  withoutPast,
} from './snapshot-fixture.ts';

const test = suite('snapshot sync');
test.before(openSource);
test.after(closeSource);

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

test.run();
