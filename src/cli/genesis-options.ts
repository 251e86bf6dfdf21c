// The options of `genesis create` as a Genesis: each value read with an error that says how to write it.

import { parseDuration } from '../node/config/units.ts';
import { addressOf, parseAddress } from '../primitives/address.ts';
import { compareBytes, fromHex } from '../primitives/bytes.ts';
import {
  type Authority,
  CONSENSUS_MODES,
  type ConsensusMode,
  type Genesis,
  type GenesisAccount,
  type Staker,
} from '../primitives/genesis.ts';
import { MIN_CAP_FACTOR } from '../primitives/parameter-bounds.ts';
import { baseTimeout, type Parameters } from '../primitives/parameters.ts';
import { encodeText, MAX_AMOUNT } from '../primitives/ssz.ts';
import { parseAit, parsePercent, UnitsError } from '../primitives/units.ts';
import type { JsonOption } from './context.ts';
import { CliError } from './errors.ts';

export interface CreateGenesisOptions extends JsonOption {
  readonly chainId: string;
  readonly mode: string;
  readonly authority?: readonly string[];
  readonly stake?: readonly string[];
  readonly account?: readonly string[];
  readonly time?: string;
  readonly blockTime: string;
  readonly minBlockInterval: string;
  readonly messageDelay: string;
  readonly executionAllowance: string;
  readonly timerCap?: string;
  readonly resendInterval: string;
  readonly maxBlockBytes: string;
  readonly minFee: string;
  readonly feePerByte: string;
  readonly accountFee: string;
  readonly epochDuration: string;
  readonly evidenceWindow: string;
  readonly unbondingPeriod: string;
  readonly votingPeriod: string;
  readonly minSelfBond: string;
  readonly minStake: string;
  readonly maxStakers: string;
  readonly minValidators?: string;
  readonly targetBonded: string;
  readonly authorityShare: string;
  readonly proposerBonus: string;
  readonly epochReward: string;
  readonly out: string;
}

/** The smallest set that goes on when one of it fails. */
const USUAL_MIN_VALIDATORS = 4;

/** One less than there are, so that one can be jailed or voted out. */
function usualMinValidators(validators: number): number {
  return Math.max(1, Math.min(USUAL_MIN_VALIDATORS, validators - 1));
}

/** @param now milliseconds since 1970. @throws {CliError} naming the option. */
export function buildGenesis(options: CreateGenesisOptions, now: number): Genesis {
  const authorities = (options.authority ?? []).map(parseAuthority).sort(byAddress);
  const stakers = (options.stake ?? []).map(parseStaker).sort(byAddress);
  return {
    chainId: encodeText(options.chainId),
    genesisTime: options.time === undefined ? now : parseTime(options.time),
    mode: parseMode(options.mode),
    parameters: buildParameters(options, usualMinValidators(authorities.length + stakers.length)),
    authorities,
    stakers,
    accounts: (options.account ?? []).map(parseAccount),
  };
}

/** @param minValidators where no option says it */
function buildParameters(options: CreateGenesisOptions, minValidators: number): Parameters {
  const parameters: Parameters = {
    minFee: units(options.minFee, '--min-fee'),
    feePerByte: units(options.feePerByte, '--fee-per-byte'),
    accountFee: units(options.accountFee, '--account-fee'),
    maxBlockBytes: count(options.maxBlockBytes, '--max-block-bytes'),
    blockTime: duration(options.blockTime, '--block-time'),
    minBlockInterval: duration(options.minBlockInterval, '--min-block-interval'),
    messageDelay: duration(options.messageDelay, '--message-delay'),
    executionAllowance: duration(options.executionAllowance, '--execution-allowance'),
    timerCap: 0,
    resendInterval: duration(options.resendInterval, '--resend-interval'),
    epochDuration: duration(options.epochDuration, '--epoch-duration'),
    evidenceWindow: duration(options.evidenceWindow, '--evidence-window'),
    unbondingPeriod: duration(options.unbondingPeriod, '--unbonding-period'),
    votingPeriod: duration(options.votingPeriod, '--voting-period'),
    minSelfBond: amount(options.minSelfBond, '--min-self-bond'),
    minStake: amount(options.minStake, '--min-stake'),
    maxStakers: count(options.maxStakers, '--max-stakers'),
    minValidators:
      options.minValidators === undefined ? minValidators : count(options.minValidators, '--min-validators'),
    targetBonded: amount(options.targetBonded, '--target-bonded'),
    authorityShare: share(options.authorityShare, '--authority-share'),
    proposerBonus: share(options.proposerBonus, '--proposer-bonus'),
    epochReward: amount(options.epochReward, '--epoch-reward'),
  };
  const lowest = MIN_CAP_FACTOR * baseTimeout(parameters);
  return {
    ...parameters,
    timerCap: options.timerCap === undefined ? lowest : duration(options.timerCap, '--timer-cap'),
  };
}

function wrong(option: string, text: string, form: string): CliError {
  return new CliError('usage', `${option}: "${text}" is not allowed`, { hint: `write it as ${form}` });
}

function units(text: string, option: string): bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value > MAX_AMOUNT) throw wrong(option, text, 'a whole number below 2^64');
  return value;
}

function count(text: string, option: string): number {
  if (!/^\d{1,9}$/.test(text)) throw wrong(option, text, 'a whole number');
  return Number(text);
}

function duration(text: string, option: string): number {
  const value = parseDuration(text);
  if (value === undefined) throw wrong(option, text, 'a whole number and ms, s, m or h, like 250ms');
  return value;
}

function amount(text: string, option: string): bigint {
  return read(parseAit, text, option, text);
}

function share(text: string, option: string): number {
  return read(parsePercent, text, option, text);
}

/** @param part of `text`, which the error shows whole */
function read<T>(parse: (part: string) => T, part: string, option: string, text: string): T {
  try {
    return parse(part);
  } catch (error) {
    if (!(error instanceof UnitsError)) throw error;
    throw new CliError('usage', `${option}: "${text}" is not allowed`, { hint: error.message });
  }
}

function parseMode(text: string): number {
  const mode = CONSENSUS_MODES.indexOf(text as ConsensusMode);
  if (mode < 0) throw wrong('--mode', text, CONSENSUS_MODES.join(', '));
  return mode;
}

function parseTime(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time) || time <= 0) throw wrong('--time', text, 'ISO 8601, like 2026-01-31T12:00:00Z');
  return time;
}

const KEY = /^[0-9a-f]{64}$/;
const KEY_FORM = '<public key of 64 lower-case hex digits>';

function parseAuthority(text: string): Authority {
  const [key = '', address, ...rest] = text.split(':');
  if (!KEY.test(key) || rest.length > 0) throw wrong('--authority', text, `${KEY_FORM}[:<address>]`);
  return seat(key, address);
}

function parseStaker(text: string): Staker {
  const [key = '', bond, commission = '0%', address, ...rest] = text.split(':');
  if (!KEY.test(key) || bond === undefined || rest.length > 0) {
    throw wrong('--stake', text, `${KEY_FORM}:<amount in AIT>[:<commission, like 5%>[:<address>]]`);
  }
  return {
    ...seat(key, address),
    commission: read(parsePercent, commission, '--stake', text),
    selfBond: read(parseAit, bond, '--stake', text),
  };
}

function seat(key: string, address: string | undefined): Authority {
  const publicKey = fromHex(key);
  return { publicKey, address: address === undefined ? addressOf(publicKey) : parseAddress(address) };
}

function byAddress(a: Authority, b: Authority): number {
  return compareBytes(a.address, b.address);
}

function parseAccount(text: string): GenesisAccount {
  const [address, balance, ...rest] = text.split(':');
  if (address === undefined || balance === undefined || rest.length > 0) {
    throw wrong('--account', text, '<address>:<amount in AIT>, like ait1…:1000');
  }
  return { address: parseAddress(address), balance: parseAit(balance) };
}
