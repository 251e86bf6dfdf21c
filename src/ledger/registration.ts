// VALIDATOR_REGISTER, VALIDATOR_UPDATE and UNJAIL: what an operator says about its own validator (docs/protocol.md §5).
// That a consensus key wants to act for the sender was checked with the sender's signature.

import type { Address } from '../primitives/address.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { MILLION } from '../primitives/parameters.ts';
import type { ReceiptCode } from '../primitives/receipt.ts';
import { ACTIVE, JAILED, STAKER, TOMBSTONED } from '../primitives/staking.ts';
import type { Unjail, ValidatorRegister, ValidatorUpdate } from '../primitives/transaction.ts';
import type { LedgerState } from './accounts.ts';
import type { BlockContext } from './block.ts';
import { consensusKeys, validators } from './records.ts';
import { bond, hasStaking } from './staking.ts';
import { newValidator, withCommission } from './validator-record.ts';

/** A validator is registered once: one that left comes back by staking on itself. */
export function register(
  state: LedgerState,
  sender: Address,
  { publicKey, commission, selfBond }: ValidatorRegister,
  context: BlockContext,
): ReceiptCode {
  if (!hasStaking(context)) return 'NOT_ALLOWED';
  if (validators.find(state, sender) !== undefined) return 'ALREADY_REGISTERED';
  if (commission > MILLION) return 'COMMISSION_OUT_OF_BOUNDS';
  if (consensusKeys.find(state, publicKey) !== undefined) return 'KEY_ALREADY_USED';
  const { minSelfBond } = context.parameters;
  if (selfBond < minSelfBond) return 'STAKE_TOO_SMALL';
  const record = newValidator(publicKey, STAKER, commission);
  const code = bond(state, sender, sender, record, selfBond, minSelfBond);
  if (code === 'SUCCESS') consensusKeys.set(state, { address: sender }, publicKey);
  return code;
}

/** A new key votes from the next election on, and the old one stays taken; a new commission is that of the next epoch. */
export function update(
  state: LedgerState,
  sender: Address,
  { key, commission }: ValidatorUpdate,
  { epoch }: BlockContext,
): ReceiptCode {
  const record = validators.find(state, sender);
  if (record === undefined) return 'UNKNOWN_VALIDATOR';
  if (record.status === TOMBSTONED) return 'TOMBSTONED';
  if (commission !== null && commission > MILLION) return 'COMMISSION_OUT_OF_BOUNDS';
  if (key !== null && consensusKeys.find(state, key.publicKey) !== undefined) return 'KEY_ALREADY_USED';

  if (key !== null) consensusKeys.set(state, { address: sender }, key.publicKey);
  const changed = commission === null ? record : withCommission(record, commission, epoch.epoch);
  validators.set(state, { ...changed, publicKey: key?.publicKey ?? record.publicKey }, sender);
  return 'SUCCESS';
}

export function unjail(
  state: LedgerState,
  sender: Address,
  { validator }: Unjail,
  { epoch }: BlockContext,
): ReceiptCode {
  if (!equalBytes(sender, validator)) return 'NOT_ALLOWED';
  const record = validators.find(state, validator);
  if (record === undefined) return 'UNKNOWN_VALIDATOR';
  if (record.status === TOMBSTONED) return 'TOMBSTONED';
  if (record.status !== JAILED) return 'NOT_JAILED';
  if (epoch.epoch < record.jailedUntil) return 'STILL_JAILED';
  validators.set(state, { ...record, status: ACTIVE }, validator);
  return 'SUCCESS';
}
