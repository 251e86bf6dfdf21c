// The members of one epoch: who they are, what they weigh, and what makes a quorum.

import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { quorumOf, totalWeight, type Validator, validatorsRoot } from '../primitives/validators.ts';

/** A validator set ordered by public key; an index into it is a member's name within the epoch. */
export class Members {
  readonly list: readonly Validator[];
  /** commits the set; part of everything that is signed */
  readonly root: Hash;
  /** W, the sum of all weights */
  readonly totalWeight: number;
  /** q = floor(2W/3) + 1 */
  readonly quorum: number;
  readonly #indexes: ReadonlyMap<string, number>;

  /** @param validators ordered by public key, distinct, with positive integer weights (genesis checks it). */
  constructor(validators: readonly Validator[]) {
    this.list = validators;
    this.root = validatorsRoot(validators);
    this.totalWeight = totalWeight(validators);
    this.quorum = quorumOf(this.totalWeight);
    this.#indexes = new Map(validators.map(({ publicKey }, index) => [toHex(publicKey), index]));
  }

  get size(): number {
    return this.list.length;
  }

  /** @throws {RangeError} when there is no such member. */
  at(member: number): Validator {
    const validator = this.list[member];
    if (validator === undefined) throw new RangeError(`no member ${member} in a set of ${this.size}`);
    return validator;
  }

  weight(member: number): number {
    return this.at(member).weight;
  }

  /** The index of a public key; undefined for an outsider. */
  indexOf(publicKey: Uint8Array): number | undefined {
    return this.#indexes.get(toHex(publicKey));
  }
}
