// Where consensus, ledger and store meet: builds blocks, verifies them by executing them, and makes them final, one
// durable commit each. Every state that is not final lives in the tree; the store has the newest final one.
// It asks no clock: who leads a slot and when a block may come is settled in consensus.

import { EventEmitter } from 'node:events';
import { certificateChecks, malformedCertificate } from '../consensus/certificate.ts';
import type { Members } from '../consensus/members.ts';
import type { InstanceStart } from '../consensus/types.ts';
import { getAccount } from '../ledger/accounts.ts';
import type { Account } from '../primitives/account.ts';
import type { Address } from '../primitives/address.ts';
import type { Block } from '../primitives/block.ts';
import { type Certificate, FINAL } from '../primitives/consensus.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import type { Hash } from '../primitives/hash.ts';
import { prove } from '../state/proof.ts';
import type { ChainStore, StoredHead } from '../store/chain-store.ts';
import type { Restoration } from '../store/restoration.ts';
import { transactionIds } from './body.ts';
import { BlockBuilder } from './builder.ts';
import { assertCheckpoint } from './checkpoint.ts';
import { type Epoch, Epochs } from './epochs.ts';
import { ChainError } from './errors.ts';
import { BlockFinalizer } from './finalizer.ts';
import { genesisBlock } from './genesis.ts';
import { presentInstance } from './instance.ts';
import { checkBody } from './rules.ts';
import { BlockTree, type ExecutedBlock } from './tree.ts';
import type { BuildRequest, BuiltBlock, ChainEvents, ChainOptions, ProvenValue } from './types.ts';
import { BlockVerifier, type Verification } from './verifier.ts';

export class Chain extends EventEmitter<ChainEvents> {
  readonly #store: ChainStore;
  readonly #genesisHash: Hash;
  readonly #verifyVotes: ChainOptions['verifyVotes'];
  readonly #epochs = new Epochs();
  /** the epoch at the head, and the head that it was read at */
  #present: { readonly head: StoredHead; readonly epoch: Epoch } | undefined;
  readonly #tree: BlockTree;
  readonly #builder: BlockBuilder;
  readonly #verifier: BlockVerifier;
  readonly #finalizer: BlockFinalizer;

  private constructor(options: ChainOptions, head: StoredHead) {
    super();
    const { genesisHash, store, transactions, verifySignatures, verifyVotes, checkpoint } = options;
    this.#store = store;
    this.#genesisHash = genesisHash;
    this.#verifyVotes = verifyVotes;
    this.#tree = new BlockTree({ hash: head.hash, header: head.header, state: store });
    this.#builder = new BlockBuilder({ epochs: this.#epochs, tree: this.#tree, transactions });
    this.#verifier = new BlockVerifier({
      genesisHash,
      epochs: this.#epochs,
      tree: this.#tree,
      findTransaction: (idHex) => transactions.get(idHex),
      verifySignatures,
      verifyVotes,
      finalizedHash: (height) => store.hashByHeight(height),
      isPassed: (height) => this.#isPassed(height),
    });
    this.#finalizer = new BlockFinalizer({
      store,
      tree: this.#tree,
      checkpoint,
      validators: () => this.epoch.validators,
      onFinalized: (event) => this.emit('finalized', event),
      onRestored: () => this.emit('restored', this.head),
    });
  }

  /**
   * Opens the chain at the store's head; writes block 0 to a store that is empty.
   * @throws {GenesisError} when genesis makes no state
   * @throws {ChainError} NOT_CHECKPOINT
   * @throws {StoreError} when the store can't be written
   */
  static async open(options: ChainOptions): Promise<Chain> {
    const { genesis, store, checkpoint } = options;
    if (store.head === undefined) {
      const { hash, block, overlay } = genesisBlock(genesis, store);
      const state = overlay.changes;
      await store.commit({ hash, block, receipts: [], transactionIds: [], certificate: undefined, state });
    }
    if (checkpoint !== undefined) {
      const stored = await store.hashByHeight(checkpoint.height);
      if (stored !== undefined) assertCheckpoint(checkpoint, checkpoint.height, stored);
    }
    return new Chain(options, headOf(store));
  }

  /** Waits for the finalization under way; later ones are refused. The store may be closed then. */
  stop(): Promise<void> {
    return this.#finalizer.stop();
  }

  /** The newest finalized block. */
  get head(): StoredHead {
    return headOf(this.#store);
  }

  /** The epoch of the next block: its number, members and parameters. At the head, like all that follows. */
  get epoch(): EpochRecord {
    return this.#epochAtHead().record;
  }

  /** An epoch whose record the state still has. */
  epochRecord(epoch: number): EpochRecord | undefined {
    return this.#epochs.find(this.#store, epoch)?.record;
  }

  /** The members of an epoch whose record the state still has. */
  members(epoch: number): Members | undefined {
    return this.#epochs.find(this.#store, epoch)?.members;
  }

  /** The Final of an epoch's last block; undefined while the epoch goes on, and when its successor's record is gone. */
  async boundary(epoch: number): Promise<Certificate | undefined> {
    const next = this.epochRecord(epoch + 1);
    return next && this.#store.certificateByHeight(next.startHeight);
  }

  /** The present epoch's instance of consensus: where it goes on from here. */
  instance(): Promise<Omit<InstanceStart, 'self'>> {
    return presentInstance(this.#store, this.#epochs);
  }

  /** Whether a certificate is one of its epoch's members. Of an epoch that is not known, none is believed. */
  async holds(certificate: Certificate): Promise<boolean> {
    const members = this.members(certificate.epoch);
    if (members === undefined || malformedCertificate(certificate, members) !== undefined) return false;
    const verdicts = await this.#verifyVotes(certificateChecks(certificate, members, this.#genesisHash));
    return verdicts.every((holds) => holds);
  }

  /** A block that is executed and not final. */
  block(hash: Hash): Block | undefined {
    return this.#tree.get(hash)?.block;
  }

  /** What executing a block that is not final has shown. */
  executed(hash: Hash): ExecutedBlock | undefined {
    return this.#tree.get(hash);
  }

  /** At the head; zeros when the address has no account. */
  getAccount(address: Address): Readonly<Account> {
    return getAccount(this.#store, address);
  }

  /** The state entry at the head, with its proof. */
  prove(key: Uint8Array): ProvenValue {
    // One synchronous turn: the store shows one state all through it, even while a commit is under way.
    const { hash, header } = this.head;
    return { hash, header, value: this.#store.get(key), proof: prove(this.#store, key) };
  }

  /**
   * Builds a block on a parent that is the head or executed, and keeps it.
   * @returns undefined when no transaction is there and an empty block is not wanted
   * @throws {ChainError} UNKNOWN_BLOCK, INVALID_REQUEST, TREE_FULL, UPGRADE_REQUIRED
   */
  async build(request: BuildRequest): Promise<BuiltBlock | undefined> {
    return this.#builder.build(request);
  }

  /** Whether the body is the one that the header commits to. One that is not says nothing about the block's hash. */
  bodyMatches({ header, body }: Block): boolean {
    return checkBody(header, body.justification, transactionIds(body.transactions)) === undefined;
  }

  /**
   * Judges a block by executing it on its parent, and keeps it when it is valid. Concurrent calls share the work.
   * Its time against the clock is the caller's to check.
   * @param proposer who must have built it; any of the validator set when it is left out
   * @throws {ChainError} TREE_FULL, UPGRADE_REQUIRED
   */
  verify(block: Block, proposer?: Address): Promise<Verification> {
    return this.#verifier.verify(block, { proposer, room: 'bounded' });
  }

  /**
   * Makes an executed block and its ancestors final, the oldest first; what lost against them is dropped. Calls take
   * effect one after another. A block that is final already, or that a snapshot went past, is left as it is; its Final is
   * kept where none was known when it was committed.
   * @param certificate of this block; its ancestors get the ones that their children carry
   * @throws {ChainError} CONFLICT, UNKNOWN_BLOCK, WRONG_CERTIFICATE, NOT_CHECKPOINT, STOPPED
   * @throws {StoreError} when a commit fails; nothing can be committed after that
   */
  finalize(hash: Hash, certificate: Certificate | undefined): Promise<void> {
    return this.#finalizer.finalize(hash, certificate);
  }

  /** Begins to check the signatures of transactions in a block that comes soon: they are not checked again then. */
  prepare({ body }: Block): void {
    this.#verifier.prepare(body.transactions);
  }

  /**
   * Judges the next block of those that a quorum has vouched for, and keeps it, to be made final with `finalize`; the one
   * after it can be executed meanwhile. The tree takes it however full it is.
   * @param certificate of the block; undefined when only a descendant's covers it
   * @returns its hash; undefined when the chain has gone on from a snapshot above it meanwhile
   * @throws {ChainError} CONFLICT, MISSING_PARENT, INVALID_BLOCK (with the fault), UPGRADE_REQUIRED
   */
  async executeSynced(block: Block, certificate: Certificate | undefined): Promise<Hash | undefined> {
    const verification = await this.#verifier.verify(block, { proposer: undefined, room: 'unbounded' });
    if (verification.valid) return verification.hash;
    const { height } = block.header;
    if ('missingParent' in verification) {
      if (this.#isPassed(height)) return undefined;
      throw new ChainError('MISSING_PARENT', `block ${height} does not follow the head ${this.head.height}`);
    }
    if (verification.reason === 'CONFLICTS_WITH_FINALIZED' && certificate?.kind === FINAL) {
      throw new ChainError('CONFLICT', `two blocks of height ${height} have a Final: ${verification.detail}`);
    }
    throw new ChainError(
      'INVALID_BLOCK',
      `block ${height}: ${verification.reason}, ${verification.detail}`,
      verification,
    );
  }

  /**
   * Goes on from the state of a snapshot, above the head. Takes effect in turn with finalizations.
   * @returns false when the head has come past it meanwhile: then nothing happens
   * @throws {ChainError} NOT_CHECKPOINT, STOPPED
   * @throws {StoreError} when it can't be written
   */
  restore(restoration: Restoration): Promise<boolean> {
    return this.#finalizer.restore(restoration);
  }

  /** Whether a snapshot took the chain to this height or past it. */
  #isPassed(height: number): boolean {
    return height <= (this.#store.base?.height ?? 0);
  }

  #epochAtHead(): Epoch {
    const { head } = this;
    if (this.#present?.head !== head) this.#present = { head, epoch: this.#epochs.present(this.#store) };
    return this.#present.epoch;
  }
}

function headOf(store: ChainStore): StoredHead {
  if (store.head === undefined) throw new Error('an open chain has a genesis block');
  return store.head;
}
