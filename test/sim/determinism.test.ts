// A seed decides everything that happens in a world, on every version of Node.js that is supported: a failure found by
// one can be looked at with another. The other versions come as bare binaries (test/nodes), on 64-bit Linux only.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const VERSIONS = [20, 22, 24];
const OPTIONS = { SEEDS: '2', FROM: '500', N: '4,7', SLOTS: '10' };

const determinism = suite('determinism');

const others = VERSIONS.map((version) => ({ version, binary: binaryOf(version) }));
const missing = others.filter(({ binary }) => !existsSync(binary)).map(({ version }) => version);

/** by this version, for all tests */
const expected = await tracesOf(process.execPath);

determinism('two runs of the same seeds come to the same', async () => {
  assert.equal(await tracesOf(process.execPath), expected);
});

if (missing.length > 0) {
  const why = `Node.js ${missing.join(', ')} is not in test/nodes (make test installs it on 64-bit Linux)`;
  process.stdout.write(`  skipped: ${why}\n`);
  determinism.skip(`the same seeds come to the same on Node.js ${VERSIONS.join(', ')}: ${why}`);
} else {
  determinism(`the same seeds come to the same on Node.js ${VERSIONS.join(', ')}`, async () => {
    for (const { version, binary } of others) {
      const { stdout } = await run(binary, ['--version']);
      assert.match(stdout, new RegExp(`^v${version}\\.`));
      assert.equal(await tracesOf(binary), expected, `Node.js ${version} came to another trace`);
    }
  });
}

function binaryOf(version: number): string {
  return fileURLToPath(new URL(`../nodes/node_modules/node-${version}/bin/node`, import.meta.url));
}

/** The traces of all worlds, one for each size. */
async function tracesOf(binary: string): Promise<string[]> {
  const { stdout } = await run(binary, ['--import', 'tsx', MAIN], { cwd: ROOT, env: { ...process.env, ...OPTIONS } });
  const traces = [...stdout.matchAll(/trace ([0-9a-f]+)$/gm)].map(([, trace]) => trace as string);
  assert.is(traces.length, OPTIONS.N.split(',').length, stdout);
  return traces;
}

determinism.run();
