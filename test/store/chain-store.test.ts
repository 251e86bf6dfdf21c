// Finalized blocks go in one by one and come out as they went in; what does not belong is refused.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setFeePool } from '../../src/ledger/accounts.ts';
import { burn, mint } from '../../src/ledger/supply.ts';
import { accountKey } from '../../src/primitives/account.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import { Overlay } from '../../src/state/overlay.ts';
import { BUCKETS, bucketKey, heightId } from '../../src/store/buckets.ts';
import { ChainStore, type FinalizedBlock } from '../../src/store/chain-store.ts';
import { refused } from './refused.ts';
import { certificateOf, nextBlock, sampleChain } from './sample-chain.ts';

const sample = sampleChain(32);
const other = sampleChain(32, 'other');

interface Context {
  location: string;
  store: ChainStore;
}
const chain = suite<Context>('chain store');

chain.before.each(async (context) => {
  context.location = await mkdtemp(join(tmpdir(), 'aitbc-store-'));
  context.store = await ChainStore.open(context.location, sample);
});
chain.after.each(async ({ location, store }) => {
  await store.close();
  await rm(location, { recursive: true });
});

/** Commits blocks up to `height` and returns them all. */
async function grow(store: ChainStore, height: number): Promise<FinalizedBlock[]> {
  const blocks: FinalizedBlock[] = [];
  while ((store.head?.height ?? -1) < height) {
    const block = nextBlock(sample, store);
    await store.commit(block);
    blocks.push(block);
  }
  return blocks;
}

async function rejects(promise: Promise<unknown>, message: string): Promise<void> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, RangeError);
    assert.match(String(error), message);
    return;
  }
  assert.unreachable(`expected a RangeError: ${message}`);
}

/** Changes the database behind the closed store's back. */
async function tamper(location: string, change: (db: Level<Uint8Array, Uint8Array>) => Promise<void>): Promise<void> {
  const db = new Level<Uint8Array, Uint8Array>(location, { keyEncoding: 'view', valueEncoding: 'view' });
  await change(db);
  await db.close();
}

chain('a new database has no head, no state and no blocks', async ({ store }) => {
  assert.is(store.head, undefined);
  assert.is(store.get(Uint8Array.of(1)), undefined);
  assert.is(store.getNode(new Uint8Array(0)), undefined);
  assert.is(await store.blockByHeight(0), undefined);
  await refused(store.verify(), 'CORRUPT');
});

chain('blocks are found by height and hash, transactions by id, also after reopening', async (context) => {
  const blocks = await grow(context.store, 5);
  for (const reopen of [false, true]) {
    if (reopen) {
      await context.store.close();
      context.store = await ChainStore.open(context.location, sample);
    }
    const { store } = context;
    const last = blocks[5] as FinalizedBlock;
    assert.equal(store.head, { height: 5, hash: last.hash, header: last.block.header });
    for (const { hash, block, receipts, certificate, transactionIds, state } of blocks) {
      const { height } = block.header;
      const found = { hash, block, receipts, certificate };
      assert.equal(await store.blockByHeight(height), found);
      assert.equal(await store.blockByHash(hash), found);
      assert.equal(await store.headerByHeight(height), block.header);
      assert.equal(await store.hashByHeight(height), hash);
      assert.equal(await store.certificateByHeight(height), certificate);
      for (const [index, id] of transactionIds.entries()) {
        assert.equal(await store.transaction(id), { height, index });
      }
      if (block === last.block) for (const [key, value] of state.values) assert.equal(store.get(key), value);
      if (block === last.block) for (const [path, node] of state.nodes) assert.equal(store.getNode(path), node);
    }
    assert.is(await store.blockByHeight(6), undefined);
    assert.is(await store.headerByHeight(6), undefined);
    assert.is(await store.hashByHeight(6), undefined);
    assert.is(await store.certificateByHeight(6), undefined);
    assert.is(await store.blockByHash(new Uint8Array(32)), undefined);
    assert.is(await store.transaction(new Uint8Array(32)), undefined);
  }
});

chain('verify finds state, tree, supply and headers in order', async ({ store }) => {
  const [genesis] = await grow(store, 20);
  const found = await store.verify({ supply: sample.supply });
  assert.is(found.height, 20);
  assert.is(found.headers, 21);
  assert.is(found.supply, sample.supply);
  assert.is(found.entries, (genesis?.state.values.length ?? 0) + 1, 'the records of genesis and the fee pool');
  assert.equal(found.stateRoot, store.head?.header.stateRoot);
  assert.is((await store.verify({ headers: 5 })).headers, 5);
  await refused(store.verify({ supply: sample.supply + 1n }), 'CORRUPT');
});

/** The block of genesis with another state. */
function genesisWith(store: ChainStore, change: (state: Overlay) => void): FinalizedBlock {
  const genesis = nextBlock(sample, store);
  const overlay = new Overlay(store);
  for (const [key, value] of genesis.state.values) if (value !== undefined) overlay.set(key, value);
  change(overlay);
  const header = { ...genesis.block.header, stateRoot: overlay.seal() };
  const block = { ...genesis.block, header };
  return { ...genesis, block, hash: headerHash(header), state: overlay.changes };
}

chain('verify counts what was minted and burned since genesis', async ({ store }) => {
  const genesis = genesisWith(store, (state) => {
    setFeePool(state, mint(state, 5n) - 2n);
    burn(state, 2n);
  });
  await store.commit(genesis);
  assert.is((await store.verify({ supply: sample.supply })).supply, sample.supply + 3n);
  await refused(store.verify({ supply: sample.supply + 3n }), 'CORRUPT');
});

chain('verify refuses units that no counter knows', async ({ store }) => {
  await store.commit(genesisWith(store, (state) => setFeePool(state, 1n)));
  await refused(store.verify({ supply: sample.supply }), 'CORRUPT');
});

chain('entries are the whole state in the order of keys', async ({ store }) => {
  const [genesis] = await grow(store, 0);
  const keys: string[] = [];
  for await (const [key, value] of store.entries()) {
    keys.push(toHex(key));
    assert.equal(store.get(key), value);
  }
  assert.equal(keys, [...keys].sort());
  assert.equal(keys, genesis?.state.values.map(([key]) => toHex(key)).sort());
});

chain('what Buffers would do does not happen to values that were read', async (context) => {
  await grow(context.store, 1);
  await context.store.close();
  context.store = await ChainStore.open(context.location, sample);
  const value = context.store.get(accountKey(addressOf(sample.publicKeys[0] as Uint8Array)));
  assert.is(value?.constructor, Uint8Array);
});

chain('a block that is not the next one is refused and changes nothing', async ({ store }) => {
  const genesis = nextBlock(sample, store);
  const wrongHash = { ...genesis, hash: new Uint8Array(32) };
  await rejects(store.commit(wrongHash), 'has not the hash');
  await rejects(store.commit({ ...genesis, state: { ...genesis.state, root: new Uint8Array(32) } }), 'state root');
  await store.commit(genesis);
  await rejects(store.commit(genesis), '1 is next');
  const first = nextBlock(sample, store);
  await rejects(store.commit({ ...first, receipts: [] }), 'as many ids and receipts');
  const header = { ...first.block.header, parent: new Uint8Array(32) };
  const orphan = { ...first, block: { ...first.block, header }, hash: headerHash(header) };
  await rejects(store.commit(orphan), 'no child of the head');
  await store.commit(first);
  await rejects(store.commit(first), '2 is next');
  assert.is(store.head?.height, 1);
  await store.verify({ supply: sample.supply });
});

chain('a second commit while one is under way is refused; the first is not disturbed', async ({ store }) => {
  const block = nextBlock(sample, store);
  const first = store.commit(block);
  await rejects(store.commit(block), 'under way');
  await first;
  assert.is(store.head?.height, 0);
});

chain('closing waits for the commit under way', async (context) => {
  const committed = context.store.commit(nextBlock(sample, context.store));
  await context.store.close();
  await committed;
  context.store = await ChainStore.open(context.location, sample);
  assert.is(context.store.head?.height, 0);
});

chain('a Final takes the place of a Notar or of none, and nothing else does', async ({ store }) => {
  await grow(store, 1);
  const block = nextBlock(sample, store);
  await store.commit({ ...block, certificate: certificateOf(block.hash, 2, NOTAR) });
  const final = certificateOf(block.hash, 9);
  await store.setCertificate(2, final);
  assert.equal((await store.blockByHeight(2))?.certificate, final);
  const none = nextBlock(sample, store);
  await store.commit({ ...none, certificate: undefined });
  assert.is((await store.blockByHeight(3))?.certificate, undefined);
  assert.is(await store.certificateByHeight(3), undefined);
  await store.setCertificate(3, certificateOf(none.hash, 10));
  assert.equal((await store.blockByHeight(3))?.certificate, certificateOf(none.hash, 10));
  assert.equal(await store.certificateByHeight(3), certificateOf(none.hash, 10));
  for (const kind of [NOTAR, SKIP] as const) {
    await rejects(store.setCertificate(3, certificateOf(none.hash, 11, kind)), 'not a Final');
  }
  await rejects(store.setCertificate(3, final), 'not a Final of the block');
  await rejects(store.setCertificate(4, final), 'not a Final of the block');
});

chain('a database of another genesis is refused, naming both', async (context) => {
  await grow(context.store, 1);
  await context.store.close();
  const error = await refused(ChainStore.open(context.location, other), 'WRONG_GENESIS');
  assert.match(error.message, toHex(sample.hash));
  assert.match(error.message, toHex(other.hash));
  context.store = await ChainStore.open(context.location, sample);
});

chain('a database open in this process is refused, and stays usable', async ({ location, store }) => {
  await refused(ChainStore.open(location, sample), 'LOCKED');
  await grow(store, 1);
});

chain('missing and altered records are found on opening or by verify', async (context) => {
  const blocks = await grow(context.store, 4);
  await context.store.close();
  const headerKey = bucketKey(BUCKETS.header, heightId(2));
  const accountEntry = bucketKey(BUCKETS.stateValue, accountKey(addressOf(sample.publicKeys[0] as Uint8Array)));
  const rootPage = bucketKey(BUCKETS.stateNode, new Uint8Array(0));
  const strayPage = bucketKey(BUCKETS.stateNode, new Uint8Array(9));
  const damages: [key: Uint8Array, foundBy: 'open' | 'verify'][] = [
    [headerKey, 'open'],
    [bucketKey(BUCKETS.meta, Uint8Array.of(1)), 'open'],
    [bucketKey(BUCKETS.meta, Uint8Array.of(2)), 'open'],
    [accountEntry, 'verify'],
    [rootPage, 'verify'],
    [strayPage, 'verify'],
  ];
  for (const [key, foundBy] of damages) {
    let before: Uint8Array | undefined;
    await tamper(context.location, async (db) => {
      before = await db.get(key);
      if (before === undefined) await db.put(key, Uint8Array.of(1, 2, 3));
      else await db.del(key);
    });
    if (foundBy === 'open') {
      await refused(ChainStore.open(context.location, sample), 'CORRUPT');
    } else {
      const store = await ChainStore.open(context.location, sample);
      await refused(store.verify(), 'CORRUPT');
      await store.close();
    }
    await tamper(context.location, (db) => (before === undefined ? db.del(key) : db.put(key, before)));
  }
  context.store = await ChainStore.open(context.location, sample);
  assert.is((await context.store.verify()).height, blocks.length - 1);
});

chain.run();
