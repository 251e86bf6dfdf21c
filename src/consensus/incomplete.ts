// Which proposals that hold were taken in, be their blocks complete or not. A leader can sign proposals that nobody can
// complete, or all slots of its window at once, and anybody can send them again: so two of a slot are taken, and what
// each of them may cost, here and at those to whom it is passed on, is bounded here.

import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { TokenBucket } from '../primitives/token-bucket.ts';

/** Two of one slot prove what there is to prove against its leader. */
const MAX_PER_SLOT = 2;
/** Of one leader that wait for what they lack: those of others, who are honest, need not wait for them. */
const MAX_WAITING_PER_LEADER = 2;
/** Of all leaders. One nearer to the front takes the place of the furthest: honest ones are where the others are. */
const MAX_WAITING = 6;
/**
 * Bytes of proposals other than the first of the slot at the front, which is all that honest leaders sign where nobody is
 * behind: a quarter of what peers may send each other by gossip. A window of the largest would be twice the whole.
 */
const BESIDE_THE_FRONT = { burst: 8 * 1024 * 1024, perSecond: 2 * 1024 * 1024 };
/** The pause before one is tried again doubles each time, up to so many retry intervals. */
const LONGEST_PAUSE = 32;

/** What tells proposals apart, and whose they are. */
export interface Candidate {
  readonly slot: number;
  readonly parentSlot: number;
  readonly hash: Hash;
  /** a member */
  readonly leader: number;
  /** of the message */
  readonly bytes: number;
}

interface Taken extends Candidate {
  tries: number;
  /** of the last try, ms */
  triedAt: number;
  /** waiting: what it lacks is on its way; lacking: nobody had it; settled: there is nothing more to try */
  state: 'waiting' | 'lacking' | 'settled';
  /** ends the wait */
  end(): void;
}

export interface IncompleteOptions {
  /** slots: how far consensus has come */
  readonly progress: { readonly lastFinalSlot: number; readonly front: number };
  /** ms */
  readonly now: () => number;
  /** one that could not be completed may be tried again after this (ms): it may have come too early */
  readonly retryInterval: number;
}

export class IncompleteProposals {
  readonly #o: IncompleteOptions;
  #taken: Taken[] = [];
  readonly #beside: TokenBucket;

  constructor(options: IncompleteOptions) {
    this.#o = options;
    this.#beside = new TokenBucket(BESIDE_THE_FRONT, options.now());
  }

  /** Whether it may be taken in, and passed on, now. */
  admits(candidate: Candidate): boolean {
    this.#forgetDecided();
    if (!this.#isFirstAtFront(candidate) && this.#beside.available(this.#o.now()) < candidate.bytes) return false;
    const furthest = this.#displacedBy(candidate);
    if (furthest !== undefined && this.#distance(furthest) <= this.#distance(candidate)) return false;
    const known = this.#find(candidate);
    if (known === undefined) return this.#taken.filter(({ slot }) => slot === candidate.slot).length < MAX_PER_SLOT;
    const pause = Math.min(2 ** (known.tries - 1), LONGEST_PAUSE);
    // Anybody can send it again under another number, for as long as its slot is open.
    if (known.state !== 'lacking' || !this.#isOver(known, pause)) return false;
    const ofLeader = this.#taken.filter(({ leader }) => leader === candidate.leader);
    return ofLeader.every((other) => other.tries === 1 || this.#isOver(other, 1));
  }

  /**
   * One that is admitted is taken in.
   * @param until resolves with whether it is complete, when it is or nobody has what it lacks; must not reject.
   *   undefined: there is nothing to wait for, nor ever to try again
   * @param end called when it is not waited for any more; `until` resolves soon after
   */
  take(candidate: Candidate, until: Promise<boolean> | undefined, end: () => void): void {
    if (!this.#isFirstAtFront(candidate)) this.#beside.take(candidate.bytes, this.#o.now());
    const displaced = until === undefined ? undefined : this.#displacedBy(candidate);
    if (displaced !== undefined) {
      displaced.state = 'lacking';
      displaced.end();
    }
    const known = this.#find(candidate) ?? { ...candidate, tries: 0, triedAt: 0, state: 'settled', end };
    if (known.tries++ === 0) this.#taken.push(known);
    known.end = end;
    known.triedAt = this.#o.now();
    known.state = until === undefined ? 'settled' : 'waiting';
    void until?.then((isComplete) => {
      known.state = isComplete ? 'settled' : 'lacking';
    });
  }

  #forgetDecided(): void {
    const { lastFinalSlot } = this.#o.progress;
    for (const { slot, end } of this.#taken) if (slot <= lastFinalSlot) end();
    this.#taken = this.#taken.filter(({ slot }) => slot > lastFinalSlot);
  }

  /** Which one gives its place up, if there is none left: of those of its leader that wait, or else of all, the furthest. */
  #displacedBy({ leader }: Candidate): Taken | undefined {
    const waiting = this.#taken.filter(({ state }) => state === 'waiting');
    const ofLeader = waiting.filter((other) => other.leader === leader);
    if (ofLeader.length >= MAX_WAITING_PER_LEADER) return this.#furthest(ofLeader);
    return waiting.length >= MAX_WAITING ? this.#furthest(waiting) : undefined;
  }

  #furthest(some: readonly Taken[]): Taken {
    return some.reduce((one, other) => (this.#distance(other) > this.#distance(one) ? other : one));
  }

  /** Whether it is the only one of the slot that is to be voted on now. */
  #isFirstAtFront(candidate: Candidate): boolean {
    const known = this.#find(candidate);
    return (
      this.#distance(candidate) === 0 && this.#taken.every((other) => other === known || other.slot !== candidate.slot)
    );
  }

  #distance({ slot }: Candidate): number {
    return Math.abs(slot - this.#o.progress.front);
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
