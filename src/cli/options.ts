// Options that several commands share, so that they are spelled and explained once.

import type { Command } from 'commander';
import type { Flags } from '../node/config/sources.ts';
import type { CliContext, JsonOption } from './context.ts';
import { CliError } from './errors.ts';
import { DEFAULT_RPC, RpcClient } from './rpc-client.ts';

export interface DataDirOptions extends JsonOption {
  readonly network?: string;
  readonly dataDir?: string;
  readonly config?: string;
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON for scripts');
}

/**
 * For every command that opens a data directory.
 * @param where it is when no option says so
 */
export function withDataDir(command: Command, where = '~/.aitbc/<network>'): Command {
  return command
    .option('--network <name>', 'the network: devnet, testnet, mainnet or your own (default: devnet)')
    .option('--data-dir <dir>', `the data directory (default: ${where})`)
    .option('--config <file>', 'the config file (default: config.yaml in the data directory)');
}

export interface ClientOptions extends JsonOption {
  readonly rpc?: string;
}

/** For every command that asks a running node. */
export function withRpc(command: Command): Command {
  return command.option('--rpc <url>', `the node to ask (environment AITBC_RPC, default ${DEFAULT_RPC})`);
}

export function rpcClient(context: CliContext, options: ClientOptions, timeoutMs?: number): RpcClient {
  const url = options.rpc ?? (context.environment.AITBC_RPC || DEFAULT_RPC);
  return new RpcClient(timeoutMs === undefined ? { url } : { url, timeoutMs });
}

/** The settings among a command's options. */
export function flagsOf(options: DataDirOptions & Flags): Flags {
  const { json: _json, config: _config, ...flags } = options;
  return flags;
}

/** @throws {CliError} */
export function parseDurationOption(text: string, option: string, parse: (text: string) => number | undefined): number {
  const value = parse(text);
  if (value === undefined) {
    throw new CliError('usage', `${option}: "${text}" is no duration`, { hint: 'write it like 250ms, 30s or 5m' });
  }
  return value;
}
