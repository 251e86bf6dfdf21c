// Builds blocks: what consensus asks for, with the transactions that the mempool offers, executed on the parent's state.
// A block that is built is as valid as one that was verified, and stands in the tree like it.

import { newLateVotes } from '../ledger/late-votes.ts';
import { Block, type Header, headerHash, type Justification, justificationHash } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import { emptyBlockBytes, encodedTransactions, receiptsRoot, transactionsRoot } from './body.ts';
import type { Epochs, Lineage } from './epochs.ts';
import { ChainError } from './errors.ts';
import { executeValid } from './executor.ts';
import { checkJustification } from './justification.ts';
import { checkAgainstParent, checkSize, type Fault } from './rules.ts';
import type { BlockTree } from './tree.ts';
import type { BuildRequest, BuiltBlock, TransactionSource } from './types.ts';

/** Late votes take at most this part of a block: those left over have 31 more blocks to go into. */
const LATE_VOTES_SHARE = 4;

export interface BlockBuilderOptions {
  epochs: Epochs;
  tree: BlockTree;
  transactions: TransactionSource;
}

export class BlockBuilder {
  readonly #o: Readonly<BlockBuilderOptions>;

  constructor(options: BlockBuilderOptions) {
    this.#o = options;
  }

  /**
   * @returns undefined when no transaction is there and an empty block is not wanted
   * @throws {ChainError} UNKNOWN_BLOCK, INVALID_REQUEST, TREE_FULL, UPGRADE_REQUIRED
   */
  async build(request: BuildRequest): Promise<BuiltBlock | undefined> {
    const { epochs, tree } = this.#o;
    const { timestamp, proposer, whenEmpty } = request;
    const parent = tree.parent(request.parent);
    if (parent === undefined) throw new ChainError('UNKNOWN_BLOCK', `no executed block ${toHex(request.parent)}`);
    const lineage = epochs.lineage(parent);
    const { record, members } = lineage.epoch;
    const justification = justificationOf(request, lineage);
    const frame = {
      height: parent.header.height + 1,
      epoch: record.epoch,
      timestamp,
      parent: parent.hash,
      proposer,
      validatorsRoot: members.root,
    };
    assertAllowed(checkAgainstParent(frame, lineage) ?? checkJustification(justification, frame, lineage));
    const selected = this.#select(lineage, timestamp, justification);
    const { envelopes, receipts, overlay } = executeValid(parent.state, selected, { header: frame, justification });
    if (envelopes.length === 0 && whenEmpty === 'skip') return undefined;
    const header: Header = {
      ...frame,
      transactionsRoot: transactionsRoot(envelopes.map(({ id }) => id)),
      receiptsRoot: receiptsRoot(receipts),
      stateRoot: overlay.root,
      nextValidatorsRoot: epochs.present(overlay).members.root,
      justificationHash: justificationHash(justification),
    };
    const block: Block = { header, body: { justification, transactions: encodedTransactions(envelopes) } };
    const bytes = Block.value_serializedSize(block);
    assertAllowed(checkSize(bytes, lineage));
    if (!tree.hasRoom(bytes)) throw new ChainError('TREE_FULL', 'too many executed blocks wait for a Final');
    const hash = headerHash(header);
    const nextEpoch = epochs.begunBy(overlay, lineage);
    tree.add({ hash, block, envelopes, receipts, overlay, nextEpoch, bytes });
    return { hash, block };
  }

  #select({ parent, epoch }: Lineage, timestamp: number, justification: Justification): readonly TransactionEnvelope[] {
    const { tree, transactions } = this.#o;
    if (tree.isCrowded) return [];
    const maxBytes = epoch.record.parameters.maxBlockBytes - emptyBlockBytes(justification);
    return transactions.select({ state: parent.state, maxBytes, timestamp });
  }
}

function justificationOf({ parentCertificate, lateVotes }: BuildRequest, { parent, epoch }: Lineage): Justification {
  const maxBytes = Math.floor(epoch.record.parameters.maxBlockBytes / LATE_VOTES_SHARE);
  return {
    parentCertificate: parentCertificate ?? null,
    lateVotes: newLateVotes(parent.state, lateVotes, maxBytes),
  };
}

function assertAllowed(broken: Fault | undefined): void {
  if (broken !== undefined) throw new ChainError('INVALID_REQUEST', `${broken.reason}: ${broken.detail}`);
}
