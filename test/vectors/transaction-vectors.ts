// Vectors of addresses and transactions: what they look like, and what must be refused.

import { bech32, bech32m } from '@scure/base';
import { formatAddress } from '../../src/primitives/address.ts';
import { concatBytes, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { type JsonValue, toJson } from '../../src/primitives/json.ts';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import {
  ACTION_TYPES,
  MAX_MEMO_BYTES,
  MultiTransfer,
  SignedTransaction,
  Transaction,
  TransactionAction,
  type TransactionEnvelope,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';
import {
  ALICE,
  BOB,
  CAROL,
  GENESIS_HASH,
  type Key,
  keyOf,
  multiTransfer,
  signTransaction,
  transfer,
} from './fixture.ts';
import { possessionVectors, REFUSED_ACTION_JSON, REFUSED_ACTIONS, VALIDATOR_ACTIONS } from './validator-transactions.ts';

export function addressVectors(): JsonValue {
  const text = formatAddress(ALICE.address);
  const words = bech32m.toWords(ALICE.address);
  return {
    about:
      'Addresses. `derived` goes from seed to text; `accepted` lists other texts of an address; `refused` is no address.',
    derived: [ALICE, BOB, CAROL, keyOf(0), keyOf(255)].map(({ seed, publicKey, address }) => ({
      seed: toHex(seed),
      public_key: toHex(publicKey),
      address_bytes: toHex(address),
      address: formatAddress(address),
    })),
    accepted: [text.toUpperCase(), `0x${toHex(ALICE.address)}`, `0X${toHex(ALICE.address).toUpperCase()}`].map(
      (accepted) => ({ text: accepted, address_bytes: toHex(ALICE.address) }),
    ),
    refused: [
      { why: 'empty', text: '' },
      { why: 'last character changed', text: `${text.slice(0, -1)}${text.endsWith('q') ? 'p' : 'q'}` },
      { why: 'cut', text: text.slice(0, -1) },
      { why: 'mixed case', text: `AIT1${text.slice(4)}` },
      { why: 'space', text: `${text} ` },
      { why: 'bech32 checksum instead of bech32m', text: bech32.encode('ait', words) },
      { why: 'another prefix', text: bech32m.encode('bc', words) },
      { why: 'another prefix that begins with ait1', text: bech32m.encode('ait1x', words) },
      { why: '19 bytes', text: bech32m.encode('ait', bech32m.toWords(ALICE.address.subarray(1))) },
      { why: '21 bytes', text: bech32m.encode('ait', bech32m.toWords(concatBytes(ALICE.address, Uint8Array.of(0)))) },
      { why: 'one word too many', text: bech32m.encode('ait', [...words, 0]) },
      { why: 'hex without 0x', text: toHex(ALICE.address) },
      { why: '39 hex digits', text: `0x${toHex(ALICE.address).slice(1)}` },
      { why: 'no hex digits', text: `0x${'g'.repeat(40)}` },
    ],
  };
}

/** In the order of the first block of blocks.json. */
export const FIRST_BLOCK_TRANSACTIONS: readonly TransactionEnvelope[] = [
  signTransaction(ALICE, {
    nonce: 0,
    fee: 20_000n,
    validUntil: 0,
    action: transfer(BOB, 1_500_000_000n, 'rent ☕'),
  }),
  signTransaction(ALICE, {
    nonce: 1,
    fee: 50_000n,
    validUntil: 1_700_000_001_000,
    action: multiTransfer([
      [BOB, 1n],
      [CAROL, 250_000_000n],
      [BOB, 2n],
    ]),
  }),
  signTransaction(BOB, { nonce: 0, fee: 5_000n, validUntil: 0, action: transfer(ALICE, 10_000_000_000n) }),
];

function accepted(name: string, key: Key, envelope: TransactionEnvelope): JsonValue {
  const { transaction, signature } = envelope.signed;
  return {
    name,
    seed: toHex(key.seed),
    json: toJson(SignedTransaction, envelope.signed),
    transaction_ssz: toHex(Transaction.serialize(transaction)),
    signing_bytes: toHex(transactionSigningBytes(transaction, GENESIS_HASH)),
    signature: toHex(signature),
    ssz: toHex(envelope.bytes),
    id: envelope.idHex,
    from: formatAddress(envelope.from),
  };
}

export function transactionVectors(): JsonValue {
  const [first, second, third] = FIRST_BLOCK_TRANSACTIONS as [
    TransactionEnvelope,
    TransactionEnvelope,
    TransactionEnvelope,
  ];
  const largest = signTransaction(CAROL, {
    nonce: Number.MAX_SAFE_INTEGER,
    fee: MAX_AMOUNT,
    validUntil: Number.MAX_SAFE_INTEGER,
    action: transfer(CAROL, MAX_AMOUNT, 'm'.repeat(MAX_MEMO_BYTES)),
  });
  const empty = signTransaction(CAROL, { nonce: 0, fee: 0n, validUntil: 0, action: multiTransfer([]) });
  const ofValidators = VALIDATOR_ACTIONS.map(([name, action], nonce) =>
    accepted(name, ALICE, signTransaction(ALICE, { nonce, fee: 20_000n, validUntil: 0, action })),
  );
  return {
    about:
      'Transactions. `json` and `ssz` are two forms of one SignedTransaction, `signing_bytes` is what the key signs, ' +
      '`id` is sha256(ssz). `possession` is what the consensus keys of the validator transactions sign. Encodings only: some ' +
      'of these break rules of the ledger.',
    genesis_hash: toHex(GENESIS_HASH),
    accepted: [
      accepted('transfer', ALICE, first),
      accepted('multi transfer', ALICE, second),
      accepted('transfer without memo', BOB, third),
      accepted('largest values', CAROL, largest),
      accepted('no outputs', CAROL, empty),
      ...ofValidators,
    ],
    possession: possessionVectors(),
    refused_ssz: refusedEncodings(third.bytes),
    refused_json: refusedJson(),
  };
}

/** Positions in ssz(SignedTransaction): offset 4, signature 64, then the transaction. */
const TRANSACTION_AT = 68;
/** Positions in ssz(Transaction): sender 32, nonce 8, fee 8, validUntil 8, offset 4, then the action. */
const ACTION_AT = TRANSACTION_AT + 60;

function refusedEncodings(bytes: Uint8Array): JsonValue {
  const change = (position: number, ...values: number[]) => {
    const copy = bytes.slice();
    copy.set(values, position);
    return copy;
  };
  const text = (memo: Uint8Array) => concatBytes(bytes, memo);
  const outputs = Array.from({ length: 257 }, () => ({ to: BOB.address, amount: 1n }));
  const many = concatBytes(
    bytes.subarray(0, ACTION_AT),
    Uint8Array.of(1),
    MultiTransfer.serialize({ outputs, memo: new Uint8Array(0) }),
  );
  const cases: [string, Uint8Array][] = [
    ['no bytes', new Uint8Array(0)],
    ['cut within the last field of fixed size', bytes.subarray(0, -1)],
    ['cut before the action', bytes.subarray(0, ACTION_AT)],
    ['first offset too large', change(0, 69)],
    ['first offset too small', change(0, 67)],
    ['offset of the action too large', change(ACTION_AT - 4, 61)],
    ['unknown selector', change(ACTION_AT, ACTION_TYPES.length)],
    ['offset of the memo within the fixed part', change(ACTION_AT + 1 + 28, 31)],
    ['offset of the memo past the end', change(ACTION_AT + 1 + 28, 33)],
    ['nonce 2^53', change(TRANSACTION_AT + 32, 0, 0, 0, 0, 0, 0, 32, 0)],
    ['memo that is no UTF-8', text(Uint8Array.of(0xc3))],
    ['memo with an overlong UTF-8 form', text(Uint8Array.of(0xc0, 0x80))],
    ['memo with half a surrogate pair', text(Uint8Array.of(0xed, 0xa0, 0x80))],
    ['memo of 257 bytes', text(utf8('m'.repeat(257)))],
    ['257 outputs', many],
    ...REFUSED_ACTIONS.map(([why, action]): [string, Uint8Array] => [
      why,
      concatBytes(bytes.subarray(0, ACTION_AT), action),
    ]),
  ];
  return cases.map(([why, refused]) => ({ why, ssz: toHex(refused) }));
}

function refusedJson(): JsonValue {
  const json = (type: string, fields: Record<string, JsonValue>): JsonValue => ({ type, ...fields });
  const good = toJson(TransactionAction, transfer(BOB, 1n)) as Record<string, JsonValue>;
  const { to = '' } = good;
  const cases: [string, string, JsonValue][] = [
    ['amount as a number', 'amount', { ...good, amount: 1 }],
    ['negative amount', 'amount', { ...good, amount: '-1' }],
    ['fraction', 'amount', { ...good, amount: '1.0' }],
    ['exponent', 'amount', { ...good, amount: '1e3' }],
    ['leading zero', 'amount', { ...good, amount: '01' }],
    ['amount of 2^64', 'amount', { ...good, amount: '18446744073709551616' }],
    ['hex amount', 'amount', { ...good, amount: '0x1' }],
    ['empty amount', 'amount', { ...good, amount: '' }],
    ['unknown type', 'type', { ...good, type: 'transfer' }],
    ['unknown field', 'note', { ...good, note: '' }],
    ['missing field', 'memo', json('TRANSFER', { to, amount: '1' })],
    ['field of another type', 'outputs', { ...good, outputs: [] }],
    ['memo with half a surrogate pair', 'memo', { ...good, memo: '\ud800' }],
    ['memo of 258 bytes in 86 characters', 'memo', { ...good, memo: '☕'.repeat(86) }],
    ['bad address', 'to', { ...good, to: 'ait1q' }],
    ['list as an object', 'outputs', json('MULTI_TRANSFER', { outputs: {}, memo: '' })],
    ['output without amount', 'outputs.0.amount', json('MULTI_TRANSFER', { outputs: [{ to }], memo: '' })],
    ...REFUSED_ACTION_JSON,
  ];
  return cases.map(([why, path, action]) => ({ why, path, action }));
}
