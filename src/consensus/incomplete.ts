// Which proposals that hold were taken in, be their blocks complete or not. A leader can sign proposals that nobody can
// complete, and anybody can send them again: so two of a slot are taken, and what each of them may cost is bounded here.

import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';

/** Two of one slot prove what there is to prove against its leader. */
const MAX_PER_SLOT = 2;
/** Of one leader that wait for what they lack: those of others, who are honest, need not wait for them. */
const MAX_WAITING_PER_LEADER = 2;

/** What tells proposals apart, and whose they are. */
export interface Candidate {
  readonly slot: number;
  readonly parentSlot: number;
  readonly hash: Hash;
  /** a member */
  readonly leader: number;
}

interface Taken extends Candidate {
  /** ms */
  triedAt: number;
  /** what it lacks is on its way */
  waits: boolean;
}

export interface IncompleteOptions {
  /** ms */
  readonly now: () => number;
  /** one that could not be completed may be tried again after this (ms): it may have come too early */
  readonly retryInterval: number;
}

export class IncompleteProposals {
  readonly #o: IncompleteOptions;
  #taken: Taken[] = [];

  constructor(options: IncompleteOptions) {
    this.#o = options;
  }

  /** Whether it may be taken in now. */
  admits(candidate: Candidate): boolean {
    const known = this.#find(candidate);
    const waiting = this.#taken.filter(({ leader, waits }) => waits && leader === candidate.leader).length;
    if (known?.waits === true || waiting >= MAX_WAITING_PER_LEADER) return false;
    // In either direction: a clock may be set back.
    if (known !== undefined) return Math.abs(this.#o.now() - known.triedAt) >= this.#o.retryInterval;
    return this.#taken.filter(({ slot }) => slot === candidate.slot).length < MAX_PER_SLOT;
  }

  /**
   * One that is admitted is taken in.
   * @param until settles when it is complete, or nobody has what it lacks; must not reject. undefined: it is complete
   * @param lastFinalSlot what is not above it is forgotten
   */
  take(candidate: Candidate, until: Promise<unknown> | undefined, lastFinalSlot: number): void {
    const known = this.#find(candidate) ?? { ...candidate, triedAt: 0, waits: false };
    this.#taken = this.#taken.filter((other) => other !== known && other.slot > lastFinalSlot);
    this.#taken.push(known);
    known.triedAt = this.#o.now();
    known.waits = until !== undefined;
    void until?.then(() => {
      known.waits = false;
    });
  }

  #find({ slot, parentSlot, hash }: Candidate): Taken | undefined {
    return this.#taken.find(
      (other) => other.slot === slot && other.parentSlot === parentSlot && equalBytes(other.hash, hash),
    );
  }
}
