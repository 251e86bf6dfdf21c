// The benchmark as a program: that it counts right, notices nodes that disagree, and writes what it promises. Its
// numbers are not judged here: they depend on the machine and on what else runs on it.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { disagreement, type SeenBlock, throughputOf } from '../../src/cli/bench/chains.ts';
import { percentile } from '../../src/cli/bench/statistics.ts';
import { addressAt, benchAddresses, benchKey, TransferSigner } from '../../src/cli/bench/transfer-signer.ts';
import { verifyNative } from '../../src/crypto/keys.ts';
import { programFile } from '../../src/node/package-root.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { decodeTransaction, envelopeSigningBytes } from '../../src/primitives/transaction.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { withTimeout } from '../helpers/timeout.ts';

const FIELDS = [
  'validators',
  'tps',
  'p50_ms',
  'p99_ms',
  'p50_ms_at_80',
  'p99_ms_at_80',
  'cpu_s_per_1000_tx',
  'rss_mib',
  'samples',
  'node',
  'commit',
];
const LIMIT_MS = 120_000;

const run = promisify(execFile);
const bench = suite('bench');

function block(at: number, transactions: number, name = String(at)): SeenBlock {
  return { hash: name, stateRoot: name, transactions, at };
}

bench('counts the blocks after the first over the time from it to the last', () => {
  const blocks = [block(500, 7), block(1000, 100), block(2000, 30), block(3000, 50), block(5000, 1000)];
  assert.equal(throughputOf({ blocks }, 1500, 4000), { perSecond: 40, seconds: 2, blocks: 2 });
  assert.is(throughputOf({ blocks }, 3100, 4000), undefined);
  assert.is(throughputOf({ blocks: [] }, 0, 4000), undefined);
});

bench('takes the nearest rank', () => {
  const samples = Array.from({ length: 300 }, (_, index) => 300 - index);
  assert.is(percentile(samples, 0.5), 150);
  assert.is(percentile(samples, 0.99), 297);
  assert.is(percentile([4], 0.99), 4);
});

bench('tells at which height nodes disagree, and minds no node that is behind', () => {
  const same = [block(1, 1), block(2, 2), block(3, 3)];
  assert.is(disagreement([{ blocks: same }, { blocks: same.slice(0, 2) }, { blocks: [] }]), undefined);
  const forged = { ...block(2, 2), stateRoot: 'another' };
  const fault = disagreement([{ blocks: same }, { blocks: same }, { blocks: [block(1, 1), forged] }]);
  assert.match(fault ?? '', /^at height 2 node 0 .* node 2 .*another$/);
});

bench('gives each lane senders of its own, with nonces in order and good signatures', () => {
  const addresses = benchAddresses(8);
  const genesisHash = sha256(new Uint8Array(1));
  const signer = new TransferSigner({ genesisHash, addresses, lanes: 2, fee: 5n });
  const nonces = new Map<string, number>();
  for (const lane of [0, 1]) {
    const senders = new Set([0, 1, 2, 3].map((sender) => String(benchKey(4 * lane + sender).publicKey)));
    for (let number = 0; number < 12; number++) {
      const envelope = decodeTransaction(signer.sign(lane, number));
      const { sender, nonce, action } = envelope.signed.transaction;
      assert.ok(senders.has(String(sender)), 'a sender of this lane');
      assert.is(nonce, nonces.get(String(sender)) ?? 0);
      nonces.set(String(sender), nonce + 1);
      assert.ok(verifyNative(sender, envelopeSigningBytes(envelope, genesisHash), envelope.signed.signature));
      assert.is(action.selector, 0);
      assert.not.equal('to' in action.value && action.value.to, envelope.from);
    }
  }
  assert.equal(addressAt(addresses, 3), addressOf(benchKey(3).publicKey));
});

bench('measures networks of one and of four validators', async () => {
  await withTempDir(async (directory) => {
    const output = join(directory, 'results.json');
    const args = [programFile(), 'bench', '--quick', '--json', '--output', output];
    const { stdout } = await withTimeout(run(process.execPath, args), LIMIT_MS, 'bench --quick');
    const results = JSON.parse(await readFile(output, 'utf8'));
    assert.equal(JSON.parse(stdout), results);
    assert.equal(
      results.map(({ validators }: { validators: number }) => validators),
      [1, 4],
    );
    for (const result of results) {
      assert.equal(Object.keys(result), FIELDS);
      const { node, commit, ...numbers } = result;
      assert.is(node, process.version);
      assert.type(commit, 'string');
      for (const [name, value] of Object.entries(numbers)) assert.ok(Number(value) > 0, `${name}: ${value}`);
      assert.ok(result.p50_ms <= result.p99_ms && result.p50_ms_at_80 <= result.p99_ms_at_80, 'ordered percentiles');
    }
  });
});

bench('refuses sizes and times that make no sense', async () => {
  for (const args of [
    ['--validators', '0'],
    ['--validators', '1,x'],
    ['--seconds', '-3'],
  ]) {
    const refused = await run(process.execPath, [programFile(), 'bench', ...args]).then(
      () => undefined,
      (error: { code: number; stderr: string }) => error,
    );
    assert.is(refused?.code, 2, args.join(' '));
    assert.match(refused?.stderr ?? '', new RegExp(args[0] ?? ''));
  }
});

bench.run();
