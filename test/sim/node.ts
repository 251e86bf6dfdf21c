// One simulated validator: the real consensus core with a virtual disk, clock and chain around it. Executes the core's
// outputs as the driver does, in virtual time. A crash loses everything that was not yet durable.

import { MAX_CLOCK_AHEAD, type Simplex } from '../../src/consensus/core.ts';
import type { Anchor, Input, Message, Output } from '../../src/consensus/types.ts';
import { proposalEntry, SigningHistory, voteEntry } from '../../src/crypto/signer/history.ts';
import { type Block, headerHash, type Proposal } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import type { Certificate, Vote } from '../../src/primitives/consensus.ts';
import { type Hash, sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import type { JournalRecord } from '../../src/primitives/journal.ts';
import { InvariantViolation } from './invariants.ts';
import type { World } from './world.ts';

/** A commit's chance to rewrite the journal, so that restarts meet rotated journals too. */
const ROTATION_CHANCE = 0.25;
/** A fetch is repeated this often, with this pause (ms), as the node's fetcher does. */
const FETCH_TRIES = 8;
const FETCH_PAUSE = 200;
/** Clocks differ from the world's time by at most this (ms). */
const MAX_CLOCK_ERROR = 200;

interface Committed {
  readonly hash: Hash;
  readonly block: Block;
  readonly final: Certificate | undefined;
}

/** How a faulty node departs from the protocol. */
export interface Behaviour {
  readonly name: string;
  /** what it does instead of an output of its core */
  replace?(output: Output, node: SimNode): Output[];
  /** what one other node gets instead of a message to all; undefined: nothing */
  send?(message: Message, to: number, node: SimNode): Message | undefined;
  /** whether it answers questions and passes messages on */
  readonly helps: boolean;
}

/** What a crash takes away for good. */
export type Loss = 'nothing' | 'the database' | 'the database and the journal';

export class SimNode {
  readonly id: number;
  readonly world: World;
  readonly behaviour: Behaviour | undefined;
  /** what a crash takes away only as a `Loss`: the chain and the journal */
  committed: Committed[];
  #journal: JournalRecord[] = [];
  /** the signer's, which nothing takes away */
  readonly #record = new SigningHistory();
  /** without its journal a node may ask for what the signer refuses */
  #forgot = false;
  readonly #clockError: number;
  /** executed blocks above the committed one */
  readonly #executed = new Map<string, Block>();
  #core: Simplex;
  /** counts restarts; what an earlier life planned does not happen */
  #life = 0;
  #diskFree = 0;
  up = true;

  constructor(id: number, world: World, behaviour: Behaviour | undefined) {
    this.id = id;
    this.world = world;
    this.behaviour = behaviour;
    this.#clockError = world.random.between(-MAX_CLOCK_ERROR, MAX_CLOCK_ERROR);
    this.committed = this.#genesis();
    this.#core = this.#newCore();
  }

  get core(): Simplex {
    return this.#core;
  }

  get height(): number {
    return this.committed.length - 1;
  }

  start(): void {
    this.input({ type: 'start' });
  }

  crash(): void {
    this.up = false;
    this.#life++;
    this.#executed.clear();
  }

  restart(loss: Loss): void {
    this.up = true;
    if (loss !== 'nothing') this.committed = this.#genesis();
    if (loss === 'the database and the journal') {
      this.#journal = [];
      this.#forgot = true;
    }
    this.#diskFree = this.world.scheduler.now;
    this.#core = this.#newCore();
    this.start();
  }

  input(input: Input): void {
    if (!this.up) return;
    this.world.note(this.id, input);
    for (const output of this.#core.step(input, Math.floor(this.world.scheduler.now + this.#clockError))) {
      for (const actual of this.behaviour?.replace?.(output, this) ?? [output]) this.#execute(actual);
    }
  }

  /** What the door does once signatures hold. @returns whether neighbours get the message from here */
  receive(message: Message, again: boolean): boolean {
    if (!this.up) return false;
    switch (message.kind) {
      case 'vote':
        return this.#takeVote(message.vote) || (again && this.#core.holdsVote(message.vote));
      case 'certificate':
        return this.takeCertificate(message.certificate);
      case 'proposal':
        return this.#takeProposal(message.proposal);
    }
  }

  takeCertificate(certificate: Certificate): boolean {
    if (!this.up || !this.#core.wantsCertificate(certificate)) return false;
    this.input({ type: 'certificate', certificate });
    return true;
  }

  /** A block that this node can serve. */
  find(hashHex: string): Block | undefined {
    return this.#core.block(hashHex) ?? this.#executed.get(hashHex) ?? this.#onChain(hashHex)?.block;
  }

  /** Keeps a block that this node made outside its core. */
  serve(block: Block): void {
    this.#executed.set(toHex(headerHash(block.header)), block);
  }

  #onChain(hashHex: string): Committed | undefined {
    return this.committed.findLast(({ hash }) => toHex(hash) === hashHex);
  }

  #takeVote(vote: Vote): boolean {
    if (!this.#core.wantsVote(vote)) return false;
    this.input({ type: 'vote', vote });
    return true;
  }

  #takeProposal(proposal: Proposal): boolean {
    const hash = headerHash(proposal.block.header);
    if (!this.#core.wantsProposal(proposal, hash)) return false;
    const { parentCertificate } = proposal.block.body.justification;
    if (parentCertificate !== null) this.takeCertificate(parentCertificate);
    for (const certificate of proposal.certificates) this.takeCertificate(certificate);
    if (!this.#core.isInWindow(proposal.slot)) return false;
    this.input({ type: 'proposal', proposal, hash });
    return true;
  }

  #genesis(): Committed[] {
    return [{ hash: this.world.genesisBlockHash, block: this.world.genesisBlock, final: undefined }];
  }

  #newCore(): Simplex {
    const { implementation, members, parameters } = this.world;
    const newest = this.committed.findLast(({ final }, height) => final !== undefined || height === 0) as Committed;
    return new implementation.Simplex({
      epoch: 1,
      members,
      self: this.id,
      parameters,
      anchor: asAnchor(newest),
      restored: this.#journal,
      epochEnd: Number.POSITIVE_INFINITY,
    });
  }

  #execute(output: Output): void {
    switch (output.type) {
      case 'persist':
        return this.#write(() => this.#journal.push(output.record));
      case 'signVote': {
        const { kind, slot, hash, epoch } = output.data;
        return this.#write(() => {
          if (this.#record.admit(voteEntry(output.data)).kind === 'refused' && this.#forgot) return;
          this.world.invariants.voted(this.id, kind, slot, hash);
          const vote = { epoch, kind, slot, hash, member: output.member, signature: new Uint8Array(64) };
          this.input({ type: 'vote', vote });
        });
      }
      case 'signProposal':
        return this.#write(() => {
          if (this.#record.admit(proposalEntry(output.data)).kind === 'refused' && this.#forgot) return;
          this.world.invariants.proposed(this.id, output.data.slot, output.data.hash);
          this.input({ type: 'signedProposal', proposal: { ...output.own, signature: new Uint8Array(64) } });
        });
      case 'broadcast':
        return this.#write(() => this.world.broadcast(this.id, output.message, output.again));
      case 'setTimer': {
        const delay = output.delay + output.spread * this.world.random.next();
        return this.after(delay, () => this.input({ type: 'timer', timer: output.timer }));
      }
      case 'build':
        return this.after(this.world.random.between(0.5, 4), () => this.#build(output));
      case 'verify':
        return this.after(this.world.random.between(0.5, 4), () => this.#verify(output.hash, output.block));
      case 'fetchBlock':
        return this.#fetchBlock(output.hash, FETCH_TRIES);
      case 'fetchCertificates':
        return this.#fetchCertificates(output.from, output.to);
      case 'finalize':
        return this.#write(() => this.#commit(output.hash, output.certificate));
      case 'behind':
        return this.#catchUp();
      case 'halt':
        if (this.behaviour !== undefined) return this.crash();
        throw new InvariantViolation(`node ${this.id} halted: ${output.reason}`);
      case 'epochEnded':
      case 'evidence':
      case 'event':
        return;
    }
  }

  /** Calls back in this life only. */
  after(delay: number, call: () => void): void {
    const life = this.#life;
    this.world.scheduler.after(delay, () => {
      if (life === this.#life && this.up) call();
    });
  }

  /** The disk does one thing after the other; what is still waiting when the node crashes never happens. */
  #write(done: () => void): void {
    const { now } = this.world.scheduler;
    this.#diskFree = Math.max(this.#diskFree, now + this.world.random.between(0.05, 1));
    this.after(this.#diskFree - now, done);
  }

  #build({ slot, parent, parentCertificate, timestamp, allowEmpty }: Extract<Output, { type: 'build' }>): void {
    if (!allowEmpty && this.world.random.chance(0.3)) return this.input({ type: 'built', slot, block: undefined });
    const block = this.world.makeBlock(this.id, parent, this.#header(parent).height + 1, timestamp, parentCertificate);
    const hash = headerHash(block.header);
    this.#executed.set(toHex(hash), block);
    this.input({ type: 'built', slot, block: { block, hash } });
  }

  #header(hash: Hash) {
    const block = this.find(toHex(hash));
    if (block === undefined) throw new Error('the core builds on a block that was never executed');
    return block.header;
  }

  #verify(hash: Hash, block: Block): void {
    const parent = this.#executed.get(toHex(block.header.parent)) ?? this.#onChain(toHex(block.header.parent))?.block;
    const valid =
      parent !== undefined &&
      block.header.height === parent.header.height + 1 &&
      block.header.timestamp > parent.header.timestamp;
    if (valid) this.#executed.set(toHex(hash), block);
    this.input({ type: 'verdict', hash, verdict: valid ? 'valid' : 'invalid' });
  }

  #commit(hash: Hash, certificate: Certificate): void {
    const branch: Block[] = [];
    const top = this.committed.at(-1) as Committed;
    for (let block = this.find(toHex(hash)); block !== undefined && block.header.height > this.height; ) {
      branch.unshift(block);
      block = this.#executed.get(toHex(block.header.parent));
    }
    let parent = top.hash;
    for (const block of branch) {
      const blockHash = headerHash(block.header);
      const final = block === branch.at(-1) ? certificate : undefined;
      this.#append({ hash: blockHash, block, final }, parent);
      parent = blockHash;
    }
    this.input({ type: 'committed', hash });
    for (const [hashHex, { header }] of this.#executed) if (header.height < this.height) this.#executed.delete(hashHex);
    if (this.world.random.chance(ROTATION_CHANCE)) this.#rotate();
  }

  #append(entry: Committed, parent: Hash): void {
    if (this.behaviour === undefined) {
      this.world.invariants.committed(this.id, entry.hash, entry.block, parent);
      const ahead = entry.block.header.timestamp - this.world.scheduler.now;
      if (ahead > MAX_CLOCK_AHEAD + MAX_CLOCK_ERROR)
        throw new InvariantViolation(`node ${this.id} committed a block of ${ahead} ms after now`);
    }
    this.committed.push(entry);
  }

  #rotate(): void {
    const records = this.#core.journal();
    this.#write(() => {
      this.#journal = records;
    });
  }

  #fetchBlock(hash: Hash, tries: number): void {
    const hashHex = toHex(hash);
    if (tries === 0 || this.find(hashHex) !== undefined) return;
    const peer = this.world.anyNeighbour(this.id);
    this.world.request(this.id, peer, () => {
      const block = peer.find(hashHex);
      return block && (() => this.input({ type: 'block', hash, block }));
    });
    this.after(FETCH_PAUSE, () => this.#fetchBlock(hash, tries - 1));
  }

  #fetchCertificates(from: number, to: number): void {
    const peer = this.world.anyNeighbour(this.id);
    this.world.request(this.id, peer, () => {
      const certificates = peer.core.certificates(from, to);
      return () => {
        for (const certificate of certificates) this.takeCertificate(certificate);
      };
    });
  }

  /** Copies a peer's chain up to its newest Final. */
  #catchUp(): void {
    const peer = this.world.anyNeighbour(this.id);
    this.world.request(this.id, peer, () => {
      const end = peer.committed.findLastIndex(({ final }) => final !== undefined);
      const missing = peer.committed.slice(0, end + 1);
      return () => this.#write(() => this.#adopt(missing));
    });
  }

  #adopt(chain: readonly Committed[]): void {
    if (chain.length <= this.committed.length) return;
    for (const entry of chain.slice(this.committed.length)) {
      this.#append(entry, (this.committed.at(-1) as Committed).hash);
    }
    this.input({ type: 'synced', anchor: asAnchor(this.committed.at(-1) as Committed) });
  }
}

function asAnchor({ hash, block, final }: Committed): Anchor {
  return { slot: final?.slot ?? 0, hash, header: block.header, certificate: final };
}

/** Something to tell two blocks of one height apart. */
export function mark(...parts: readonly number[]): Hash {
  return parts.length === 0 ? ZERO_HASH : sha256(new TextEncoder().encode(parts.join('/')));
}
