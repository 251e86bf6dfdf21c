// What every rule rests on: who the members are, which of them are honest, how signatures are checked, what a quorum is
// and whose turn it is. Written from the protocol's text, not from the code under test.

import { equalBytes } from '../../../src/primitives/bytes.ts';
import type { Hash } from '../../../src/primitives/hash.ts';
import type { Validator } from '../../../src/primitives/validators.ts';

export interface LawOptions {
  readonly validators: readonly Validator[];
  readonly validatorsRoot: Hash;
  readonly genesisHash: Hash;
  readonly isHonest: (member: number) => boolean;
  /** ms of block time; the first block after it is the epoch's last, and may be certified in later slots again */
  readonly epochDuration: number;
  readonly verify: (check: { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array }) => boolean;
}

/** The law of one epoch. */
export type LawOf = (epoch: number) => Law;

export class Law {
  readonly validatorsRoot: Hash;
  readonly genesisHash: Hash;
  readonly isHonest: LawOptions['isHonest'];
  readonly verify: LawOptions['verify'];
  readonly epochDuration: number;
  readonly #validators: readonly Validator[];
  readonly #totalWeight: number;
  /** by slot; slot 0 has none */
  readonly #leaders: number[] = [-1];
  readonly #credits: number[];

  constructor({ validators, validatorsRoot, genesisHash, isHonest, epochDuration, verify }: LawOptions) {
    this.epochDuration = epochDuration;
    this.validatorsRoot = validatorsRoot;
    this.genesisHash = genesisHash;
    this.isHonest = isHonest;
    this.verify = verify;
    this.#validators = validators;
    this.#totalWeight = validators.reduce((sum, { weight }) => sum + weight, 0);
    this.#credits = validators.map(() => 0);
  }

  get size(): number {
    return this.#validators.length;
  }

  validator(member: number): Validator {
    const validator = this.#validators[member];
    if (validator === undefined) throw new RangeError(`there is no member ${member}`);
    return validator;
  }

  /** undefined: of no member */
  memberOf(publicKey: Uint8Array): number | undefined {
    const member = this.#validators.findIndex((validator) => equalBytes(validator.publicKey, publicKey));
    return member === -1 ? undefined : member;
  }

  /** More than two thirds of the weight. */
  isQuorum(members: Iterable<number>): boolean {
    let weight = 0;
    for (const member of new Set(members)) weight += this.validator(member).weight;
    return 3 * weight > 2 * this.#totalWeight;
  }

  /** Smooth weighted round-robin: everybody gains its weight, the richest leads and pays what all gained. */
  leader(slot: number): number {
    while (this.#leaders.length <= slot) {
      this.#validators.forEach(({ weight }, member) => {
        this.#credits[member] = this.#creditOf(member) + weight;
      });
      const richest = this.#credits.indexOf(Math.max(...this.#credits));
      this.#credits[richest] = this.#creditOf(richest) - this.#totalWeight;
      this.#leaders.push(richest);
    }
    return this.#leaders[slot] as number;
  }

  #creditOf(member: number): number {
    return this.#credits[member] as number;
  }
}
