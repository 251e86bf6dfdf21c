// The last block of an epoch is one block for everybody, however bad the weather is and whatever the leaders after it
// propose in its place; and it is the first thing that the next epoch builds on.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import type { Database } from './database.ts';
import { conflictingBoundary } from './faulty/conflicting-boundary.ts';
import { equivocator } from './faulty/equivocator.ts';
import type { SimNode } from './node.ts';
import { World } from './world.ts';

const WORLDS = 40;
/** ms */
const EPOCH_END = 3000;
const ROUGH_FOR = 20_000;
const LONG_ENOUGH = 40_000;

const boundary = suite('boundary of an epoch');

boundary('nodes of an epoch end with the same block', async () => {
  const counts = { ended: 0, conflicting: 0, 'proposed again': 0 };
  for (let seed = 0; seed < WORLDS; seed++) {
    const world = new World({
      seed,
      slots: 0,
      weights: [1, 1, 1, 1, 1, 1, 1],
      faulty: [conflictingBoundary, seed % 2 === 0 ? equivocator : conflictingBoundary],
      topology: 'mesh',
      distances: 'lan',
      scene: { roughFor: ROUGH_FOR },
      epochs: { duration: EPOCH_END, count: 1 },
    });
    const honest = world.nodes.filter(({ member }) => world.isHonest(member));
    const until = world.stableAt - ROUGH_FOR + LONG_ENOUGH;
    world.begin();
    const hasEnded = ({ database }: SimNode) => database.epoch > 1;
    while (world.scheduler.now < until && !honest.every(hasEnded)) await world.step();
    const ended = honest.filter(hasEnded);
    const last = new Set(ended.map(({ database }) => toHex(database.boundaryFinal(1)?.hash ?? ZERO_HASH)));
    assert.is(ended.length, honest.length, `seed ${seed}: a node has missed the end in fair weather`);
    assert.is(last.size, 1, `seed ${seed}: ${ended.length} nodes ended with ${last.size} blocks`);
    const lore = [...world.lore.keys()];
    counts.ended += ended.length;
    counts.conflicting += lore.filter((key) => key.startsWith('in the place of the boundary')).length;
    counts['proposed again'] += ended.filter(({ database }) => isProposedAgain(database)).length;
  }
  process.stdout.write(`  ${WORLDS} worlds: ${JSON.stringify(counts)}\n`);
  for (const [what, count] of Object.entries(counts)) assert.ok(count > 0, `nothing ${what}`);
});

/** Its Final is of a later slot than the leader's who made it. */
function isProposedAgain(database: Database): boolean {
  const final = database.boundaryFinal(1);
  const block = final && database.find(toHex(final.hash))?.block;
  return block?.header.proposer[0] !== (((final?.slot ?? 0) - 1) % 7) + 1;
}

boundary.run();
