// What follows from an epoch's set, computed once however many blocks of the epoch ask for it.

import type { EpochRecord } from '../primitives/epoch.ts';
import type { Hash } from '../primitives/hash.ts';
import { LeaderSchedule } from '../primitives/schedule.ts';
import { quorumOf, totalWeight, validatorsRoot } from '../primitives/validators.ts';

export class Electorate {
  /** W */
  readonly totalWeight: number;
  readonly quorum: number;
  readonly schedule: LeaderSchedule;
  readonly #validators: EpochRecord['validators'];
  #root: Hash | undefined;

  constructor({ validators }: Pick<EpochRecord, 'validators'>) {
    this.#validators = validators;
    this.totalWeight = totalWeight(validators);
    this.quorum = quorumOf(this.totalWeight);
    this.schedule = new LeaderSchedule(validators);
  }

  /** Commits the set. */
  get root(): Hash {
    this.#root ??= validatorsRoot(this.#validators);
    return this.#root;
  }
}

const known = new WeakMap<EpochRecord, Electorate>();

/** @param epoch as the state's records give it out: one object for one record, and never changed */
export function electorateOf(epoch: EpochRecord): Electorate {
  const before = known.get(epoch);
  if (before !== undefined) return before;
  const electorate = new Electorate(epoch);
  known.set(epoch, electorate);
  return electorate;
}
