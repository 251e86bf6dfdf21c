// How a world's network and machines behave, drawn from its seed: distances, losses until it is stable, slow disks.

import type { FaultClass } from './fault-class.ts';
import type { Random } from './random.ts';

/** `lan`: a few ms. `world`: by the regions of sender and receiver. `slow`: longer than the protocol hopes for. */
export type Distances = 'lan' | 'world' | 'slow';

export interface Weather {
  /** virtual time (ms since 1970) after which messages arrive within `longestDelay` */
  readonly stableAt: number;
  readonly loss: number;
  readonly duplication: number;
  /** part of the messages that come late, out of order */
  readonly lateness: number;
  /** ms, longest one-way delay before the network is stable */
  readonly worstDelay: number;
  /** ms, one-way, in fair weather */
  readonly delay: (from: number, to: number) => number;
  readonly longestDelay: number;
  /** by node: ms, longest write */
  readonly slowestWrite: readonly number[];
}

/** ms one-way between six regions: Europe, America east and west, South America, South Asia, East Asia. */
const REGIONS: readonly (readonly number[])[] = [
  [10, 40, 70, 95, 60, 110],
  [40, 10, 32, 60, 95, 85],
  [70, 32, 10, 85, 115, 55],
  [95, 60, 85, 10, 150, 135],
  [60, 95, 115, 150, 10, 45],
  [110, 85, 55, 135, 45, 10],
];
/** of the distance between two regions */
const JITTER = 0.2;
/** ms: a disk that syncs in no time, and a bad one. */
const QUICK_WRITE = 1;
const SLOW_WRITE = [10, 200] as const;
const SLOW_DISKS = 0.1;

export interface WeatherOptions {
  readonly random: Random;
  /** ms since 1970 */
  readonly stableAt: number;
  readonly distances: Distances;
  readonly nodes: number;
  readonly without: ReadonlySet<FaultClass>;
}

export function drawWeather({ random, stableAt, distances, nodes, without }: WeatherOptions): Weather {
  const isSlowWorld = random.chance(0.3);
  const slowestWrite = Array.from({ length: nodes }, () =>
    isSlowWorld && random.chance(3 * SLOW_DISKS) ? random.between(...SLOW_WRITE) : QUICK_WRITE,
  );
  const weather = {
    stableAt,
    loss: random.between(0, 0.35),
    duplication: random.between(0, 0.1),
    lateness: random.between(0, 0.2),
    worstDelay: random.between(100, 1500),
    slowestWrite,
  };
  // Everything is drawn, so that what is left out changes nothing else.
  return {
    ...weather,
    ...drawDelay(random, distances, nodes),
    ...(without.has('loss') && { loss: 0 }),
    ...(without.has('duplication') && { duplication: 0 }),
    ...(without.has('lateness') && { lateness: 0 }),
    ...(without.has('slow-disks') && { slowestWrite: slowestWrite.map(() => QUICK_WRITE) }),
  };
}

function drawDelay(random: Random, distances: Distances, nodes: number): Pick<Weather, 'delay' | 'longestDelay'> {
  if (distances === 'world') {
    const regions = Array.from({ length: nodes }, () => random.pick([...REGIONS.keys()]));
    const distance = (from: number, to: number) => REGIONS[regions[from] as number]?.[regions[to] as number] ?? 0;
    return {
      delay: (from, to) => distance(from, to) * random.between(1, 1 + JITTER),
      longestDelay: 150 * (1 + JITTER),
    };
  }
  const [shortest, longest] = distances === 'slow' ? [300, random.between(400, 800)] : [0.2, random.between(2, 60)];
  return { delay: () => random.between(shortest, longest), longestDelay: longest };
}
