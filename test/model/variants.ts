// What the checker must find in each module of variants.qnt.

import type { Invariant, Witness } from './quint.ts';

/** What the right rules must lead to, so that their invariants are not true of nothing. */
export const RIGHT: Readonly<Record<string, readonly Witness[]>> = {
  right: ['twoFinals', 'allFinal', 'certifiedSplit', 'fork', 'finalInFork', 'sameBlockTwice'],
  rightAtBoundary: ['twoFinals', 'certifiedSplit', 'fork', 'finalInFork', 'sameBlockTwice', 'epochEnds'],
};

/** What each broken rule must break. */
export const BROKEN: Readonly<Record<string, Invariant>> = {
  twoOfFour: 'agreement',
  twoByzantine: 'agreement',
  twoNotars: 'agreement',
  finalAfterSkip: 'agreement',
  skipAfterFinal: 'agreement',
  noSkipsBetween: 'agreement',
  boundaryExtended: 'boundaryIsLast',
};

/** Broken rules that a member's signer keeps by itself: it refuses a vote that the violation needs. */
export const SIGNER_STOPS: readonly string[] = ['twoNotars', 'finalAfterSkip', 'skipAfterFinal'];
