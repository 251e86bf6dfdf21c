// `make mutants`: how many worlds it takes to catch each mutant, as the table in docs/simulator.md, which it rewrites.

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { MUTANTS, type Mutant } from './mutants.ts';
import { catchIn, SEEDS } from './mutate.ts';

const PAGE = fileURLToPath(new URL('../../docs/simulator.md', import.meta.url));
const TABLE = /\| Mutant \|.*?\n(?!\|)/s;

const rows: string[] = [];
for (const mutant of MUTANTS) {
  const seed = await catchIn(mutant, SEEDS);
  const worldsOf = mutant.epochs === undefined ? (mutant.faulty?.join(', ') ?? '') : 'epochs that end';
  const row = `| ${mutant.name} | ${filesOf(mutant)} | ${worldsOf} | ${seed === undefined ? 'survived' : seed + 1} |`;
  process.stdout.write(`${row}\n`);
  rows.push(row);
  if (seed === undefined) process.exitCode = 1;
}
const page = await readFile(PAGE, 'utf8');
const head = '| Mutant | File | Faulty members | Worlds |\n|---|---|---|---|';
await writeFile(
  PAGE,
  page.replace(TABLE, () => `${head}\n${rows.join('\n')}\n`),
);

function filesOf({ edits }: Mutant): string {
  return [...new Set(edits.map(({ file }) => `\`${file}\``))].join(', ');
}
