// Money rests on consensus: its own tests, without the simulator, run nearly every line of it. The table of what they
// do not run is left in coverage/consensus.txt; `make coverage` prints it.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LINES = 95;
const LIMIT_MS = 150_000;

const coverage = suite('coverage');

coverage(`the tests of consensus run ${LINES} % of its lines`, async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'aitbc-coverage-'));
  try {
    const c8 = [join(ROOT, 'node_modules/c8/bin/c8.js'), '--src', 'src', '--include', 'src/consensus/**', '--all'];
    // types.ts is nothing at run time.
    const options = ['--exclude', 'src/consensus/types.ts', '--temp-directory', scratch, '--reporter', 'text'];
    const tests = [process.execPath, '--import', 'tsx', 'test/run.ts', 'test/consensus/'];
    const limits = { cwd: ROOT, timeout: LIMIT_MS };
    const { stdout } = await promisify(execFile)(process.execPath, [...c8, ...options, ...tests], limits);
    await mkdir(join(ROOT, 'coverage'), { recursive: true });
    await writeFile(join(ROOT, 'coverage/consensus.txt'), stdout);
    const lines = /^All files *\|[^|]*\|[^|]*\|[^|]*\| *([\d.]+)/m.exec(stdout)?.[1];
    assert.ok(Number(lines) >= LINES, `${lines} %\n${stdout}`);
  } finally {
    await rm(scratch, { recursive: true });
  }
});

coverage.run();
