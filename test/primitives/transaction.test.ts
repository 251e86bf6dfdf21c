import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressOf } from '../../src/primitives/address.ts';
import { concatBytes, equalBytes, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { DOMAINS, signingBytes } from '../../src/primitives/signing.ts';
import {
  ACTION_TYPES,
  decodeTransaction,
  encodeTransaction,
  MAX_MEMO_BYTES,
  MAX_OUTPUTS,
  MAX_TRANSACTION_BYTES,
  SignedTransaction,
  Transaction,
  type TransactionAction,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';
import { arbitraryOf } from './arbitrary.ts';

const transaction = suite('transaction');
const anySigned = arbitraryOf(SignedTransaction) as fc.Arbitrary<SignedTransaction>;

transaction('an envelope is the same from a value and from its bytes', () => {
  fc.assert(
    fc.property(anySigned, (signed) => {
      const encoded = encodeTransaction(signed);
      const decoded = decodeTransaction(encoded.bytes);
      assert.equal(decoded.signed, signed);
      assert.is(decoded.idHex, encoded.idHex);
      assert.is(encoded.idHex, toHex(sha256(SignedTransaction.serialize(signed))));
      assert.is(toHex(decoded.from), toHex(addressOf(signed.transaction.sender)));
    }),
  );
});

transaction('the largest one fits its bound', () => {
  const outputs = Array.from({ length: MAX_OUTPUTS }, () => ({ to: new Uint8Array(20), amount: 1n }));
  const memo = new Uint8Array(MAX_MEMO_BYTES).fill(0x61);
  const action: TransactionAction = { selector: 1, value: { outputs, memo } };
  const bytes = SignedTransaction.serialize({
    transaction: { sender: new Uint8Array(32), nonce: 0, fee: 0n, validUntil: 0, action },
    signature: new Uint8Array(64),
  });
  assert.ok(bytes.length <= MAX_TRANSACTION_BYTES, `${bytes.length}`);
  assert.ok(decodeTransaction(bytes));
});

transaction('too many bytes are refused before they are decoded', () => {
  assert.throws(() => decodeTransaction(new Uint8Array(MAX_TRANSACTION_BYTES + 1)), /at most 8192/);
});

transaction('every alternative of the action has its name', () => {
  const names = 'TRANSFER MULTI_TRANSFER VALIDATOR_REGISTER VALIDATOR_UPDATE STAKE UNSTAKE UNJAIL EVIDENCE';
  assert.equal([...ACTION_TYPES], [...names.split(' '), 'GOVERNANCE_PROPOSE', 'GOVERNANCE_VOTE']);
});

transaction('what is signed is domain, genesis hash and encoding', () => {
  const genesisHash = new Uint8Array(32).fill(3);
  const value = Transaction.defaultValue();
  const domain = new Uint8Array(32);
  domain.set(utf8('aitbc/tx/1'));
  assert.ok(
    equalBytes(
      transactionSigningBytes(value, genesisHash),
      concatBytes(domain, genesisHash, Transaction.serialize(value)),
    ),
  );
});

transaction('domains differ, so that no message passes for one of another kind', () => {
  const kinds = Object.keys(DOMAINS) as (keyof typeof DOMAINS)[];
  const signed = kinds.map((kind) => toHex(signingBytes(kind, new Uint8Array(32), new Uint8Array(0))));
  assert.is(new Set(signed).size, kinds.length);
  for (const text of signed) assert.is(text.length, 128);
});

transaction.run();
