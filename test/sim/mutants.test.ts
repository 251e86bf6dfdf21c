// Each rule that is broken on purpose must be noticed within a few worlds; the unbroken copy passes the same worlds.

import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MUTANTS } from './mutants.ts';
import { catchIn, loadMutant, NODES, playOf, SEEDS } from './mutate.ts';
import { simulate } from './simulate.ts';

const UNBROKEN_WORLDS = 10;

const mutants = suite('mutants of consensus');
/** name and worlds of each mutant, as docs/simulator.md has them */
const table = await readTable();

for (const mutant of MUTANTS) {
  mutants(`${mutant.name} is caught`, async () => {
    // The world that caught it when the table was made most likely does so now, and those before it did not.
    const likely = SEEDS.filter((seed) => seed + 1 === table.get(mutant.name));
    assert.is.not(await catchIn(mutant, [...likely, ...SEEDS]), undefined, `survived ${SEEDS.length} worlds`);
  });
}

const plays = new Map(MUTANTS.map((mutant) => [JSON.stringify(playOf(mutant)), playOf(mutant)]));
for (const [name, play] of plays) {
  mutants(`the unbroken copy passes with ${name}`, async () => {
    const { implementation, dispose } = await loadMutant();
    try {
      for (let seed = 0; seed < UNBROKEN_WORLDS; seed++) {
        await simulate({ seed, nodes: NODES, implementation, ...play });
      }
    } finally {
      await dispose();
    }
  });
}

mutants('the table in docs/simulator.md names them all', () => {
  assert.equal(
    [...table.keys()],
    MUTANTS.map(({ name }) => name),
    'run `make mutants`',
  );
});

async function readTable(): Promise<Map<string, number>> {
  const page = await readFile(new URL('../../docs/simulator.md', import.meta.url), 'utf8');
  const rows = page.slice(page.indexOf('| Mutant |')).split('\n').slice(2);
  const cells = rows.filter((row) => row.startsWith('| ')).map((row) => row.slice(2, -2).split(' | '));
  return new Map(cells.map((row) => [row[0] ?? '', Number(row.at(-1))]));
}

mutants.run();
