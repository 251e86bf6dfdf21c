// The parameters of epochs, stakes and governance in tests that are about something else.

import type { Parameters } from '../../src/primitives/parameters.ts';

const HOUR = 3_600_000;

export const EPOCH_PARAMETERS = {
  epochDuration: HOUR,
  evidenceWindow: 24 * HOUR,
  unbondingPeriod: 48 * HOUR,
  votingPeriod: 24 * HOUR,
  minSelfBond: 1_000_000_000n,
  minStake: 1_000_000n,
  maxStakers: 100,
  minValidators: 1,
  targetBonded: 100_000_000_000n,
  authorityShare: 500_000,
  proposerBonus: 50_000,
  epochReward: 0n,
} satisfies Partial<Parameters>;
