// Live again within two timeouts after the network heals (docs/protocol.md §7: a timeout is `base`), however long and
// however it was cut.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../random.ts';
import { Stage } from './stage.ts';

const SEEDS = 50;
/** in units of `base` */
const BOUND = 2;
/** ms */
const SHORTEST_CUT = 2000;
const LONGEST_CUT = 40_000;

const recovery = suite('after the network heals');

for (const nodes of [4, 7]) {
  recovery(`${nodes} nodes are live again within two timeouts`, async () => {
    const waits: number[] = [];
    for (let seed = 0; seed < SEEDS; seed++) waits.push(await healAfterCut(nodes, seed));
    waits.sort((a, b) => a - b);
    const [median, worst] = [waits[SEEDS / 2] as number, waits.at(-1) as number];
    process.stdout.write(`  n=${nodes}: median ${median.toFixed(2)}, worst ${worst.toFixed(2)} timeouts\n`);
    assert.ok(worst <= BOUND, `${worst} timeouts`);
  });
}

/** Cut in halves of which neither is a quorum, or everybody from everybody, or one from all others, who go on. @returns in units of `base` */
async function healAfterCut(nodes: number, seed: number): Promise<number> {
  const random = new Random(seed);
  const stage = new Stage({ nodes, seed });
  const { network } = stage.world;
  await stage.pass(random.between(1000, 5000));
  const side = new Set(Array.from({ length: Math.floor(nodes / 2) }, (_, index) => (index + seed) % nodes));
  const kind = random.pick(['halves', 'everybody', 'one'] as const);
  if (kind === 'halves') network.split(side);
  else if (kind === 'one') network.split(new Set([seed % nodes]));
  else network.cut(() => true);
  await stage.pass(random.between(SHORTEST_CUT, LONGEST_CUT));
  network.heal();
  return (await stage.untilAllGoOn(20 * stage.base)) / stage.base;
}

recovery.run();
