// Runs Quint's simulator on a module of variants.qnt and reads its report.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const QUINT = fileURLToPath(new URL('node_modules/@informalsystems/quint/dist/src/cli.js', import.meta.url));

/** Four slots take at most 24 votes; what is more are steps in which the drawn member has nothing to sign. */
export const STEPS = 40;

export const INVARIANTS = ['agreement', 'oneNotarized', 'finalOrSkip', 'aboveExtends', 'boundaryIsLast'] as const;
export type Invariant = (typeof INVARIANTS)[number];

export type Witness =
  | 'twoFinals'
  | 'allFinal'
  | 'certifiedSplit'
  | 'fork'
  | 'finalInFork'
  | 'sameBlockTwice'
  | 'epochEnds';

export interface Search {
  /** a module of variants.qnt */
  readonly variant: string;
  readonly invariants: readonly Invariant[];
  readonly witnesses?: readonly Witness[];
  /** runs at most; a violation ends the search */
  readonly samples: number;
  readonly seed: number;
  /** writes this many runs, or the one with the violation, to `folder` */
  readonly traces?: { readonly folder: string; readonly count: number };
}

export interface Found {
  /** false: the last run violates an invariant */
  readonly holds: boolean;
  /** in how many runs each witness came true */
  readonly witnessed: ReadonlyMap<string, number>;
  readonly output: string;
}

export async function search({ variant, invariants, witnesses = [], samples, seed, traces }: Search): Promise<Found> {
  if (!existsSync(QUINT)) {
    throw new Error('Quint is not installed. `make test` and `make model` install it; or: npm ci --prefix test/model');
  }
  const { code, output } = await run([
    ...['run', 'variants.qnt', '--backend=typescript', '--verbosity=1', `--main=${variant}`, `--seed=${seed}`],
    ...[`--max-samples=${samples}`, `--max-steps=${STEPS}`],
    ...(traces ? [`--n-traces=${traces.count}`, `--out-itf=${join(traces.folder, '{seq}.itf.json')}`] : []),
    ...['--invariants', ...invariants, '--witnesses', ...witnesses],
  ]);
  const verdict = /^\[(ok|violation)\]/m.exec(output)?.[1];
  if (verdict === undefined) throw new Error(`quint ended with ${code} and no result:\n${output}`);
  const counts = [...output.matchAll(/^(\w+) was witnessed in (\d+) trace/gm)];
  const witnessed = new Map(counts.map(([, name, count]) => [String(name), Number(count)]));
  return { holds: verdict === 'ok', witnessed, output };
}

function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [QUINT, ...args], { cwd: FOLDER, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
