// The wrong clock of a process: Date.now follows the file, other clocks and timers do not.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withTempDir } from '../helpers/temp-dir.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { NodeClock } from './clock.ts';

const LIMIT_MS = 30_000;
const JUMP_MS = 20_000_000;
/** Says how far the wall clock is from the monotonic one, again and again. */
const PROGRAM = 'setInterval(() => console.log(Date.now() - performance.timeOrigin - performance.now()), 20)';

const clock = suite('a clock that is set wrong');

clock('a process starts with the offset of the file, and follows it forth and back', async () => {
  await withTempDir(async (directory) => {
    const wrong = new NodeClock(join(directory, 'clock'));
    wrong.set(JUMP_MS);
    const child = spawn(process.execPath, ['-e', PROGRAM], { env: { ...process.env, ...wrong.environment } });
    try {
      await withTimeout(followed(child.stdout, wrong), LIMIT_MS, 'the process follows its clock');
    } finally {
      child.kill('SIGKILL');
    }
  });
});

async function followed(output: NodeJS.ReadableStream, wrong: NodeClock): Promise<void> {
  const jumps = [JUMP_MS, -JUMP_MS, 0];
  let first = true;
  for await (const line of createInterface({ input: output })) {
    const nearest = Math.round(Number(line) / JUMP_MS) * JUMP_MS;
    if (first) assert.is(nearest, JUMP_MS);
    first = false;
    if (nearest === jumps[0]) jumps.shift();
    const next = jumps[0];
    if (next === undefined) return;
    wrong.set(next);
  }
}

clock.run();
