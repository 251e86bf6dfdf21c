// What sealing an overlay costs on 100,000 accounts in memory: run with `node --import tsx test/perf/state.bench.ts`.
// Prints; it is no part of the tests.

import { accountKey } from '../../src/primitives/account.ts';
import { equalBytes } from '../../src/primitives/bytes.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { Overlay } from '../../src/state/overlay.ts';
import { prove } from '../../src/state/proof.ts';
import { recomputeRoot } from '../../src/state/recompute.ts';
import { MapSource } from '../state/map-source.ts';
import { cpuMicroseconds, median, report } from './cpu.ts';

const ACCOUNTS = 100_000;
const CHANGED = 1_000;
const BLOCKS = 60;

const keys = Array.from({ length: ACCOUNTS }, (_, i) => accountKey(sha256(number(i)).slice(0, 20)));
const store = new MapSource();

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

const genesis = new Overlay(store);
for (const [i, key] of keys.entries()) genesis.set(key, number(i));
report('first seal, per account', cpuMicroseconds(() => genesis.seal()) / ACCOUNTS, 'µs CPU');
store.write(genesis.changes);

for (const changed of [CHANGED, 10]) {
  const times: number[] = [];
  let pages = 0;
  let bytes = 0;
  for (let block = 0; block < BLOCKS; block++) {
    const overlay = new Overlay(store);
    for (let i = 0; i < changed; i++) {
      overlay.set(keys[Math.floor(Math.random() * ACCOUNTS)] as Uint8Array, number(Math.random()));
    }
    const time = cpuMicroseconds(() => overlay.seal());
    times.push(time / overlay.changes.values.length);
    pages += overlay.changes.nodes.length / overlay.changes.values.length / BLOCKS;
    for (const [, node] of overlay.changes.nodes) bytes += (node?.length ?? 0) / overlay.changes.values.length / BLOCKS;
    store.write(overlay.changes);
  }
  report(`seal of ${changed} changed accounts, per key`, median(times), 'µs CPU');
  report(`  pages written per key`, pages, '');
  report(`  bytes of pages written per key`, bytes, 'B');
}

const PROOFS = 2_000;
const proofTime = cpuMicroseconds(() => {
  for (let i = 0; i < PROOFS; i++) prove(store, keys[i] as Uint8Array);
});
report('proof', proofTime / PROOFS, 'µs CPU');

const head = new Overlay(store);
let same = false;
const recomputeTime = cpuMicroseconds(() => {
  same = equalBytes(recomputeRoot(store.entries()), head.seal());
});
report('recomputed root, per account', recomputeTime / ACCOUNTS, 'µs CPU');
if (!same) throw new Error('the recomputed root differs');
