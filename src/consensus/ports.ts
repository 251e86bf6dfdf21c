// What consensus asks of the rooms around it: a journal, a signer, blocks, epochs, peers, a clock, and somebody to tell.

import type { Block, CompactBlock } from '../primitives/block.ts';
import type { Certificate } from '../primitives/consensus.ts';
import type { Evidence } from '../primitives/evidence.ts';
import type { Hash } from '../primitives/hash.ts';
import type { SignatureCheck } from '../primitives/signing.ts';
import type { Verdict } from './door.ts';
import type { ConsensusSigner } from './own-signatures.ts';
import type { BlockVerdict, ConsensusEvent, InstanceStart, Output } from './types.ts';

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
  /** A block as it goes into a proposal. */
  compact(block: Block): CompactBlock;
  /** Whether the header commits to all that stands beside it. */
  compactHolds(block: CompactBlock): boolean;
  /**
   * The whole block: at once if this node holds all of it, or when what is missing was fetched. The promise never rejects.
   * @param peer who has sent it
   * @returns undefined when no block can be so large; when it was to be fetched and nobody has it, later
   */
  complete(
    hash: Hash,
    block: CompactBlock,
    peer: string,
    wait: BlockWait,
  ): Block | undefined | Promise<Block | undefined>;
}

/** That the block of a proposal is waited for, and how much depends on it. */
export interface BlockWait {
  /** fires when it is over: then the block is given, or given up, soon */
  readonly signal: AbortSignal;
  /** Whether the proposal's slot is the one to be voted on now: what is asked for others must not hold it up. */
  isAtFront(): boolean;
}

/** What consensus asks about epochs; all of it comes from what is durable. */
export interface EpochPort {
  /** The instance that goes on from the newest durable Final: that of the next epoch when it is a boundary's. */
  present(): Promise<InstanceStart>;
  /** The Final of the last block of an epoch that is over; undefined when it is not held (any more). */
  boundaryFinal(epoch: number): Promise<Certificate | undefined>;
}

/** What consensus asks of peers, by way of the rooms above. Answers come back through `ConsensusDriver`. */
export interface PeerPort {
  publishProposal(bytes: Uint8Array): Promise<void>;
  publishVote(bytes: Uint8Array): Promise<void>;
  fetchBlock(hash: Hash): void;
  fetchCertificates(epoch: number, from: number, to: number): void;
  /** This node is behind: finalized blocks may be missing, and too many to wait for one by one. */
  catchUp(): void;
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
  /** An instance begins to run: the first one, or the one that follows. */
  onBegin(instance: InstanceStart): void;
  onEvent(event: ConsensusEvent, epoch: number): void;
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
  /** the one to begin with: what `epochs.present()` gives */
  readonly instance: InstanceStart;
  readonly epochs: EpochPort;
  readonly genesisHash: Hash;
  /** one verdict per check, in order */
  readonly verify: (checks: readonly SignatureCheck[]) => Promise<readonly boolean[]>;
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
