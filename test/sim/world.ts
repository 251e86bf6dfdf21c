// A simulated world: validators, a network with weather, crashes, and one seed that decides all of it. Runs until
// every honest node has finalized enough slots, or throws because an invariant does not hold.

import { SerializedList } from '@chainsafe/ssz';
import { Simplex } from '../../src/consensus/core.ts';
import { Members } from '../../src/consensus/members.ts';
import { baseTimeout } from '../../src/consensus/timing.ts';
import type { Input, Message } from '../../src/consensus/types.ts';
import { type Block, headerHash } from '../../src/primitives/block.ts';
import type { Certificate } from '../../src/primitives/consensus.ts';
import type { Parameters } from '../../src/primitives/genesis.ts';
import { type Hash, ZERO_HASH } from '../../src/primitives/hash.ts';
import type { Validator } from '../../src/primitives/validators.ts';
import { Invariants, InvariantViolation } from './invariants.ts';
import { type Faults, SimNetwork, type Weather } from './network.ts';
import { type Behaviour, type Loss, mark, SimNode } from './node.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';

/** The code under test; mutants put their own in its place. */
export interface Implementation {
  readonly Simplex: typeof Simplex;
  readonly Members: typeof Members;
}

export const IMPLEMENTATION: Implementation = { Simplex, Members };

export interface WorldOptions {
  readonly seed: number;
  /** every honest node finalizes a slot at or above this */
  readonly slots: number;
  readonly implementation?: Implementation;
  /** by member */
  readonly weights: readonly number[];
  /** behaviour of the faulty nodes, which are the last ones */
  readonly faulty: readonly Behaviour[];
  /** the honest node that may come back without its database or its journal: it counts among the faulty ones */
  readonly forgetful: number | undefined;
  /** who hears whom: everybody, or each honest node two others, and what is news is passed on */
  readonly topology: 'mesh' | 'ring';
  /** messages always take longer than the protocol hopes for */
  readonly slow: boolean;
  /** one side of a partition that lasts until the weather is fair, in the place of many that come and go */
  readonly split?: readonly number[];
}

export interface WorldResult {
  readonly slots: number;
  readonly height: number;
  readonly virtualSeconds: number;
  readonly steps: number;
  readonly faults: Faults;
  /** hash over everything that happened, in order */
  readonly trace: string;
}

const START = 1_700_000_000_000;
/** The rough weather lasts between these (ms), within which nodes crash and partitions come and go. */
const ROUGH = [20_000, 60_000] as const;
/** After the weather is fair, the first new Final comes within this many timeouts at the cap, for every node. */
const RECOVERY_TIMEOUTS = 4;

/** For each pair of nodes; slow worlds take a half of it. */
const MAX_STEPS = 25_000;

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
};

const LOSSES: readonly Loss[] = ['nothing', 'nothing', 'the database', 'the database and the journal'];

interface Gossip {
  readonly message: Message;
  readonly again: boolean;
  /** nodes that had it */
  readonly seen: Set<number>;
}

export class World {
  readonly parameters = PARAMETERS;
  readonly scheduler = new Scheduler(START);
  readonly random: Random;
  readonly network: SimNetwork;
  readonly invariants: Invariants;
  readonly implementation: Implementation;
  readonly members: Members;
  readonly genesisBlock: Block;
  readonly genesisBlockHash: Hash;
  readonly nodes: readonly SimNode[];
  readonly #options: WorldOptions;
  readonly #stableAt: number;
  readonly #weather: Weather;
  /** by node */
  readonly #neighbours: readonly (readonly number[])[];
  #steps = 0;
  #trace = 0n;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.#stableAt = START + this.random.between(...ROUGH);
    this.#weather = drawWeather(this.random, this.#stableAt, options.slow);
    this.network = new SimNetwork(this.scheduler, this.random, this.#weather);
    this.implementation = options.implementation ?? IMPLEMENTATION;
    const validators = options.weights.map(makeValidator);
    this.members = new this.implementation.Members(validators);
    const { faulty, topology } = options;
    const firstFaulty = validators.length - faulty.length;
    this.#neighbours = neighbours(topology, validators.length, firstFaulty);
    this.invariants = new Invariants(
      validators.map(({ weight }) => weight),
      (member) => member < firstFaulty,
    );
    this.genesisBlock = this.makeBlock(0, ZERO_HASH, 0, START - 1, undefined);
    this.genesisBlockHash = headerHash(this.genesisBlock.header);
    this.nodes = validators.map((_, id) => new SimNode(id, this, faulty[id - firstFaulty]));
  }

  /** @throws {InvariantViolation} */
  run(): WorldResult {
    for (const node of this.nodes) this.scheduler.after(this.random.between(0, 50), () => node.start());
    this.#planTransactions();
    this.#planCrash();
    this.#planBlackout();
    this.#planPartition();
    const honest = this.nodes.filter(({ behaviour }) => behaviour === undefined);
    const heightWhenStable = new Map<SimNode, number>();
    const { slots } = this.#options;
    const deadline = this.#stableAt + slots * 3 * (baseTimeout(PARAMETERS) + this.#longestWay);
    const isDone = (node: SimNode) =>
      node.core.lastFinalSlot >= slots && node.height > (heightWhenStable.get(node) ?? Number.POSITIVE_INFINITY);
    while (!honest.every(isDone)) {
      if (!this.scheduler.advance()) throw new InvariantViolation('nothing is planned: every node waits for ever');
      if (this.scheduler.now >= this.#stableAt && heightWhenStable.size === 0) {
        for (const node of honest) heightWhenStable.set(node, node.height);
      }
      if (this.scheduler.now > deadline) throw new InvariantViolation(`no progress: ${this.#standings()}`);
      if (this.#steps++ > MAX_STEPS * this.nodes.length ** 2) throw new InvariantViolation('a storm of messages');
      if (this.#steps % 256 === 0) this.#checkRecovery(heightWhenStable);
    }
    return {
      slots: Math.min(...honest.map(({ core }) => core.lastFinalSlot)),
      height: this.invariants.height,
      virtualSeconds: (this.scheduler.now - START) / 1000,
      steps: this.#steps,
      faults: this.network.faults,
      trace: this.#trace.toString(16),
    };
  }

  // --- what nodes ask of the world -------------------------------------------------------------------------------

  broadcast(from: number, message: Message, again: boolean): void {
    const sender = this.nodes[from] as SimNode;
    const { behaviour } = sender;
    if (message.kind === 'certificate' && behaviour === undefined) this.invariants.certified(message.certificate);
    const seen = new Set([from]);
    for (const to of this.#neighbours[from] as readonly number[]) {
      const actual = behaviour?.send === undefined ? message : behaviour.send(message, to, sender);
      if (actual !== undefined) this.#send(from, to, { message: actual, again, seen });
    }
  }

  /** In a mesh everybody has it from its sender; elsewhere who learns something from it passes it on, once. */
  #send(from: number, to: number, gossip: Gossip): void {
    const node = this.nodes[to] as SimNode;
    const { message, again, seen } = gossip;
    this.network.send(from, to, () => {
      if (this.#options.topology === 'ring' && (seen.has(to) || !node.up)) return;
      seen.add(to);
      const isNews = node.receive(message, again);
      if (this.#options.topology === 'mesh' || !isNews || node.behaviour?.helps === false) return;
      for (const next of this.#neighbours[to] as readonly number[]) this.#send(to, next, gossip);
    });
  }

  /** A question and its answer, each of which may be lost. `ask` runs at the peer and returns what to do with the answer. */
  request(from: number, peer: SimNode, ask: () => (() => void) | undefined): void {
    const asker = this.nodes[from] as SimNode;
    this.network.send(from, peer.id, () => {
      const answer = peer.up && peer.behaviour?.helps !== false ? ask() : undefined;
      if (answer !== undefined) this.network.send(peer.id, from, () => asker.up && answer());
    });
  }

  anyNeighbour(id: number): SimNode {
    return this.nodes[this.random.pick(this.#neighbours[id] as readonly number[])] as SimNode;
  }

  makeBlock(
    proposer: number,
    parent: Hash,
    height: number,
    timestamp: number,
    parentCertificate: Certificate | undefined,
  ): Block {
    return {
      header: {
        height,
        epoch: 1,
        timestamp,
        parent,
        proposer: this.members.at(proposer).address,
        transactionsRoot: mark(proposer, timestamp, height, this.random.integer(1 << 30)),
        receiptsRoot: ZERO_HASH,
        stateRoot: ZERO_HASH,
        validatorsRoot: this.members.root,
        nextValidatorsRoot: this.members.root,
        justificationHash: ZERO_HASH,
      },
      body: {
        justification: { parentCertificate: parentCertificate ?? null, lateVotes: [] },
        transactions: SerializedList.empty(),
      },
    };
  }

  /** Every input of every node becomes part of the trace. */
  note(node: number, input: Input): void {
    const slot = 'vote' in input ? input.vote.slot : 'certificate' in input ? input.certificate.slot : 0;
    const kind = 'vote' in input ? input.vote.kind : 0;
    const text = `${this.scheduler.now.toFixed(3)} ${node} ${input.type} ${slot} ${kind}`;
    for (let i = 0; i < text.length; i++) {
      this.#trace = BigInt.asUintN(64, (this.#trace ^ BigInt(text.charCodeAt(i))) * 1099511628211n);
    }
  }

  // --- weather and accidents -------------------------------------------------------------------------------------

  #planTransactions(): void {
    this.scheduler.after(this.random.between(5, 400), () => {
      for (const node of this.nodes) node.after(this.random.between(0, 20), () => node.input({ type: 'transactions' }));
      this.#planTransactions();
    });
  }

  #planCrash(): void {
    this.scheduler.after(this.random.between(500, 6000), () => {
      if (this.network.stable) return;
      this.#crash(this.random.pick(this.nodes), 8000);
      this.#planCrash();
    });
  }

  /** All at once: of the whole network only what is durable is left. */
  #planBlackout(): void {
    this.scheduler.after(this.random.between(2000, 12_000), () => {
      if (this.network.stable) return;
      this.network.faults.blackouts++;
      for (const node of this.nodes) this.#crash(node, 1000);
      this.#planBlackout();
    });
  }

  #crash(node: SimNode, longest: number): void {
    if (!node.up) return;
    node.crash();
    this.network.faults.crashes++;
    const downtime = Math.min(this.random.between(10, longest), this.#stableAt - this.scheduler.now);
    const loss = node.id === this.#options.forgetful ? this.random.pick(LOSSES) : 'nothing';
    if (loss !== 'nothing') this.network.faults.losses++;
    this.scheduler.after(downtime, () => node.restart(loss));
  }

  #planPartition(): void {
    const { split } = this.#options;
    if (split !== undefined) return this.network.partition(new Set(split));
    this.scheduler.after(this.random.between(1000, 8000), () => {
      if (this.network.stable) return;
      const side = this.nodes.filter(() => this.random.chance(0.5)).map(({ id }) => id);
      this.network.partition(new Set(side));
      this.scheduler.after(this.random.between(200, 5000), () => {
        this.network.partition(new Set());
        this.#planPartition();
      });
    });
  }

  /** The progress bound: some time after the weather turned fair, every honest node has finalized something new. */
  #checkRecovery(heightWhenStable: ReadonlyMap<SimNode, number>): void {
    if (this.scheduler.now < this.#stableAt + RECOVERY_TIMEOUTS * (PARAMETERS.timerCap + this.#longestWay)) return;
    for (const [node, height] of heightWhenStable) {
      if (node.height <= height)
        throw new InvariantViolation(
          `node ${node.id} finalized nothing after the network healed: ${this.#standings()}`,
        );
    }
  }

  /** of a message through the network in fair weather (ms) */
  get #longestWay(): number {
    const hops = this.#options.topology === 'mesh' ? 1 : Math.ceil(this.nodes.length / 2);
    return hops * this.#weather.delay[1];
  }

  #standings(): string {
    return this.nodes
      .map(
        ({ id, core, height }) => `node ${id}: front ${core.front}, last Final ${core.lastFinalSlot}, height ${height}`,
      )
      .join('; ');
  }
}

/** In a ring the honest nodes stand side by side and hear all faulty ones, so that these can't cut it. */
function neighbours(topology: 'mesh' | 'ring', size: number, firstFaulty: number): number[][] {
  const ids = Array.from({ length: size }, (_, id) => id);
  const adjacent = (one: number, other: number) =>
    topology === 'mesh' ||
    Math.max(one, other) >= firstFaulty ||
    (one + 1) % firstFaulty === other ||
    (other + 1) % firstFaulty === one;
  return ids.map((one) => ids.filter((other) => one !== other && adjacent(one, other)));
}

function drawWeather(random: Random, stableAt: number, slow: boolean): Weather {
  return {
    stableAt,
    loss: random.between(0, 0.35),
    duplication: random.between(0, 0.1),
    delay: slow ? [300, random.between(400, 800)] : [0.2, random.between(2, PARAMETERS.messageDelay)],
    worstDelay: random.between(100, 1500),
  };
}

function makeValidator(weight: number, index: number): Validator {
  const publicKey = new Uint8Array(32).fill(index + 1);
  return { publicKey, address: new Uint8Array(20).fill(index + 1), weight };
}
