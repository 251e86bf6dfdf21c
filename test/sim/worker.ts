// A process that runs the worlds it is told to, one after the other, for `pool.ts`.

import { type Draw, simulate, WorldFailure } from './simulate.ts';

process.on('message', async (draw: Draw) => {
  process.send?.(await outcomeOf(draw));
});

async function outcomeOf(draw: Draw) {
  try {
    return { draw, result: await simulate(draw) };
  } catch (error) {
    if (!(error instanceof WorldFailure)) throw error;
    const { rule, timeline, cause } = error;
    return { draw, failure: { rule, timeline, message: cause instanceof Error ? (cause.stack ?? cause.message) : '' } };
  }
}
