// A leader whose clock is ahead: now just as far as others accept, now much further.

import type { Behaviour, BuildRequest, FaultyNode } from '../behaviour.ts';

const AHEAD = [900, 5000] as const;

export const fastClock: Behaviour = {
  name: 'fast-clock',
  build(request: BuildRequest, node: FaultyNode) {
    return node.build({ ...request, timestamp: request.timestamp + node.random.pick(AHEAD) });
  },
};
