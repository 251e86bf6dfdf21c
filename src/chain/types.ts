// What the chain is given and what it gives: options, requests, events.

import type { LedgerReader } from '../ledger/accounts.ts';
import type { Address } from '../primitives/address.ts';
import type { Block, Header } from '../primitives/block.ts';
import type { Certificate, Vote } from '../primitives/consensus.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import type { Genesis } from '../primitives/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Receipt } from '../primitives/receipt.ts';
import type { StateProof } from '../primitives/state-proof.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import type { ChainStore, StoredHead } from '../store/chain-store.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { VerifySignatures, VerifyVotes } from './verifier.ts';

/** Where transactions for own blocks come from: the mempool. */
export interface TransactionSource {
  get(idHex: string): TransactionEnvelope | undefined;
  select(selection: { state: LedgerReader; maxBytes: number; timestamp: number }): readonly TransactionEnvelope[];
}

export interface ChainOptions {
  genesis: Genesis;
  /** sha256(ssz(Genesis)) */
  genesisHash: Hash;
  store: ChainStore;
  transactions: TransactionSource;
  verifySignatures: VerifySignatures;
  verifyVotes: VerifyVotes;
  checkpoint?: Checkpoint | undefined;
}

export interface BuildRequest {
  /** the newest finalized block or an executed one */
  parent: Hash;
  /** ms; later than the parent's */
  timestamp: number;
  proposer: Address;
  /** of the parent; undefined on genesis */
  parentCertificate: Certificate | undefined;
  /** NOTARs for older ancestors whose signatures hold; the block records those that it may */
  lateVotes: readonly Vote[];
  /** what to do when no transaction waits for this block; an empty one unless said otherwise */
  whenEmpty?: 'build' | 'skip';
}

export interface BuiltBlock {
  readonly hash: Hash;
  readonly block: Block;
}

export interface FinalizedEvent {
  readonly hash: Hash;
  readonly block: Block;
  readonly receipts: readonly Receipt[];
  readonly envelopes: readonly TransactionEnvelope[];
  readonly transactionIds: readonly Hash[];
  /** Final or Notar; undefined for synced blocks that came without one */
  readonly certificate: Certificate | undefined;
  /** the epoch that begins after this block, when it is the last of its own */
  readonly nextEpoch: EpochRecord | undefined;
  /** what the durable write took */
  readonly commitSeconds: number;
}

export interface ChainEvents {
  /** The block and its state are durable. */
  finalized: [event: FinalizedEvent];
  /** The state came from a snapshot, and the chain goes on from its block; of the blocks up to it nobody is told. */
  restored: [head: StoredHead];
}

/** A value, or its absence, with what a light client needs to believe it. */
export interface ProvenValue {
  readonly hash: Hash;
  readonly header: Header;
  readonly value: Uint8Array | undefined;
  /** against `header.stateRoot` */
  readonly proof: StateProof;
}
