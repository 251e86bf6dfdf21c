// The rules of a block that need no execution (docs/protocol.md §6), and the names of all the ways in which one is
// invalid. Signatures of certificates and proposals are checked at the door, before a block comes here; so is the
// clock.

import type { InvalidReason } from '../ledger/rules.ts';
import { type Address, addressKey } from '../primitives/address.ts';
import { type Header, type Justification, justificationHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { FINAL, NOTAR } from '../primitives/consensus.ts';
import type { Genesis } from '../primitives/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { validatorsRoot } from '../primitives/validators.ts';
import { transactionsRoot } from './body.ts';

export type BlockFault =
  /** the header does not commit to this body's transactions: see `isBodyFault` */
  | 'TRANSACTIONS_ROOT'
  /** the header does not commit to this body's justification: see `isBodyFault` */
  | 'JUSTIFICATION_HASH'
  /** not the proposer that was expected, or nobody of the validator set */
  | 'PROPOSER'
  /** ssz(Block) is above the parameter `maxBlockBytes` */
  | 'TOO_LARGE'
  /** none, one for another block or epoch, a SKIP, or one where none belongs */
  | 'PARENT_CERTIFICATE'
  /** this version of the protocol has none */
  | 'LATE_VOTES'
  | 'VALIDATORS_ROOT'
  | 'NEXT_VALIDATORS_ROOT'
  /** not the parent's plus one */
  | 'HEIGHT'
  /** not the parent's */
  | 'EPOCH'
  /** not after the parent's */
  | 'TIMESTAMP'
  /** it is not, and can't come to be, a descendant of the newest finalized block */
  | 'CONFLICTS_WITH_FINALIZED'
  /** bytes that are no transaction */
  | 'BAD_ENCODING'
  | 'BAD_SIGNATURE'
  /** a transaction that is not valid at its position; the detail says which and why */
  | 'INVALID_TRANSACTION'
  | 'RECEIPTS_ROOT'
  | 'STATE_ROOT';

export interface Fault {
  readonly valid: false;
  readonly reason: BlockFault;
  /** for people; may change */
  readonly detail: string;
}

export function fault(reason: BlockFault, detail: string): Fault {
  return { valid: false, reason, detail };
}

/** Whether a fault is one of the body that came with the header: the sender's doing, and nothing against the hash. */
export function isBodyFault(reason: BlockFault): boolean {
  return reason === 'TRANSACTIONS_ROOT' || reason === 'JUSTIFICATION_HASH';
}

export function transactionFault(index: number, invalid: InvalidReason): Fault {
  return fault('INVALID_TRANSACTION', `transaction ${index}: ${invalid}`);
}

/** What the rules compare a block to, computed once from genesis. */
export class BlockRules {
  readonly parameters: Parameters;
  readonly validatorsRoot: Hash;
  readonly #proposers: ReadonlySet<string>;

  constructor(genesis: Genesis) {
    this.parameters = genesis.parameters;
    this.validatorsRoot = validatorsRoot(genesis.validators);
    this.#proposers = new Set(genesis.validators.map(({ address }) => addressKey(address)));
  }

  /**
   * What can be told without the parent.
   * @param bytes ssz(Block)
   * @param proposer the slot's leader; any validator when undefined
   */
  checkAlone(
    header: Header,
    justification: Justification,
    bytes: number,
    proposer: Address | undefined,
  ): Fault | undefined {
    if (!this.#isProposer(header, proposer)) return fault('PROPOSER', `proposer ${toHex(header.proposer)}`);
    if (bytes > this.parameters.maxBlockBytes) {
      return fault('TOO_LARGE', `${bytes} bytes, at most ${this.parameters.maxBlockBytes}`);
    }
    if (!equalBytes(header.validatorsRoot, this.validatorsRoot)) {
      return fault('VALIDATORS_ROOT', 'the validator set is that of genesis');
    }
    if (!equalBytes(header.nextValidatorsRoot, this.validatorsRoot)) {
      return fault('NEXT_VALIDATORS_ROOT', 'the validator set stays that of genesis');
    }
    return checkJustification(header, justification);
  }

  #isProposer(header: Header, expected: Address | undefined): boolean {
    if (!this.#proposers.has(addressKey(header.proposer))) return false;
    return expected === undefined || equalBytes(header.proposer, expected);
  }
}

/** Whether the header is this body's. */
export function checkBody(header: Header, justification: Justification, ids: readonly Hash[]): Fault | undefined {
  if (!equalBytes(header.transactionsRoot, transactionsRoot(ids))) {
    return fault('TRANSACTIONS_ROOT', 'the transactions are not those of the header');
  }
  if (!equalBytes(header.justificationHash, justificationHash(justification))) {
    return fault('JUSTIFICATION_HASH', 'the justification is not that of the header');
  }
  return undefined;
}

function checkJustification(header: Header, { parentCertificate, lateVotes }: Justification): Fault | undefined {
  if (lateVotes.length > 0) return fault('LATE_VOTES', `${lateVotes.length} late votes, none belong here`);
  if (header.height <= 1) {
    return parentCertificate === null
      ? undefined
      : fault('PARENT_CERTIFICATE', 'genesis is final by itself and has no certificate');
  }
  if (parentCertificate === null) return fault('PARENT_CERTIFICATE', 'the certificate of the parent is missing');
  const { kind, hash, epoch } = parentCertificate;
  if (kind !== NOTAR && kind !== FINAL) return fault('PARENT_CERTIFICATE', `a certificate of kind ${kind}`);
  if (epoch !== header.epoch) return fault('PARENT_CERTIFICATE', `a certificate of epoch ${epoch}`);
  if (!equalBytes(hash, header.parent)) return fault('PARENT_CERTIFICATE', 'the certificate of another block');
  return undefined;
}

/** How a header must follow its parent's. */
export function checkAgainstParent(header: Header, parent: Header): Fault | undefined {
  if (header.height !== parent.height + 1) {
    return fault('HEIGHT', `height ${header.height} on a parent of height ${parent.height}`);
  }
  if (header.epoch !== parent.epoch) {
    return fault('EPOCH', `epoch ${header.epoch} on a parent of epoch ${parent.epoch}`);
  }
  if (header.timestamp <= parent.timestamp) {
    return fault('TIMESTAMP', `time ${header.timestamp} on a parent of time ${parent.timestamp}`);
  }
  return undefined;
}
