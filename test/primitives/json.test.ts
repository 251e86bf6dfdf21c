import { BooleanType, ContainerType, type Type, UnionType } from '@chainsafe/ssz';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Block } from '../../src/primitives/block.ts';
import { BitArray, Certificate, Vote } from '../../src/primitives/consensus.ts';
import { Genesis } from '../../src/primitives/genesis.ts';
import { ParameterChange } from '../../src/primitives/governance.ts';
import { fromJson, JsonError, type JsonValue, toJson } from '../../src/primitives/json.ts';
import { Memo, SignedTransaction, TransactionAction, Transfer } from '../../src/primitives/transaction.ts';
import { VoteMessage } from '../../src/primitives/wire.ts';
import { arbitraryOf, TYPES } from './arbitrary.ts';

const json = suite('json');

const ADDRESS = 'ait1qyqszqgpqyqszqgpqyqszqgpqyqszqgp7emcj8';

interface Sample {
  transaction: Record<string, unknown> & { action: Record<string, unknown> };
  signature: unknown;
  [field: string]: unknown;
}

/** A fresh one each time, for a test to spoil. */
function sample(): Sample {
  return {
    transaction: {
      sender: '07'.repeat(32),
      nonce: 5,
      fee: '3000',
      valid_until: 1_700_000_000_000,
      action: { type: 'TRANSFER', to: ADDRESS, amount: '18446744073709551615', memo: 'tea ☕' },
    },
    signature: 'cd'.repeat(64),
  };
}

function refusal(type: Type<unknown>, value: unknown): JsonError {
  try {
    fromJson(type, value);
  } catch (error) {
    assert.instance(error, JsonError);
    return error as JsonError;
  }
  assert.unreachable(`accepted ${JSON.stringify(value)}`);
  throw new Error('unreachable');
}

function assertRefused(value: unknown, path: string, message: RegExp): void {
  const error = refusal(SignedTransaction, value);
  assert.is(error.path, path);
  assert.match(error.message, message);
  if (path !== '') assert.ok(error.message.startsWith(`${path}: `), error.message);
}

for (const [name, type] of Object.entries(TYPES)) {
  json(`${name}: a value survives JSON text`, () => {
    fc.assert(
      fc.property(arbitraryOf(type), (value) => {
        assert.equal(fromJson(type, JSON.parse(JSON.stringify(toJson(type, value)))), value);
      }),
      { numRuns: 30 },
    );
  });

  json(`${name}: spoiled JSON is refused with a JsonError or is the form of what it reads as`, () => {
    fc.assert(
      fc.property(arbitraryOf(type), fc.infiniteStream(fc.nat(1000)), fc.jsonValue(), (value, choices, other) => {
        const spoiled = spoil(toJson(type, value), choices, other as JsonValue);
        let read: unknown;
        try {
          read = fromJson(type, spoiled);
        } catch (error) {
          assert.instance(error, JsonError);
          return;
        }
        assert.equal(toJson(type, read), spoiled);
      }),
      { numRuns: 60 },
    );
  });
}

/** Replaces, removes or adds one thing somewhere. */
function spoil(value: JsonValue, choices: Iterator<number>, other: JsonValue): JsonValue {
  const choose = (count: number) => (choices.next().value ?? 0) % count;
  if (typeof value !== 'object' || value === null || choose(6) === 0) return other;
  const keys = Object.keys(value);
  if (Array.isArray(value)) {
    if (value.length === 0 || choose(5) === 0) return [...value, other];
    const position = choose(value.length);
    return value.map((item, index) => (index === position ? spoil(item, choices, other) : item));
  }
  const key = keys[choose(keys.length)] ?? '';
  const action = choose(6);
  if (action === 0) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  if (action === 1) return { ...value, [`${key}_`]: other };
  return { ...value, [key]: spoil(value[key] ?? null, choices, other) };
}

json('a transaction looks as documented', () => {
  const signed = fromJson(SignedTransaction, sample());
  assert.is(signed.transaction.fee, 3000n);
  assert.is(signed.transaction.validUntil, 1_700_000_000_000);
  assert.is(signed.transaction.action.selector, 0);
  assert.equal(toJson(SignedTransaction, signed), sample());
});

json('an address may be written as 0x and hex, and comes out as ait1…', () => {
  const value = sample();
  value.transaction.action.to = `0x${'01'.repeat(20)}`;
  assert.equal(toJson(SignedTransaction, fromJson(SignedTransaction, value)), sample());
});

json('names stand for votes, modes, parameters and alternatives', () => {
  const vote = { epoch: 0, kind: 2, slot: 9, hash: new Uint8Array(32), member: 3, signature: new Uint8Array(64) };
  assert.is((toJson(Vote, vote) as { kind: unknown }).kind, 'FINAL');
  assert.is((toJson(VoteMessage, { selector: 0, value: vote }) as { type: unknown }).type, 'VOTE');
  assert.is((toJson(Genesis, Genesis.defaultValue()) as { mode: unknown }).mode, 'poa');
  const change = (parameter: string) => ({ parameter, value: '5' });
  assert.equal(toJson(ParameterChange, { parameter: 1, value: 5n }), change('fee_per_byte'));
  assert.is(refusal(ParameterChange, change('feePerByte')).path, 'parameter');
  const error = refusal(Vote, { ...(toJson(Vote, vote) as object), kind: 'final' });
  assert.match(error.message, /^kind: expected one of "NOTAR", "SKIP", "FINAL", got "final"$/);
});

json('what is absent is null, and must be written', () => {
  const block = toJson(Block, Block.defaultValue()) as { body: { justification: Record<string, unknown> } };
  assert.is(block.body.justification.parent_certificate, null);
  delete block.body.justification.parent_certificate;
  const error = refusal(Block, block);
  assert.is(error.path, 'body.justification.parent_certificate');
});

json('a bitmap is the hex of its SSZ encoding', () => {
  const bitmap = BitArray.fromBoolArray([true, false, true, true]);
  const certificate = { ...Certificate.defaultValue(), bitmap };
  const written = toJson(Certificate, certificate) as Record<string, unknown>;
  assert.is(written.bitmap, '1d');
  for (const wrong of ['', '00', '1D', '0x1d', 29, 'ff'.repeat(66), `${'00'.repeat(64)}02`, [0, 2, 3]]) {
    assert.is(refusal(Certificate, { ...written, bitmap: wrong }).path, 'bitmap');
  }
});

json('amounts are decimal strings of units, and the refusal of anything else teaches it', () => {
  const cases: [unknown, RegExp][] = [
    [5, /decimal string of whole units.*"1000000000" for 1 AIT.*JSON number.*got the number 5/],
    [1.5, /JSON number.*got the number 1.5/],
    ['-1', /without sign/],
    ['+1', /without sign/],
    ['01', /leading zero/],
    ['1.5', /fraction/],
    ['1e9', /exponent/],
    ['', /decimal string/],
    [' 1', /decimal string/],
    ['1\n', /decimal string/],
    ['0x10', /decimal string/],
    ['１', /decimal string/],
    ['18446744073709551616', /at most 18446744073709551615 units/],
    ['99999999999999999999', /at most/],
    ['9'.repeat(1_000_000), /decimal string.*…" \(1000000 characters\)$/],
    [null, /got null/],
    [['1'], /got a list of 1/],
    [{}, /got an object/],
    [true, /got the boolean true/],
  ];
  for (const [amount, message] of cases) {
    const value = sample();
    value.transaction.action.amount = amount;
    assertRefused(value, 'transaction.action.amount', message);
  }
});

json('integers are JSON numbers within their range', () => {
  for (const nonce of ['5', -1, 1.5, 2 ** 53, 1e300, Number.NaN, -0, null, [5], true]) {
    const value = sample();
    value.transaction.nonce = nonce;
    assertRefused(value, 'transaction.nonce', /expected an integer from 0 to 9007199254740991 as a JSON number, got /);
  }
});

json('bytes are lower-case hex of the exact length', () => {
  for (const signature of [
    'cd'.repeat(63),
    'cd'.repeat(65),
    'CD'.repeat(64),
    `0x${'cd'.repeat(63)}`,
    'zz'.repeat(64),
    7,
  ]) {
    const value = sample();
    value.signature = signature;
    assertRefused(value, 'signature', /expected 64 bytes as 128 lower-case hex digits without prefix, got /);
  }
});

json('a wrong address says why', () => {
  const cases: [unknown, RegExp][] = [
    [`${ADDRESS.slice(0, -1)}q`, /checksum/],
    ['0x01', /40 digits/],
    ['bob', /starts with ait1 or 0x/],
    [5, /got the number 5/],
  ];
  for (const [to, message] of cases) {
    const value = sample();
    value.transaction.action.to = to;
    assertRefused(value, 'transaction.action.to', message);
  }
});

json('text is bounded in bytes and well formed', () => {
  for (const memo of ['a'.repeat(257), '☕'.repeat(86), '\ud800', 5]) {
    const value = sample();
    value.transaction.action.memo = memo;
    assertRefused(value, 'transaction.action.memo', /expected a text of at most 256 bytes of UTF-8, got /);
  }
  const value = sample();
  value.transaction.action.memo = '☕'.repeat(85);
  assert.ok(fromJson(SignedTransaction, value));
});

json('unknown and missing fields are refused by name', () => {
  assertRefused({ ...sample(), extra: 1 }, 'extra', /unknown field; the fields are transaction, signature/);
  const camel = sample();
  camel.transaction.validUntil = 0;
  assertRefused(camel, 'transaction.validUntil', /unknown field; .*valid_until/);
  const missing = sample();
  delete missing.transaction.fee;
  assertRefused(missing, 'transaction.fee', /missing field/);
  const untyped = sample();
  delete untyped.transaction.action.type;
  assertRefused(untyped, 'transaction.action.type', /missing field/);
  const unknown = sample();
  unknown.transaction.action.type = 'MINT';
  assertRefused(unknown, 'transaction.action.type', /expected one of "TRANSFER", .*"GOVERNANCE_VOTE", got "MINT"/);
  const mixed = sample();
  mixed.transaction.action.outputs = [];
  assertRefused(mixed, 'transaction.action.outputs', /unknown field; the fields are type, to, amount, memo/);
});

json('what is no object is refused where one belongs', () => {
  for (const value of [null, undefined, [], 'x', 5, true]) assertRefused(value, '', /^expected an object, got /);
  const value = sample();
  Object.assign(value.transaction, { action: [] });
  assertRefused(value, 'transaction.action', /expected an object, got a list of 0/);
});

json('a list is bounded, and its items are named by position', () => {
  const output = { to: ADDRESS, amount: '1' };
  const action = (outputs: unknown) => ({ type: 'MULTI_TRANSFER', outputs, memo: '' });
  assert.ok(fromJson(TransactionAction, action(new Array(256).fill(output))));
  const error = refusal(TransactionAction, action(new Array(257).fill(output)));
  assert.is(error.message, 'outputs: expected at most 256 items, got a list of 257');
  assert.is(refusal(TransactionAction, action([output, output, { ...output, amount: 1 }])).path, 'outputs.2.amount');
  assert.is(refusal(TransactionAction, action({ length: 1, 0: output })).path, 'outputs');
  assert.is(refusal(TransactionAction, action(new Array(2))).path, 'outputs.0');
});

json('nothing is read from a prototype and nothing is written to one', () => {
  const hostile = JSON.parse('{"__proto__": {"to": 1}, "amount": "1", "memo": ""}');
  assert.is(refusal(Transfer, hostile).path, '__proto__');
  const inherited = Object.assign(Object.create({ to: ADDRESS }), { amount: '1', memo: '' });
  assert.is(refusal(Transfer, inherited).path, 'to');
  const named = sample();
  named.transaction.action.type = 'constructor';
  assertRefused(named, 'transaction.action.type', /expected one of/);
  assert.is(Object.prototype.toString.call({}), '[object Object]');
  assert.not.ok('to' in {});
});

json('a long unknown field or value is not repeated in full', () => {
  const long = 'x'.repeat(100_000);
  assert.ok(refusal(SignedTransaction, { ...sample(), [long]: 1 }).message.length < 300);
  assert.ok(refusal(SignedTransaction, { ...sample(), signature: long }).message.length < 300);
});

json('a value outside its type is not written', () => {
  assert.throws(() => toJson(TransactionAction, { selector: 7, value: {} } as never), RangeError);
  assert.throws(() => toJson(Memo, Uint8Array.of(0xff)), TypeError);
});

json('a type without a JSON form is an error of the program, not of the input', () => {
  assert.throws(() => fromJson(new BooleanType(), true), TypeError);
  assert.throws(() => toJson(new UnionType([Memo]), { selector: 0, value: new Uint8Array(0) }), TypeError);
  assert.throws(() => fromJson(new ContainerType({ flag: new BooleanType() }), {}), TypeError);
});

json.run();
