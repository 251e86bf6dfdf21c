// Who votes in which epoch of a world. The sets are drawn from chance of their own, so that a world without epochs is
// what it always was. In every set the validators that may be faulty weigh less than a third.

import { Members } from '../../src/consensus/members.ts';
import type { Validator } from '../../src/primitives/validators.ts';
import { publicKeyOf } from './keys.ts';
import type { Random } from './random.ts';

export interface EpochPlan {
  /** ms of block time */
  readonly duration: number;
  /** hand-overs that every honest node lives through before the world ends */
  readonly count: number;
  /** what the sets after the first are drawn from; undefined: the first one stays */
  readonly random?: Random;
  /** in the place of sets that are drawn: the ids of one after the other, over and over, with equal weights */
  readonly sets?: readonly (readonly number[])[];
}

/** A validator of the world, by its id, with a seat in an epoch. */
interface Seat {
  readonly id: number;
  readonly weight: number;
}

export class Electorate {
  readonly epoch: number;
  readonly members: Members;
  readonly #ids: readonly number[];

  constructor(epoch: number, seats: readonly Seat[]) {
    this.epoch = epoch;
    this.members = new Members(seats.map(makeValidator));
    this.#ids = seats.map(({ id }) => id);
  }

  /** The member index of a validator of the world; undefined when it has none. */
  seatOf(id: number): number | undefined {
    const seat = this.#ids.indexOf(id);
    return seat === -1 ? undefined : seat;
  }

  /** The validator with a member index. */
  idOf(member: number): number {
    const id = this.#ids[member];
    if (id === undefined) throw new RangeError(`epoch ${this.epoch} has no member ${member}`);
    return id;
  }
}

export interface ElectoratesOptions {
  /** of the first epoch, in which all validators of the world have a seat unless the plan says otherwise */
  readonly weights: readonly number[];
  /** validators from this one on may be faulty */
  readonly firstUnreliable: number;
  readonly plan: Pick<EpochPlan, 'random' | 'sets'> | undefined;
}

/** Larger weights only make turns longer. */
const MAX_WEIGHT = 4;

export class Electorates {
  readonly #o: ElectoratesOptions;
  #seats: readonly Seat[];
  readonly #drawn: Electorate[] = [];

  constructor(options: ElectoratesOptions) {
    this.#o = options;
    this.#seats = this.#byHand(1) ?? options.weights.map((weight, id) => ({ id, weight }));
    this.#drawn.push(new Electorate(1, this.#seats));
  }

  at(epoch: number): Electorate {
    const random = this.#o.plan?.random;
    while (this.#drawn.length < epoch) {
      const next = this.#drawn.length + 1;
      const drawn = random === undefined ? this.#seats : this.#draw(random);
      this.#seats = this.#byHand(next) ?? drawn;
      this.#drawn.push(new Electorate(next, this.#seats));
    }
    return this.#drawn[epoch - 1] as Electorate;
  }

  #byHand(epoch: number): readonly Seat[] | undefined {
    const sets = this.#o.plan?.sets;
    return sets?.[(epoch - 1) % sets.length]?.map((id) => ({ id, weight: 1 }));
  }

  #draw(random: Random): readonly Seat[] {
    const present = this.#seats.map(({ id }) => id);
    const others = this.#o.weights.map((_, id) => id).filter((id) => !present.includes(id));
    const ids = random.pick([
      () => present,
      () => (others.length > 0 ? [...present, random.pick(others)] : present),
      () => (present.length > 1 ? present.filter((id) => id !== present[random.integer(present.length)]) : present),
      () => (others.length > 0 ? others : present.filter(() => random.chance(0.5))),
      () => [...present, ...others].filter(() => random.chance(0.6)),
    ])();
    const isWeighted = random.chance(0.5);
    const seats = ids.map((id) => ({ id, weight: isWeighted ? 1 + random.integer(MAX_WEIGHT) : 1 }));
    return this.#reliable(seats).sort((a, b) => a.id - b.id);
  }

  /** Without those that would give a third or more to validators that may be faulty. */
  #reliable(seats: readonly Seat[]): Seat[] {
    const isReliable = ({ id }: Seat) => id < this.#o.firstUnreliable;
    const kept = seats.filter(isReliable);
    if (kept.length === 0) kept.push({ id: 0, weight: 1 });
    const weightOf = (some: readonly Seat[]) => some.reduce((sum, { weight }) => sum + weight, 0);
    const reliable = weightOf(kept);
    for (const seat of seats) {
      if (isReliable(seat)) continue;
      const unreliable = weightOf(kept) - reliable + seat.weight;
      if (2 * unreliable < reliable) kept.push(seat);
    }
    return kept;
  }
}

function makeValidator({ id, weight }: Seat): Validator {
  return { publicKey: publicKeyOf(id), address: addressOf(id), weight };
}

/** Of a validator of the world. */
export function addressOf(id: number): Uint8Array {
  return new Uint8Array(20).fill(id + 1);
}
