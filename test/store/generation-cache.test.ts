import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GenerationCache } from '../../src/store/generation-cache.ts';

const cache = suite('generation cache');
const bytesOf = (name: string, value: Uint8Array) => name.length + value.length;

cache('what it has is always the newest value', () => {
  const operation = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    bytes: fc.integer({ min: 0, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const max = 60;
      const tested = new GenerationCache(max, bytesOf);
      const written = new Map<string, Uint8Array>();
      for (const { name, bytes } of operations) {
        const value = new Uint8Array(bytes);
        tested.set(name, value);
        written.set(name, value);
        for (const [other, newest] of written) {
          const found = tested.get(other);
          assert.ok(found === undefined || found === newest);
        }
      }
    }),
  );
});

cache('it holds no more than its bound, whatever was written', () => {
  const max = 1000;
  const tested = new GenerationCache(max, bytesOf);
  const names = Array.from({ length: 1000 }, (_, index) => `entry-${index}`);
  for (const name of names) tested.set(name, new Uint8Array(10));
  // From the oldest on: each that is found moves up and can push out only those asked for already.
  const found = names.filter((name) => tested.get(name) !== undefined);
  assert.ok(found.length > 0 && found.length * 20 <= max);
});

cache('what is asked for stays while the rest goes', () => {
  const tested = new GenerationCache(1000, bytesOf);
  const hot = new Uint8Array(10);
  tested.set('hot', hot);
  for (let i = 0; i < 1000; i++) {
    tested.set(`cold-${i}`, new Uint8Array(10));
    assert.is(tested.get('hot'), hot);
  }
  assert.is(tested.get('cold-0'), undefined);
  assert.ok(tested.get('cold-999'));
});

cache.run();
