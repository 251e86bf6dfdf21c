// From one epoch to the next in simulated worlds: drawn ones, in which sets grow, shrink, rotate and change weights
// under all faults, and calm ones, in which one thing goes wrong at the worst moment.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.ts';
import { FINAL } from '../../src/primitives/consensus.ts';
import { decode, type Envelope } from './gossip.ts';
import { runAll } from './pool.ts';
import { Stage } from './regressions/stage.ts';
import { commandOf, type Draw } from './simulate.ts';
import { Totals } from './totals.ts';
import { World } from './world.ts';

/** Worlds by size. */
const WORLDS = { 4: 16, 7: 4, 10: 1 };
const EPOCHS = 4;
/** ms of block time */
const DURATION = 2000;
/** ms before an epoch's end */
const SHORTLY = 150;
/** A rotation has to be noticed by those who come, in units of the timeout. */
const BOUND = 3;

const FOUR = [0, 1, 2, 3];

const handover = suite('hand-over between epochs');

for (const [size, worlds] of Object.entries(WORLDS)) {
  handover(`${worlds} worlds of ${size} validators keep every invariant over ${EPOCHS} epochs`, async () => {
    const totals = new Totals();
    const failures: string[] = [];
    await runAll(
      Array.from({ length: worlds }, (_, seed): Draw => ({ seed, nodes: Number(size), epochs: EPOCHS })),
      ({ draw, result, failure }) => {
        if (result !== undefined) totals.add(draw.seed, result);
        else failures.push(`${failure?.rule}: ${failure?.message}\n${failure?.timeline}\nagain: ${commandOf(draw)}`);
      },
    );
    process.stdout.write(`  n=${size}: ${totals.tell()}\n`);
    assert.is(failures.length, 0, failures.join('\n\n'));
    assert.ok(totals.epochs >= worlds * EPOCHS);
    assert.ok(totals.lateVotes > 0, 'no late vote was recorded');
  });
}

for (const [who, crashes] of [
  ['one node', (id: number) => id === 0],
  ['every node', () => true],
] as const) {
  handover(`${who} may crash at any durable write around the end of an epoch`, async () => {
    const writes = await crashAt(Number.POSITIVE_INFINITY, crashes);
    assert.ok(writes > 10, `${writes} writes`);
    for (let write = 1; write <= writes; write++) await crashAt(write, crashes);
    process.stdout.write(`  ${who}: ${writes} writes\n`);
  });
}

handover('a member that missed two ends of epochs comes back and is needed', async () => {
  const stage = calm([FOUR, [0, 1, 2], FOUR, [3]]);
  await stage.pass(DURATION / 2);
  stage.world.network.split(new Set([3]));
  const [first] = stage.honest;
  await stage.until(() => first?.database.epoch === 4, 20 * DURATION);
  await stage.pass(10 * stage.base);
  assert.is(first?.driver.core.lastFinalSlot, 0, 'its epoch waits for it');
  stage.world.network.heal();
  await stage.until(() => stage.honest.every(({ driver }) => driver.core.epoch > 4), BOUND * stage.base + 2 * DURATION);
});

handover('a set of new members takes over that has not heard how the epoch ended', async () => {
  const stage = calm([FOUR, [4, 5, 6, 7]], 8);
  await stage.pass(DURATION / 2);
  stage.world.network.split(new Set(FOUR));
  const [old] = stage.honest;
  await stage.until(() => old?.database.epoch === 2, 10 * DURATION);
  await stage.pass(10 * stage.base);
  assert.is(stage.world.node(7).database.epoch, 1);
  stage.world.network.heal();
  const wait = await stage.untilAllGoOn(20 * stage.base);
  assert.ok(wait <= BOUND * stage.base, `${wait} ms`);
});

handover('two halves end an epoch together when they meet again', async () => {
  const stage = calm([FOUR]);
  await stage.pass(DURATION - SHORTLY);
  stage.world.network.split(new Set([0, 1]));
  await stage.pass(10 * stage.base);
  assert.ok(stage.honest.every(({ database }) => database.epoch === 1));
  stage.world.network.heal();
  await stage.until(() => stage.honest.every(({ driver }) => driver.core.epoch > 2), 20 * stage.base);
});

handover('the last block of an epoch that is notarized and not final is proposed again, slot after slot', async () => {
  const stage = calm([FOUR]);
  await stage.pass(DURATION - SHORTLY);
  stage.world.network.cut((_from, _to, envelope) => envelope !== undefined && isFinal(envelope));
  await stage.pass(20 * stage.base);
  const fronts = stage.honest.map(({ driver }) => driver.core.front);
  assert.ok(stage.honest.every(({ database }) => database.epoch === 1));
  stage.world.network.heal();
  await stage.until(() => stage.honest.every(({ driver }) => driver.core.epoch > 1), 20 * stage.base);
  const finals = stage.honest.map(({ database }) => database.boundaryFinal(1));
  assert.is(new Set(finals.map((final) => final && toHex(final.hash))).size, 1);
  const [node] = stage.honest;
  const [final] = finals;
  const block = final && node?.database.find(toHex(final.hash))?.block;
  const justifiedIn = block?.body.justification.parentCertificate?.slot ?? 0;
  assert.ok(Math.min(...fronts) > justifiedIn + 5, `fronts ${fronts}, built on slot ${justifiedIn}`);
});

handover('100 validators go from one epoch to the next', async () => {
  const ids = Array.from({ length: 100 }, (_, id) => id);
  const world = new World({
    seed: 1,
    slots: 0,
    weights: ids.map(() => 1),
    faulty: [],
    topology: 'mesh',
    distances: 'lan',
    scene: { roughFor: 0 },
    epochs: { duration: 500, count: 1, sets: [ids, ids.slice(40)] },
  });
  const { height, virtualSeconds, epochs } = await world.run();
  process.stdout.write(`  n=100: ${epochs} epochs, ${height} blocks in ${virtualSeconds.toFixed(1)} virtual seconds\n`);
  assert.ok(epochs >= 1);
});

/**
 * A calm world in which some nodes crash at a durable write, counted from shortly before the end of the first epoch.
 * @returns writes of the first node until the second epoch has a Final
 */
async function crashAt(write: number, crashes: (id: number) => boolean): Promise<number> {
  const writes = [0, 0, 0, 0];
  let counts = false;
  const stage = calm([FOUR], 4, {
    seed: Number.isFinite(write) ? write : 0,
    crashesAtWrite: (id: number) => {
      if (!counts || !crashes(id)) return false;
      const count = (writes[id] ?? 0) + 1;
      writes[id] = count;
      return count === write;
    },
  });
  await stage.pass(DURATION - SHORTLY);
  counts = true;
  const isIn = (epoch: number) => () =>
    stage.honest.every(
      ({ driver: { core } }) => core.epoch > epoch || (core.epoch === epoch && core.lastFinalSlot > 0),
    );
  await stage.until(isIn(2), 20 * stage.base);
  const [counted = 0] = writes;
  await stage.until(isIn(3), 20 * stage.base + DURATION);
  return counted;
}

function calm(
  sets: readonly (readonly number[])[],
  nodes = 4,
  rest: { seed?: number; crashesAtWrite?: (id: number) => boolean } = {},
): Stage {
  return new Stage({ nodes, epochs: { duration: DURATION, count: 0, sets }, ...rest });
}

function isFinal(envelope: Envelope): boolean {
  const { message } = decode(envelope);
  if (message.kind === 'vote') return message.vote.kind === FINAL;
  return message.kind === 'certificate' && message.certificate.kind === FINAL;
}

handover.run();
