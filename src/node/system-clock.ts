// Real time and real chance, for the parts that are handed theirs.

import type { Clock } from '../consensus/ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
