import { BitListType, ContainerType, ListCompositeType, OptionalType, type Type } from '@chainsafe/ssz';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { VoteData } from '../../src/primitives/consensus.ts';
import {
  AddressBytes,
  Amount,
  Bytes32,
  decodeText,
  EnumType,
  encodeText,
  MAX_AMOUNT,
  TaggedUnionType,
  TextType,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
} from '../../src/primitives/ssz.ts';
import {
  ACTION_TYPES,
  Memo,
  MultiTransfer,
  Output,
  SignedTransaction,
  TransactionAction,
} from '../../src/primitives/transaction.ts';
import { arbitraryOf, BINARY_TYPES, TYPES } from './arbitrary.ts';

const ssz = suite('ssz');
const RUNS = 40;

/** A value, or undefined where the bytes are no encoding. */
function decode(type: Type<unknown>, bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: type.deserialize(bytes) };
  } catch {
    return undefined;
  }
}

/** The heart of it: whatever decodes is the one encoding of what it decodes to. */
function assertCanonical(type: Type<unknown>, bytes: Uint8Array): void {
  const decoded = decode(type, bytes);
  if (decoded === undefined) return;
  assert.is(toHex(type.serialize(decoded.value)), toHex(bytes), `${type.typeName} took a second encoding of a value`);
}

interface Damage {
  at: number;
  remove: number;
  insert: Uint8Array;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(6),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    // what offsets, selectors and length bits look like
    fc.constantFrom(...[[0], [1], [2], [0, 0, 0, 0], [4, 0, 0, 0], [68, 0, 0, 0]].map((list) => Uint8Array.from(list))),
  ),
});

function apply(bytes: Uint8Array, { at, remove, insert }: Damage): Uint8Array {
  const position = Math.floor(at * bytes.length);
  return concatBytes(bytes.subarray(0, position), insert, bytes.subarray(position + remove));
}

for (const [name, type] of Object.entries({ ...TYPES, ...BINARY_TYPES })) {
  ssz(`${name}: a value survives encoding`, () => {
    fc.assert(
      fc.property(arbitraryOf(type), (value) => {
        assert.equal(type.deserialize(type.serialize(value)), value);
      }),
      { numRuns: RUNS },
    );
  });

  ssz(`${name}: damaged bytes do not decode or are the encoding of what they decode to`, () => {
    fc.assert(
      fc.property(arbitraryOf(type), fc.array(damage, { minLength: 1, maxLength: 3 }), (value, damages) => {
        assertCanonical(type, damages.reduce(apply, type.serialize(value)));
      }),
      { numRuns: 3 * RUNS },
    );
  });

  ssz(`${name}: random bytes do not decode or are the encoding of what they decode to`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => assertCanonical(type, bytes)),
      { numRuns: RUNS },
    );
  });

  ssz(`${name}: bytes cut short never decode to the same value`, () => {
    fc.assert(
      fc.property(arbitraryOf(type), fc.nat(), (value, cut) => {
        const bytes = type.serialize(value);
        fc.pre(bytes.length > 0);
        const cutBytes = bytes.subarray(0, cut % bytes.length);
        const decoded = decode(type, cutBytes);
        if (decoded !== undefined) assert.not.equal(decoded.value, value);
      }),
      { numRuns: RUNS },
    );
  });
}

ssz('every short list of offsets that the library takes is the one it writes', () => {
  // All encodings of up to 12 bytes made of the numbers that offsets can be, for a list of a variable-size type.
  const type = new ListCompositeType(Memo, 4);
  const words = [0, 1, 4, 8, 12, 16].map((word) => Uint8Array.of(word, 0, 0, 0));
  for (const a of words) {
    assertCanonical(type, a);
    for (const b of words) {
      assertCanonical(type, concatBytes(a, b));
      for (const c of words) assertCanonical(type, concatBytes(a, b, c));
    }
  }
  assert.equal(decode(type, fromHex('080000000a000000' + '61')), undefined, 'an offset past the end');
  assert.equal(decode(type, fromHex('0900000009000000' + '61')), undefined, 'a first offset that is no multiple of 4');
});

ssz('a union without a selector does not decode, though another value follows', () => {
  const pair = new ContainerType({ first: TransactionAction, second: Memo });
  // both offsets are 8: the first field has no bytes, the second begins with what could be a selector
  assert.throws(() => pair.deserialize(fromHex('0800000008000000' + '00')), /without a selector/);
  const text = new TaggedUnionType(['TEXT'], [Memo]);
  const texts = new ListCompositeType(text, 4);
  assert.throws(() => texts.deserialize(fromHex('0800000008000000' + '0061')), /without a selector/);
  assert.throws(() => text.deserialize(new Uint8Array(0)), /without a selector/);
});

ssz('an unknown selector does not decode', () => {
  assert.throws(() => TransactionAction.deserialize(Uint8Array.of(ACTION_TYPES.length, 0)), /selector/);
});

ssz('an optional is absent, or 1 and its value; nothing else', () => {
  const type = new OptionalType(Output);
  assert.is(type.deserialize(new Uint8Array(0)), null);
  assert.equal(decode(type, Uint8Array.of(0)), undefined);
  assert.equal(decode(type, Uint8Array.of(1)), undefined);
  assert.equal(decode(type, new Uint8Array(29).fill(2)), undefined);
  assert.ok(decode(type, concatBytes(Uint8Array.of(1), new Uint8Array(28))));
});

ssz('a bit list has one length bit and keeps its limit', () => {
  const type = new BitListType(9);
  assert.equal(decode(type, new Uint8Array(0)), undefined);
  assert.equal(decode(type, Uint8Array.of(5, 0)), undefined, 'no length bit');
  assert.equal(decode(type, Uint8Array.of(0, 4)), undefined, 'ten bits');
  for (let low = 0; low < 256; low++) {
    for (const bytes of [Uint8Array.of(low), Uint8Array.of(low, 1), Uint8Array.of(low, 2), Uint8Array.of(low, 3)]) {
      assertCanonical(type, bytes);
    }
  }
});

ssz('bytes that follow a transaction make it another one or none', () => {
  const signed: SignedTransaction = {
    transaction: {
      sender: new Uint8Array(32),
      nonce: 0,
      fee: 0n,
      validUntil: 0,
      action: { selector: 1, value: { outputs: [], memo: new Uint8Array(0) } },
    },
    signature: new Uint8Array(64),
  };
  const bytes = SignedTransaction.serialize(signed);
  const longer = SignedTransaction.deserialize(concatBytes(bytes, utf8('!')));
  // What follows belongs to the last field, the memo: another transaction, never the same one in longer bytes.
  assert.not.equal(longer, signed);
  assert.throws(() => SignedTransaction.deserialize(concatBytes(bytes, Uint8Array.of(0xff))));
  assert.throws(() => MultiTransfer.deserialize(new Uint8Array(0)));
});

ssz('lists and texts past their limit do not decode', () => {
  const outputs = Array.from({ length: 257 }, () => ({ to: new Uint8Array(20), amount: 1n }));
  const bytes = MultiTransfer.serialize({ outputs, memo: new Uint8Array(0) });
  assert.throws(() => MultiTransfer.deserialize(bytes));
  assert.throws(() => Memo.deserialize(new Uint8Array(257).fill(0x61)));
  assert.ok(Memo.deserialize(new Uint8Array(256).fill(0x61)));
});

ssz('text is UTF-8, byte for byte', () => {
  for (const hex of ['80', 'c080', 'eda080', 'f4908080', 'e282', 'ff', 'fe']) {
    assert.throws(() => Memo.deserialize(fromHex(hex)), `${hex} is no UTF-8`);
    assert.throws(() => Memo.serialize(fromHex(hex)), `${hex} is no UTF-8`);
  }
  // a byte order mark and a zero are characters like others
  for (const text of ['', '\ufeffa', 'a\u0000b', '𝄞 ünï ☃']) assert.is(decodeText(encodeText(text)), text);
  assert.throws(() => encodeText('\ud800'), /surrogate/);
});

ssz('integers past 2^53 − 1 neither decode nor encode', () => {
  assert.is(Uint64.deserialize(fromHex('ffffffffffff1f00')), Number.MAX_SAFE_INTEGER);
  for (const hex of ['0000000000002000', 'ffffffffffffffff', '0100000000002000']) {
    assert.throws(() => Uint64.deserialize(fromHex(hex)));
  }
  for (const value of [2 ** 53, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => Uint64.serialize(value), RangeError);
  }
  for (const [type, max] of [
    [Uint8, 255],
    [Uint16, 65_535],
    [Uint32, 4_294_967_295],
  ] as const) {
    assert.is(type.deserialize(type.serialize(max)), max);
    assert.throws(() => type.serialize(max + 1), RangeError);
    assert.throws(() => type.serialize(-1), RangeError);
  }
});

ssz('amounts past 64 bits and negative ones do not encode', () => {
  assert.is(toHex(Amount.serialize(MAX_AMOUNT)), 'ffffffffffffffff');
  assert.throws(() => Amount.serialize(MAX_AMOUNT + 1n), RangeError);
  assert.throws(() => Amount.serialize(-1n), RangeError);
});

ssz('bytes of another length do not encode', () => {
  assert.throws(() => Bytes32.serialize(new Uint8Array(31)), RangeError);
  assert.throws(() => AddressBytes.serialize(new Uint8Array(32)), RangeError);
  assert.throws(() => new TextType(2).serialize(utf8('abc')));
});

ssz('an unknown name neither decodes nor encodes', () => {
  const type = new EnumType(['A', 'B']);
  assert.is(type.deserialize(Uint8Array.of(1)), 1);
  assert.throws(() => type.deserialize(Uint8Array.of(2)), RangeError);
  assert.throws(() => type.serialize(2), RangeError);
  const vote = VoteData.serialize({
    epoch: 1,
    validatorsRoot: new Uint8Array(32),
    kind: 2,
    slot: 1,
    hash: new Uint8Array(32),
  });
  vote[40] = 3;
  assert.throws(() => VoteData.deserialize(vote), RangeError);
});

ssz('decoded bytes are copies', () => {
  const bytes = new Uint8Array(32).fill(1);
  const value = Bytes32.deserialize(bytes);
  bytes.fill(2);
  assert.ok(equalBytes(value, new Uint8Array(32).fill(1)));
});

ssz.run();
