// Epochs as blocks are judged by them: the record in the state and what is made from it, made once however many blocks
// and transactions ask.

import { Members } from '../consensus/members.ts';
import type { LedgerReader } from '../ledger/accounts.ts';
import { CorruptStateError } from '../ledger/errors.ts';
import { epochRange, epochs } from '../ledger/records.ts';
import { addressKey } from '../primitives/address.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import { PROTOCOL_VERSION } from '../primitives/wire.ts';
import { ChainError } from './errors.ts';
import type { Parent } from './tree.ts';

export interface Epoch {
  readonly record: EpochRecord;
  readonly members: Members;
  /** the members' accounts, as `addressKey`s */
  readonly proposers: ReadonlySet<string>;
}

/** What a block is compared to. */
export interface Lineage {
  readonly parent: Parent;
  /** the block's own */
  readonly epoch: Epoch;
  /** the one whose members have certified the parent; undefined for genesis, which is final by itself */
  readonly certifiers: Epoch | undefined;
}

/** Reads epochs from any state: of the store or of a block that is not final. */
export class Epochs {
  /** by record, which is the same object for all who read equal bytes */
  readonly #made = new WeakMap<EpochRecord, Epoch>();

  /** The epoch of the next block. @throws {CorruptStateError} when the state has none */
  present(state: LedgerReader): Epoch {
    return this.#get(state, epochRange.get(state).current);
  }

  /**
   * For a child of this block.
   * @throws {CorruptStateError} when its state lacks an epoch
   * @throws {ChainError} UPGRADE_REQUIRED
   */
  lineage(parent: Parent): Lineage {
    const { header, state } = parent;
    const epoch = this.present(state);
    assertSpoken(epoch.record);
    if (header.height === 0) return { parent, epoch, certifiers: undefined };
    const certifiers = header.epoch === epoch.record.epoch ? epoch : this.#get(state, header.epoch);
    return { parent, epoch, certifiers };
  }

  /** The epoch that begins after a block; undefined when the block's own goes on. @param state after the block */
  begunBy(state: LedgerReader, { epoch }: Lineage): EpochRecord | undefined {
    const { record } = this.present(state);
    return record.epoch === epoch.record.epoch ? undefined : record;
  }

  /** An epoch that the state has a record of: the present one, or one that evidence or unbonding may still need. */
  find(state: LedgerReader, number: number): Epoch | undefined {
    const record = epochs.find(state, number);
    if (record === undefined) return undefined;
    const known = this.#made.get(record);
    if (known !== undefined) return known;
    const made = epochOf(record);
    this.#made.set(record, made);
    return made;
  }

  #get(state: LedgerReader, number: number): Epoch {
    const epoch = this.find(state, number);
    if (epoch === undefined) throw new CorruptStateError(`the state has no record of epoch ${number}`);
    return epoch;
  }
}

/**
 * Blocks that follow other rules than this program's must neither be built here nor be judged.
 * @throws {ChainError} UPGRADE_REQUIRED
 */
export function assertSpoken({ epoch, protocolVersion }: EpochRecord): void {
  if (protocolVersion <= PROTOCOL_VERSION) return;
  throw new ChainError(
    'UPGRADE_REQUIRED',
    `epoch ${epoch} needs version ${protocolVersion} of the protocol, this node speaks ${PROTOCOL_VERSION}`,
  );
}

function epochOf(record: EpochRecord): Epoch {
  const proposers = new Set(record.validators.map(({ address }) => addressKey(address)));
  return { record, members: new Members(record.validators), proposers };
}
