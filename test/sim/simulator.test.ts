// The consensus driver in simulated worlds with loss, delay, reordering, duplicates, partitions, crashes and faulty
// members. Totals are printed, and each kind of fault is counted: a run without faults can't pass for one with them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { silent } from './faulty/silent.ts';
import { runAll } from './pool.ts';
import { commandOf, type Draw, SLOTS_PER_WORLD, simulate } from './simulate.ts';
import { Totals } from './totals.ts';
import { World } from './world.ts';

/** Worlds by size. One of seven costs as much as four of four, one of ten as eight, one of 31 as sixty. */
const WORLDS = { 4: 460, 7: 36, 10: 4, 31: 1 } as const;
const SIZES = [4, 7, 10, 31] as const;
/** Fewer worlds than this need not meet every kind of fault. */
const MANY = 60;
/** Every run of many worlds has met each of these. */
const FAULTS = [
  'blackouts',
  'crashes',
  ...['journal', "signer's record", 'database'].flatMap((disk) =>
    ['before', 'during', 'after'].map((moment) => `crashes ${moment} a write to the ${disk}`),
  ),
  'losses of the database',
  'losses of the database and the journal',
  'messages cut off',
  'messages doubled',
  'messages late',
  'messages lost',
  'messages rejected',
  'partitions',
  'partitions of one direction',
  'pieces of evidence',
  'slow executions',
];

/** Of four validators each, some of them faulty. */
const INCOMPLETE_WORLDS = 10;

const simulator = suite('simulator');

interface Report {
  readonly totals: Totals;
  readonly failures: string[];
}

const reports = new Map<number, Report>(SIZES.map((nodes) => [nodes, { totals: new Totals(), failures: [] }]));

/** All at once, the large ones first, so that no core waits for another while there are worlds left. */
simulator.before(() =>
  runAll(
    SIZES.toReversed().flatMap((nodes) => Array.from({ length: WORLDS[nodes] }, (_, seed): Draw => ({ seed, nodes }))),
    ({ draw, result, failure }) => {
      const { totals, failures } = reports.get(draw.nodes) as Report;
      if (result !== undefined) totals.add(draw.seed, result);
      else failures.push(`${failure?.rule}: ${failure?.message}\n${failure?.timeline}\nagain: ${commandOf(draw)}`);
    },
  ),
);

for (const nodes of SIZES) {
  const worlds = WORLDS[nodes];
  simulator(`${worlds} worlds of ${nodes} validators keep every invariant`, () => {
    const { totals, failures } = reports.get(nodes) as Report;
    process.stdout.write(`  n=${nodes}: ${totals.tell()}\n`);
    assert.is(failures.length, 0, failures.join('\n\n'));
    assert.is(totals.worlds, worlds);
    assert.ok(totals.slots >= worlds * SLOTS_PER_WORLD);
    if (worlds >= MANY) for (const fault of FAULTS) assert.ok(totals.count(fault) > 0, `no ${fault}`);
  });
}

simulator('votes of both sides of a split come together again where each node hears but two others', async () => {
  // The silent member leads the first slot, and the votes to skip it are a quorum only together.
  const weights = [...Array.from({ length: 15 }, () => 1), 2];
  const split = [0, 1, 2, 3, 4, 5, 6, 7];
  for (let seed = 0; seed < 3; seed++) {
    const world = new World({ seed, slots: 20, weights, faulty: [silent], topology: 'ring', distances: 'lan', split });
    assert.ok((await world.run()).slots >= 20);
  }
});

simulator('worlds in which many proposals are not complete where they arrive, and some never', async () => {
  let never = 0;
  for (let seed = 0; seed < INCOMPLETE_WORLDS; seed++) {
    const { faults } = await simulate({ seed, nodes: 4, missing: 30 });
    assert.ok((faults['proposals with something missing'] ?? 0) > 0);
    never += faults['proposals that nobody can complete'] ?? 0;
  }
  assert.ok(never > 0);
});

simulator('worlds that once failed', async () => {
  // A node without its database asked for one block after the other over slow lines; a FINAL left whose NOTAR a crash held back.
  for (const seed of [1980, 6545]) await simulate({ seed, nodes: 4 });
});

simulator('a world that was chosen runs as chosen', async () => {
  const { faults } = await simulate({
    seed: 3,
    nodes: 4,
    slots: 10,
    faulty: ['equivocator'],
    without: ['loss', 'crashes'],
  });
  assert.ok((faults['pieces of evidence'] ?? 0) > 0);
  assert.is(faults['messages lost'], undefined);
});

simulator('the same seed gives the same trace', async () => {
  const traces = await Promise.all([7, 7, 8].map((seed) => simulate({ seed, nodes: 4 }).then(({ trace }) => trace)));
  assert.is(traces[0], traces[1]);
  assert.is.not(traces[0], traces[2]);
});

simulator.run();
