// How far this node's clock is from those of its peers, from the times that they tell with their status. Only compares:
// what is made of a wrong clock is decided elsewhere.

/** An exchange of status: when it was asked for and how long the answer took, in ms of the monotonic clock. */
export interface ClockSample {
  /** ms since 1970, by the peer's clock */
  readonly time: number;
  readonly sentAt: number;
  readonly latencyMs: number;
}

export interface ClockOffset {
  /** ms by which this clock is ahead of the median of the peers' clocks; below zero when it is behind */
  readonly ms: number;
  /** the same less what delays may have feigned: zero unless it is certain that the clocks differ */
  readonly certainMs: number;
  /** whose clocks it comes from */
  readonly peers: number;
  /** whether they are configured peers only */
  readonly configured: boolean;
}

/** Of so many exchanges the fastest tells best: what is asymmetric in a delay is at most all of it. */
const SAMPLES_PER_PEER = 8;
/**
 * Configured peers. From so many on only they are asked: neither who opens many connections to this node, nor whom it
 * found by what strangers say, shall tell it the time.
 */
const ENOUGH_CONFIGURED = 2;
/** More than the time service corrects between two looks: then the machine has slept, or its clock was set by hand (ms). */
const JUMP_MS = 250;

interface Clock {
  readonly samples: ClockSample[];
  readonly configured: boolean;
}

export class PeerClocks {
  readonly #wall: () => number;
  readonly #steady: () => number;
  readonly #clocks = new Map<string, Clock>();
  /** how far the wall clock was from the steady one when last looked at */
  #set: number;
  /** of the steady clock: what was asked before is of no use */
  #since = Number.NEGATIVE_INFINITY;

  /** @param wall ms since 1970. @param steady ms of a clock that is never set. */
  constructor(wall: () => number, steady: () => number) {
    this.#wall = wall;
    this.#steady = steady;
    this.#set = wall() - steady();
  }

  /** @param configured whether the operator has named the peer. */
  add(peer: string, sample: ClockSample, configured: boolean): void {
    this.#readOwn();
    if (sample.sentAt < this.#since) return;
    const samples = [...(this.#clocks.get(peer)?.samples ?? []), sample].slice(-SAMPLES_PER_PEER);
    this.#clocks.set(peer, { samples, configured });
  }

  forget(peer: string): void {
    this.#clocks.delete(peer);
  }

  get offset(): ClockOffset {
    const set = this.#readOwn();
    const clocks = [...this.#clocks.values()];
    const named = clocks.filter(({ configured }) => configured);
    const configured = named.length >= ENOUGH_CONFIGURED;
    const counted = (configured ? named : clocks).map(({ samples }) => {
      const { time, sentAt, latencyMs } = fastest(samples);
      const ms = set - (time - (sentAt + latencyMs / 2));
      return { ms, certainMs: Math.sign(ms) * Math.max(0, Math.abs(ms) - latencyMs / 2) };
    });
    return {
      ms: median(counted.map(({ ms }) => ms)),
      certainMs: median(counted.map(({ certainMs }) => certainMs)),
      peers: counted.length,
      configured,
    };
  }

  /**
   * Samples are held against the clock that is never set, so that small corrections of the other show at once. But it
   * stands still while the machine sleeps: what is known from before would make this node's clock look ahead.
   * @returns how far the wall clock is from the steady one
   */
  #readOwn(): number {
    const steady = this.#steady();
    const set = this.#wall() - steady;
    if (Math.abs(set - this.#set) > JUMP_MS) {
      this.#clocks.clear();
      this.#since = steady;
    }
    this.#set = set;
    return set;
  }
}

function fastest(samples: readonly ClockSample[]): ClockSample {
  return samples.reduce((best, sample) => (sample.latencyMs < best.latencyMs ? sample : best));
}

/** Of an even number the middle one nearer to zero; zero when the two middle ones lie on either side of it, or of none. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
  const high = sorted[Math.floor(sorted.length / 2)] ?? 0;
  if (low * high < 0) return 0;
  return Math.abs(low) < Math.abs(high) ? low : high;
}
