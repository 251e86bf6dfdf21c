// What makes a genesis usable, and what its author should know about it. Every node checks before it starts,
// because a chain can not mend its own beginning.

import { Point } from '@noble/ed25519';
import { addressKey, formatAddress } from '../primitives/address.ts';
import { compareBytes, toHex } from '../primitives/bytes.ts';
import type { Genesis, GenesisAccount } from '../primitives/genesis.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { baseTimeout } from '../primitives/parameters.ts';
import { decodeText, MAX_AMOUNT } from '../primitives/ssz.ts';
import { MAX_TRANSACTION_BYTES } from '../primitives/transaction.ts';
import { formatAit } from '../primitives/units.ts';
import type { Validator } from '../primitives/validators.ts';
import { MAX_GOSSIP_BYTES } from '../primitives/wire.ts';

/** The weight to which elected sets are scaled; the order of leaders repeats after that many slots and is kept. */
export const MAX_TOTAL_WEIGHT = 1_000_000;
/** A certificate of the largest set takes 33 kB, and some transactions should fit beside it. */
export const MIN_BLOCK_BYTES = 64 * 1024;
/** A proposal carries up to 512 KiB of certificates beside the block and must pass as one gossip message. */
export const MAX_BLOCK_BYTES = MAX_GOSSIP_BYTES - 512 * 1024 - MAX_TRANSACTION_BYTES;
/** Backoff needs this much room above the first timer to outgrow a slow network (docs/protocol.md). */
const MIN_CAP_FACTOR = 8;
const MAX_DURATION_MS = 3_600_000;
const CHAIN_ID = /^[a-z0-9][a-z0-9-]*$/;

export interface GenesisFinding {
  /** an error makes the genesis unusable, a warning is for its author to accept */
  readonly level: 'error' | 'warning';
  /** as in the JSON file: `validators.2.weight` */
  readonly path: string;
  readonly message: string;
}

/** @param now milliseconds since 1970 */
export function checkGenesis(genesis: Genesis, now: number): GenesisFinding[] {
  return [
    ...checkName(genesis, now),
    ...checkParameters(genesis.parameters),
    ...checkValidators(genesis.validators),
    ...checkAccounts(genesis.accounts),
  ];
}

function fault(path: string, message: string): GenesisFinding {
  return { level: 'error', path, message };
}

function warning(path: string, message: string): GenesisFinding {
  return { level: 'warning', path, message };
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

function checkParameters(parameters: Parameters): GenesisFinding[] {
  const findings: GenesisFinding[] = [];
  const durations = ['blockTime', 'minBlockInterval', 'messageDelay', 'executionAllowance', 'resendInterval'] as const;
  for (const name of durations) {
    const value = parameters[name];
    if (value < 1 || value > MAX_DURATION_MS) {
      findings.push(fault(pathOf(name), `must be from 1 to ${MAX_DURATION_MS} milliseconds, not ${value}`));
    }
  }
  const { blockTime, minBlockInterval, messageDelay, resendInterval, timerCap, maxBlockBytes } = parameters;
  if (minBlockInterval > blockTime) {
    findings.push(fault(pathOf('minBlockInterval'), `must not be above block_time (${blockTime})`));
  }
  const lowestCap = MIN_CAP_FACTOR * baseTimeout(parameters);
  if (timerCap < lowestCap) {
    findings.push(
      fault(
        pathOf('timerCap'),
        `must be at least ${lowestCap}: ${MIN_CAP_FACTOR} × (block_time + 3 × message_delay + execution_allowance)`,
      ),
    );
  }
  if (timerCap > MAX_DURATION_MS) findings.push(fault(pathOf('timerCap'), `must be at most ${MAX_DURATION_MS}`));
  if (resendInterval < messageDelay) {
    findings.push(warning(pathOf('resendInterval'), 'is below message_delay: votes are sent again before they arrive'));
  }
  if (maxBlockBytes < MIN_BLOCK_BYTES || maxBlockBytes > MAX_BLOCK_BYTES) {
    findings.push(fault(pathOf('maxBlockBytes'), `must be from ${MIN_BLOCK_BYTES} to ${MAX_BLOCK_BYTES}`));
  }
  if (parameters.minFee === 0n && parameters.feePerByte === 0n) {
    findings.push(warning(pathOf('minFee'), 'transactions are free: anyone can fill every block'));
  }
  return findings;
}

function pathOf(name: keyof Parameters): string {
  return `parameters.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

function checkValidators(validators: readonly Validator[]): GenesisFinding[] {
  if (validators.length === 0) return [fault('validators', 'must not be empty: nobody could make a block')];
  const findings: GenesisFinding[] = [];
  for (const [index, { publicKey, weight }] of validators.entries()) {
    const path = `validators.${index}`;
    if (!isUsableKey(publicKey)) {
      findings.push(fault(`${path}.public_key`, `${toHex(publicKey)} is no Ed25519 public key`));
    }
    if (weight === 0) findings.push(fault(`${path}.weight`, 'must be above zero'));
    const before = validators[index - 1];
    const order = before === undefined ? -1 : compareBytes(before.publicKey, publicKey);
    if (order === 0) findings.push(fault(`${path}.public_key`, 'is there twice'));
    if (order > 0) findings.push(fault(`${path}.public_key`, 'is out of order: validators are ordered by public key'));
  }
  const total = validators.reduce((sum, { weight }) => sum + weight, 0);
  if (total > MAX_TOTAL_WEIGHT) {
    findings.push(fault('validators', `weigh ${total} together; at most ${MAX_TOTAL_WEIGHT} is allowed`));
  }
  return [...findings, ...powerWarnings(validators, total)];
}

/** Who can stop the chain by being silent, and who needs nobody else. */
function powerWarnings(validators: readonly Validator[], total: number): GenesisFinding[] {
  const quorum = Math.floor((2 * total) / 3) + 1;
  return validators.flatMap(({ publicKey, weight }, index) => {
    const path = `validators.${index}.weight`;
    const share = `${((100 * weight) / total).toFixed(1)} %`;
    if (weight >= quorum) return [warning(path, `${toHex(publicKey)} holds ${share}: it decides alone`)];
    if (total - weight < quorum) {
      return [warning(path, `${toHex(publicKey)} holds ${share}: without it the chain halts`)];
    }
    return [];
  });
}

/** A point in its canonical encoding whose order is not small: what the signature rule accepts as a key. */
function isUsableKey(publicKey: Uint8Array): boolean {
  try {
    return !Point.fromBytes(publicKey).isSmallOrder();
  } catch {
    return false; // the library says only by throwing that the bytes are no point
  }
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
