// What makes a genesis usable, and what its author should know about it. Every node checks before it starts,
// because a chain can not mend its own beginning.

import { genesisSet } from '../ledger/genesis.ts';
import { addressKey, formatAddress } from '../primitives/address.ts';
import { type ConsensusMode, consensusMode, type Genesis, type GenesisAccount } from '../primitives/genesis.ts';
import { parameterFaults } from '../primitives/parameter-bounds.ts';
import { type Parameters, parameterKey } from '../primitives/parameters.ts';
import { decodeText, MAX_AMOUNT } from '../primitives/ssz.ts';
import { formatAit } from '../primitives/units.ts';
import { fault, type GenesisFinding, warning } from './genesis-finding.ts';
import { powerWarnings } from './genesis-power.ts';
import { checkValidators } from './genesis-validators.ts';

const CHAIN_ID = /^[a-z0-9][a-z0-9-]*$/;

/** @param now milliseconds since 1970 */
export function checkGenesis(genesis: Genesis, now: number): GenesisFinding[] {
  const findings = [
    ...checkName(genesis, now),
    ...checkParameters(genesis.parameters, consensusMode(genesis)),
    ...checkValidators(genesis),
    ...checkAccounts(genesis.accounts),
  ];
  if (findings.some(({ level }) => level === 'error')) return findings;
  const set = genesisSet(genesis);
  return [...findings, ...checkSize(set.length, genesis.parameters), ...powerWarnings(genesis, set)];
}

/** @param seats of the first epoch */
function checkSize(seats: number, { minValidators }: Parameters): GenesisFinding[] {
  const path = pathOf('minValidators');
  if (seats < minValidators) {
    const bound = `must be at most ${seats}, for so many have a seat in the first epoch, not ${minValidators}`;
    const advice = 'no set would ever be elected, so that nobody could come or go. Lower it, or name more validators';
    return [fault(path, `${bound}: ${advice}`)];
  }
  if (seats > minValidators || seats === 1) return [];
  const effect = 'while there are no more, nobody can be jailed or voted out, since a smaller set is not elected';
  return [warning(path, `is as many as have a seat in the first epoch: ${effect}`)];
}

function checkName(genesis: Genesis, now: number): GenesisFinding[] {
  const findings: GenesisFinding[] = [];
  if (!CHAIN_ID.test(decodeText(genesis.chainId))) {
    findings.push(fault('chain_id', 'must be lower-case letters, digits and -, like ait-devnet'));
  }
  if (genesis.genesisTime === 0) findings.push(fault('genesis_time', 'must be milliseconds since 1970'));
  if (genesis.genesisTime > now) {
    findings.push(warning('genesis_time', 'lies in the future: no block is voted for before that time'));
  }
  return findings;
}

function checkParameters(parameters: Parameters, mode: ConsensusMode): GenesisFinding[] {
  const findings = parameterFaults(parameters).map(({ parameter, message }) => fault(pathOf(parameter), message));
  const { resendInterval, messageDelay, minFee, feePerByte, epochDuration, blockTime, maxStakers } = parameters;
  if (resendInterval < messageDelay) {
    findings.push(warning(pathOf('resendInterval'), 'is below message_delay: votes are sent again before they arrive'));
  }
  if (minFee === 0n && feePerByte === 0n) {
    findings.push(warning(pathOf('minFee'), 'transactions are free: anyone can fill every block'));
  }
  const seats = Math.floor(epochDuration / blockTime / 2);
  if (mode !== 'poa' && maxStakers > seats) {
    const room = `has room for ${seats} seats of two slots each, and nobody with less is elected: max_stakers is ${maxStakers}`;
    findings.push(warning(pathOf('epochDuration'), room));
  }
  return findings;
}

function pathOf(name: keyof Parameters): string {
  return `parameters.${parameterKey(name)}`;
}

function checkAccounts(accounts: readonly GenesisAccount[]): GenesisFinding[] {
  const findings: GenesisFinding[] = [];
  const seen = new Map<string, number>();
  let total = 0n;
  for (const [index, { address, balance }] of accounts.entries()) {
    const key = addressKey(address);
    const first = seen.get(key);
    if (first !== undefined) {
      findings.push(fault(`accounts.${index}.address`, `${formatAddress(address)} is already accounts.${first}`));
    } else seen.set(key, index);
    if (balance === 0n) findings.push(warning(`accounts.${index}.balance`, 'is zero: the account could be left out'));
    total += balance;
  }
  if (total > MAX_AMOUNT) {
    findings.push(fault('accounts', `hold more than the ${formatAit(MAX_AMOUNT)} that an amount can count`));
  }
  if (total === 0n) findings.push(warning('accounts', 'hold nothing: nobody can pay a fee'));
  return findings;
}
