// Standstill egress: what a node sends while nothing can be finalized is bounded, does not grow with the time that the
// chain stands still, and the chain goes on within two timeouts when it can.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_ROUND_BYTES } from '../../../src/consensus/resend.ts';
import { Stage } from './stage.ts';

const MINUTE = 60_000;
/** bytes of transactions in the block that nobody can agree on */
const LOAD = 20_000;
/** of the tenth minute to the first full one */
const MOST_GROWTH = 1.1;
/** in units of `base` */
const BOUND = 2;

/** Bytes per second that a node hands to the network, all copies counted. */
interface Egress {
  readonly mean: number;
  readonly worst: number;
}

const standstill = suite('standstill egress');

for (const nodes of [4, 7, 31]) {
  standstill(`${nodes} nodes in two halves send no more in the tenth minute than in the first`, async () => {
    const stage = await underLoad(nodes);
    stage.world.network.split(new Set(Array.from({ length: Math.floor(nodes / 2) }, (_, index) => index)));
    const { first, tenth } = await standAndGoOn(stage, `n=${nodes}, no quorum`);
    assert.ok(tenth.worst <= first.worst * MOST_GROWTH, 'it does not grow');
  });
}

for (const nodes of [4, 7]) {
  standstill(`${nodes} nodes without proposals skip slot after slot, and send a bounded number of bytes`, async () => {
    const stage = await underLoad(nodes);
    stage.world.network.cut((_from, _to, envelope) => envelope?.topic === 'block');
    await standAndGoOn(stage, `n=${nodes}, no proposals`);
  });
}

/** A chain that runs, with large blocks. */
async function underLoad(nodes: number): Promise<Stage> {
  const stage = new Stage({ nodes, load: LOAD });
  await stage.pass(3000);
  return stage;
}

/** Ten minutes in which nothing can be finalized, then the network heals. Checks what holds of every standstill. */
async function standAndGoOn(stage: Stage, what: string): Promise<{ first: Egress; tenth: Egress }> {
  await stage.pass(10_000);
  const first = await egress(stage, MINUTE);
  await stage.pass(8 * MINUTE);
  const tenth = await egress(stage, MINUTE);
  stage.world.network.heal();
  const wait = (await stage.untilAllGoOn(20 * stage.base)) / stage.base;
  tell(what, first, tenth, wait);
  assert.ok(tenth.worst <= bound(stage), `at most ${bound(stage)} bytes a second`);
  assert.ok(wait <= BOUND, `${wait} timeouts`);
  return { first, tenth };
}

async function egress(stage: Stage, milliseconds: number): Promise<Egress> {
  const before = stage.world.nodes.map(({ work }) => work.bytes);
  await stage.pass(milliseconds);
  const rates = stage.world.nodes.map(({ work }, id) => ((work.bytes - (before[id] ?? 0)) * 1000) / milliseconds);
  return { mean: rates.reduce((sum, rate) => sum + rate, 0) / rates.length, worst: Math.max(...rates) };
}

/** A round every T to each neighbour, and as much again for the answers to what others ask. */
function bound({ world }: Stage): number {
  return (2 * (world.nodes.length - 1) * MAX_ROUND_BYTES * 1000) / world.parameters.resendInterval;
}

function tell(what: string, first: Egress, tenth: Egress, wait: number): void {
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(2);
  process.stdout.write(
    `  ${what}: first minute ${kilobytes(first.mean)} kB/s a node (worst ${kilobytes(first.worst)}), ` +
      `tenth ${kilobytes(tenth.mean)} (${kilobytes(tenth.worst)}), ratio ${(tenth.worst / first.worst).toFixed(2)}; ` +
      `live again after ${wait.toFixed(2)} timeouts\n`,
  );
}

standstill.run();
