// Verifies blocks that others built: rules, signatures and execution; what is valid enters the tree. A verdict other
// than a body's fault or the proposer's is one on the hash, and would be the same on every node.

import type { Address } from '../primitives/address.ts';
import { Block, headerHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import { envelopesOf, type FindTransaction, receiptsRoot, transactionIds } from './body.ts';
import { ChainError } from './errors.ts';
import { type Execution, executeAll } from './executor.ts';
import { type BlockRules, checkAgainstParent, checkBody, type Fault, fault, transactionFault } from './rules.ts';
import type { BlockTree, Parent } from './tree.ts';

export type Verification =
  | { readonly valid: true; readonly hash: Hash }
  | Fault
  /** neither good nor bad: the parent has to be verified first */
  | { readonly valid: false; readonly missingParent: Hash };

/** Verdicts in the order of the envelopes, off the main thread; those known to be good need not be checked again. */
export type VerifySignatures = (envelopes: readonly TransactionEnvelope[]) => Promise<readonly boolean[]>;

export interface BlockVerifierOptions {
  rules: BlockRules;
  tree: BlockTree;
  findTransaction: FindTransaction;
  verifySignatures: VerifySignatures;
  /** Hash of the finalized block at a height. */
  finalizedHash: (height: number) => Promise<Hash | undefined>;
}

export interface VerifyOptions {
  /** who must have built the block; undefined when that is settled elsewhere */
  readonly proposer: Address | undefined;
  /** 'unbounded' for a block that will be final at once: it must get in, and leaves the tree smaller */
  readonly room: 'bounded' | 'unbounded';
}

interface Candidate {
  readonly hash: Hash;
  readonly block: Block;
  readonly envelopes: readonly TransactionEnvelope[];
  readonly bytes: number;
}

export class BlockVerifier {
  readonly #rules: BlockRules;
  readonly #tree: BlockTree;
  readonly #findTransaction: FindTransaction;
  readonly #verifySignatures: VerifySignatures;
  readonly #finalizedHash: BlockVerifierOptions['finalizedHash'];
  readonly #running = new Map<string, Promise<Verification>>();

  constructor({ rules, tree, findTransaction, verifySignatures, finalizedHash }: BlockVerifierOptions) {
    this.#rules = rules;
    this.#tree = tree;
    this.#findTransaction = findTransaction;
    this.#verifySignatures = verifySignatures;
    this.#finalizedHash = finalizedHash;
  }

  /** @throws {ChainError} TREE_FULL */
  async verify(block: Block, { proposer, room }: VerifyOptions): Promise<Verification> {
    const { header, body } = block;
    const bytes = Block.value_serializedSize(block);
    // The body first: everything after this is said about the hash.
    const broken =
      checkBody(header, body.justification, transactionIds(body.transactions)) ??
      this.#rules.checkAlone(header, body.justification, bytes, proposer);
    if (broken !== undefined) return broken;
    const hash = headerHash(header);
    const key = toHex(hash);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    if (this.#isKnown(hash)) return { valid: true, hash };
    if (room === 'bounded' && !this.#tree.hasRoom(bytes)) {
      throw new ChainError('TREE_FULL', `${this.#tree.size} executed blocks wait for a Final`);
    }
    const envelopes = envelopesOf(body.transactions, this.#findTransaction);
    if (typeof envelopes === 'number') return fault('BAD_ENCODING', `transaction ${envelopes}`);
    const verification = this.#verify({ hash, block, envelopes, bytes }).finally(() => this.#running.delete(key));
    this.#running.set(key, verification);
    return verification;
  }

  async #verify(candidate: Candidate): Promise<Verification> {
    const { hash, block, envelopes, bytes } = candidate;
    const parent = this.#tree.parent(block.header.parent);
    if (parent === undefined) return this.#withoutParent(candidate);
    // The workers have their batch before execution takes this thread.
    const [verdicts, execution] = await Promise.all([
      this.#verifySignatures(envelopes),
      this.#execute(candidate, parent),
    ]);
    const bad = envelopes.findIndex((_, index) => verdicts[index] !== true);
    if (bad >= 0) return fault('BAD_SIGNATURE', `transaction ${bad}`);
    if ('valid' in execution) return execution;
    // While signatures were checked the parent may have become final, or lost.
    const now = this.#tree.parent(block.header.parent);
    if (now === undefined) return this.#withoutParent(candidate);
    const { receipts, overlay } = execution;
    overlay.rebase(now.state);
    this.#tree.add({ hash, block, envelopes, receipts, overlay, bytes });
    return { valid: true, hash };
  }

  async #execute({ block, envelopes }: Candidate, parent: Parent): Promise<Execution | Fault> {
    const { header } = block;
    const broken = checkAgainstParent(header, parent.header);
    if (broken !== undefined) return broken;
    const { parameters } = this.#rules;
    const execution = executeAll(parent.state, envelopes, { parameters, timestamp: header.timestamp });
    if ('invalid' in execution) return transactionFault(execution.index, execution.invalid);
    if (!equalBytes(header.receiptsRoot, receiptsRoot(execution.receipts))) {
      return fault('RECEIPTS_ROOT', 'the receipts are not those of the header');
    }
    if (!equalBytes(header.stateRoot, execution.overlay.root)) {
      return fault('STATE_ROOT', `execution leads to the state ${toHex(execution.overlay.root)}`);
    }
    return execution;
  }

  /** A block whose parent is neither the newest final block nor in the tree. */
  async #withoutParent({ hash, block }: Candidate): Promise<Verification> {
    const { height, parent } = block.header;
    const root = this.#tree.root.header.height;
    if (height > root + 1) return { valid: false, missingParent: parent };
    if (this.#isKnown(hash)) return { valid: true, hash };
    const finalized = await this.#finalizedHash(height);
    if (finalized !== undefined && equalBytes(finalized, hash)) return { valid: true, hash };
    return fault('CONFLICTS_WITH_FINALIZED', `height ${height}, and another block of height ${root} is final`);
  }

  #isKnown(hash: Hash): boolean {
    return this.#tree.get(hash) !== undefined || equalBytes(this.#tree.root.hash, hash);
  }
}
