// The changes that governance can make: whether one may be made now, and making it. A change is checked when it is proposed
// and again when it is due, for much can have happened in between.

import type { Address } from '../primitives/address.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { isPublicKey } from '../primitives/ed25519.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import { CONSENSUS_MODES } from '../primitives/genesis.ts';
import type { AddAuthority, Change, ParameterChange } from '../primitives/governance.ts';
import { MAX_AUTHORITIES, parameterFaults } from '../primitives/parameter-bounds.ts';
import { PARAMETER_NAMES, type Parameters } from '../primitives/parameters.ts';
import type { ReceiptCode } from '../primitives/receipt.ts';
import { AUTHORITY, STAKER, TOMBSTONED } from '../primitives/staking.ts';
import type { LedgerReader, LedgerState } from './accounts.ts';
import { includes, inserted, removed } from './lists.ts';
import { authorities, consensusKeys, validators } from './records.ts';
import { newValidator } from './validator-record.ts';

/** The part of an epoch that governance decides on. */
export type Rules = Pick<EpochRecord, 'mode' | 'parameters' | 'protocolVersion'>;

/** Why a change of the state and of these rules may not be made; undefined when it may. */
export function changeFault(state: LedgerReader, { selector, value }: Change, rules: Rules): ReceiptCode | undefined {
  switch (selector) {
    case 0:
      return hasAuthorities(rules) ? additionFault(state, value) : 'NOT_ALLOWED';
    case 1:
      return hasAuthorities(rules) ? removalFault(state, value.address, rules) : 'NOT_ALLOWED';
    case 2: {
      const parameters = changedParameters(rules.parameters, value.changes);
      const isFaulty = parameters === undefined || parameterFaults(parameters).length > 0;
      return outOfBounds(isFaulty || needsMoreMembers(state, parameters, rules));
    }
    case 3:
      return outOfBounds(value.protocolVersion <= rules.protocolVersion);
  }
}

/** Makes a change for which `changeFault` has just found nothing. @param rules changed in place */
export function applyChange(state: LedgerState, { selector, value }: Change, rules: Rules): void {
  switch (selector) {
    case 0:
      return addAuthority(state, value);
    case 1:
      return removeAuthority(state, value.address);
    case 2:
      rules.parameters = changedParameters(rules.parameters, value.changes) ?? rules.parameters;
      return;
    case 3:
      rules.protocolVersion = value.protocolVersion;
  }
}

function outOfBounds(isOut: boolean): ReceiptCode | undefined {
  return isOut ? 'CHANGE_OUT_OF_BOUNDS' : undefined;
}

function hasAuthorities({ mode }: Rules): boolean {
  return CONSENSUS_MODES[mode] !== 'pos';
}

/** Who has something staked on it, an authority or a tombstoned one can not become an authority; who was one can again. */
function additionFault(state: LedgerReader, { address, publicKey }: AddAuthority): ReceiptCode | undefined {
  const record = validators.find(state, address);
  const isFree =
    record === undefined || (record.role === STAKER && record.status !== TOMBSTONED && record.pool.shares === 0n);
  const isOwnKey = record !== undefined && equalBytes(record.publicKey, publicKey);
  if (!isOwnKey && consensusKeys.find(state, publicKey) !== undefined) return 'KEY_ALREADY_USED';
  return outOfBounds(!isFree || !isPublicKey(publicKey) || authorities.get(state).length >= MAX_AUTHORITIES);
}

/** Where nobody else votes, as many stay as an election needs. */
function removalFault(state: LedgerReader, address: Address, { mode, parameters }: Rules): ReceiptCode | undefined {
  const list = authorities.get(state);
  const isNeeded = CONSENSUS_MODES[mode] === 'poa' && list.length <= parameters.minValidators;
  return outOfBounds(!includes(list, address) || isNeeded);
}

/**
 * Where nobody else votes, no election may come to need more than there are: it would never take place. Fewer than are
 * needed there may be for another reason, and then all that does not ask for more can still be changed.
 */
function needsMoreMembers(state: LedgerReader, { minValidators }: Parameters, { mode, parameters }: Rules): boolean {
  if (CONSENSUS_MODES[mode] !== 'poa' || minValidators <= parameters.minValidators) return false;
  return minValidators > authorities.get(state).length;
}

function addAuthority(state: LedgerState, { address, publicKey }: AddAuthority): void {
  const record = validators.find(state, address) ?? newValidator(publicKey, AUTHORITY, 0);
  validators.set(state, { ...record, publicKey, role: AUTHORITY }, address);
  consensusKeys.set(state, { address }, publicKey);
  authorities.set(state, inserted(authorities.get(state), address));
}

/** Its record stays, as that of a validator with nothing staked on it. */
function removeAuthority(state: LedgerState, address: Address): void {
  validators.set(state, { ...validators.get(state, address), role: STAKER }, address);
  authorities.set(state, removed(authorities.get(state), address));
}

/** @returns undefined when a parameter is there twice, or a value is beyond its type */
function changedParameters(parameters: Parameters, changes: readonly ParameterChange[]): Parameters | undefined {
  const changed = new Map<string, number | bigint>();
  for (const { parameter, value } of changes) {
    const name = PARAMETER_NAMES[parameter];
    if (name === undefined || changed.has(name)) return undefined;
    const isAmount = typeof parameters[name] === 'bigint';
    if (!isAmount && value > Number.MAX_SAFE_INTEGER) return undefined;
    changed.set(name, isAmount ? value : Number(value));
  }
  return changed.size === 0 ? undefined : { ...parameters, ...Object.fromEntries(changed) };
}
