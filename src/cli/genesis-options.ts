// The options of `genesis create` as a Genesis: each value read with an error that says how to write it.

import { parseDuration } from '../node/config/units.ts';
import { addressOf, parseAddress } from '../primitives/address.ts';
import { compareBytes, fromHex } from '../primitives/bytes.ts';
import type { Genesis, GenesisAccount } from '../primitives/genesis.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { baseTimeout } from '../primitives/parameters.ts';
import { encodeText, MAX_AMOUNT } from '../primitives/ssz.ts';
import { parseAit } from '../primitives/units.ts';
import type { Validator } from '../primitives/validators.ts';
import type { JsonOption } from './context.ts';
import { CliError } from './errors.ts';

export interface CreateGenesisOptions extends JsonOption {
  readonly chainId: string;
  readonly validator: readonly string[];
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
  readonly out: string;
}

/** The least that lets timers outgrow a slow network (docs/protocol.md §7). */
const CAP_FACTOR = 8;

/** @param now milliseconds since 1970. @throws {CliError} naming the option. */
export function buildGenesis(options: CreateGenesisOptions, now: number): Genesis {
  return {
    chainId: encodeText(options.chainId),
    genesisTime: options.time === undefined ? now : parseTime(options.time),
    mode: 0,
    parameters: buildParameters(options),
    validators: options.validator.map(parseValidator).sort((a, b) => compareBytes(a.publicKey, b.publicKey)),
    accounts: (options.account ?? []).map(parseAccount),
  };
}

function buildParameters(options: CreateGenesisOptions): Parameters {
  const parameters: Parameters = {
    minFee: units(options.minFee, '--min-fee'),
    feePerByte: units(options.feePerByte, '--fee-per-byte'),
    accountFee: units(options.accountFee, '--account-fee'),
    maxBlockBytes: Number(units(options.maxBlockBytes, '--max-block-bytes')),
    blockTime: duration(options.blockTime, '--block-time'),
    minBlockInterval: duration(options.minBlockInterval, '--min-block-interval'),
    messageDelay: duration(options.messageDelay, '--message-delay'),
    executionAllowance: duration(options.executionAllowance, '--execution-allowance'),
    timerCap: 0,
    resendInterval: duration(options.resendInterval, '--resend-interval'),
  };
  const lowest = CAP_FACTOR * baseTimeout(parameters);
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

function duration(text: string, option: string): number {
  const value = parseDuration(text);
  if (value === undefined) throw wrong(option, text, 'a whole number and ms, s, m or h, like 250ms');
  return value;
}

function parseTime(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time) || time <= 0) throw wrong('--time', text, 'ISO 8601, like 2026-01-31T12:00:00Z');
  return time;
}

function parseValidator(text: string): Validator {
  const [key = '', weight = '1', address, ...rest] = text.split(':');
  if (!/^[0-9a-f]{64}$/.test(key) || !/^[1-9]\d{0,6}$/.test(weight) || rest.length > 0) {
    throw wrong('--validator', text, '<public key of 64 lower-case hex digits>[:weight[:address]]');
  }
  const publicKey = fromHex(key);
  return {
    publicKey,
    address: address === undefined ? addressOf(publicKey) : parseAddress(address),
    weight: Number(weight),
  };
}

function parseAccount(text: string): GenesisAccount {
  const [address, amount, ...rest] = text.split(':');
  if (address === undefined || amount === undefined || rest.length > 0) {
    throw wrong('--account', text, '<address>:<amount in AIT>, like ait1…:1000');
  }
  return { address: parseAddress(address), balance: parseAit(amount) };
}
