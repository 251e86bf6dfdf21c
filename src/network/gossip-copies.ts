// How often each peer has sent one and the same message. Honest peers pass a message on once, and a few times more to who
// asks for it; whoever goes on replays what it has heard, for which it needs neither wit nor a key.

/**
 * Of one message that an honest peer sends within a period, whatever happens: it passes it on when it has forgotten it,
 * after three quarters of T, so 6 times; and answers three times who asks for it while it keeps it, which is 5 s.
 */
export const MAX_COPIES = 16;
/** A period, in units of T. */
const PERIOD_INTERVALS = 4;
const LONGEST_PERIOD_MS = 10_000;
/** Messages of all peers together that are remembered, 6 MB: 5 s of a network of 512 members, from 12 neighbours each. */
const MAX_REMEMBERED = 65_536;

export class GossipCopies {
  readonly #period: number;
  readonly #now: () => number;
  /** in this period, by peer and message */
  readonly #copies = new Map<string, Map<string, number>>();
  #remembered = 0;
  #since = Number.NEGATIVE_INFINITY;

  /**
   * @param resendInterval milliseconds: T of the protocol, on which it depends how soon a message is passed on again
   * @param now milliseconds of a clock that never goes back
   */
  constructor(resendInterval: number, now: () => number) {
    this.#period = Math.min(PERIOD_INTERVALS * resendInterval, LONGEST_PERIOD_MS);
    this.#now = now;
  }

  /** @returns whether it is one more copy than honest peers send. */
  add(peer: string, messageId: Uint8Array): boolean {
    this.#forget();
    const id = Buffer.from(messageId).toString('latin1');
    const ofPeer = this.#copies.get(peer) ?? new Map<string, number>();
    this.#copies.set(peer, ofPeer);
    const copies = (ofPeer.get(id) ?? 0) + 1;
    ofPeer.set(id, copies);
    if (copies === 1) this.#remembered += 1;
    return copies > MAX_COPIES;
  }

  #forget(): void {
    const now = this.#now();
    if (now - this.#since < this.#period && this.#remembered < MAX_REMEMBERED) return;
    this.#copies.clear();
    this.#remembered = 0;
    this.#since = now;
  }
}
