// Where consensus, ledger and store meet: builds blocks, verifies them by executing them, and makes them final, one
// durable commit each. Every state that is not final lives in the tree; the store has the newest final one.
// It asks no clock and no validator: who may propose, who has signed and when, is settled before a block comes here.

import { EventEmitter } from 'node:events';
import { getAccount } from '../ledger/accounts.ts';
import type { Account } from '../primitives/account.ts';
import type { Address } from '../primitives/address.ts';
import { Block, type Header, headerHash, justificationHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { type Certificate, FINAL } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import { prove } from '../state/proof.ts';
import type { ChainStore, StoredHead } from '../store/chain-store.ts';
import { emptyBlockBytes, encodedTransactions, receiptsRoot, transactionIds, transactionsRoot } from './body.ts';
import { ChainError } from './errors.ts';
import { executeValid } from './executor.ts';
import { genesisBlock } from './genesis.ts';
import { BlockRules, checkAgainstParent, checkBody } from './rules.ts';
import { BlockTree, type ExecutedBlock, type Parent } from './tree.ts';
import type { BuildRequest, BuiltBlock, ChainEvents, ChainOptions, ProvenValue, TransactionSource } from './types.ts';
import { BlockVerifier, type Verification } from './verifier.ts';

export class Chain extends EventEmitter<ChainEvents> {
  readonly #store: ChainStore;
  readonly #transactions: TransactionSource;
  readonly #rules: BlockRules;
  readonly #tree: BlockTree;
  readonly #verifier: BlockVerifier;
  /** Finalizations one after another; never rejects. */
  #queue: Promise<void> = Promise.resolve();
  /** The chain does not outlive a failed commit: its tree has gone on, the store has not. */
  #failure: { readonly error: unknown } | undefined;
  #stopped = false;

  private constructor({ genesis, store, transactions, verifySignatures }: ChainOptions, head: StoredHead) {
    super();
    this.#store = store;
    this.#transactions = transactions;
    this.#rules = new BlockRules(genesis);
    this.#tree = new BlockTree({ hash: head.hash, header: head.header, state: store });
    this.#verifier = new BlockVerifier({
      rules: this.#rules,
      tree: this.#tree,
      findTransaction: (idHex) => transactions.get(idHex),
      verifySignatures,
      finalizedHash: (height) => store.hashByHeight(height),
    });
  }

  /**
   * Opens the chain at the store's head; writes block 0 to a store that is empty.
   * @throws {GenesisError} when genesis makes no state
   * @throws {StoreError} when the store can't be written
   */
  static async open(options: ChainOptions): Promise<Chain> {
    const { genesis, store } = options;
    if (store.head === undefined) {
      const { hash, block, overlay } = genesisBlock(genesis, store);
      const state = overlay.changes;
      await store.commit({ hash, block, receipts: [], transactionIds: [], certificate: undefined, state });
    }
    return new Chain(options, headOf(store));
  }

  /** Waits for the finalization under way; later ones are refused. The store may be closed then. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#queue;
  }

  /** The newest finalized block. */
  get head(): StoredHead {
    return headOf(this.#store);
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
   * @throws {ChainError} UNKNOWN_BLOCK, INVALID_REQUEST, TREE_FULL
   */
  async build(request: BuildRequest): Promise<BuiltBlock | undefined> {
    const { timestamp, proposer, epoch, justification, whenEmpty } = request;
    const parent = this.#tree.parent(request.parent);
    if (parent === undefined) throw new ChainError('UNKNOWN_BLOCK', `no executed block ${toHex(request.parent)}`);
    const { parameters, validatorsRoot } = this.#rules;
    const selected = this.#select(parent, request);
    const { envelopes, receipts, overlay } = executeValid(parent.state, selected, { parameters, timestamp });
    if (envelopes.length === 0 && whenEmpty === 'skip') return undefined;
    const header: Header = {
      height: parent.header.height + 1,
      epoch,
      timestamp,
      parent: parent.hash,
      proposer,
      transactionsRoot: transactionsRoot(envelopes.map(({ id }) => id)),
      receiptsRoot: receiptsRoot(receipts),
      stateRoot: overlay.root,
      validatorsRoot,
      nextValidatorsRoot: validatorsRoot,
      justificationHash: justificationHash(justification),
    };
    const block: Block = { header, body: { justification, transactions: encodedTransactions(envelopes) } };
    const bytes = Block.value_serializedSize(block);
    const broken =
      this.#rules.checkAlone(header, justification, bytes, proposer) ?? checkAgainstParent(header, parent.header);
    if (broken !== undefined) throw new ChainError('INVALID_REQUEST', `${broken.reason}: ${broken.detail}`);
    if (!this.#tree.hasRoom(bytes)) throw new ChainError('TREE_FULL', 'too many executed blocks wait for a Final');
    const hash = headerHash(header);
    this.#tree.add({ hash, block, envelopes, receipts, overlay, bytes });
    return { hash, block };
  }

  /** Whether the body is the one that the header commits to. One that is not says nothing about the block's hash. */
  bodyMatches({ header, body }: Block): boolean {
    return checkBody(header, body.justification, transactionIds(body.transactions)) === undefined;
  }

  /**
   * Judges a block by executing it on its parent, and keeps it when it is valid. Concurrent calls share the work.
   * The certificate in it, and its time against the clock, are the caller's to check.
   * @param proposer who must have built it; any of the validator set when it is left out
   * @throws {ChainError} TREE_FULL
   */
  verify(block: Block, proposer?: Address): Promise<Verification> {
    return this.#verifier.verify(block, { proposer, room: 'bounded' });
  }

  /**
   * Makes an executed block and its ancestors final, the oldest first; what lost against them is dropped. Calls take
   * effect one after another; a block that is final already is left as it is.
   * @param certificate of this block; its ancestors get the ones that their children carry
   * @throws {ChainError} CONFLICT, UNKNOWN_BLOCK, WRONG_CERTIFICATE, STOPPED
   * @throws {StoreError} when a commit fails; nothing can be committed after that
   */
  finalize(hash: Hash, certificate: Certificate | undefined): Promise<void> {
    const result = this.#queue.then(() => this.#finalize(hash, certificate));
    // Whoever asked hears of a failure; the next in the queue only waits for the end.
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /**
   * Verifies a block that a quorum has vouched for, and makes it final.
   * @param certificate undefined when only a descendant's certificate covers it
   * @throws {ChainError} CONFLICT, MISSING_PARENT, INVALID_BLOCK (with the fault), STOPPED
   * @throws {StoreError} when the commit fails
   */
  async applySynced(block: Block, certificate: Certificate | undefined): Promise<void> {
    const verification = await this.#verifier.verify(block, { proposer: undefined, room: 'unbounded' });
    if (verification.valid) return this.finalize(verification.hash, certificate);
    const { height } = block.header;
    if ('missingParent' in verification) {
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

  #select(parent: Parent, { timestamp, justification }: BuildRequest): readonly TransactionEnvelope[] {
    if (this.#tree.isCrowded) return [];
    const maxBytes = this.#rules.parameters.maxBlockBytes - emptyBlockBytes(justification);
    return this.#transactions.select({ state: parent.state, maxBytes, timestamp });
  }

  async #finalize(hash: Hash, certificate: Certificate | undefined): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (certificate !== undefined && !equalBytes(certificate.hash, hash)) {
      throw new ChainError('WRONG_CERTIFICATE', `a certificate of ${toHex(certificate.hash)} for ${toHex(hash)}`);
    }
    const path = this.#tree.path(hash);
    if (path === undefined) return this.#assertFinal(hash);
    for (const [index, executed] of path.entries()) {
      if (this.#stopped) throw new ChainError('STOPPED', 'the chain has been stopped');
      const child = path[index + 1];
      const known = child === undefined ? certificate : child.block.body.justification.parentCertificate;
      await this.#commit(executed, known ?? undefined);
    }
  }

  async #commit(executed: ExecutedBlock, certificate: Certificate | undefined): Promise<void> {
    const { hash, block, receipts, envelopes, overlay } = executed;
    const transactionIds = envelopes.map(({ id }) => id);
    // Before the commit, so that nothing is built on a losing branch while the store goes from one state to the next.
    this.#tree.advance(executed);
    const start = performance.now();
    try {
      await this.#store.commit({ hash, block, receipts, transactionIds, certificate, state: overlay.changes });
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
    this.#tree.settle(this.#store);
    const commitSeconds = (performance.now() - start) / 1000;
    this.emit('finalized', { hash, block, receipts, envelopes, transactionIds, certificate, commitSeconds });
  }

  /** For a block that is not in the tree. */
  async #assertFinal(hash: Hash): Promise<void> {
    if (this.#tree.hasLost(hash)) {
      throw new ChainError('CONFLICT', `block ${toHex(hash)} lost against a final block and is now said to be final`);
    }
    if ((await this.#store.blockByHash(hash)) !== undefined) return;
    throw new ChainError('UNKNOWN_BLOCK', `no executed block ${toHex(hash)}`);
  }
}

function headOf(store: ChainStore): StoredHead {
  if (store.head === undefined) throw new Error('an open chain has a genesis block');
  return store.head;
}
