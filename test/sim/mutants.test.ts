// Each rule that is broken on purpose must be noticed within a few worlds; the unbroken copy passes the same worlds.

import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MUTANTS } from './mutants.ts';
import { BUDGET, loadMutant, NODES, playOf, worldsToCatch } from './mutate.ts';
import { simulate } from './simulate.ts';

const UNBROKEN_WORLDS = 10;

const mutants = suite('mutants of consensus');

for (const mutant of MUTANTS) {
  mutants(`${mutant.name} is caught`, async () => {
    assert.is.not(await worldsToCatch(mutant), undefined, `survived ${BUDGET} worlds`);
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

mutants('the table in docs/simulator.md names them all', async () => {
  const page = await readFile(new URL('../../docs/simulator.md', import.meta.url), 'utf8');
  const table = page.slice(page.indexOf('| Mutant |')).split('\n').slice(2);
  const names = table.filter((line) => line.startsWith('| ')).map((line) => line.split(' | ')[0]?.slice(2));
  const missing = 'run `make mutants`';
  assert.equal(
    names,
    MUTANTS.map(({ name }) => name),
    missing,
  );
});

mutants.run();
