// The last block of an epoch is one block for everybody, however bad the weather is and whatever the leaders after it
// propose in its place. Nodes that have it end; in bad weather others may miss it, as nobody is there to tell them yet.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.ts';
import { conflictingBoundary } from './faulty/conflicting-boundary.ts';
import { equivocator } from './faulty/equivocator.ts';
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
      scene: { epochEnd: EPOCH_END, roughFor: ROUGH_FOR },
    });
    const honest = world.nodes.filter(({ member }) => world.isHonest(member));
    const until = world.stableAt - ROUGH_FOR + LONG_ENOUGH;
    world.begin();
    while (world.scheduler.now < until && !honest.every(({ hasEnded }) => hasEnded)) await world.step();
    const ended = honest.filter(({ hasEnded }) => hasEnded);
    const last = new Set(ended.map(({ database }) => toHex(database.top.hash)));
    assert.is(last.size, 1, `seed ${seed}: ${ended.length} nodes ended with ${last.size} blocks`);
    const lore = [...world.lore.keys()];
    counts.ended += ended.length;
    counts.conflicting += lore.filter((key) => key.startsWith('in the place of the boundary')).length;
    counts['proposed again'] += ended.filter(({ database }) => isProposedAgain(database.anchor)).length;
  }
  process.stdout.write(`  ${WORLDS} worlds: ${JSON.stringify(counts)}\n`);
  for (const [what, count] of Object.entries(counts)) assert.ok(count > 0, `nothing ${what}`);
});

/** Its Final is of a later slot than the leader's who made it. */
function isProposedAgain({ slot, header }: World['nodes'][number]['database']['anchor']): boolean {
  return header.proposer[0] !== ((slot - 1) % 7) + 1;
}

boundary.run();
