// What happens to the nodes of a storm, drawn from a seed: rounds of faults that begin at different moments and overlap.
// Pure: the same seed gives the same faults.

import type { Random } from '../sim/random.ts';

interface Timed {
  readonly nodes: readonly number[];
  /** ms after the round began */
  readonly at: number;
}

export type Fault =
  /** SIGKILL; each node is started again after its own time (ms), which may be cut short by the next kill */
  | (Timed & { readonly kind: 'kill'; readonly away: readonly number[]; readonly wiped: Wiped })
  /** SIGSTOP for so many ms, then SIGCONT */
  | (Timed & { readonly kind: 'freeze'; readonly during: number })
  /** the wall clock jumps to the first of these offsets (ms), and after `during` to the second */
  | (Timed & { readonly kind: 'clock'; readonly offsets: readonly [number, number]; readonly during: number });

/** What a killed node has lost when it starts again; never the record of its signer. */
export type Wiped = 'nothing' | 'database' | 'database and journal';

export interface Round {
  readonly faults: readonly Fault[];
}

/** Each of these leads a round in its turn, so that a short storm has seen them all. */
const LEADS = ['wipe', 'kill all', 'clock', 'freeze', 'kill several', 'kill one'] as const;
type Kind = (typeof LEADS)[number];
/** What may happen besides; often enough something else than that all is at a standstill. */
const MORE: readonly Kind[] = ['clock', 'freeze', 'kill several', 'kill one'];

const MOST_MORE_FAULTS = 4;
const BEGIN_WITHIN_MS = 4_000;
const LONGEST_AWAY_MS = 3_000;
const LONGEST_FREEZE_MS = 5_000;
const LONGEST_WRONG_CLOCK_MS = 4_000;
/** Of at most f clocks by one fault, so that the others can go on: far beyond what a proposal may be ahead. */
const FAR_OFF_MS = 30_000;
/** Of all clocks: once they are back, nobody votes before they have come to the time of the newest block. */
const A_LITTLE_OFF_MS = 3_000;

/**
 * @param number counts the rounds from 0.
 * @returns at most f nodes lose their database, since what a quorum promised must be on some disk; the storm waits
 *   until they have rebuilt it before the next round.
 */
export function drawRound(random: Random, nodes: number, number: number): Round {
  const lead = LEADS[number % LEADS.length] as Kind;
  const more = Array.from({ length: random.integer(MOST_MORE_FAULTS + 1) }, () => random.pick(MORE));
  return { faults: [lead, ...more].map((kind) => draw(kind, random, nodes)).sort((a, b) => a.at - b.at) };
}

function draw(kind: Kind, random: Random, nodes: number): Fault {
  const tolerated = Math.floor((nodes - 1) / 3);
  const at = number(random, 0, BEGIN_WITHIN_MS);
  switch (kind) {
    case 'wipe':
      return kill(random, at, some(random, nodes, 1 + random.integer(tolerated)), lost(random));
    case 'kill all':
      return kill(random, at, some(random, nodes, nodes), 'nothing');
    case 'kill several':
      return kill(random, at, some(random, nodes, 2 + random.integer(nodes - 2)), 'nothing');
    case 'kill one':
      return kill(random, at, some(random, nodes, 1), 'nothing');
    case 'freeze': {
      const count = random.chance(0.2) ? nodes : 1 + random.integer(nodes - 1);
      return { kind, at, nodes: some(random, nodes, count), during: number(random, 300, LONGEST_FREEZE_MS) };
    }
    case 'clock': {
      const everyone = random.chance(0.25);
      const most = everyone ? A_LITTLE_OFF_MS : FAR_OFF_MS;
      const count = everyone ? nodes : 1 + random.integer(tolerated);
      const first = number(random, -most, most);
      const second = random.chance(0.5) ? 0 : number(random, -most, most);
      const during = number(random, 300, LONGEST_WRONG_CLOCK_MS);
      return { kind, at, nodes: some(random, nodes, count), offsets: [first, second], during };
    }
  }
}

function kill(random: Random, at: number, nodes: readonly number[], wiped: Wiped): Fault {
  return { kind: 'kill', at, nodes, wiped, away: nodes.map(() => number(random, 0, LONGEST_AWAY_MS)) };
}

function lost(random: Random): Wiped {
  return random.chance(0.5) ? 'database' : 'database and journal';
}

function number(random: Random, low: number, high: number): number {
  return Math.round(random.between(low, high));
}

function some(random: Random, nodes: number, count: number): number[] {
  const rest = Array.from({ length: nodes }, (_, index) => index);
  const chosen = Array.from({ length: count }, () => rest.splice(random.integer(rest.length), 1)[0] as number);
  return chosen.sort((a, b) => a - b);
}

export function describe(fault: Fault): string {
  const { nodes, at } = fault;
  const who = `${nodes.length === 1 ? 'node' : 'nodes'} ${nodes.join(', ')}`;
  switch (fault.kind) {
    case 'kill': {
      const loss = fault.wiped === 'nothing' ? '' : `, ${fault.wiped} wiped`;
      return `+${at} ms: SIGKILL ${who}${loss}, away for ${fault.away.join(', ')} ms`;
    }
    case 'freeze':
      return `+${at} ms: SIGSTOP ${who} for ${fault.during} ms`;
    case 'clock': {
      const [first, second] = fault.offsets;
      return `+${at} ms: clock of ${who} off by ${first} ms, ${fault.during} ms later by ${second} ms`;
    }
  }
}
