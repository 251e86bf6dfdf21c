import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withTimeout } from '../helpers/timeout.ts';

const stop = suite('stop request');
const CHILD = fileURLToPath(new URL('stop-child.ts', import.meta.url));
const LIMIT_MS = 20_000;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
}

/** Starts the child; `act` runs when it is ready, and again for each line. */
async function run(args: readonly string[], act: (child: ChildProcess, line: string) => void): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const lines: string[] = [];
  if (child.stdout === null) throw new Error('no output');
  const output = createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    act(child, line);
  });
  // Not `close` of the child: it never comes after `disconnect`.
  const ended = Promise.all([once(child, 'exit'), once(output, 'close')]);
  try {
    const [[code, signal]] = await withTimeout(ended, LIMIT_MS, 'the end of the child');
    return { code, signal, lines };
  } finally {
    child.kill('SIGKILL');
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  stop(`${signal} asks to stop, and the process ends by itself`, async () => {
    const ended = await run(['0'], (child, line) => {
      if (line === 'ready') child.kill(signal);
    });
    assert.equal(ended, { code: 0, signal: null, lines: ['ready', signal] });
  });
}

stop('the same signal twice at once is one', async () => {
  const ended = await run(['0'], (child, line) => {
    if (line !== 'ready') return;
    child.kill('SIGINT');
    child.kill('SIGINT');
  });
  assert.is(ended.code, 0);
});

stop('a second signal ends the process at once', async () => {
  const ended = await run(['600000'], (child, line) => {
    if (line === 'ready') child.kill('SIGINT');
    if (line === 'SIGINT') setTimeout(() => child.kill('SIGINT'), 500);
  });
  assert.equal(ended, { code: null, signal: 'SIGINT', lines: ['ready', 'SIGINT', 'at once'] });
});

stop('the end of the parent is a reason where that was wished', async () => {
  const ended = await run(['0', '--stop-with-parent'], (child, line) => {
    if (line === 'ready') child.disconnect();
  });
  assert.equal(ended, { code: 0, signal: null, lines: ['ready', 'parent ended'] });
});

stop.run();
