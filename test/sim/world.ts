// A simulated world: validators, a network with weather, accidents, and one seed that decides all of it. Runs until
// every honest node has finalized enough slots, or throws because an invariant does not hold.

import { ConsensusDriver } from '../../src/consensus/driver.ts';
import { Members } from '../../src/consensus/members.ts';
import { WINDOW } from '../../src/consensus/slots.ts';
import type { Held } from '../../src/consensus/types.ts';
import type { Block } from '../../src/primitives/block.ts';
import { VOTE_KINDS } from '../../src/primitives/consensus.ts';
import { type Hash, sha256 } from '../../src/primitives/hash.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import { baseTimeout } from '../../src/primitives/parameters.ts';
import { EPOCH_PARAMETERS } from '../helpers/parameters.ts';
import { Accidents } from './accidents.ts';
import type { Behaviour } from './behaviour.ts';
import { genesisBlock } from './chain.ts';
import { Electorates, type EpochPlan } from './electorates.ts';
import type { FaultClass } from './fault-class.ts';
import type { Envelope } from './gossip.ts';
import { Law, type LawOf } from './invariants/law.ts';
import type { TrafficBounds } from './invariants/traffic.ts';
import { InvariantViolation } from './invariants/violation.ts';
import { Invariants } from './invariants.ts';
import { GENESIS_HASH, holds } from './keys.ts';
import { SimNetwork } from './network.ts';
import { SimNode } from './node.ts';
import { Overlay, type Topology } from './overlay.ts';
import { Random } from './random.ts';
import type { Scene } from './scene.ts';
import { Scheduler } from './scheduler.ts';
import { settled } from './settled.ts';
import { Tally } from './tally.ts';
import { Timeline, type TimelineEntry } from './timeline.ts';
import { Trace } from './trace.ts';
import { type Distances, drawWeather, type Weather } from './weather.ts';

/** The code under test; mutants put their own in its place. */
export interface Implementation {
  readonly ConsensusDriver: typeof ConsensusDriver;
  readonly Members: typeof Members;
}

const IMPLEMENTATION: Implementation = { ConsensusDriver, Members };

/** A member whose key is in two honest nodes at once. */
export const TWIN = 'twin';

export interface WorldOptions {
  readonly seed: number;
  /** every honest node finalizes a slot at or above this */
  readonly slots: number;
  readonly implementation?: Implementation;
  /** by member */
  readonly weights: readonly number[];
  /** of the faulty members, which are the last ones */
  readonly faulty: readonly (Behaviour | typeof TWIN)[];
  /** the honest member that may come back without its database or its journal: it counts among the faulty ones */
  readonly forgetful?: number | undefined;
  readonly topology: Topology;
  readonly distances: Distances;
  /** one side of a partition that lasts until the weather is fair, in the place of many that come and go */
  readonly split?: readonly number[];
  /** what does not happen in this world */
  readonly without?: ReadonlySet<FaultClass>;
  /** what is set by hand in this world */
  readonly scene?: Scene;
  /** undefined: the first epoch does not end */
  readonly epochs?: EpochPlan;
}

export interface WorldResult {
  readonly slots: number;
  /** epochs that ended for every honest node */
  readonly epochs: number;
  readonly height: number;
  /** votes recorded in a later block than the next one's parent certificate */
  readonly lateVotes: number;
  readonly virtualSeconds: number;
  readonly steps: number;
  readonly faults: Record<string, number>;
  /** ms from the fair weather to the first new block of the last node */
  readonly recovery: number;
  /** the most that any node held */
  readonly held: Held;
  /** the busiest second of a node whose chain stood still */
  readonly busiest: { readonly messages: number; readonly bytes: number };
  /** hash over everything that happened, in order */
  readonly trace: string;
}

const START = 1_700_000_000_000;
/** The weather turns fair between these (ms). */
const ROUGH = [20_000, 60_000] as const;
/** … in worlds of fewer slots than these in proportion. */
const ROUGH_SLOTS = 100;
/** After the weather is fair, the first new Final comes within this many timeouts at the cap, for every node. */
const RECOVERY_TIMEOUTS = 4;
/** Durable writes, one after the other, between a proposal and its Final, and as many again for those in the queue. */
const WRITES_PER_SLOT = 12;
/** For each pair of nodes. */
const MAX_STEPS = 40_000;
/** Steps between two looks at every node's memory and progress. */
const CHECK_EVERY = 256;
/** A timer that has grown, and what the last epoch's block takes to be proposed again. */
const SLOTS_PER_HANDOVER = 12;
/** Some nodes check signatures in no time, some worlds' take up to this (ms). */
const SLOW_SIGNATURES = 3;

const PARAMETERS: Parameters = {
  minFee: 0n,
  feePerByte: 0n,
  accountFee: 0n,
  maxBlockBytes: 1 << 20,
  blockTime: 300,
  minBlockInterval: 20,
  messageDelay: 60,
  executionAllowance: 20,
  timerCap: 4000,
  resendInterval: 400,
  ...EPOCH_PARAMETERS,
};

export class World {
  readonly parameters: Parameters;
  readonly scheduler = new Scheduler(START);
  readonly faults = new Tally();
  readonly trace = new Trace();
  /** what the behaviours of this world remember */
  readonly lore = new Map<string, unknown>();
  readonly timeline: Timeline;
  readonly without: ReadonlySet<FaultClass>;
  readonly scene: Scene;
  readonly random: Random;
  readonly stableAt: number;
  readonly weather: Weather;
  readonly network: SimNetwork;
  readonly invariants: Invariants;
  readonly implementation: Implementation;
  readonly electorates: Electorates;
  /** ms of block time */
  readonly epochDuration: number;
  readonly genesisBlock: Block;
  readonly nodes: readonly SimNode[];
  /** ms, longest time that signatures take to check */
  readonly signatureDelay: number;
  readonly #slots: number;
  /** that every honest node lives through, in a world of epochs */
  readonly #epochs: number | undefined;
  readonly #firstFaulty: number;
  readonly #overlay: Overlay;
  readonly #accidents: Accidents;
  #steps = 0;
  #marks = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: WorldOptions) {
    const { seed, weights, faulty, topology, distances } = options;
    const twins = faulty.filter((behaviour) => behaviour === TWIN).length;
    const size = weights.length + twins;
    this.#slots = options.slots;
    this.#firstFaulty = weights.length - faulty.length;
    this.random = new Random(seed);
    const drawn = this.random.between(...ROUGH) * Math.min(1, options.slots / ROUGH_SLOTS);
    this.scene = options.scene ?? {};
    this.stableAt = START + (this.scene.roughFor ?? drawn);
    this.without = options.without ?? new Set();
    this.timeline = new Timeline(START, size);
    const { random, stableAt, without } = this;
    this.weather = drawWeather({ random, stableAt, distances, nodes: size, without });
    const isSlow = this.random.chance(0.2);
    this.signatureDelay = isSlow && !without.has('slow-signatures') ? SLOW_SIGNATURES : 0;
    const parameters = this.scene.parameters ?? PARAMETERS;
    this.parameters = distances === 'world' ? { ...parameters, messageDelay: 180 } : parameters;
    this.network = new SimNetwork(this);
    this.implementation = options.implementation ?? IMPLEMENTATION;
    this.epochDuration = options.epochs?.duration ?? Number.POSITIVE_INFINITY;
    this.#epochs = options.epochs?.count;
    this.electorates = new Electorates({
      weights,
      firstUnreliable: options.forgetful ?? this.#firstFaulty,
      plan: options.epochs,
    });
    this.#overlay = new Overlay(topology, size, this.#firstFaulty);
    this.invariants = new Invariants({
      lawOf: this.#laws(),
      genesisHash: GENESIS_HASH,
      isHonest: (id) => this.isHonest(id),
      stableAt,
      recovery: RECOVERY_TIMEOUTS * (this.parameters.timerCap + this.#longestWay(size)),
      memory: memoryBounds(size),
      traffic: trafficBounds(size, this.parameters),
    });
    this.genesisBlock = genesisBlock(this.electorates.at(1).members.root, START - 1);
    this.nodes = identities(options).map((identity) => new SimNode(identity, this));
    this.#accidents = new Accidents({ world: this, forgetful: options.forgetful, split: options.split });
  }

  /** @throws {InvariantViolation} */
  async run(): Promise<WorldResult> {
    this.begin();
    const honest = this.nodes.filter(({ member }) => this.isHonest(member));
    const deadline = this.#deadline;
    const isDone = (node: SimNode) => this.#isFar(node) && this.#hasRecovered(node);
    while (!honest.every(isDone)) {
      await this.step();
      if (this.scheduler.now > deadline) throw new InvariantViolation('progress', `no progress: ${this.#standings()}`);
      if (this.#steps++ > MAX_STEPS * this.nodes.length ** 2)
        throw new InvariantViolation('traffic', 'a storm of messages');
      if (this.#steps % CHECK_EVERY === 0) this.#check(honest);
    }
    return {
      slots: Math.min(...honest.map(({ driver }) => driver.core.lastFinalSlot)),
      epochs: Math.min(...honest.map(({ driver }) => driver.core.epoch)) - 1,
      height: this.invariants.chain.height,
      lateVotes: this.invariants.chain.lateVotes,
      recovery: this.invariants.progress.slowest,
      held: this.invariants.memory.most,
      busiest: this.invariants.traffic.busiest,
      virtualSeconds: (this.scheduler.now - START) / 1000,
      steps: this.#steps,
      faults: this.faults.counts,
      trace: this.trace.hash,
    };
  }

  /** Nodes start, transactions come, accidents happen. `run` does it, and takes all steps. */
  begin(): void {
    for (const node of this.nodes) this.scheduler.after(this.random.between(0, 50), () => node.start());
    this.#planTransactions();
    this.#accidents.plan();
  }

  /** The next event with all that follows from it at once. @throws {InvariantViolation} */
  async step(): Promise<void> {
    if (!this.scheduler.advance())
      throw new InvariantViolation('progress', 'nothing is planned: every node waits for ever');
    await settled();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #isFar({ driver: { core } }: SimNode): boolean {
    return this.#epochs === undefined ? core.lastFinalSlot >= this.#slots : core.epoch > this.#epochs;
  }

  /** ms since 1970 */
  get #deadline(): number {
    const slot = 3 * (baseTimeout(this.parameters) + this.#longestWay(this.nodes.length));
    if (this.#epochs === undefined) return this.stableAt + this.#slots * slot;
    return this.stableAt + this.#epochs * (this.epochDuration + SLOTS_PER_HANDOVER * slot);
  }

  /** Of each epoch, under the set that the world has drawn for it. */
  #laws(): LawOf {
    const laws = new Map<number, Law>();
    return (epoch) => {
      const electorate = this.electorates.at(epoch);
      const { list, root } = electorate.members;
      const law =
        laws.get(epoch) ??
        new Law({
          validators: list,
          validatorsRoot: root,
          genesisHash: GENESIS_HASH,
          isHonest: (member) => this.isHonest(electorate.idOf(member)),
          epochDuration: this.epochDuration,
          verify: holds,
        });
      laws.set(epoch, law);
      return law;
    };
  }

  // --- what nodes ask of the world -------------------------------------------------------------------------------

  /** @param id of a validator */
  isHonest(id: number): boolean {
    return id < this.#firstFaulty;
  }

  node(id: number): SimNode {
    const node = this.nodes[id];
    if (node === undefined) throw new RangeError(`no node ${id} among ${this.nodes.length}`);
    return node;
  }

  neighbours(id: number): readonly number[] {
    return this.#overlay.neighbours(id);
  }

  relaysOf(id: number): readonly number[] {
    return this.#overlay.relaysOf(id, this.random);
  }

  /** Something to tell two blocks of one height apart. */
  mark(): Hash {
    return sha256(Uint8Array.of(this.#marks & 255, (this.#marks >> 8) & 255, this.#marks++ >> 16));
  }

  crashesAtWrite(node: SimNode): boolean {
    return this.#accidents.atWrite(node);
  }

  /** A node's door blames whom it has a message from. Honest nodes must not come to that between each other. */
  rejected(by: SimNode, from: SimNode, { topic }: Envelope): void {
    this.faults.add('messages rejected');
    if (!this.isHonest(by.member) || !this.isHonest(from.member)) return;
    this.fail(new InvariantViolation('blame', `node ${by.id} blames node ${from.id} for a message of topic ${topic}`));
  }

  /** For the timeline. */
  note(entry: Omit<TimelineEntry, 'time' | 'node'> & { readonly node?: number }): void {
    this.timeline.note({ node: undefined, ...entry, time: this.scheduler.now });
  }

  /** A rule that is broken ends the world, and nothing that was only passing by. */
  guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the world. The first failure counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  // --- what happens by itself ------------------------------------------------------------------------------------

  #planTransactions(): void {
    this.scheduler.after(this.random.between(5, 400), () => {
      for (const node of this.nodes) {
        this.scheduler.after(this.random.between(0, 20), () => node.up && node.driver.onTransactions());
      }
      this.#planTransactions();
    });
  }

  #check(honest: readonly SimNode[]): void {
    for (const node of honest) {
      this.#hasRecovered(node);
      if (node.up) this.invariants.memory.check(node.id, node.driver.core.held);
    }
  }

  #hasRecovered({ id, database }: SimNode): boolean {
    return this.invariants.progress.check(id, database.height, this.scheduler.now);
  }

  /** ms, from a message to its effect at the other end of the network, in fair weather. */
  #longestWay(size: number): number {
    const slowest = Math.max(...this.weather.slowestWrite);
    return this.#overlay.hops(size) * this.weather.longestDelay + WRITES_PER_SLOT * slowest;
  }

  #standings(): string {
    return this.nodes
      .map(
        ({ id, driver: { core }, database }) =>
          `node ${id}: front ${core.front}, last Final ${core.lastFinalSlot}, height ${database.height}`,
      )
      .join('; ');
  }
}

/** Every member's node, then the second nodes of twins. */
function identities({ weights, faulty }: WorldOptions) {
  const firstFaulty = weights.length - faulty.length;
  const all = weights.map((_, member) => {
    const behaviour = faulty[member - firstFaulty];
    return { id: member, member, behaviour: behaviour === TWIN ? undefined : behaviour };
  });
  faulty.forEach((behaviour, index) => {
    if (behaviour === TWIN) all.push({ id: all.length, member: firstFaulty + index, behaviour: undefined });
  });
  return all;
}

/**
 * What an honest node may hold: slots up to twice the window, and in each slot two votes of a kind from every member,
 * two proposals, and as many blocks that are fetched.
 */
function memoryBounds(size: number): Held {
  const slots = 2 * WINDOW;
  return { slots, votes: 2 * VOTE_KINDS.length * size * slots, proposals: 2 * slots, blocks: 4 * slots, wanted: slots };
}

/** A standstill costs each link a trickle, and where nodes pass on what others send again, a little for each of them. */
function trafficBounds(size: number, { resendInterval }: Parameters): TrafficBounds {
  const links = size - 1;
  return {
    stalledAfter: 2 * resendInterval,
    messages: links * (100 + 20 * size),
    bytes: links * (64 + 8 * size) * 1024,
  };
}
