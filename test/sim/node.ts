// One simulated validator: the real driver with its door and core, on simulated ports. A crash loses everything that
// was not durable; what comes back is a new driver over the same disk.

import type { ConsensusDriver } from '../../src/consensus/driver.ts';
import type { DriverObserver } from '../../src/consensus/ports.ts';
import type { ConsensusEvent, InstanceStart } from '../../src/consensus/types.ts';
import { MAX_CLOCK_AHEAD } from '../../src/consensus/voter.ts';
import { type Entry, entryKind, type Place } from '../../src/crypto/signer/entry.ts';
import type { Block } from '../../src/primitives/block.ts';
import { FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import type { SignatureCheck } from '../../src/primitives/signing.ts';
import type { Behaviour } from './behaviour.ts';
import { SimChain } from './chain.ts';
import { Database, type Stored } from './database.ts';
import { Disk } from './disk.ts';
import { addressOf } from './electorates.ts';
import { Gossip } from './gossip.ts';
import { InvariantViolation } from './invariants/violation.ts';
import { JournalFile, proposalLabel, SimJournal, voteLabel } from './journal.ts';
import { GENESIS_HASH, holds, publicKeyOf } from './keys.ts';
import { Liar } from './liar.ts';
import { Life } from './life.ts';
import { Peers } from './peers.ts';
import { Released } from './released.ts';
import { Service } from './service.ts';
import { SimSigner } from './signer.ts';
import type { World } from './world.ts';

/** Clocks differ from the world's time by at most this (ms). */
const MAX_CLOCK_ERROR = 200;
/** ms, to build or execute a block. */
const EXECUTION = [0.5, 4] as const;
/** … of those that are slow, while the weather is rough. */
const SLOW_EXECUTION = [500, 5000] as const;
const SLOW_EXECUTIONS = 0.01;

/** What a crash takes away for good. */
export type Loss = 'nothing' | 'the database' | 'the database and the journal';

/** What a node has done since the world began, crashes or not. */
export interface Work {
  /** handed to the network, every copy counted */
  bytes: number;
  /** signatures checked */
  checks: number;
  /** different things that peers were asked for: blocks, ranges of certificates, chains */
  fetches: number;
  /** messages that were found good and go on to neighbours */
  passedOn: number;
}

export interface Identity {
  readonly id: number;
  /** whose key it has */
  readonly member: number;
  readonly behaviour: Behaviour | undefined;
}

export class SimNode {
  readonly id: number;
  readonly member: number;
  readonly behaviour: Behaviour | undefined;
  readonly world: World;
  readonly service = new Service(this);
  readonly work: Work = { bytes: 0, checks: 0, fetches: 0, passedOn: 0 };
  readonly released = new Released(this);
  readonly liar: Liar;
  readonly #clockError: number;
  readonly #record: Entry[] = [];
  #journalFile = new JournalFile();
  #database: Database;
  /** it has lost what an honest node keeps, and may ask for what its signer refuses */
  #forgot = false;
  #up = true;
  #present: Present;

  constructor({ id, member, behaviour }: Identity, world: World) {
    this.id = id;
    this.member = member;
    this.behaviour = behaviour;
    this.world = world;
    this.liar = new Liar(this);
    const clockError = world.random.between(-MAX_CLOCK_ERROR, MAX_CLOCK_ERROR);
    this.#clockError = behaviour?.clockError ?? (world.without.has('clock-errors') ? 0 : clockError);
    this.#database = this.#emptyDatabase();
    this.#present = this.#begin();
  }

  get up(): boolean {
    return this.#up;
  }

  get life(): Life {
    return this.#present.life;
  }

  get driver(): ConsensusDriver {
    return this.#present.driver;
  }

  get gossip(): Gossip {
    return this.#present.gossip;
  }

  get chain(): SimChain {
    return this.#present.chain;
  }

  get journal(): SimJournal {
    return this.#present.journal;
  }

  /** Nothing at or below is signed any more, whatever else is lost. */
  get floor(): Place {
    return this.#record.findLast((entry) => entryKind(entry) === 'FLOOR') ?? { epoch: 0, slot: 0 };
  }

  get database(): Database {
    return this.#database;
  }

  /** Whether it must know all that its member has ever told: no liar, no twin, and it has never lost its disk. */
  get isCareful(): boolean {
    return this.world.isHonest(this.member) && !this.#forgot;
  }

  /** It hands something to the network. */
  meter(bytes: number): void {
    const { world, id, behaviour } = this;
    this.work.bytes += bytes;
    if (behaviour === undefined) world.guard(() => world.invariants.traffic.sent(id, bytes, world.scheduler.now));
  }

  /** A block that this node can serve. */
  block(hashHex: string): Block | undefined {
    return this.driver.core.block(hashHex) ?? this.chain.find(hashHex);
  }

  start(): void {
    if (this.#up) this.driver.start();
  }

  crash(): void {
    if (!this.#up) return;
    this.#up = false;
    this.#note('crashes');
    this.#present.life.end();
    for (const disk of this.#present.disks) disk.crash();
  }

  restart(loss: Loss): void {
    if (loss !== 'nothing') {
      this.#forgot = true;
      this.#database = this.#emptyDatabase();
    }
    if (loss === 'the database and the journal') this.#journalFile = new JournalFile();
    this.#up = true;
    this.#note(`comes back with the loss of ${loss}`);
    this.#present = this.#begin();
    this.start();
  }

  /** A new life over what is durable. */
  #begin(): Present {
    const { world } = this;
    const life = new Life(world.scheduler, world.random, this.#clockError);
    const journalDisk = this.#disk('journal', life);
    const recordDisk = this.#disk("signer's record", life);
    const databaseDisk = this.#disk('database', life);
    const journal = new SimJournal({
      file: this.#journalFile,
      disk: journalDisk,
      random: world.random,
      onRotated: () => world.guard(() => this.released.checkJournal()),
    });
    const peers = new Peers(this);
    const chain = this.#chain(life, databaseDisk, peers);
    const signer = this.#signer(recordDisk);
    const { ConsensusDriver } = world.implementation;
    const driver = new ConsensusDriver({
      instance: this.#presentInstance(),
      epochs: {
        present: async () => this.#presentInstance(),
        boundaryFinal: async (epoch) => this.#database.boundaryFinal(epoch),
      },
      genesisHash: GENESIS_HASH,
      verify: (checks) => this.#verify(checks, life),
      journal,
      signer,
      blocks: chain,
      peers,
      clock: life,
      observer: this.#observer(life),
    });
    return { life, disks: [journalDisk, recordDisk, databaseDisk], journal, chain, driver, gossip: new Gossip(this) };
  }

  #emptyDatabase(): Database {
    const { genesisBlock, epochDuration } = this.world;
    return new Database(genesisBlock, epochDuration);
  }

  /** What the chain says of the epoch that the next block is of. */
  #presentInstance(): InstanceStart {
    const { world, member } = this;
    const { epoch, anchor } = this.#database;
    const { Members } = world.implementation;
    const membersOf = (one: number) => new Members(world.electorates.at(one).members.list);
    return {
      epoch,
      members: membersOf(epoch),
      previous: epoch === 1 ? undefined : membersOf(epoch - 1),
      self: world.electorates.at(epoch).seatOf(member),
      parameters: world.parameters,
      anchor,
      epochEnd: this.#database.epochEnd(epoch),
    };
  }

  #disk(name: string, life: Life): Disk {
    const { random, faults, weather } = this.world;
    const slowest = weather.slowestWrite[this.id] as number;
    return new Disk({
      name,
      life,
      random,
      faults,
      latency: () => random.between(slowest / 20, slowest),
      crashesNow: () => this.world.crashesAtWrite(this),
    });
  }

  #chain(life: Life, disk: Disk, peers: Peers): SimChain {
    const { world, member, behaviour } = this;
    return new SimChain({
      database: this.#database,
      disk,
      proposer: addressOf(member),
      electorates: world.electorates,
      mark: () => world.mark(),
      load: world.scene.load ?? 0,
      onCommitted: (stored, top) => this.#committed(stored, top),
      build: behaviour?.build && ((request) => behaviour.build?.(request, this.liar)),
      isIdle: () => world.random.chance(0.3),
      lacks: () => this.#lacksTransactions(),
      fetch: (hash, signal) => peers.proposedBlock(hash, signal),
      wait: {
        build: () => life.sleep(world.random.between(...EXECUTION)),
        verify: (block) => life.sleep(this.#executionTime(block)),
      },
    });
  }

  #signer(disk: Disk): SimSigner {
    const { world, member } = this;
    return new SimSigner({
      publicKey: publicKeyOf(member),
      record: this.#record,
      disk,
      random: world.random,
      observer: {
        onRefused: (entry, rule, signed) => this.#refused(entry, rule, signed),
        onGiven: (data) => world.invariants.copies.given(member, data),
        onTold: (data) => world.guard(() => world.invariants.copies.told(member, data)),
      },
    });
  }

  #observer(life: Life): DriverObserver {
    const { world, behaviour } = this;
    return {
      onBegin: ({ epoch }) => this.#began(epoch),
      onEvent: (event) => {
        if (!life.alive) return;
        this.#noteEvent(event);
        behaviour?.onEvent?.(event, this.liar);
      },
      onEvidence: (evidence) => {
        const { epoch, publicKey, slot } = evidence;
        world.faults.add('pieces of evidence');
        const accused = world.electorates.at(epoch).members.indexOf(publicKey);
        this.#note(`has evidence against member ${accused}`, slot);
        world.guard(() => world.invariants.evidence.check(evidence));
      },
      onRefused: () => world.faults.add('refusals of a signer'),
      onUnsent: (error) => world.fail(error),
      onFatal: (error) => {
        if (!life.alive) return;
        if (behaviour !== undefined) return this.crash();
        world.fail(
          error instanceof InvariantViolation
            ? error
            : new InvariantViolation('halt', `node ${this.id} halted: ${error.stack}`),
        );
      },
    };
  }

  async #verify(checks: readonly SignatureCheck[], life: Life): Promise<boolean[]> {
    this.work.checks += checks.length;
    const delay = this.world.signatureDelay;
    if (delay > 0) await life.sleep(this.world.random.between(0, delay));
    return checks.map(holds);
  }

  #lacksTransactions(): boolean {
    const { random, network, faults, scene } = this.world;
    if (scene.missing === undefined || network.stable || !random.chance(scene.missing)) return false;
    faults.add('proposals with something missing');
    return true;
  }

  #executionTime(block: Block): number {
    const { random, network, faults, without, scene } = this.world;
    const byHand = scene.executionTime?.(this.id, block);
    if (byHand !== undefined) return byHand;
    if (network.stable || without.has('slow-execution') || !random.chance(SLOW_EXECUTIONS))
      return random.between(...EXECUTION);
    faults.add('slow executions');
    return random.between(...SLOW_EXECUTION);
  }

  #began(epoch: number): void {
    this.#note(`begins epoch ${epoch}`);
    if (epoch > 1) this.world.faults.add('epochs begun');
  }

  #noteEvent({ type, ...event }: ConsensusEvent): void {
    const { traffic } = this.world.invariants;
    if (type === 'finalized') traffic.finalized(this.id, this.world.scheduler.now);
    this.#note(type, 'slot' in event ? event.slot : undefined, 'hash' in event ? event.hash : undefined);
  }

  #note(what: string, slot?: number, hash?: Hash): void {
    this.world.note({ node: this.id, what, slot, hash });
  }

  #committed(stored: Stored, top: Stored): void {
    if (this.behaviour !== undefined) return;
    const { block, hash, final } = stored;
    this.#note(`committed height ${block.header.height}`, final?.slot, hash);
    this.world.invariants.chain.committed(this.id, stored, top);
    const ahead = block.header.timestamp - this.world.scheduler.now;
    if (ahead > MAX_CLOCK_AHEAD + MAX_CLOCK_ERROR) {
      throw new InvariantViolation('validity', `node ${this.id} committed a block of ${ahead} ms after now`);
    }
  }

  /** A crash may come between the signer's record and the journal; only then can the core ask for a contradiction. */
  #refused(entry: Entry, rule: string, signed: readonly Entry[]): void {
    if (!this.isCareful) return;
    if (signed.some((earlier) => !this.journal.holds(labelOf(earlier)))) return;
    this.world.fail(
      new InvariantViolation(
        'double signature',
        `node ${this.id} asked to sign ${entryKind(entry)} in slot ${entry.slot}: ${rule}`,
        entry.slot,
      ),
    );
  }
}

/** What ends with a life. */
interface Present {
  readonly life: Life;
  readonly disks: readonly Disk[];
  readonly journal: SimJournal;
  readonly chain: SimChain;
  readonly driver: ConsensusDriver;
  readonly gossip: Gossip;
}

function labelOf(entry: Entry): string {
  const kind = entryKind(entry);
  if (kind === 'PROPOSE') return proposalLabel(entry);
  return voteLabel({ ...entry, kind: kind === 'NOTAR' ? NOTAR : kind === 'SKIP' ? SKIP : FINAL });
}
