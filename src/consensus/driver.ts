// Runs the consensus core in real time: takes inputs from the network, timers and the chain, and executes the core's
// outputs against journal, signer, network and chain. Decides nothing itself; what is durable before what is decided
// by the order of the core's outputs.

import type { Block } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Certificate, ProposalData, VoteData } from '../primitives/consensus.ts';
import type { Evidence } from '../primitives/evidence.ts';
import type { Hash } from '../primitives/hash.ts';
import { JournalRecord, type OwnProposal } from '../primitives/journal.ts';
import { GossipProposal, GossipVote } from '../primitives/wire.ts';
import { Simplex } from './core.ts';
import { Door, type DoorDependencies, type Verdict } from './door.ts';
import { type ConsensusSigner, OwnSignatures } from './own-signatures.ts';
import type { Anchor, BlockVerdict, ConsensusEvent, Input, InstanceConfig, Message, Output, Timer } from './types.ts';

/** The journal is rewritten with what is still needed when it has grown past this: it holds whole blocks. */
const JOURNAL_ROTATION_BYTES = 16 * 1024 * 1024;

export interface ConsensusJournal {
  readonly restored: readonly Uint8Array[];
  /** bytes on disk */
  readonly size: number;
  /** Resolves when the record is durable; records become durable in the order of the calls. */
  append(record: Uint8Array): Promise<void>;
  /** Replaces the whole content at once. */
  rotate(keep: readonly Uint8Array[]): Promise<void>;
}

/** What consensus asks of the room that builds, executes and commits blocks. */
export interface BlockPort {
  build(request: Extract<Output, { type: 'build' }>): Promise<{ block: Block; hash: Hash } | undefined>;
  verify(hash: Hash, block: Block): Promise<{ verdict: BlockVerdict; reason?: string }>;
  /** Resolves when the block and its ancestors are durable. Idempotent. */
  finalize(hash: Hash, certificate: Certificate): Promise<void>;
  bodyMatches(block: Block): boolean;
}

/** What consensus asks of peers, by way of the rooms above. Answers come back through `ConsensusDriver`. */
export interface PeerPort {
  publishProposal(bytes: Uint8Array): Promise<void>;
  publishVote(bytes: Uint8Array): Promise<void>;
  fetchBlock(hash: Hash): void;
  fetchCertificates(epoch: number, from: number, to: number): void;
  catchUp(height: number): void;
  /** Whether other nodes are connected, or there are none to hear. */
  isConnected(): boolean;
}

export interface Clock {
  /** ms since 1970 */
  now(): number;
  /** @returns a function that cancels the call */
  after(milliseconds: number, call: () => void): () => void;
  /** in [0, 1) */
  random(): number;
}

export interface DriverObserver {
  onEvent(event: ConsensusEvent): void;
  onEvidence(evidence: Evidence): void;
  /**
   * The signer would not sign: a rule, an unreachable remote, a key that is in use elsewhere. Consensus goes on without
   * the vote, and asks again where that may help.
   */
  onRefused(error: Error): void;
  /** A message did not get out; it counts as lost, and the re-send rounds make up for it. */
  onUnsent(error: Error): void;
  /** Consensus can't go on: a write failed, or safety is broken. Nothing more is sent. */
  onFatal(error: Error): void;
}

export interface DriverDependencies {
  /** without what the journal restores */
  readonly instance: Omit<InstanceConfig, 'restored'>;
  readonly genesisHash: Hash;
  readonly verify: DoorDependencies['verify'];
  readonly journal: ConsensusJournal;
  /** undefined for a node that only follows */
  readonly signer: ConsensusSigner | undefined;
  readonly blocks: BlockPort;
  readonly peers: PeerPort;
  readonly clock: Clock;
  readonly observer: DriverObserver;
  /** Judges evidence that a peer sends; without it none is taken. */
  readonly judgeEvidence?: (evidence: Evidence) => Promise<Verdict>;
}

/** Consensus stopped for good; `message` says why. */
export class ConsensusError extends Error {
  override readonly name = 'ConsensusError';
}

export class ConsensusDriver {
  readonly #d: DriverDependencies;
  readonly #core: Simplex;
  readonly #door: Door;
  /** undefined for a node that only follows */
  readonly #own: OwnSignatures | undefined;
  readonly #timers = new Set<() => void>();
  /** Settles when everything persisted so far is durable. */
  #durable: Promise<void> = Promise.resolve();
  /** Commits run one after the other. */
  #commits: Promise<void> = Promise.resolve();
  #started = false;
  #transactionsWait = false;
  #stopped = false;

  constructor(dependencies: DriverDependencies) {
    this.#d = dependencies;
    const restored = dependencies.journal.restored.map((bytes) => JournalRecord.deserialize(bytes));
    this.#core = new Simplex({ ...dependencies.instance, restored });
    const { signer, observer, peers } = dependencies;
    const { self } = dependencies.instance;
    this.#own =
      signer &&
      new OwnSignatures({
        signer,
        lastFinalSlot: () => this.#core.lastFinalSlot,
        isConnected: () => peers.isConnected(),
        after: (milliseconds, call) => this.#after(milliseconds, call),
        random: () => dependencies.clock.random(),
        onFailure: (error) => observer.onRefused(asError(error)),
      });
    this.#door = new Door({
      core: this.#core,
      own: this.#own && self !== undefined ? { member: self, signatures: this.#own } : undefined,
      members: dependencies.instance.members,
      genesisHash: dependencies.genesisHash,
      verify: dependencies.verify,
      bodyMatches: (block) => dependencies.blocks.bodyMatches(block),
      input: (input) => this.input(input),
      evidence: dependencies.judgeEvidence ?? (async () => 'ignore'),
      now: () => dependencies.clock.now(),
      resendInterval: dependencies.instance.parameters.resendInterval,
    });
  }

  /** Read-only views of the instance, for peers' requests and the API. */
  get core(): Pick<
    Simplex,
    'certificates' | 'block' | 'certificateFor' | 'front' | 'lastFinalSlot' | 'epoch' | 'schedule' | 'round' | 'held'
  > {
    return this.#core;
  }

  start(): void {
    this.#started = true;
    this.input({ type: 'start' });
  }

  /** Stops timers and takes no more inputs; resolves when what was under way is written. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await Promise.allSettled([this.#durable, this.#commits]);
  }

  /** @param bytes of topic `vote` */
  async onVote(bytes: Uint8Array): Promise<Verdict> {
    return this.#isOpen ? this.#door.vote(bytes) : 'ignore';
  }

  /** @param bytes of topic `block` */
  async onProposal(bytes: Uint8Array): Promise<Verdict> {
    return this.#isOpen ? this.#door.proposal(bytes) : 'ignore';
  }

  /** Certificates that a peer sent on request. @returns whether all were good or unneeded */
  async onCertificates(certificates: readonly Certificate[]): Promise<boolean> {
    for (const certificate of certificates) {
      if ((await this.#door.certificate(certificate)) === 'reject') return false;
    }
    return true;
  }

  /** A certificate of the chain that holds, checked elsewhere: it may show that this validator's key is in use twice. */
  onVerified(certificate: Certificate): void {
    this.#door.lookForSelf(certificate);
  }

  /** A block that was asked for; the caller has checked that the body matches the header. */
  onBlock(hash: Hash, block: Block): void {
    this.input({ type: 'block', hash, block });
  }

  /** New transactions wait. Called for each of them; those that come together are one input. */
  onTransactions(): void {
    if (this.#transactionsWait) return;
    this.#transactionsWait = true;
    queueMicrotask(() => {
      this.#transactionsWait = false;
      this.input({ type: 'transactions' });
    });
  }

  onSynced(anchor: Anchor): void {
    this.input({ type: 'synced', anchor });
  }

  /** A step that fails, or whose outputs are not all executed, leaves a core that believes in what never happened. */
  input(input: Input): void {
    if (!this.#isOpen) return;
    try {
      for (const output of this.#core.step(input, this.#d.clock.now())) this.#execute(output);
    } catch (error) {
      this.#fatal(asError(error));
    }
  }

  get #isOpen(): boolean {
    return this.#started && !this.#stopped;
  }

  #execute(output: Output): void {
    switch (output.type) {
      case 'persist':
        return this.#persist(output.record);
      case 'signVote':
        return this.#signVote(output.data, output.member);
      case 'signProposal':
        return this.#signProposal(output.data, output.own);
      case 'broadcast':
        return this.#broadcast(output.message, output.again);
      case 'setTimer':
        return this.#setTimer(output.timer, output.delay + output.spread * this.#d.clock.random());
      case 'build':
        return this.#run(async () => {
          const block = await this.#d.blocks.build(output);
          this.input({ type: 'built', slot: output.slot, block });
        });
      case 'verify':
        return this.#run(async () => {
          const verdict = await this.#d.blocks.verify(output.hash, output.block);
          this.input({ type: 'verdict', hash: output.hash, ...verdict });
        });
      case 'fetchBlock':
        return this.#d.peers.fetchBlock(output.hash);
      case 'fetchCertificates':
        return this.#d.peers.fetchCertificates(this.#core.epoch, output.from, output.to);
      case 'behind':
        return this.#d.peers.catchUp(output.height);
      case 'finalize':
        return this.#finalize(output.hash, output.certificate);
      case 'evidence':
        return this.#d.observer.onEvidence(output.evidence);
      case 'halt':
        return this.#fatal(new ConsensusError(`${output.reason}: ${output.certificates.map(describe).join(', ')}`));
      case 'event':
        return this.#d.observer.onEvent(output.event);
      case 'epochEnded':
        return this.#fatal(new ConsensusError('the epoch ended, and this version knows no next one'));
    }
  }

  #persist(record: JournalRecord): void {
    this.#durable = this.#d.journal.append(JournalRecord.serialize(record));
    this.#durable.catch((error: unknown) => this.#fatal(asError(error)));
  }

  /** Signing and the journal's write run side by side; the signature is used when both are done. */
  #sign(data: VoteData | ProposalData, use: (signature: Uint8Array) => void): void {
    const durable = this.#durable;
    this.#own?.sign(data, (signature) =>
      this.#run(async () => {
        await durable;
        use(signature);
      }),
    );
  }

  #signVote(data: VoteData, member: number): void {
    const { epoch, kind, slot, hash } = data;
    this.#sign(data, (signature) => {
      this.input({ type: 'vote', vote: { epoch, kind, slot, hash, member, signature } });
    });
  }

  #signProposal(data: ProposalData, own: OwnProposal): void {
    this.#sign(data, (signature) => {
      this.input({ type: 'signedProposal', proposal: { ...own, signature } });
    });
  }

  #broadcast(message: Message, again: boolean): void {
    const durable = this.#durable;
    const attempt = again ? Math.floor(this.#d.clock.now() / 1000) : 0;
    this.#run(async () => {
      await durable;
      if (this.#stopped) return;
      const sent =
        message.kind === 'proposal'
          ? this.#d.peers.publishProposal(GossipProposal.serialize({ attempt, proposal: message.proposal }))
          : this.#d.peers.publishVote(GossipVote.serialize({ attempt, message: asVoteMessage(message) }));
      await sent.catch((error: unknown) => this.#d.observer.onUnsent(asError(error)));
    });
  }

  #setTimer(timer: Timer, delay: number): void {
    this.#after(delay, () => {
      this.input({ type: 'timer', timer });
      if (timer.kind === 'resend') this.#own?.tryAgain();
    });
  }

  #after(delay: number, call: () => void): void {
    if (this.#stopped) return;
    const cancel = this.#d.clock.after(delay, () => {
      this.#timers.delete(cancel);
      call();
    });
    this.#timers.add(cancel);
  }

  #finalize(hash: Hash, certificate: Certificate): void {
    const durable = this.#durable;
    this.#commits = this.#commits.then(async () => {
      try {
        await durable;
        await this.#d.blocks.finalize(hash, certificate);
        this.input({ type: 'committed', hash });
        await this.#rotate(certificate);
      } catch (error) {
        this.#fatal(asError(error));
      }
    });
  }

  /** Drops what the database has made superfluous, here and in the signer's record. */
  async #rotate({ epoch, slot }: Certificate): Promise<void> {
    const { journal } = this.#d;
    if (journal.size < JOURNAL_ROTATION_BYTES) return;
    await this.#own?.raiseFloor(epoch, slot);
    const rotated = journal.rotate(this.#core.journal().map((record) => JournalRecord.serialize(record)));
    this.#durable = rotated;
    await rotated;
  }

  #run(task: () => Promise<void>): void {
    task().catch((error: unknown) => this.#fatal(asError(error)));
  }

  #fatal(error: Error): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#d.observer.onFatal(error);
  }
}

function asVoteMessage(message: Exclude<Message, { kind: 'proposal' }>) {
  return message.kind === 'vote'
    ? ({ selector: 0, value: message.vote } as const)
    : ({ selector: 1, value: message.certificate } as const);
}

function describe({ slot, hash }: Certificate): string {
  return `slot ${slot} block ${toHex(hash)}`;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
