// Runs test files, each in a process of its own with a time limit, and sums what they report.
// A file that hangs, dies, or never reports counts as a failed test; it can not take others with it.
//
//   node --import tsx test/run.ts [part of a path …]      without arguments: every test/**/*.test.ts

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Unit tests take seconds, a minute where processes are killed by the dozen; the rest is for a loaded machine. */
const UNIT_LIMIT_MS = seconds(process.env.TEST_LIMIT_S) ?? 360_000;
/** Real processes, or hundreds of simulated worlds. */
const LONG_LIMIT_MS = seconds(process.env.TEST_LIMIT_S) ?? 900_000;
/** More lanes than this only make tests that wait for timers slower on a small machine. */
const LANES = 2;
/** They wait most of the time (signers that were moved listen, epochs pass), or look at what a single node says. */
const LIGHT = new Set(
  [
    'moving-validator',
    'hybrid-network',
    'remote-signer',
    'wrong-clock',
    'sentries',
    'two-versions',
    'bad-start',
    'devnet-command',
    'single-validator',
    'commands',
    'package',
    'websocket',
  ].map((name) => `test/e2e/${name}.test.ts`),
);
/** What a file tells although all went well: figures, and why tests were skipped. */
const WORTH_TELLING = /(?:measured|skipped): .*/g;

interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly problem: string | undefined;
  readonly output: string;
  readonly milliseconds: number;
}

const running = new Set<number>();
const outcomes: Outcome[] = [];

function seconds(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text) * 1000;
}

function findFiles(): string[] {
  const filters = process.argv.slice(2);
  const named = filters.filter((filter) => filter.endsWith('.ts') && !filter.endsWith('.test.ts'));
  const found = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
    .map((path) => join('test', path).split(sep).join('/'))
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .sort();
  return [...found, ...named];
}

function isEndToEnd(file: string): boolean {
  return file.includes('/e2e/') || file.includes('/net/');
}

function isLong(file: string): boolean {
  return isEndToEnd(file) || file.includes('/sim/') || file.includes('/model/');
}

/** uvu's summary, or why there is none. A hook that throws leaves tests counted and not passed. */
function judge(output: string, status: string | undefined): Pick<Outcome, 'passed' | 'failed' | 'skipped' | 'problem'> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with one
  const plain = output.replace(/\u001b\[[0-9;]*m/g, '');
  const summary = /\n {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)\n/.exec(plain);
  if (summary === null) {
    return { passed: 0, failed: 1, skipped: 0, problem: status ?? 'it ended without a report: is `.run()` missing?' };
  }
  const [total, passed, skipped] = summary.slice(1).map(Number) as [number, number, number];
  const failed = total - passed;
  if (status !== undefined && failed === 0) return { passed, failed: 1, skipped, problem: status };
  return { passed, failed, skipped, problem: status };
}

function run(file: string): Promise<Outcome> {
  const limit = isLong(file) ? LONG_LIMIT_MS : UNIT_LIMIT_MS;
  const start = Date.now();
  return new Promise((resolve) => {
    // A process group of its own, so that what the test started dies with it.
    const child = spawn(process.execPath, ['--import', 'tsx', file], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const pid = child.pid;
    if (pid !== undefined) running.add(pid);
    let output = '';
    let late = false;
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const timer = setTimeout(() => {
      late = true;
      if (pid !== undefined) killGroup(pid);
    }, limit);
    child.once('error', (error) => {
      output += `${error.message}\n`;
    });
    // `exit`, then the group, then `close`: a process left behind would keep the pipes open for ever.
    child.once('exit', () => {
      if (pid !== undefined) killGroup(pid);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (pid !== undefined) running.delete(pid);
      let status: string | undefined;
      if (late) status = `it was still running after ${limit / 1000} s`;
      else if (signal !== null) status = `it was ended by ${signal}`;
      else if (code !== 0) status = `exit code ${code}`;
      resolve({ file, output, milliseconds: Date.now() - start, ...judge(output, status) });
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function report(outcome: Outcome): void {
  outcomes.push(outcome);
  const time = `${(outcome.milliseconds / 1000).toFixed(1)} s`;
  if (outcome.failed === 0) {
    const skipped = outcome.skipped > 0 ? `, ${outcome.skipped} skipped` : '';
    console.log(`ok    ${outcome.file}  ${outcome.passed} passed${skipped}, ${time}`);
    for (const [line] of outcome.output.matchAll(WORTH_TELLING)) console.log(`      ${line}`);
    return;
  }
  console.log(`FAIL  ${outcome.file}  ${outcome.passed} passed, ${outcome.failed} failed, ${time}`);
  console.log(outcome.output.trimEnd().replace(/^/gm, '      '));
  if (outcome.problem !== undefined) console.log(`      ${outcome.file}: ${outcome.problem}`);
}

async function lane(queue: string[]): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) report(await run(file));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const pid of running) killGroup(pid);
    process.kill(process.pid, signal);
  });
}

const files = findFiles();
const parallel = files.filter((file) => !isEndToEnd(file));
await Promise.all(Array.from({ length: LANES }, () => lane(parallel)));
// These measure liveness of several processes: one at a time, beside the light ones.
const endToEnd = files.filter(isEndToEnd);
await Promise.all([
  lane(endToEnd.filter((file) => !LIGHT.has(file))),
  lane(endToEnd.filter((file) => LIGHT.has(file))),
]);

const sum = (key: 'passed' | 'failed' | 'skipped') => outcomes.reduce((total, outcome) => total + outcome[key], 0);
const broken = outcomes.filter((outcome) => outcome.failed > 0).map((outcome) => relative('.', outcome.file));
if (files.length === 0) console.log('no test file matches');
if (broken.length > 0) console.log(`\nfailed: ${broken.join(', ')}`);
const skips = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skips}`);
if (broken.length > 0 || files.length === 0) process.exitCode = 1;
