// How long a slot waits for its leader (docs/protocol.md §7). All values are milliseconds and chain-wide.

import { baseTimeout, type Parameters } from '../primitives/parameters.ts';

const BACKOFF = 1.5;

/** timer(s) = min(base · 1.5^(s − lastFinalSlot − 1), cap) */
export function slotTimeout(slot: number, lastFinalSlot: number, parameters: Parameters): number {
  const growth = BACKOFF ** (slot - lastFinalSlot - 1);
  return Math.min(Math.floor(baseTimeout(parameters) * growth), parameters.timerCap);
}
