// The ledger's records in a state, each under its key: typed reads and writes, and nothing else. Records of accounts and
// the fee pool, which are touched by every transfer, are in accounts.ts.

import type { Type } from '@chainsafe/ssz';
import { STATE_NAMESPACES } from '../primitives/account.ts';
import type { Address } from '../primitives/address.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { Activity, EpochRange, EpochRecord } from '../primitives/epoch.ts';
import { ProposalIndex, ProposalRecord } from '../primitives/governance.ts';
import {
  AddressList,
  AddressRecord,
  OffenceList,
  Payout,
  PayoutQueue,
  Pool,
  StakeAccount,
  Supply,
  ValidatorRecord,
} from '../primitives/staking.ts';
import type { LedgerReader, LedgerState } from './accounts.ts';
import { CorruptStateError } from './errors.ts';

/** Records of one kind, by the parts of their key. */
export class Records<Key extends readonly (Uint8Array | number)[], T> {
  readonly #namespace: number;
  readonly #type: Type<T>;

  constructor(namespace: number, type: Type<T>) {
    this.#namespace = namespace;
    this.#type = type;
  }

  key(...parts: Key): Uint8Array {
    const bytes = parts.map((part) => (typeof part === 'number' ? numberKey(part) : part));
    const key = new Uint8Array(bytes.reduce((length, part) => length + part.length, 1));
    key[0] = this.#namespace;
    let offset = 1;
    for (const part of bytes) {
      key.set(part, offset);
      offset += part.length;
    }
    return key;
  }

  /** A value of its own: it may be changed and set again. */
  find(state: LedgerReader, ...parts: Key): T | undefined {
    const bytes = state.get(this.key(...parts));
    return bytes === undefined ? undefined : this.decode(bytes);
  }

  /** @throws {CorruptStateError} when there is none */
  get(state: LedgerReader, ...parts: Key): T {
    const record = this.find(state, ...parts);
    if (record === undefined) throw new CorruptStateError(`the state has no record ${this.#type.typeName}`);
    return record;
  }

  set(state: LedgerState, record: T, ...parts: Key): void {
    state.set(this.key(...parts), this.#type.serialize(record));
  }

  delete(state: LedgerState, ...parts: Key): void {
    state.delete(this.key(...parts));
  }

  /** @throws {CorruptStateError} when the bytes are no such record */
  decode(bytes: Uint8Array): T {
    try {
      return this.#type.deserialize(bytes);
    } catch (error) {
      throw new CorruptStateError(`a damaged record ${this.#type.typeName}: ${(error as Error).message}`);
    }
  }
}

/**
 * Records decoded last. As many as may be kept at a time and some of forks, so that reports about many old epochs do not
 * crowd out the present one, of which much is computed.
 */
const MAX_DECODED = 96;

/**
 * Records that are read again and again between two writes: equal bytes are decoded once, to one object for all readers.
 * It must not be changed.
 */
class SharedRecords<Key extends readonly (Uint8Array | number)[], T> extends Records<Key, T> {
  /** those used last first */
  #decoded: readonly { readonly bytes: Uint8Array; readonly record: T }[] = [];

  override decode(bytes: Uint8Array): T {
    // A state gives out the same array again and again, so that contents are rarely compared.
    const known =
      this.#decoded.find((one) => one.bytes === bytes) ?? this.#decoded.find((one) => equalBytes(one.bytes, bytes));
    const used = known ?? { bytes, record: super.decode(bytes) };
    if (used !== this.#decoded[0]) {
      this.#decoded = [used, ...this.#decoded.filter((one) => one !== used)].slice(0, MAX_DECODED);
    }
    return used.record;
  }
}

const N = STATE_NAMESPACES;

export const epochs = new SharedRecords<[epoch: number], EpochRecord>(N.epoch, EpochRecord);
export const epochRange = new Records<[], EpochRange>(N.epochRange, EpochRange);
export const activity = new Records<[], Activity>(N.activity, Activity);
export const validators = new Records<[operator: Address], ValidatorRecord>(N.validator, ValidatorRecord);
export const consensusKeys = new Records<[publicKey: Uint8Array], AddressRecord>(N.consensusKey, AddressRecord);
export const candidates = new Records<[], Address[]>(N.candidates, AddressList);
export const authorities = new Records<[], Address[]>(N.authorities, AddressList);
export const stakes = new Records<[delegator: Address], StakeAccount>(N.stake, StakeAccount);
export const unbondingPools = new Records<[validator: Address, epoch: number], Pool>(N.unbondingPool, Pool);
export const payouts = new Records<[position: number], Payout>(N.payout, Payout);
export const payoutQueue = new Records<[], PayoutQueue>(N.payoutQueue, PayoutQueue);
export const offences = new Records<[], OffenceList>(N.offences, OffenceList);
export const proposals = new Records<[id: number], ProposalRecord>(N.proposal, ProposalRecord);
export const proposalIndex = new SharedRecords<[], ProposalIndex>(N.proposalIndex, ProposalIndex);
export const supply = new Records<[], Supply>(N.supply, Supply);

/** The present epoch: the one that the next block belongs to. */
export function currentEpoch(state: LedgerReader): EpochRecord {
  return epochs.get(state, epochRange.get(state).current);
}

function numberKey(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
