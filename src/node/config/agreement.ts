// Whether a configuration agrees with the chain that it is to run: consensus mode, block time, validator.
// A node that expects something else than its genesis says does not start.

import { type Address, addressOf, formatAddress, parseAddress } from '../../primitives/address.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import { type Authority, CONSENSUS_MODES, type Genesis } from '../../primitives/genesis.ts';
import type { LoadedConfig } from '../config.ts';
import { ConfigError, type ConfigProblem, configError } from './errors.ts';
import { fileKey, type SettingName } from './settings.ts';
import { formatDuration } from './units.ts';

/** The part of a loaded configuration that is judged here. */
export type Expectations = Pick<LoadedConfig, 'config' | 'sources'>;

/** @throws {ConfigError} when `consensus_mode` or `block_time` is set and is not that of genesis. */
export function checkAgreement({ config, sources }: Expectations, genesis: Genesis): void {
  const problems: ConfigProblem[] = [];
  const mode = CONSENSUS_MODES[genesis.mode];
  if (config.consensusMode !== undefined && config.consensusMode !== mode) {
    problems.push(disagrees('consensusMode', sources, config.consensusMode, String(mode), config.genesisFile));
  }
  const { blockTime } = genesis.parameters;
  if (config.blockTime !== undefined && config.blockTime !== blockTime) {
    const [wanted, actual] = [formatDuration(config.blockTime), formatDuration(blockTime)];
    problems.push(disagrees('blockTime', sources, wanted, actual, config.genesisFile));
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

function disagrees(
  name: SettingName,
  sources: LoadedConfig['sources'],
  wanted: string,
  actual: string,
  genesisFile: string,
): ConfigProblem {
  return {
    key: fileKey(name),
    source: sources[name] ?? 'default',
    message: `is ${wanted}, but the chain of ${genesisFile} has ${actual}. It is fixed in genesis: remove the setting, or use the genesis you meant.`,
  };
}

/**
 * A validator is reached directly or through its own full nodes: votes that come through a stranger's relay, or a port that
 * a home router may take back, are late.
 * @throws {ConfigError} when `nat` is set for a validator.
 */
export function checkNat({ config, sources }: Expectations): void {
  const { nat, validatorKey, validatorSigner } = config;
  const key = validatorKey === undefined ? 'validator_signer' : 'validator_key';
  if (!nat || (validatorKey ?? validatorSigner) === undefined) return;
  throw configError({
    key: 'nat',
    source: sources.nat ?? 'default',
    message: `is true, but this node is a validator (${key}), which must not depend on relays and routers. Remove nat and give it an address that others reach, or let it connect to full nodes of yours.`,
  });
}

/**
 * A node behind sentries must not be found: what would tell others of it is a mistake.
 * @throws {ConfigError} when `sentries` and such a setting are set.
 */
export function checkSentries({ config, sources }: Expectations): void {
  const { sentries, nat, relay, discovery, announceAddresses } = config;
  if (sentries.length === 0) return;
  const reveals = {
    nat,
    relay,
    discovery: discovery === 'server' || discovery === 'client',
    announceAddresses: announceAddresses.length > 0,
  };
  const names = Object.keys(reveals) as (keyof typeof reveals)[];
  const problems = names
    .filter((name) => reveals[name])
    .map((name) => ({
      key: fileKey(name),
      source: sources[name] ?? 'default',
      message: `tells others of this node, but it keeps to its sentries (${sources.sentries ?? 'default'}). Remove one of the two.`,
    }));
  if (problems.length > 0) throw new ConfigError(problems);
}

/**
 * Whether the validator key is the one that is meant: `validator_address`, where it is set, is the account for which the
 * key validates in genesis. A key that genesis does not name may become that of a validator later.
 * @param publicKey 32 bytes; undefined when no `validator_key` is set.
 * @throws {ConfigError}
 */
export function checkValidator(
  { config, sources }: Expectations,
  genesis: Genesis,
  publicKey: Uint8Array | undefined,
): void {
  const expected = config.validatorAddress;
  if (expected === undefined) return;
  const problem = { key: 'validator_address', source: sources.validatorAddress ?? 'default' };
  if (publicKey === undefined) {
    throw configError({
      ...problem,
      message: 'is set, but validator_key is not: name the key with which this node validates, or remove the address.',
    });
  }
  const seat = seats(genesis).find((one) => equalBytes(one.publicKey, publicKey));
  if (seat === undefined || equalBytes(parseAddress(expected), seat.address)) return;
  const own = formatAddress(addressOf(publicKey));
  throw configError({
    ...problem,
    message: `is ${expected}, but the key ${config.validatorKey} (${own}) validates for ${formatAddress(seat.address)}. Use the right key, or correct the address.`,
  });
}

/**
 * The account whose validator has its key in a signer process: `validator_address` names it, for the process need not run
 * yet, and the validator need not be registered.
 * @returns undefined when no `validator_signer` is set.
 * @throws {ConfigError}
 */
export function remoteOperator({ config, sources }: Expectations): Address | undefined {
  const { validatorSigner, validatorKey, validatorAddress } = config;
  if (validatorSigner === undefined) return undefined;
  const problem = { key: 'validator_signer', source: sources.validatorSigner ?? 'default' };
  if (validatorKey !== undefined) {
    const where = sources.validatorKey ?? 'default';
    throw configError({
      ...problem,
      message: `is set, and so is validator_key (${where}): a key is in one place. Set validator_key: none.`,
    });
  }
  if (validatorAddress === undefined) {
    const message = 'needs validator_address: say of which account the validator is that signs there.';
    throw configError({ ...problem, message });
  }
  return parseAddress(validatorAddress);
}

function seats({ authorities, stakers }: Genesis): readonly Authority[] {
  return [...authorities, ...stakers];
}
