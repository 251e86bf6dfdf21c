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
import { type Behaviour, mark, SimNode } from './node.ts';
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
  readonly nodes: number;
  /** every honest node finalizes a slot at or above this */
  readonly slots: number;
  readonly implementation?: Implementation;
  /** behaviour of the faulty nodes, which are the last ones */
  readonly faulty?: readonly Behaviour[];
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
  #steps = 0;
  #trace = 0n;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.#stableAt = START + this.random.between(...ROUGH);
    this.network = new SimNetwork(this.scheduler, this.random, drawWeather(this.random, this.#stableAt));
    this.implementation = options.implementation ?? IMPLEMENTATION;
    const validators = Array.from({ length: options.nodes }, (_, index) => makeValidator(index));
    this.members = new this.implementation.Members(validators);
    const faulty = options.faulty ?? [];
    const firstFaulty = options.nodes - faulty.length;
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
    this.#planPartition();
    const honest = this.nodes.filter(({ behaviour }) => behaviour === undefined);
    const heightWhenStable = new Map<SimNode, number>();
    const { slots } = this.#options;
    const deadline = this.#stableAt + slots * 3 * baseTimeout(PARAMETERS);
    while (this.scheduler.now < this.#stableAt || honest.some(({ core }) => core.lastFinalSlot < slots)) {
      if (!this.scheduler.advance()) throw new InvariantViolation('nothing is planned: every node waits for ever');
      if (this.scheduler.now >= this.#stableAt && heightWhenStable.size === 0) {
        for (const node of honest) heightWhenStable.set(node, node.height);
      }
      if (this.scheduler.now > deadline) throw new InvariantViolation(`no progress: ${this.#standings()}`);
      this.#steps++;
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

  broadcast(from: number, message: Message): void {
    const sender = this.nodes[from] as SimNode;
    if (message.kind === 'certificate' && sender.behaviour === undefined)
      this.invariants.certified(message.certificate);
    for (const node of this.nodes) {
      if (node.id !== from) this.network.send(from, node.id, () => node.receive(message));
    }
  }

  /** A question and its answer, each of which may be lost. `ask` runs at the peer and returns what to do with the answer. */
  request(from: number, peer: SimNode, ask: () => (() => void) | undefined): void {
    const asker = this.nodes[from] as SimNode;
    this.network.send(from, peer.id, () => {
      const answer = peer.up ? ask() : undefined;
      if (answer !== undefined) this.network.send(peer.id, from, () => asker.up && answer());
    });
  }

  anyOther(id: number): SimNode {
    return this.random.pick(this.nodes.filter((node) => node.id !== id));
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
      const node = this.random.pick(this.nodes);
      if (node.up) {
        node.crash();
        this.network.faults.crashes++;
        const downtime = Math.min(this.random.between(10, 8000), this.#stableAt - this.scheduler.now);
        this.scheduler.after(downtime, () => node.restart());
      }
      this.#planCrash();
    });
  }

  #planPartition(): void {
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
    if (this.scheduler.now < this.#stableAt + RECOVERY_TIMEOUTS * PARAMETERS.timerCap) return;
    for (const [node, height] of heightWhenStable) {
      if (node.height <= height)
        throw new InvariantViolation(
          `node ${node.id} finalized nothing after the network healed: ${this.#standings()}`,
        );
    }
  }

  #standings(): string {
    return this.nodes
      .map(
        ({ id, core, height }) => `node ${id}: front ${core.front}, last Final ${core.lastFinalSlot}, height ${height}`,
      )
      .join('; ');
  }
}

function drawWeather(random: Random, stableAt: number): Weather {
  return {
    stableAt,
    loss: random.between(0, 0.35),
    duplication: random.between(0, 0.1),
    delay: [0.2, random.between(2, PARAMETERS.messageDelay)],
    worstDelay: random.between(100, 1500),
  };
}

function makeValidator(index: number): Validator {
  const publicKey = new Uint8Array(32).fill(index + 1);
  return { publicKey, address: new Uint8Array(20).fill(index + 1), weight: 1 };
}
