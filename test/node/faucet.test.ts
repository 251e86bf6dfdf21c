// Gifts are real transactions with a fee that suffices and nonces that follow each other.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { verifyNative } from '../../src/crypto/keys.ts';
import { Mempool } from '../../src/mempool/mempool.ts';
import { Faucet, type Gift } from '../../src/node/faucet.ts';
import { addressOf } from '../../src/primitives/address.ts';
import type { Genesis } from '../../src/primitives/genesis.ts';
import { genesisHash } from '../../src/primitives/genesis.ts';
import { envelopeSigningBytes } from '../../src/primitives/transaction.ts';
import { UNITS_PER_AIT } from '../../src/primitives/units.ts';
import { account, keyOf, makeGenesis, Node } from '../chain/fixture.ts';
import { withTimeout } from '../helpers/timeout.ts';

const faucetTest = suite('faucet');
const key = keyOf(1000);
const base = makeGenesis();
const genesis: Genesis = {
  ...base,
  accounts: [{ address: addressOf(key.publicKey), balance: 10_000_000n * UNITS_PER_AIT }],
};
const hash = genesisHash(genesis);
const { parameters } = genesis;

/** A faucet on a node's mempool. @param delay before a transaction reaches the mempool */
async function withFaucet(
  body: (setup: {
    faucet: Faucet;
    node: Node;
    mempool: Mempool;
    failures: { next: Error | undefined };
  }) => Promise<void>,
) {
  const node = await Node.open(genesis);
  try {
    const mempool = new Mempool({
      head: () => ({ state: node.store, timestamp: node.chain.head.header.timestamp, parameters }),
      verify: async (envelopes) =>
        envelopes.map((one) =>
          verifyNative(one.signed.transaction.sender, envelopeSigningBytes(one, hash), one.signed.signature)
            ? 'good'
            : 'BAD_SIGNATURE',
        ),
    });
    const failures: { next: Error | undefined } = { next: undefined };
    const faucet = new Faucet({
      key,
      genesisHash: hash,
      parameters: () => parameters,
      mempool,
      submit: async (envelope) => {
        await new Promise(setImmediate);
        const { next } = failures;
        failures.next = undefined;
        if (next !== undefined) throw next;
        return mempool.add(envelope);
      },
    });
    await body({ faucet, node, mempool, failures });
  } finally {
    await node.remove();
  }
}

const nonces = (gifts: readonly Gift[]) => gifts.map(({ envelope }) => envelope.signed.transaction.nonce);
const all = (gifts: readonly Promise<Gift>[]) => withTimeout(Promise.all(gifts), 5000, 'gifts');

faucetTest('gifts asked for at once get consecutive nonces, and a block takes them all', async () => {
  await withFaucet(async ({ faucet, node }) => {
    const gifts = await all([1, 2, 3, 4, 5].map((number) => faucet.give(account(number))));
    assert.equal(nonces(gifts), [0, 1, 2, 3, 4]);
    assert.ok(gifts.every(({ result }) => result.status === 'accepted'));
    const { block } = await node.grow(gifts.map(({ envelope }) => envelope));
    assert.is([...block.body.transactions].length, 5);
    for (const number of [1, 2, 3, 4, 5]) {
      assert.is(node.chain.getAccount(account(number)).balance, 100n * UNITS_PER_AIT);
    }
    assert.ok(gifts.every(({ amount }) => amount === 100n * UNITS_PER_AIT));
  });
});

faucetTest('the fee is the least with which a new account can be made', async () => {
  await withFaucet(async ({ faucet, mempool }) => {
    const [{ envelope }] = (await all([faucet.give(account(1))])) as [Gift];
    const { fee } = envelope.signed.transaction;
    const { minFee, feePerByte, accountFee } = parameters;
    assert.is(fee, minFee + BigInt(envelope.bytes.length) * feePerByte + accountFee);
    assert.ok(mempool.has(envelope.idHex));
  });
});

faucetTest('a gift that is refused or fails does not hold up the next', async () => {
  await withFaucet(async ({ faucet, failures }) => {
    failures.next = new Error('the verifier was closed');
    const [failed, second, third] = [1, 2, 3].map((number) => faucet.give(account(number))) as [
      Promise<Gift>,
      Promise<Gift>,
      Promise<Gift>,
    ];
    const reason = await failed.then(
      () => 'none',
      (error: Error) => error.message,
    );
    assert.is(reason, 'the verifier was closed');
    assert.equal(nonces(await all([second, third])), [0, 1], 'the nonce of the failed one is used');
    const many = await all(Array.from({ length: 63 }, (_, number) => faucet.give(account(number))));
    const refused = many.filter(({ result }) => result.status === 'rejected');
    assert.is(refused.length, 1);
    const result = refused[0]?.result;
    assert.is(result?.status === 'rejected' && result.code, 'SENDER_LIMIT', 'told to the one who asked');
  });
});

faucetTest.run();
