// Which transactions waiting here others may not have heard of: those that a client of this node has just sent, and those
// that nobody has spoken of for a while, since they were lost on the way or the network was parted. Whoever has heard of one
// leaves it unsaid when its time comes, so that few of those who hold it say it again. It sends nothing itself.

import type { TransactionEnvelope } from '../primitives/transaction.ts';

/** A transaction is on its way this long (ms): gathered, checked and passed on by a few nodes, each after a short pause. */
const FRESH_MS = 100;
/** What is not in a block by now may be unknown to those who lead (ms). The wait is drawn up to twice this long. */
const FIRST_WAIT_MS = 10_000;
/** It doubles with each time it is said: a chain that stands still costs less and less. */
const LONGEST_WAIT_MS = 320_000;
/** So often in a row what was heard meanwhile is left unsaid, and no more: or a liar could silence everybody by talking. */
const MAX_UNSAID = 3;
/** When peers come: what is no older has come to them by now, or will; the rest is said within this time (ms). */
const NEWS_MS = 2_000;
/** Between two times at which newly come peers have everything said again (ms): they can not make a flood of it. */
const PEERS_INTERVAL_MS = 10_000;

interface Spoken {
  readonly envelope: TransactionEnvelope;
  readonly since: number;
  readonly isOwn: boolean;
  wait: number;
  dueAt: number;
  /** since it was last due */
  heardAgain: boolean;
  /** times that it may be left unsaid from now on */
  unsaidLeft: number;
}

export interface AnnouncementsOptions {
  /** ms of a clock that never goes back */
  readonly now: () => number;
  /** in [0, 1) */
  readonly random: () => number;
  readonly isWaiting: (idHex: string) => boolean;
}

export class Announcements {
  readonly #o: AnnouncementsOptions;
  /** in the order in which they came, which is that of a sender's nonces */
  readonly #spoken = new Map<string, Spoken>();
  #peersCameAt = Number.NEGATIVE_INFINITY;
  #peersCame = false;

  constructor(options: AnnouncementsOptions) {
    this.#o = options;
  }

  /** @param source whether a client of this node sends it, or a peer */
  heard(envelope: TransactionEnvelope, source: 'client' | 'peer'): void {
    const now = this.#o.now();
    const known = this.#spoken.get(envelope.idHex);
    if (known !== undefined) {
      known.heardAgain = true;
      return;
    }
    this.#spoken.set(envelope.idHex, {
      envelope,
      since: now,
      isOwn: source === 'client',
      wait: FIRST_WAIT_MS,
      dueAt: now + this.#drawn(FIRST_WAIT_MS),
      heardAgain: false,
      unsaidLeft: MAX_UNSAID,
    });
  }

  /** Whether peers may not have it yet, although it was sent to them. */
  isFresh(idHex: string): boolean {
    const one = this.#spoken.get(idHex);
    return one?.isOwn === true && this.#o.now() - one.since < FRESH_MS;
  }

  /** A peer that may lack what was said before is connected. */
  peerCame(): void {
    this.#peersCame = true;
  }

  /** What is to be said again, the oldest first; counts as said. To be called regularly. @param maxBytes of all of them */
  due(maxBytes: number): TransactionEnvelope[] {
    const { isWaiting, now: clock } = this.#o;
    const now = clock();
    if (this.#peersCame && now - this.#peersCameAt >= PEERS_INTERVAL_MS) this.#hurry(now);
    const due: TransactionEnvelope[] = [];
    let bytes = 0;
    for (const [idHex, one] of this.#spoken) {
      if (!isWaiting(idHex)) this.#spoken.delete(idHex);
      else if (one.dueAt > now) continue;
      else if (one.heardAgain && one.unsaidLeft > 0) this.#later(one, now, one.unsaidLeft - 1);
      else if (bytes + one.envelope.bytes.length <= maxBytes) {
        bytes += one.envelope.bytes.length;
        due.push(one.envelope);
        this.#later(one, now, MAX_UNSAID);
      }
    }
    return due;
  }

  #hurry(now: number): void {
    this.#peersCame = false;
    this.#peersCameAt = now;
    for (const one of this.#spoken.values()) {
      if (now - one.since <= NEWS_MS) continue;
      one.dueAt = Math.min(one.dueAt, now + this.#o.random() * NEWS_MS);
      // Whoever spoke of it may have been heard here and not there.
      one.unsaidLeft = 0;
    }
  }

  #later(one: Spoken, now: number, unsaidLeft: number): void {
    one.wait = Math.min(2 * one.wait, LONGEST_WAIT_MS);
    one.dueAt = now + this.#drawn(one.wait);
    one.heardAgain = false;
    one.unsaidLeft = unsaidLeft;
  }

  #drawn(wait: number): number {
    return wait * (1 + this.#o.random());
  }
}
