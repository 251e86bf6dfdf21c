// What a transaction costs on its way through mempool and chain, without its signature: blocks of 1,000 transfers
// among 20,000 accounts on a real store. Run with `node --import tsx test/perf/chain.bench.ts`. Prints; it is no test.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { emptyBlockBytes, envelopesOf, receiptsRoot, transactionsRoot } from '../../src/chain/body.ts';
import { Chain } from '../../src/chain/chain.ts';
import { executeAll } from '../../src/chain/executor.ts';
import { Mempool } from '../../src/mempool/mempool.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { Block } from '../../src/primitives/block.ts';
import { BitArray, type Certificate, NOTAR } from '../../src/primitives/consensus.ts';
import { genesisHash } from '../../src/primitives/genesis.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { account, certify, GENESIS_TIME, keyOf, learn, makeGenesis, pay } from '../chain/fixture.ts';

const ACCOUNTS = 20_000;
const TRANSFERS = 1_000;
const BLOCKS = 20;
/** The first blocks warm up compiler and caches. */
const WARM_UP = 5;

const verify = async (envelopes: readonly TransactionEnvelope[]) => envelopes.map(() => 'good' as const);
const verifyVotes = async (checks: readonly unknown[]) => checks.map(() => true);
const verifySignatures = verifyVotes;
const transferBytes = pay(makeGenesis(), { from: 0, to: account(1) }).bytes.length + 4;
/** As large as that of each block here: three of four members sign. */
const someCertificate: Certificate = {
  epoch: 1,
  kind: NOTAR,
  slot: 1,
  hash: ZERO_HASH,
  bitmap: BitArray.fromBitLen(4),
  signatures: Array.from({ length: 3 }, () => new Uint8Array(64)),
};
const maxBlockBytes =
  emptyBlockBytes({ parentCertificate: someCertificate, lateVotes: [] }) + TRANSFERS * transferBytes;
const genesis = makeGenesis({ accounts: ACCOUNTS, parameters: { maxBlockBytes } });
const hash = genesisHash(genesis);
const samples = new Map<string, number[]>();

function note(what: string, milliseconds: number): void {
  samples.set(what, [...(samples.get(what) ?? []), (milliseconds / TRANSFERS) * 1_000]);
}

async function timed<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  note(what, performance.now() - start);
  return result;
}

async function openNode(directory: string) {
  const store = await ChainStore.open(directory, { hash });
  const { parameters } = genesis;
  const head = () => ({ state: store, timestamp: store.head?.header.timestamp ?? 0, parameters });
  const mempool = new Mempool({ head, verify });
  const genesisHash = hash;
  const chain = await Chain.open({ genesis, genesisHash, store, transactions: mempool, verifySignatures, verifyVotes });
  learn(chain.epoch);
  return { store, head, mempool, chain };
}

const directory = await mkdtemp(join(tmpdir(), 'aitbc-chain-bench-'));
const leader = await openNode(join(directory, 'leader'));
const other = await openNode(join(directory, 'other'));
const proposer = addressOf(keyOf(0).publicKey);
let next = 0;

function transfers(count: number): TransactionEnvelope[] {
  return Array.from({ length: count }, () => {
    const from = next % ACCOUNTS;
    const nonce = Math.floor(next++ / ACCOUNTS);
    return pay(genesis, { from, nonce, to: account((from * 7 + 3) % ACCOUNTS), fee: 10_000n + BigInt(from % 97) });
  });
}

// 20,000 wait while blocks are built, and each block's worth is followed by as many new ones.
const waiting = transfers(ACCOUNTS);
for (let i = 0; i < waiting.length; i += TRANSFERS) {
  await timed('mempool: add', () => leader.mempool.addBatch(waiting.slice(i, i + TRANSFERS)));
}
let last: Block | undefined;
for (let height = 1; height <= BLOCKS; height++) {
  const parent = leader.chain.head.hash;
  const timestamp = GENESIS_TIME + height;
  const parentCertificate = last && certify(genesis, last, { kind: NOTAR });
  const request = { parent, timestamp, proposer, parentCertificate, lateVotes: [] };
  const maxBytes = TRANSFERS * transferBytes;
  await timed('mempool: select 1,000 of 20,000', () =>
    leader.mempool.select({ state: leader.store, maxBytes, timestamp }),
  );
  const built = await timed('chain: build, selection included', () => leader.chain.build(request));
  if (built === undefined || built.block.body.transactions.length < TRANSFERS) throw new Error('no full block');
  const bytes = await timed('ssz: encode block', () => Block.serialize(built.block));
  const block = await timed('ssz: decode block', () => Block.deserialize(bytes));
  const parts = Block.deserialize(bytes).body.transactions;
  const envelopes = await timed('  envelopes: bytes, ids, addresses', () => envelopesOf(parts, () => undefined));
  if (typeof envelopes === 'number') throw new Error('a transaction that does not decode');
  await timed('  transactions root', () => transactionsRoot(envelopes.map(({ id }) => id)));
  const frame = { header: block.header, justification: block.body.justification };
  const execution = await timed('  execute and seal the state', () => executeAll(other.store, envelopes, frame));
  if ('invalid' in execution) throw new Error('an invalid transaction');
  await timed('  receipts root', () => receiptsRoot(execution.receipts));
  const verdict = await timed('chain: verify', () => other.chain.verify(block, proposer));
  if (!verdict.valid) throw new Error('an invalid block');
  for (const { chain } of [leader, other]) {
    await timed('chain: finalize, until durable', () => chain.finalize(built.hash, certify(genesis, block)));
  }
  last = block;
  await timed('mempool: onFinalized', () => leader.mempool.onFinalized(envelopes, leader.head()));
  await leader.mempool.addBatch(transfers(TRANSFERS));
}
for (const { chain, store } of [leader, other]) {
  await chain.stop();
  await store.close();
}
await rm(directory, { recursive: true, force: true });

process.stdout.write(`${'microseconds per transaction'.padEnd(44)} ${'least'.padStart(8)} ${'median'.padStart(8)}\n`);
for (const [what, all] of samples) {
  const sorted = all.slice(WARM_UP).sort((a, b) => a - b);
  const [least, median] = [sorted[0] ?? 0, sorted[sorted.length >> 1] ?? 0];
  process.stdout.write(`${what.padEnd(44)} ${least.toFixed(1).padStart(8)} ${median.toFixed(1).padStart(8)}\n`);
}
