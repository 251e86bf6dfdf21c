import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';

const merkle = suite('merkle');

function sha256(...parts: readonly (Uint8Array | string)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** RFC 6962 §2.1 word for word: k is the largest power of two smaller than n. */
function recursion(leaves: readonly Uint8Array[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return sha256(Uint8Array.of(0), only);
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return sha256(Uint8Array.of(1), recursion(leaves.slice(0, k)), recursion(leaves.slice(k)));
}

merkle('agrees with the known roots of Certificate Transparency', () => {
  const leaves = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map(fromHex);
  const roots = [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  roots.forEach((root, size) => {
    assert.is(toHex(merkleRoot(leaves.slice(0, size))), root, `${size} leaves`);
  });
});

merkle('agrees with the recursion of RFC 6962 on every size', () => {
  for (let size = 0; size <= 70; size++) {
    const leaves = Array.from({ length: size }, (_, i) => Uint8Array.of(i, size));
    assert.is(toHex(merkleRoot(leaves)), recursion(leaves).toString('hex'), `${size} leaves`);
  }
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 40 }), (leaves) => {
      assert.is(toHex(merkleRoot(leaves)), recursion(leaves).toString('hex'));
    }),
  );
});

merkle('no odd leaf is doubled, and a node is no leaf', () => {
  const [a, b, c] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
  assert.not.equal(merkleRoot([a, b, c]), merkleRoot([a, b, c, c]));
  const nodeAsLeaf = Buffer.concat([sha256(Uint8Array.of(0), a), sha256(Uint8Array.of(0), b)]);
  assert.not.equal(merkleRoot([nodeAsLeaf]), merkleRoot([a, b]));
});

merkle('leaves are left as they are', () => {
  const leaves = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
  merkleRoot(leaves);
  assert.equal(leaves, [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]);
});

merkle.run();
