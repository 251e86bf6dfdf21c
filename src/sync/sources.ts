// Whom to ask for blocks: peers that say to have them, each in its turn. One that did not help is set aside for a while;
// what peers claim costs them nothing, and neither do new peers that make claims.

/** A peer that answered wrongly or not at all is asked again after this (ms), and after twice as long each time … */
const FIRST_PAUSE_MS = 5000;
/** … up to this: a liar should not stop others from being believed, an honest peer should be heard again. */
const LONGEST_PAUSE_MS = 60_000;
/** What peers say to have, and none of them has sent for so long (ms), they do not have. */
const BARREN_MS = 2 * 60_000;

export interface SyncPeer {
  readonly id: string;
  /** finalized height, as the peer says */
  readonly height: number;
  /** it says to hold the blocks from this height on */
  readonly oldestHeight: number;
}

export interface SourcesOptions {
  readonly peers: () => readonly SyncPeer[];
  /** ms of a clock that is never set back */
  readonly now: () => number;
}

export class Sources {
  readonly #o: SourcesOptions;
  /** peers that did not help; forgotten when they could have been asked again for as long as they were set aside */
  readonly #aside = new Map<string, { readonly until: number; readonly pause: number }>();
  /** peers that answered with nothing, and the height of the first block that they were asked for */
  readonly #without = new Map<string, number>();
  /** when each peer's turn comes: in the order in which they were met or last did not help */
  readonly #turns = new Map<string, number>();
  #nextTurn = 0;
  /** the head above which blocks are wanted, and since when (ms of `now`) */
  #wanted: { readonly height: number; readonly since: number } | undefined;

  constructor(options: SourcesOptions) {
    this.#o = options;
  }

  /** Those that are not set aside. */
  usable(): SyncPeer[] {
    const now = this.#o.now();
    for (const [id, { until, pause }] of this.#aside) if (until + pause <= now) this.#aside.delete(id);
    return this.#o.peers().filter(({ id }) => !this.#isAside(id));
  }

  /**
   * Those that say to have blocks above a height, in their turn. Of peers met together the one with the most to give
   * comes first, but everyone gets a turn.
   */
  ahead(height: number): SyncPeer[] {
    this.#forgetGone();
    const ahead = this.usable().filter((peer) => peer.height > height);
    ahead.sort((a, b) => b.height - a.height);
    for (const { id } of ahead) if (!this.#turns.has(id)) this.#turns.set(id, this.#nextTurn++);
    const turn = ({ id }: SyncPeer) => this.#turns.get(id) ?? 0;
    return ahead.sort((a, b) => turn(a) - turn(b));
  }

  /** Those that say to have the block after a height, in their turn. */
  serving(height: number): SyncPeer[] {
    return this.ahead(height).filter(({ oldestHeight }) => oldestHeight <= height + 1);
  }

  setAside(id: string): void {
    if (this.#isAside(id)) return;
    const last = this.#aside.get(id)?.pause;
    const pause = last === undefined ? FIRST_PAUSE_MS : Math.min(2 * last, LONGEST_PAUSE_MS);
    this.#aside.set(id, { until: this.#o.now() + pause, pause });
    this.#turns.set(id, this.#nextTurn++);
  }

  /** What it sent was good. */
  helped(id: string): void {
    if (!this.#isAside(id)) this.#aside.delete(id);
  }

  /** It was asked for the block at a height, and has it not. */
  hasNone(id: string, height: number): void {
    this.#without.set(id, height);
    this.setAside(id);
  }

  /** The chain's head is at a height, and blocks above it are asked for. */
  wanted(height: number): void {
    if (this.#wanted?.height !== height) this.#wanted = { height, since: this.#o.now() };
  }

  /** Whether every peer ahead says, or has shown, that it has no block after this height; or all have been silent for long. */
  areGone(height: number): boolean {
    const ahead = this.#ahead(height);
    const hasNone = ({ id, oldestHeight }: SyncPeer) =>
      oldestHeight > height + 1 || this.#without.get(id) === height + 1;
    return ahead.length > 0 && (this.#isBarren(height) || ahead.every(hasNone));
  }

  /** Nobody is asked for blocks any more. Who stays ahead without sending any is not forgotten by that. */
  rest(height: number): void {
    if (this.#ahead(height).length === 0) this.#wanted = undefined;
  }

  /** The chain has gone on from a snapshot: above it they may have blocks. */
  restored(): void {
    for (const id of this.#without.keys()) this.#aside.delete(id);
    this.#without.clear();
  }

  #ahead(height: number): SyncPeer[] {
    return this.#o.peers().filter((peer) => peer.height > height);
  }

  /** What peers claim does not count here: a new one can always be found to claim something. */
  #isBarren(height: number): boolean {
    const wanted = this.#wanted;
    return wanted?.height === height && this.#o.now() - wanted.since >= BARREN_MS;
  }

  #isAside(id: string): boolean {
    return (this.#aside.get(id)?.until ?? Number.NEGATIVE_INFINITY) > this.#o.now();
  }

  #forgetGone(): void {
    const connected = new Set(this.#o.peers().map(({ id }) => id));
    for (const known of [this.#turns, this.#without]) {
      for (const id of known.keys()) if (!connected.has(id)) known.delete(id);
    }
  }
}
