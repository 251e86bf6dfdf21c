// Runs one instance of the consensus core, which is one epoch: gives it what comes in, and executes its outputs against
// journal, signer, network and chain. Decides nothing itself; what is durable before what is decided by the order of
// the core's outputs. After its end nothing of it has an effect any more, whatever was under way.

import type { Proposal } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Certificate, ProposalData, VoteData } from '../primitives/consensus.ts';
import { asError } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import { JournalRecord, type OwnProposal } from '../primitives/journal.ts';
import { GossipProposal, GossipVote } from '../primitives/wire.ts';
import { Simplex } from './core.ts';
import { Door } from './door.ts';
import type { EarlyMessages } from './early.ts';
import type { OwnSignatures } from './own-signatures.ts';
import type { DriverDependencies } from './ports.ts';
import { Timers } from './timers.ts';
import type { Input, InstanceConfig, Message, Output, Timer } from './types.ts';

/** The journal is rewritten with what is still needed when it has grown past this: it holds whole blocks. */
const JOURNAL_ROTATION_BYTES = 16 * 1024 * 1024;

export interface InstanceOptions {
  readonly config: InstanceConfig;
  readonly d: DriverDependencies;
  /** undefined for a node that only follows */
  readonly own: OwnSignatures | undefined;
  /** what waits for the next instance */
  readonly early: EarlyMessages;
  /** Its last block is durable. */
  readonly onEnded: () => void;
  readonly onFatal: (error: Error) => void;
}

/** Consensus stopped for good; `message` says why. */
export class ConsensusError extends Error {
  override readonly name = 'ConsensusError';
}

export class Instance {
  readonly config: InstanceConfig;
  readonly core: Simplex;
  readonly door: Door;
  /** What the journal holds of later epochs: this node has lost its database, and will come to them again. */
  readonly ahead: readonly JournalRecord[];
  readonly #o: InstanceOptions;
  readonly #timers: Timers;
  /** Settles when everything persisted so far is durable. */
  #durable: Promise<void> = Promise.resolve();
  /** Commits run one after the other. */
  #commits: Promise<void> = Promise.resolve();
  #stage: 'new' | 'running' | 'over' = 'new';

  constructor(options: InstanceOptions) {
    const { config, d, own, early } = options;
    this.#o = options;
    this.config = config;
    this.ahead = config.restored.filter(({ value }) => value.epoch > config.epoch);
    this.#timers = new Timers(d.clock);
    this.core = new Simplex(config);
    this.door = new Door({
      core: this.core,
      own: own && config.self !== undefined ? { member: config.self, signatures: own } : undefined,
      members: config.members,
      previous: config.previous,
      genesisHash: d.genesisHash,
      verify: d.verify,
      blocks: d.blocks,
      input: (input) => this.input(input),
      evidence: d.judgeEvidence ?? (async () => 'ignore'),
      behind: () => d.peers.catchUp(),
      early,
      now: () => d.clock.now(),
      resendInterval: config.parameters.resendInterval,
    });
  }

  start(): void {
    this.#stage = 'running';
    this.input({ type: 'start' });
  }

  /** Stops timers and takes no more inputs; resolves when what was under way is written. */
  async end(): Promise<void> {
    this.#stage = 'over';
    this.#timers.end();
    await Promise.allSettled([this.#durable, this.#commits]);
  }

  /** A step that fails, or whose outputs are not all executed, leaves a core that believes in what never happened. */
  input(input: Input): void {
    if (this.#stage !== 'running') return;
    try {
      for (const output of this.core.step(input, this.#o.d.clock.now())) this.#execute(output);
    } catch (error) {
      this.#fatal(asError(error));
    }
  }

  #execute(output: Output): void {
    const { blocks, peers, observer, clock } = this.#o.d;
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
        return this.#setTimer(output.timer, output.delay + output.spread * clock.random());
      case 'build':
        return this.#run(async () => {
          const block = await blocks.build(output);
          this.input({ type: 'built', slot: output.slot, block });
        });
      case 'verify':
        return this.#run(async () => {
          const verdict = await blocks.verify(output.hash, output.block);
          this.input({ type: 'verdict', hash: output.hash, ...verdict });
        });
      case 'fetchBlock':
        return peers.fetchBlock(output.hash);
      case 'fetchCertificates':
        return peers.fetchCertificates(this.core.epoch, output.from, output.to);
      case 'behind':
        return peers.catchUp();
      case 'finalize':
        return this.#finalize(output.hash, output.certificate);
      case 'evidence':
        return observer.onEvidence(output.evidence);
      case 'halt':
        return this.#fatal(new ConsensusError(`${output.reason}: ${output.certificates.map(describe).join(', ')}`));
      case 'event':
        return observer.onEvent(output.event, this.core.epoch);
      case 'epochEnded':
        return this.#o.onEnded();
    }
  }

  #persist(record: JournalRecord): void {
    this.#durable = this.#o.d.journal.append(JournalRecord.serialize(record));
    this.#durable.catch((error: unknown) => this.#fatal(asError(error)));
  }

  /** Signing and the journal's write run side by side; the signature is used when both are done. */
  #sign(data: VoteData | ProposalData, use: (signature: Uint8Array) => void): void {
    const durable = this.#durable;
    this.#o.own?.sign(data, (signature) =>
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
    const { blocks, peers, clock, observer } = this.#o.d;
    const durable = this.#durable;
    const attempt = again ? Math.floor(clock.now() / 1000) : 0;
    const compact = (proposal: Proposal) => ({ ...proposal, block: blocks.compact(proposal.block) });
    this.#run(async () => {
      await durable;
      if (this.#stage === 'over') return;
      const sent =
        message.kind === 'proposal'
          ? peers.publishProposal(GossipProposal.serialize({ attempt, proposal: compact(message.proposal) }))
          : peers.publishVote(GossipVote.serialize({ attempt, message: asVoteMessage(message) }));
      await sent.catch((error: unknown) => observer.onUnsent(asError(error)));
    });
  }

  #setTimer(timer: Timer, delay: number): void {
    this.#timers.after(delay, () => {
      this.input({ type: 'timer', timer });
      if (timer.kind === 'resend') this.#o.own?.tryAgain();
    });
  }

  #finalize(hash: Hash, certificate: Certificate): void {
    const durable = this.#durable;
    this.#commits = this.#commits.then(async () => {
      try {
        await durable;
        await this.#o.d.blocks.finalize(hash, certificate);
        this.input({ type: 'committed', hash });
        await this.#rotate();
      } catch (error) {
        this.#fatal(asError(error));
      }
    });
  }

  /** Drops what the database has made superfluous, here and in the signer's record. */
  async #rotate(): Promise<void> {
    const { journal } = this.#o.d;
    if (this.#stage !== 'running' || journal.size < JOURNAL_ROTATION_BYTES) return;
    // Catch-up may settle more while the floor is written: what the journal forgets is never above it.
    for (let floor = 0; floor < this.core.committedSlot; ) {
      floor = this.core.committedSlot;
      await this.#o.own?.raiseFloor(this.core.epoch, floor);
    }
    const records = [...this.core.journal(), ...this.ahead];
    const rotated = journal.rotate(records.map((record) => JournalRecord.serialize(record)));
    this.#durable = rotated;
    await rotated;
  }

  #run(task: () => Promise<void>): void {
    task().catch((error: unknown) => this.#fatal(asError(error)));
  }

  #fatal(error: Error): void {
    this.#stage = 'over';
    this.#timers.end();
    this.#o.onFatal(error);
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
