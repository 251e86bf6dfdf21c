// Draws a world from its seed: weights, who hears whom, how far, who is faulty, and how; and runs it. What a draw says
// itself is not drawn, which is how a failure is made smaller.

import type { Behaviour } from './behaviour.ts';
import type { EpochPlan } from './electorates.ts';
import type { FaultClass } from './fault-class.ts';
import { BEHAVIOURS, DRAWN } from './faulty/all.ts';
import { equivocatingVoter } from './faulty/equivocating-voter.ts';
import { equivocator } from './faulty/equivocator.ts';
import { incompleteProposer } from './faulty/incomplete-proposer.ts';
import { InvariantViolation } from './invariants/violation.ts';
import type { Topology } from './overlay.ts';
import { Random } from './random.ts';
import type { Distances } from './weather.ts';
import { type Implementation, TWIN, World, type WorldOptions, type WorldResult } from './world.ts';

/** Every world runs at least so many slots, and meets at least so many faults, or says that it was drawn too tame. */
export const SLOTS_PER_WORLD = 100;
export const FAULTS_PER_WORLD = 20;

const DISTANCES: readonly Distances[] = ['lan', 'lan', 'lan', 'lan', 'lan', 'lan', 'world', 'world', 'world', 'slow'];
const TOPOLOGIES: readonly Topology[] = ['mesh', 'mesh', 'gossip', 'gossip', 'ring'];
/** ms of block time: from a few blocks to some tens. */
const EPOCH_DURATION = [500, 5000] as const;
/** Larger weights only make turns longer. */
const MAX_WEIGHT = 4;
/** How often the faulty members play together. */
const CONSPIRACIES = 0.25;
/** How many of the faulty members, in worlds in which proposals lack something. */
const INCOMPLETE_PROPOSERS = 0.5;

type Faulty = Behaviour | typeof TWIN;

export interface Draw {
  readonly seed: number;
  readonly nodes: number;
  readonly slots?: number;
  /** names of what the last members do, in the place of those that the seed would draw */
  readonly faulty?: readonly string[];
  readonly without?: readonly FaultClass[];
  /** epochs that end in this world; undefined: the first one does not */
  readonly epochs?: number;
  /** proposals of a hundred that are not complete where they arrive */
  readonly missing?: number;
  readonly implementation?: Implementation;
}

/** A world in which something went wrong; `cause` is what. */
export class WorldFailure extends Error {
  override readonly name = 'WorldFailure';
  readonly draw: Draw;
  /** what happened, in lines */
  readonly timeline: string;

  constructor(draw: Draw, cause: unknown, timeline: string) {
    super(`${commandOf(draw)}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.draw = draw;
    this.timeline = timeline;
  }

  /** The invariant that was broken, or that the program failed otherwise. */
  get rule(): string {
    return this.cause instanceof InvariantViolation ? this.cause.rule : 'an error';
  }
}

/** Runs one world. @throws {WorldFailure} */
export async function simulate(draw: Draw): Promise<WorldResult> {
  const world = new World(drawWorld(draw));
  try {
    const result = await world.run();
    if (draw.without === undefined) checkFaults(result);
    return result;
  } catch (error) {
    const slot = error instanceof InvariantViolation ? error.slot : undefined;
    throw new WorldFailure(draw, error, world.timeline.tell(slot));
  }
}

/** The names of the faulty members of a draw. */
export function faultyOf(draw: Draw): string[] {
  return drawWorld(draw).faulty.map(nameOf);
}

/** What runs it again. */
export function commandOf({ seed, nodes, slots, faulty, without, epochs, missing }: Draw): string {
  const parts = ['make sim SEEDS=1', `FROM=${seed}`, `N=${nodes}`];
  if (epochs !== undefined) parts.push(`EPOCHS=${epochs}`);
  if (missing !== undefined) parts.push(`MISSING=${missing}`);
  if (slots !== undefined) parts.push(`SLOTS=${slots}`);
  if (faulty !== undefined) parts.push(`FAULTY=${faulty.length === 0 ? 'none' : faulty.join(',')}`);
  if (without !== undefined && without.length > 0) parts.push(`WITHOUT=${without.join(',')}`);
  return parts.join(' ');
}

/** @throws {RangeError} */
export function behaviourNamed(name: string): Faulty {
  const found = [...BEHAVIOURS, TWIN as Faulty].find((behaviour) => nameOf(behaviour) === name);
  if (found === undefined) {
    throw new RangeError(
      `no faulty member '${name}'; there are ${[...BEHAVIOURS, TWIN as Faulty].map(nameOf).join(', ')}`,
    );
  }
  return found;
}

function drawWorld({
  seed,
  nodes,
  slots = SLOTS_PER_WORLD,
  faulty: named,
  without: none,
  epochs: count,
  missing,
  implementation,
}: Draw): WorldOptions {
  const random = new Random(seed ^ 0x5eed);
  const without = new Set(none);
  const drawn = drawWeights(random, nodes);
  const weights = without.has('weights') ? drawn.map(() => 1) : drawn;
  const most = mostFaulty(weights);
  const faulty = drawFaulty(random, random.integer(most + 1));
  const topology = random.pick(TOPOLOGIES);
  const distances = random.pick(DISTANCES);
  const epochs = count === undefined ? undefined : drawEpochs(new Random(seed ^ 0xe90c), count);
  const drawnFor = missing === undefined ? faulty : withIncomplete(faulty, new Random(seed ^ 0x1acc));
  const chosen = named?.map(behaviourNamed) ?? drawnFor;
  return {
    seed,
    slots,
    weights,
    faulty: chosen.slice(0, most),
    // The node before the faulty ones, as long as it could be one of them.
    forgetful: chosen.length < most && !without.has('forgetting') ? nodes - chosen.length - 1 : undefined,
    topology: without.has('topology') ? 'mesh' : topology,
    distances: without.has('distance') ? 'lan' : distances,
    without,
    scene: {
      ...(epochs !== undefined && { roughFor: epochs.duration * epochs.count }),
      ...(missing !== undefined && { missing: missing / 100 }),
    },
    ...(epochs !== undefined && { epochs }),
    ...(implementation !== undefined && { implementation }),
  };
}

/** Of chance of its own, so that a world with epochs is drawn as the same one without. */
function drawEpochs(random: Random, count: number): EpochPlan {
  return { duration: random.between(...EPOCH_DURATION), count, random };
}

/** One equivocator whose accomplices vote both ways, or everybody for himself. */
function drawFaulty(random: Random, count: number): Faulty[] {
  if (random.chance(CONSPIRACIES)) {
    return Array.from({ length: count }, (_, index) =>
      index === 0 ? equivocator : random.pick([equivocator, equivocatingVoter]),
    );
  }
  return Array.from({ length: count }, () => random.pick<Faulty>([...DRAWN, TWIN]));
}

/** Of chance of its own, as epochs are: where proposals lack something, some leaders sign what nobody has. */
function withIncomplete(faulty: readonly Faulty[], random: Random): Faulty[] {
  return faulty.map((one) => (random.chance(INCOMPLETE_PROPOSERS) ? incompleteProposer : one));
}

function drawWeights(random: Random, nodes: number): number[] {
  const skewed = random.chance(0.3);
  return Array.from({ length: nodes }, () => (skewed ? 1 + random.integer(MAX_WEIGHT) : 1));
}

/** How many of the last members weigh less than a third together. */
function mostFaulty(weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let count = 0;
  let weight = weights.at(-1) ?? 0;
  while (3 * weight < total) {
    count++;
    weight += weights.at(-1 - count) ?? 0;
  }
  return count;
}

function checkFaults({ faults }: WorldResult): void {
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
  if (total < FAULTS_PER_WORLD) throw new Error(`the draw is too tame: ${total} faults, at least ${FAULTS_PER_WORLD}`);
}

function nameOf(faulty: Faulty): string {
  return faulty === TWIN ? TWIN : faulty.name;
}
