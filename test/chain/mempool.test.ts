// The mempool as the chain's source of transactions, with signatures checked by worker threads: the way of a
// transaction from its submission to finality, as the node wires it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Chain } from '../../src/chain/chain.ts';
import type { BuiltBlock } from '../../src/chain/types.ts';
import { VerifierPool } from '../../src/crypto/verifier.ts';
import { Mempool } from '../../src/mempool/mempool.ts';
import { SignatureChecks } from '../../src/mempool/signatures.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { Block } from '../../src/primitives/block.ts';
import { NOTAR } from '../../src/primitives/consensus.ts';
import { genesisHash } from '../../src/primitives/genesis.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { account, BALANCE, certify, GENESIS_TIME, keyOf, learn, makeGenesis, pay, verdict } from './fixture.ts';

const test = suite('mempool and chain');
const ACCOUNTS = 40;
const genesis = makeGenesis({ accounts: ACCOUNTS, parameters: { maxBlockBytes: 4_000 } });
const hash = genesisHash(genesis);

async function openNode(pool: VerifierPool) {
  const directory = await mkdtemp(join(tmpdir(), 'aitbc-chain-'));
  const store = await ChainStore.open(directory, { hash });
  let checked = 0;
  const checks = new SignatureChecks({
    genesisHash: hash,
    verifyAll: (jobs, priority) => {
      checked += jobs.length;
      return pool.verifyAll(jobs, priority);
    },
  });
  const { parameters } = genesis;
  const head = () => ({ state: store, timestamp: store.head?.header.timestamp ?? 0, parameters });
  const mempool = new Mempool({ head, verify: checks.check });
  const chain = await Chain.open({
    genesis,
    genesisHash: hash,
    store,
    transactions: mempool,
    verifySignatures: checks.checkBlock,
    verifyVotes: (votes) => pool.verifyAll(votes, 'urgent'),
  });
  learn(chain.epoch);
  chain.on('finalized', ({ envelopes }) => mempool.onFinalized(envelopes, head()));
  const close = async () => {
    await chain.stop();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { store, mempool, chain, close, checked: () => checked };
}

test('every transaction gets into one block, full blocks, each signature checked once a node', async () => {
  const pool = new VerifierPool({ threads: 1 });
  const a = await openNode(pool);
  const b = await openNode(pool);
  try {
    const envelopes = [0, 1, 2].flatMap((nonce) =>
      Array.from({ length: ACCOUNTS }, (_, from) => pay(genesis, { from, nonce, to: account((from + 1) % ACCOUNTS) })),
    );
    const results = await a.mempool.addBatch(envelopes);
    assert.ok(results.every(({ status }) => status === 'accepted'));
    // The other has seen only half of them.
    await b.mempool.addBatch(envelopes.slice(0, 60));
    let last: BuiltBlock | undefined;
    let height = 0;
    const included: string[] = [];
    while (a.mempool.size > 0) {
      // Two blocks ahead of the Final, as under load.
      const hashes: Uint8Array[] = [];
      for (let ahead = 0; ahead < 2; ahead++) {
        height++;
        const request = {
          parent: last?.hash ?? a.chain.head.hash,
          timestamp: GENESIS_TIME + height,
          proposer: addressOf(keyOf(0).publicKey),
          parentCertificate: last && certify(genesis, last.block, { kind: NOTAR }),
          lateVotes: [],
          whenEmpty: 'skip' as const,
        };
        const built = await a.chain.build(request);
        if (built === undefined) break;
        const bytes = Block.serialize(built.block);
        assert.ok(bytes.length <= genesis.parameters.maxBlockBytes);
        assert.is(verdict(await b.chain.verify(Block.deserialize(bytes))), 'valid');
        included.push(...(a.chain.executed(built.hash)?.envelopes ?? []).map(({ idHex }) => idHex));
        hashes.push(built.hash);
        last = built;
      }
      if (last === undefined) throw new Error('nothing was built');
      for (const { chain } of [a, b]) await chain.finalize(last.hash, certify(genesis, last.block));
      assert.ok(hashes.length > 0, 'as long as something waits there is something to build');
    }
    assert.is(included.length, envelopes.length);
    assert.is(new Set(included).size, envelopes.length);
    assert.equal(a.chain.head, b.chain.head);
    assert.is(b.mempool.size, 0);
    for (const node of [a, b]) {
      assert.is(node.checked(), envelopes.length);
      await node.store.verify({ supply: BigInt(ACCOUNTS) * BALANCE });
      const again = await node.mempool.add(envelopes[0] as (typeof envelopes)[number]);
      assert.is(again.status === 'rejected' && again.code, 'NONCE_TOO_LOW');
    }
  } finally {
    await a.close();
    await b.close();
    await pool.close();
  }
});

test.run();
