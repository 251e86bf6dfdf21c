// What the RPC server asks of the rest of the node, as narrow as it can be. The node room passes its chain, mempool and
// network in these shapes; tests pass fixtures.

import type { EventEmitter } from 'node:events';
import type { LedgerReader } from '../ledger/accounts.ts';
import type { AddResult, DropReason } from '../mempool/results.ts';
import type { Address } from '../primitives/address.ts';
import type { Block, Header } from '../primitives/block.ts';
import type { Certificate } from '../primitives/consensus.ts';
import type { Evidence, EvidenceKind } from '../primitives/evidence.ts';
import type { Genesis } from '../primitives/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Receipt } from '../primitives/receipt.ts';
import type { StateProof } from '../primitives/state-proof.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import type { Validator } from '../primitives/validators.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { RpcMetrics } from '../telemetry/metrics/rpc.ts';

export interface RpcDependencies {
  readonly identity: NodeIdentity;
  readonly chain: ChainReader;
  readonly mempool: Mempool;
  readonly network: Network;
  readonly consensus: ConsensusSource;
  readonly health: HealthSource;
  /** absent on networks that give nothing away */
  readonly faucet?: Faucet;
  readonly events: EventSource;
  readonly logger: Logger;
  readonly metrics: RpcMetrics;
}

export interface NodeIdentity {
  readonly genesis: Genesis;
  readonly genesisHash: Hash;
  /** of the package, e.g. `0.1.0` */
  readonly version: string;
  /** of the source, abbreviated, or `unknown` */
  readonly commit: string;
}

/** A block that was executed; `receipts` stand in the order of its transactions. */
export interface ExecutedBlock {
  readonly hash: Hash;
  readonly block: Block;
  readonly receipts: readonly Receipt[];
}

export interface StoredBlock extends ExecutedBlock {
  readonly certificate: Certificate | undefined;
}

/** A state entry, or its absence, with what a client needs to believe it. */
export interface ProvenValue {
  readonly hash: Hash;
  readonly header: Header;
  readonly value: Uint8Array | undefined;
  /** against `header.stateRoot` */
  readonly proof: StateProof;
}

export interface FinalizedState {
  readonly reader: LedgerReader;
  /** of the block after which the records are so */
  readonly header: Header;
}

/** The finalized chain, from block 0 on or from a snapshot. */
export interface ChainReader {
  /** newest finalized block */
  readonly head: { readonly hash: Hash; readonly header: Header };
  /** height of the block whose state this node took from a snapshot; most of the blocks up to it are not here */
  readonly base?: number | undefined;
  blockByHeight(height: number): Promise<StoredBlock | undefined>;
  blockByHash(hash: Hash): Promise<StoredBlock | undefined>;
  /** where a finalized transaction stands */
  transaction(id: Hash): Promise<{ readonly height: number; readonly index: number } | undefined>;
  /** The ledger's records at the head. They are of one block only in the turn in which they are asked for. */
  state(): FinalizedState;
  /** the state entry of a key at the head */
  prove(key: Uint8Array): ProvenValue;
}

export interface Mempool {
  /** transactions waiting */
  readonly size: number;
  readonly bytes: number;
  get(idHex: string): TransactionEnvelope | undefined;
  /** The nonce of an account's next transaction, those waiting counted. */
  nextNonce(address: Address): number;
  /** Many calls at once are cheaper than one after the other: their signatures are checked together. */
  add(envelope: TransactionEnvelope): Promise<AddResult>;
}

export interface Peer {
  readonly id: string;
  /** the world is told nothing of it */
  readonly isPrivate: boolean;
  readonly addresses: readonly string[];
  readonly direction: 'inbound' | 'outbound';
  readonly client: string;
  /** finalized, as the peer says */
  readonly height: number;
  readonly hash: Hash | undefined;
  readonly score: number;
  /** newest first */
  readonly offences: readonly Offence[];
  /** consensus key of the validator that says it is this peer */
  readonly validator: Uint8Array | undefined;
  /** it says to hold the blocks from here on */
  readonly oldestHeight: number;
  readonly latencyMs: number | undefined;
  /** ms since 1970 */
  readonly connectedAt: number;
}

export interface Offence {
  readonly kind: string;
  readonly reason: string;
  readonly times: number;
  /** ms since 1970, of the last time */
  readonly at: number;
}

export interface Ban {
  /** a peer id or an IP address */
  readonly target: string;
  readonly by: 'node' | 'operator';
  readonly reason: string;
  /** ms since 1970 */
  readonly since: number;
  readonly until: number;
  /** how often the node has banned it */
  readonly times: number;
}

export interface Network {
  readonly peerId: string;
  readonly addresses: readonly string[];
  /** whether the world is told nothing of this peer, connected or not */
  isPrivate(peer: string): boolean;
  peers(): readonly Peer[];
  /** those in force */
  bans(): readonly Ban[];
}

/** Consensus in its present epoch instance; members are positions in `members`. */
export interface ConsensusSource {
  readonly epoch: number;
  /** ordered by public key */
  readonly members: readonly Validator[];
  readonly round: {
    /** lowest slot that is not settled */
    readonly slot: number;
    readonly leader: number;
    /** whose votes in this slot are here */
    readonly voters: Readonly<Record<'notar' | 'skip' | 'final', readonly number[]>>;
    readonly silent: readonly number[];
  };
  readonly lastFinalSlot: number;
  /** weight */
  readonly quorum: number;
  readonly evidence: {
    readonly size: number;
    /** newest slot first; undefined when nothing has the id `before` */
    list(limit: number, before?: Hash): readonly EvidenceRecord[] | undefined;
  };
}

/** Proof that a validator has contradicted itself. */
export interface EvidenceRecord {
  readonly id: Hash;
  readonly kind: EvidenceKind;
  readonly evidence: Evidence;
}

export interface Health {
  readonly healthy: boolean;
  /** synced, and not about to stop */
  readonly ready: boolean;
  /** why it is not healthy or not ready, for people */
  readonly reasons: readonly string[];
}

export interface SyncStatus {
  /** heights */
  readonly head: number;
  readonly target: number;
  readonly peers: number;
  readonly phase: string;
  /** 0 to 1 */
  readonly progress: number;
  /** while blocks are fetched */
  readonly blocksPerSecond: number | undefined;
  /** while a snapshot comes in */
  readonly bytesPerSecond: number | undefined;
  /** undefined when it can't be told */
  readonly etaSeconds: number | undefined;
}

export interface HealthSource {
  health(): Health;
  syncStatus(): SyncStatus;
}

export interface Faucet {
  /** Sends the faucet's usual amount in a real transaction. */
  give(
    to: Address,
  ): Promise<{ readonly envelope: TransactionEnvelope; readonly amount: bigint; readonly result: AddResult }>;
}

export interface FinalizedEvent extends StoredBlock {
  /** of the block's transactions, in order */
  readonly envelopes: readonly TransactionEnvelope[];
}

export interface NotarizedEvent extends ExecutedBlock {
  readonly envelopes: readonly TransactionEnvelope[];
}

/** What consensus did on this node. `height` where a block is known. */
export interface ConsensusEvent {
  readonly type: 'slot_entered' | 'proposed' | 'notarized' | 'skipped' | 'finalized' | 'epoch_changed' | 'evidence';
  readonly epoch: number;
  /** 0 of an epoch is the last block of the epoch before */
  readonly slot: number;
  readonly hash?: Hash;
  readonly height?: number;
  /** of the validator that contradicted itself in this slot */
  readonly evidence?: { readonly id: Hash; readonly kind: EvidenceKind; readonly address: Address };
  /** who votes in an epoch that begins */
  readonly validators?: readonly Validator[];
}

export interface RpcEvents {
  /** after the block is in the store, oldest first, every height once */
  finalized: [FinalizedEvent];
  /** a Notar for a block that this node has executed; it may still lose */
  notarized: [NotarizedEvent];
  /** it waited in the mempool and does not any more, without being final */
  dropped: [envelope: TransactionEnvelope, reason: DropReason];
  consensus: [ConsensusEvent];
}

export type EventSource = Pick<EventEmitter<RpcEvents>, 'on' | 'off'>;
