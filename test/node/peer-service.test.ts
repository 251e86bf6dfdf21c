// What this node answers its peers, from a real store, a real chain and a real consensus core above it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConsensusDriver } from '../../src/consensus/driver.ts';
import { verifyNative } from '../../src/crypto/keys.ts';
import { Mempool } from '../../src/mempool/mempool.ts';
import type { NetworkHandlers } from '../../src/network/network.ts';
import { peerService } from '../../src/node/peer-service.ts';
import { TransactionRelay } from '../../src/node/transaction-relay.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { envelopeSigningBytes } from '../../src/primitives/transaction.ts';
import {
  type BlocksRequest,
  CertifiedBlock,
  MAX_BLOCKS_PER_REQUEST,
  MAX_HASHES_PER_REQUEST,
  OLDEST_PROTOCOL_VERSION,
  PROTOCOL_VERSION,
} from '../../src/primitives/wire.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { account, applySynced, Node, pay } from '../chain/fixture.ts';
import { buildChain, GENESIS, GENESIS_HASH, type SampleBlock, sign } from '../sync/fixture.ts';
import { followerOf } from './follower.ts';

const service = suite('peer service');
const NOW = 1_800_000_000_000;
const STORED = MAX_BLOCKS_PER_REQUEST + 4;
const blocks = await buildChain(STORED + 2);
const at = (height: number) => blocks[height - 1] as SampleBlock;
/** Executed, notarized and not final. */
const open = at(STORED + 1);
/** Known to consensus only. */
const held = at(STORED + 2);

let node: Node;
let mempool: Mempool;
let consensus: ConsensusDriver;
let handlers: NetworkHandlers;

service.before(async () => {
  node = await Node.open(GENESIS);
  const { chain, store } = node;
  const isNotar = (height: number) => height % 2 === 1 && height < STORED;
  for (const { hash, block } of blocks.slice(0, STORED)) {
    const { height } = block.header;
    // As after consensus: a block under another's Final has the Notar that its child carries.
    await applySynced(chain, block, sign(hash, height, isNotar(height) ? { kind: NOTAR } : {}));
  }
  assert.ok((await chain.verify(open.block)).valid);
  mempool = new Mempool({
    head: () => ({ state: store, timestamp: chain.head.header.timestamp, parameters: chain.epoch.parameters }),
    verify: async (envelopes) =>
      envelopes.map((one) =>
        verifyNative(one.signed.transaction.sender, envelopeSigningBytes(one, GENESIS_HASH), one.signed.signature)
          ? 'good'
          : 'BAD_SIGNATURE',
      ),
  });
  const relay = new TransactionRelay({
    mempool,
    publish: async () => undefined,
    onSubmitted: () => undefined,
    onRejected: () => undefined,
    now: () => 0,
    logger: silentLogger(),
    random: () => 0.5,
  });
  consensus = await followerOf(chain, at(STORED).block.header.timestamp);
  consensus.start();
  await consensus.onCertificates([
    sign(open.hash, STORED + 1, { kind: NOTAR }),
    sign(ZERO_HASH, STORED + 2, { kind: SKIP }),
  ]);
  consensus.onBlock(open.hash, open.block);
  handlers = peerService({
    genesisHash: GENESIS_HASH,
    chain,
    store,
    snapshots: { offers: [], chunk: async () => undefined },
    mempool,
    relay,
    consensus,
    door: consensus,
    clock: { now: () => NOW },
  });
});
service.after(async () => {
  await consensus.stop();
  await node.remove();
});

/** Heights and kinds of certificates. */
async function ask(request: BlocksRequest): Promise<[height: number, kind: number | undefined][]> {
  const answer: [number, number | undefined][] = [];
  for await (const bytes of handlers.blocks(request)) {
    const { block, certificate } = CertifiedBlock.deserialize(bytes);
    const known = block.header.height === 0 ? undefined : at(block.header.height).hash;
    if (known !== undefined) assert.equal(headerHash(block.header), known);
    if (certificate !== null) assert.equal(certificate.hash, known);
    answer.push([block.header.height, certificate?.kind]);
  }
  return answer;
}

const range = (from: number, count: number) => ask({ selector: 0, value: { from, count } });
const byHash = (...value: Uint8Array[]) => ask({ selector: 1, value });

service('a range of finalized blocks with their certificates', async () => {
  assert.equal(await range(0, 4), [
    [0, undefined],
    [1, NOTAR],
    [2, FINAL],
    [3, NOTAR],
  ]);
  assert.equal(await range(7, 1), [[7, NOTAR]]);
  assert.equal(await range(7, 0), []);
});

service('a range ends at the head, and has a bound', async () => {
  assert.equal(
    (await range(STORED - 1, 10)).map(([height]) => height),
    [STORED - 1, STORED],
  );
  assert.equal(await range(STORED + 1, 10), [], 'what is not final has no height');
  for (const from of [STORED + 1000, Number.MAX_SAFE_INTEGER]) assert.equal(await range(from, 0xffff_ffff), []);
  const most = await range(1, 0xffff_ffff);
  assert.is(most.length, MAX_BLOCKS_PER_REQUEST);
  assert.is(most.at(-1)?.[0], MAX_BLOCKS_PER_REQUEST);
});

service('blocks are read no further than they are taken', async () => {
  const { blockByHeight } = node.store;
  let reads = 0;
  node.store.blockByHeight = (height) => {
    reads++;
    return blockByHeight.call(node.store, height);
  };
  try {
    for await (const _ of handlers.blocks({ selector: 0, value: { from: 1, count: 100 } })) break;
    assert.is(reads, 1);
  } finally {
    node.store.blockByHeight = blockByHeight;
  }
});

service('by hash: final, notarized, only held, unknown', async () => {
  assert.equal(await byHash(at(2).hash), [[2, FINAL]]);
  assert.equal(await byHash(open.hash), [[STORED + 1, NOTAR]]);
  assert.equal(await byHash(held.hash), [], 'not here yet');
  assert.ok((await node.chain.verify(held.block)).valid);
  assert.equal(await byHash(held.hash), [[STORED + 2, undefined]], 'executed, with no certificate');
  assert.equal(await byHash(ZERO_HASH), []);
  assert.equal(await byHash(open.hash, ZERO_HASH, at(3).hash), [
    [STORED + 1, NOTAR],
    [3, NOTAR],
  ]);
  assert.equal(await byHash(), []);
  const many = Array.from({ length: MAX_HASHES_PER_REQUEST + 20 }, () => at(1).hash);
  assert.is((await byHash(...many)).length, MAX_HASHES_PER_REQUEST);
});

service('certificates of the present epoch alone', async () => {
  const kinds = async (epoch: number, from: number, to: number) =>
    (await handlers.certificates({ epoch, from, to })).map(({ slot, kind }) => [slot, kind]);
  const lastFinal = [STORED, FINAL];
  assert.equal(await kinds(1, 0, Number.MAX_SAFE_INTEGER), [lastFinal, [STORED + 1, NOTAR], [STORED + 2, SKIP]]);
  assert.equal(await kinds(1, STORED + 2, STORED + 2), [lastFinal, [STORED + 2, SKIP]]);
  assert.equal(await kinds(1, STORED + 9, STORED + 2), [lastFinal]);
  assert.equal(await kinds(2, 0, 1_000_000), []);
});

service('transactions that wait, by id', async () => {
  const nonce = node.chain.getAccount(account(0)).nonce;
  const waiting = [0, 1].map((more) => pay(GENESIS, { from: 0, to: account(1), nonce: nonce + more }));
  for (const one of waiting) assert.equal(await mempool.add(one), { status: 'accepted' });
  const ids = [waiting[1], waiting[0]].map((one) => one?.id as Uint8Array);
  assert.equal(await handlers.transactions([ids[0] as Uint8Array, ZERO_HASH, ids[1] as Uint8Array]), [
    waiting[1]?.bytes,
    waiting[0]?.bytes,
  ]);
  assert.equal(await handlers.transactions([]), []);
});

service('its status is the finalized head', () => {
  assert.equal(handlers.status(), {
    oldestVersion: OLDEST_PROTOCOL_VERSION,
    newestVersion: PROTOCOL_VERSION,
    genesisHash: GENESIS_HASH,
    finalizedHeight: STORED,
    finalizedHash: at(STORED).hash,
    oldestHeight: 0,
    time: NOW,
  });
});

service('gossip goes to the part that judges it', async () => {
  const garbage = new Uint8Array(40).fill(200);
  assert.is(await handlers.onTransactions(garbage, 'peer'), 'reject');
  assert.is(await handlers.onVote(garbage, 'peer'), 'reject');
  assert.is(await handlers.onProposal(garbage, 'peer'), 'reject');
});

service.run();
