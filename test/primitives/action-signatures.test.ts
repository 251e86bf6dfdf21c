// Which signatures a transaction stands on: its sender's, and those that its action brings along.

import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../src/crypto/keys.ts';
import { type SignatureFault, transactionChecks } from '../../src/primitives/action-signatures.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { verifyStrict } from '../../src/primitives/ed25519.ts';
import { Evidence } from '../../src/primitives/evidence.ts';
import { sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import { possessionSigningBytes } from '../../src/primitives/staking.ts';
import {
  encodeTransaction,
  type Transaction,
  type TransactionAction,
  type TransactionEnvelope,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';

interface Vectors {
  genesis_hash: string;
  accepted: { ssz: string }[];
  refused: { ssz: string }[];
}

const test = suite('signatures of a transaction');
const vectors: Vectors = JSON.parse(readFileSync(new URL('../vectors/evidence.json', import.meta.url), 'utf8'));
const GENESIS_HASH = fromHex(vectors.genesis_hash);
const sender = new KeyPair(new Uint8Array(32).fill(1));
const consensus = new KeyPair(new Uint8Array(32).fill(2));
const operator = addressOf(sender.publicKey);

function signed(action: TransactionAction): TransactionEnvelope {
  const transaction: Transaction = { sender: sender.publicKey, nonce: 0, fee: 1n, validUntil: 0, action };
  const signature = sender.sign(transactionSigningBytes(transaction, GENESIS_HASH));
  return encodeTransaction({ transaction, signature });
}

/** What is wrong first; undefined when all signatures hold. */
function faultOf(envelope: TransactionEnvelope, genesisHash = GENESIS_HASH): SignatureFault | undefined {
  const checks = transactionChecks(envelope, genesisHash);
  if (typeof checks === 'string') return checks;
  return checks.find(({ publicKey, message, signature }) => !verifyStrict(publicKey, message, signature))?.fault;
}

const prove = (address: Uint8Array, key: KeyPair, hash = GENESIS_HASH) =>
  key.sign(possessionSigningBytes(address, key.publicKey, hash));
const register = (proof: Uint8Array): TransactionAction => ({
  selector: 2,
  value: { publicKey: consensus.publicKey, commission: 0, selfBond: 1n, proof },
});
const update = (proof: Uint8Array): TransactionAction => ({
  selector: 3,
  value: { key: { publicKey: consensus.publicKey, proof }, commission: null },
});

test('most actions bring none along', () => {
  const actions: TransactionAction[] = [
    { selector: 0, value: { to: operator, amount: 1n, memo: new Uint8Array() } },
    { selector: 1, value: { outputs: [], memo: new Uint8Array() } },
    { selector: 3, value: { key: null, commission: 5 } },
    { selector: 4, value: { validator: operator, amount: 1n } },
    { selector: 5, value: { validator: operator, amount: 1n } },
    { selector: 6, value: { validator: operator } },
    { selector: 8, value: { epoch: 0, change: { selector: 3, value: { protocolVersion: 2 } } } },
    { selector: 9, value: { proposal: 1, choice: 1 } },
  ];
  for (const action of actions) {
    assert.is(transactionChecks(signed(action), GENESIS_HASH).length, 1);
    assert.is(faultOf(signed(action)), undefined);
    assert.is(faultOf(signed(action), ZERO_HASH), 'BAD_SIGNATURE');
  }
});

test('a new consensus key proves that its owner wants this operator, on this network', () => {
  for (const action of [register, update]) {
    assert.is(faultOf(signed(action(prove(operator, consensus)))), undefined);
    const forgeries: [string, Uint8Array][] = [
      ['nothing', new Uint8Array(64)],
      ['by the sender', prove(operator, sender)],
      ['for another operator', prove(addressOf(consensus.publicKey), consensus)],
      ['on another network', prove(operator, consensus, sha256(GENESIS_HASH))],
    ];
    for (const [what, proof] of forgeries) assert.is(faultOf(signed(action(proof))), 'BAD_PROOF', what);
    const { signed: good } = signed(action(prove(operator, consensus)));
    assert.is(faultOf(encodeTransaction({ ...good, signature: new Uint8Array(64) })), 'BAD_SIGNATURE');
  }
});

test('evidence proves what it says, or the transaction is invalid', () => {
  const report = (ssz: string) => signed({ selector: 7, value: { evidence: Evidence.deserialize(fromHex(ssz)) } });
  for (const { ssz } of vectors.accepted) {
    assert.is(transactionChecks(report(ssz), GENESIS_HASH).length, 3);
    assert.is(faultOf(report(ssz)), undefined);
  }
  assert.ok(vectors.refused.length > 0);
  for (const { ssz } of vectors.refused) assert.is(faultOf(report(ssz)), 'BAD_EVIDENCE');
});

test.run();
