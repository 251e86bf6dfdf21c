// A member whose clock is ahead, about as far as others accept; now and then its blocks are from much further ahead.
// Attacks the others' clocks: what it gets notarized must not use up their patience with the leaders after it.

import type { Block } from '../../../src/primitives/block.ts';
import type { Behaviour, BuildRequest, FaultyNode } from '../behaviour.ts';

/** ms */
const AHEAD = 900;
const MUCH_FURTHER = 4000;

export const fastClock: Behaviour = {
  name: 'fast-clock',
  clockError: AHEAD,
  build(request: BuildRequest, node: FaultyNode): Block | undefined {
    const more = node.random.chance(0.5) ? MUCH_FURTHER : 0;
    return node.build({ ...request, timestamp: request.timestamp + more });
  },
};
