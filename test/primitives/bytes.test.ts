import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareBytes, concatBytes, equalBytes, fromHex, toHex, utf8 } from '../../src/primitives/bytes.ts';

const bytes = suite('bytes');
const some = fc.uint8Array({ maxLength: 40 });

bytes('hex is what Buffer makes of the same bytes, and reads back', () => {
  fc.assert(
    fc.property(some, (value) => {
      assert.is(toHex(value), Buffer.from(value).toString('hex'));
      assert.ok(equalBytes(fromHex(toHex(value)), value));
    }),
  );
});

bytes('only lower-case hex in pairs is read', () => {
  for (const text of [
    'a',
    'abc',
    'AB',
    '0x',
    '0xab',
    'zz',
    'a ',
    ' a',
    '/0',
    ':0',
    '`0',
    'g0',
    '0g',
    'éé',
    '０１',
    'ab\u0161a',
  ]) {
    assert.throws(() => fromHex(text), RangeError, JSON.stringify(text));
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 6 }), (text) => {
      if (/^(?:[0-9a-f]{2})*$/.test(text) && !text.endsWith('\n')) assert.is(toHex(fromHex(text)), text);
      else assert.throws(() => fromHex(text), RangeError);
    }),
  );
  assert.is(fromHex('').length, 0);
});

bytes('order is that of unsigned bytes, a prefix first', () => {
  fc.assert(
    fc.property(some, some, (a, b) => {
      assert.is(Math.sign(compareBytes(a, b)), Buffer.compare(a, b));
      assert.is(equalBytes(a, b), Buffer.compare(a, b) === 0);
    }),
  );
  assert.ok(compareBytes(utf8('a'), utf8('ab')) < 0);
  assert.ok(compareBytes(Uint8Array.of(0x80), Uint8Array.of(0x7f)) > 0);
});

bytes('concatenation copies its parts in order', () => {
  fc.assert(
    fc.property(fc.array(some, { maxLength: 4 }), (parts) => {
      assert.is(toHex(concatBytes(...parts)), parts.map(toHex).join(''));
    }),
  );
});

bytes.run();
