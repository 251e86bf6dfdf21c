// Verifies blocks that others built: rules, signatures and execution; what is valid enters the tree. A verdict other
// than a body's fault or the proposer's is one on the hash, and would be the same on every node.

import type { Address } from '../primitives/address.ts';
import { Block, type Body, headerHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { SignatureCheck } from '../primitives/signing.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import { envelopesOf, type FindTransaction, receiptsRoot, transactionIds } from './body.ts';
import type { Epochs, Lineage } from './epochs.ts';
import { ChainError } from './errors.ts';
import { type Execution, executeAll } from './executor.ts';
import { checkJustification, justificationChecks } from './justification.ts';
import {
  checkAgainstParent,
  checkBody,
  checkProposer,
  checkSize,
  type Fault,
  fault,
  transactionFault,
} from './rules.ts';
import type { BlockTree } from './tree.ts';

export type Verification =
  | { readonly valid: true; readonly hash: Hash }
  | Fault
  /** neither good nor bad: the parent has to be verified first, or the chain went past both by a snapshot */
  | { readonly valid: false; readonly missingParent: Hash };

/** Verdicts in the order of the envelopes, off the main thread; those known to be good need not be checked again. */
export type VerifySignatures = (envelopes: readonly TransactionEnvelope[]) => Promise<readonly boolean[]>;
/** Verdicts in the order of the checks. Consensus has seen most of a justification's votes: their verdicts are worth remembering. */
export type VerifyVotes = (checks: readonly SignatureCheck[]) => Promise<readonly boolean[]>;

export interface BlockVerifierOptions {
  genesisHash: Hash;
  epochs: Epochs;
  tree: BlockTree;
  findTransaction: FindTransaction;
  verifySignatures: VerifySignatures;
  verifyVotes: VerifyVotes;
  /** Hash of the finalized block at a height. */
  finalizedHash: (height: number) => Promise<Hash | undefined>;
  /** Whether the chain went past a height by a snapshot: the final block there may be unknown. */
  isPassed: (height: number) => boolean;
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
  readonly bytes: number;
}

export class BlockVerifier {
  readonly #o: Readonly<BlockVerifierOptions>;
  readonly #running = new Map<string, Promise<Verification>>();

  constructor(options: BlockVerifierOptions) {
    this.#o = options;
  }

  /** @throws {ChainError} TREE_FULL */
  async verify(block: Block, { proposer, room }: VerifyOptions): Promise<Verification> {
    const { tree } = this.#o;
    const { header, body } = block;
    // The body first: everything after this is said about the hash.
    const broken =
      checkBody(header, body.justification, transactionIds(body.transactions)) ?? checkProposer(header, proposer);
    if (broken !== undefined) return broken;
    const hash = headerHash(header);
    const key = toHex(hash);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    if (this.#isKnown(hash)) return { valid: true, hash };
    const bytes = Block.value_serializedSize(block);
    if (room === 'bounded' && !tree.hasRoom(bytes)) {
      throw new ChainError('TREE_FULL', `${tree.size} executed blocks wait for a Final`);
    }
    const verification = this.#verify({ hash, block, bytes }).finally(() => this.#running.delete(key));
    this.#running.set(key, verification);
    return verification;
  }

  /** Signatures of transactions are checked ahead; what comes of it is remembered where they are checked. */
  prepare(transactions: Body['transactions']): void {
    const { findTransaction, verifySignatures } = this.#o;
    const envelopes = envelopesOf(transactions, findTransaction);
    // Whoever waits for the verdicts later hears of a failure.
    if (typeof envelopes !== 'number') verifySignatures(envelopes).catch(() => undefined);
  }

  async #verify(candidate: Candidate): Promise<Verification> {
    const { tree, epochs, findTransaction } = this.#o;
    const { hash, block, bytes } = candidate;
    const { header, body } = block;
    const parent = tree.parent(header.parent);
    if (parent === undefined) return this.#withoutParent(candidate);
    const lineage = epochs.lineage(parent);
    const broken =
      checkAgainstParent(header, lineage) ??
      checkSize(bytes, lineage) ??
      checkJustification(body.justification, header, lineage);
    if (broken !== undefined) return broken;
    const envelopes = envelopesOf(body.transactions, findTransaction);
    if (typeof envelopes === 'number') return fault('BAD_ENCODING', `transaction ${envelopes}`);
    // The workers have their batches before execution takes this thread.
    const [forged, execution] = await Promise.all([
      this.#findForged(block, envelopes, lineage),
      this.#execute(block, envelopes, lineage),
    ]);
    if (forged !== undefined) return forged;
    if ('valid' in execution) return execution;
    // While signatures were checked the parent may have become final, or lost.
    const now = tree.parent(header.parent);
    if (now === undefined) return this.#withoutParent(candidate);
    const { receipts, overlay } = execution;
    overlay.rebase(now.state);
    const nextEpoch = epochs.begunBy(overlay, lineage);
    tree.add({ hash, block, envelopes, receipts, overlay, nextEpoch, bytes });
    return { valid: true, hash };
  }

  /** The first signature of the block that does not hold: a transaction's, the parent certificate's or a late vote's. */
  async #findForged(
    { body }: Block,
    envelopes: readonly TransactionEnvelope[],
    lineage: Lineage,
  ): Promise<Fault | undefined> {
    const { verifySignatures, verifyVotes, genesisHash } = this.#o;
    const checks = justificationChecks(body.justification, lineage, genesisHash);
    const [verdicts, votes] = await Promise.all([
      verifySignatures(envelopes),
      verifyVotes([...checks.certificate, ...checks.lateVotes]),
    ]);
    const bad = envelopes.findIndex((_, index) => verdicts[index] !== true);
    if (bad >= 0) return fault('BAD_SIGNATURE', `transaction ${bad}`);
    const signers = checks.certificate.length;
    if (checks.certificate.some((_, index) => votes[index] !== true)) {
      return fault('PARENT_CERTIFICATE', 'a signature in it does not hold');
    }
    const late = checks.lateVotes.findIndex((_, index) => votes[signers + index] !== true);
    return late >= 0 ? fault('LATE_VOTES', `the signature of late vote ${late} does not hold`) : undefined;
  }

  async #execute(
    { header, body }: Block,
    envelopes: readonly TransactionEnvelope[],
    { parent }: Lineage,
  ): Promise<Execution | Fault> {
    const execution = executeAll(parent.state, envelopes, { header, justification: body.justification });
    if ('invalid' in execution) return transactionFault(execution.index, execution.invalid);
    const { receipts, overlay } = execution;
    if (!equalBytes(header.receiptsRoot, receiptsRoot(receipts))) {
      return fault('RECEIPTS_ROOT', 'the receipts are not those of the header');
    }
    if (!equalBytes(header.stateRoot, overlay.root)) {
      return fault('STATE_ROOT', `execution leads to the state ${toHex(overlay.root)}`);
    }
    if (!equalBytes(header.nextValidatorsRoot, this.#o.epochs.present(overlay).members.root)) {
      return fault('NEXT_VALIDATORS_ROOT', 'not the validator set of the next block');
    }
    return execution;
  }

  /** A block whose parent is neither the newest final block nor in the tree. */
  async #withoutParent({ hash, block }: Candidate): Promise<Verification> {
    const { height, parent } = block.header;
    const { tree, finalizedHash, isPassed } = this.#o;
    const root = tree.root.header.height;
    if (height > root + 1) return { valid: false, missingParent: parent };
    if (this.#isKnown(hash)) return { valid: true, hash };
    const finalized = await finalizedHash(height);
    if (finalized !== undefined && equalBytes(finalized, hash)) return { valid: true, hash };
    if (finalized === undefined && isPassed(height)) return { valid: false, missingParent: parent };
    return fault('CONFLICTS_WITH_FINALIZED', `height ${height}, and another block of height ${root} is final`);
  }

  #isKnown(hash: Hash): boolean {
    const { tree } = this.#o;
    return tree.get(hash) !== undefined || equalBytes(tree.root.hash, hash);
  }
}
