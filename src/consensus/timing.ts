// How long a slot waits for its leader (docs/protocol.md §7). All values are milliseconds and chain-wide.

import type { Parameters } from '../primitives/genesis.ts';

const BACKOFF = 1.5;

/** Patience with the leader of the first slot after a finalized one: heartbeat, three message delays, execution. */
export function baseTimeout(parameters: Parameters): number {
  return parameters.blockTime + 3 * parameters.messageDelay + parameters.executionAllowance;
}

/** timer(s) = min(base · 1.5^(s − lastFinalSlot − 1), cap) */
export function slotTimeout(slot: number, lastFinalSlot: number, parameters: Parameters): number {
  const growth = BACKOFF ** (slot - lastFinalSlot - 1);
  return Math.min(Math.floor(baseTimeout(parameters) * growth), parameters.timerCap);
}
