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
  /** whether they are peers that this node chose */
  readonly chosen: boolean;
}

/** Of so many exchanges the fastest tells best: what is asymmetric in a delay is at most all of it. */
const SAMPLES_PER_PEER = 8;
/**
 * Peers that this node chose by itself. From so many on only they are asked: whoever opens many connections to this
 * node must not tell it the time.
 */
const ENOUGH_CHOSEN = 2;

interface Clock {
  readonly samples: ClockSample[];
  readonly chosen: boolean;
}

export class PeerClocks {
  readonly #wall: () => number;
  readonly #steady: () => number;
  readonly #clocks = new Map<string, Clock>();

  /** @param wall ms since 1970. @param steady ms of a clock that is never set. */
  constructor(wall: () => number, steady: () => number) {
    this.#wall = wall;
    this.#steady = steady;
  }

  /** @param chosen whether this node dialled the peer, or its configuration names it. */
  add(peer: string, sample: ClockSample, chosen: boolean): void {
    const samples = [...(this.#clocks.get(peer)?.samples ?? []), sample].slice(-SAMPLES_PER_PEER);
    this.#clocks.set(peer, { samples, chosen });
  }

  forget(peer: string): void {
    this.#clocks.delete(peer);
  }

  get offset(): ClockOffset {
    // Setting this node's own clock shows at once: samples are held against the clock that is never set.
    const set = this.#wall() - this.#steady();
    const clocks = [...this.#clocks.values()];
    const chosen = clocks.filter((clock) => clock.chosen);
    const isChosen = chosen.length >= ENOUGH_CHOSEN;
    const counted = (isChosen ? chosen : clocks).map(({ samples }) => {
      const { time, sentAt, latencyMs } = fastest(samples);
      const ms = set - (time - (sentAt + latencyMs / 2));
      return { ms, certainMs: Math.sign(ms) * Math.max(0, Math.abs(ms) - latencyMs / 2) };
    });
    return {
      ms: median(counted.map(({ ms }) => ms)),
      certainMs: median(counted.map(({ certainMs }) => certainMs)),
      peers: counted.length,
      chosen: isChosen,
    };
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
