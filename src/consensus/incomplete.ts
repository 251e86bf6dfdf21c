// Which proposals that hold were taken in, be their blocks complete or not. A leader can sign proposals that nobody can
// complete, and anybody can send them again: so two of a slot are taken, and what each of them may cost is bounded here.

import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';

/** Two of one slot prove what there is to prove against its leader. */
const MAX_PER_SLOT = 2;
/** Of one leader that wait for what they lack: those of others, who are honest, need not wait for them. */
const MAX_WAITING_PER_LEADER = 2;
/** The pause before one is tried again doubles each time, up to so many retry intervals. */
const LONGEST_PAUSE = 32;

/** What tells proposals apart, and whose they are. */
export interface Candidate {
  readonly slot: number;
  readonly parentSlot: number;
  readonly hash: Hash;
  /** a member */
  readonly leader: number;
}

interface Taken extends Candidate {
  tries: number;
  /** of the last try, ms */
  triedAt: number;
  /** waiting: what it lacks is on its way; lacking: nobody had it; settled: there is nothing more to try */
  state: 'waiting' | 'lacking' | 'settled';
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

  /**
   * Whether it may be taken in, and passed on, now.
   * @param lastFinalSlot what is not above it is forgotten
   */
  admits(candidate: Candidate, lastFinalSlot: number): boolean {
    this.#taken = this.#taken.filter(({ slot }) => slot > lastFinalSlot);
    const ofLeader = this.#taken.filter(({ leader }) => leader === candidate.leader);
    if (ofLeader.filter(({ state }) => state === 'waiting').length >= MAX_WAITING_PER_LEADER) return false;
    const known = this.#find(candidate);
    if (known === undefined) return this.#taken.filter(({ slot }) => slot === candidate.slot).length < MAX_PER_SLOT;
    const pause = Math.min(2 ** (known.tries - 1), LONGEST_PAUSE);
    // Anybody can send it again under another number, for as long as its slot is open.
    if (known.state !== 'lacking' || !this.#isOver(known, pause)) return false;
    return ofLeader.every((other) => other.tries === 1 || this.#isOver(other, 1));
  }

  /**
   * One that is admitted is taken in.
   * @param until resolves with whether it is complete, when it is or nobody has what it lacks; must not reject.
   *   undefined: there is nothing to wait for, nor ever to try again
   */
  take(candidate: Candidate, until: Promise<boolean> | undefined): void {
    const known = this.#find(candidate) ?? { ...candidate, tries: 0, triedAt: 0, state: 'settled' };
    if (known.tries++ === 0) this.#taken.push(known);
    known.triedAt = this.#o.now();
    known.state = until === undefined ? 'settled' : 'waiting';
    void until?.then((isComplete) => {
      known.state = isComplete ? 'settled' : 'lacking';
    });
  }

  /** @param pause in retry intervals */
  #isOver({ triedAt }: Taken, pause: number): boolean {
    // In either direction: a clock may be set back.
    return Math.abs(this.#o.now() - triedAt) >= pause * this.#o.retryInterval;
  }

  #find({ slot, parentSlot, hash }: Candidate): Taken | undefined {
    return this.#taken.find(
      (other) => other.slot === slot && other.parentSlot === parentSlot && equalBytes(other.hash, hash),
    );
  }
}
