// Devnets: the published genesis of one validator, or one made from it with more validators or another block time.
// Each node has a data directory of its own; those of several lie side by side under one folder.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyPair } from '../crypto/keys.ts';
import { peerIdOf } from '../network/identity.ts';
import { addressOf } from '../primitives/address.ts';
import { compareBytes } from '../primitives/bytes.ts';
import { type Authority, type Genesis, type GenesisAccount, genesisHash } from '../primitives/genesis.ts';
import { MIN_CAP_FACTOR, MIN_EPOCH_BLOCKS } from '../primitives/parameter-bounds.ts';
import { baseTimeout, type Parameters } from '../primitives/parameters.ts';
import { UNITS_PER_AIT } from '../primitives/units.ts';
import type { Settings } from './config/schema.ts';
import { configTemplate } from './config/template.ts';
import { DataDirError, dataDirState, dataPaths } from './data-dir.ts';
import { DEVNET_FAUCET, DEVNET_VALIDATOR, type PublishedKey, publishedKeys } from './devnet-keys.ts';
import { loadGenesis, writeGenesis } from './genesis-file.ts';
import { readIdentity } from './identity-file.ts';
import { initDataDir, keepKey } from './init.ts';
import { networkDirectory } from './package-root.ts';

/** What the faucets of further nodes can give. */
const FAUCET_BALANCE = 1_000_000n * UNITS_PER_AIT;
const PLAIN = { kind: 'plain' } as const;
/** Written last: the folder of several nodes is whole when it is there. */
const MARKER = 'devnet.json';

export interface DevnetShape {
  readonly validators: number;
  /** milliseconds; undefined keeps that of the published genesis */
  readonly blockTime: number | undefined;
  /** funded besides the published ones */
  readonly accounts?: readonly GenesisAccount[];
}

/** Initializes the data directory of the one validator whose key is published. */
export async function initDevnetNode(directory: string, blockTime: number | undefined): Promise<void> {
  const published = await loadGenesis(join(networkDirectory('devnet'), 'genesis.json'));
  const genesis = withBlockTime(published.genesis, blockTime);
  const hash = genesisHash(genesis);
  const keys = await publishedKeys();
  await initDataDir({
    directory,
    genesisHash: hash,
    ...(genesis === published.genesis ? {} : { genesis }),
    keys: keys.map(({ name, key }) => ({ name, key, protection: PLAIN })),
    validator: publishedKey(keys, DEVNET_VALIDATOR),
    settings: { network: 'devnet' },
  });
}

/**
 * Makes the folder of a devnet, unless it is there already.
 * @throws {DataDirError} when the folder holds something else, or a devnet of another shape.
 */
export async function ensureDevnet(directory: string, shape: DevnetShape): Promise<void> {
  const existing = await readMarker(directory);
  if (existing === undefined) return createDevnet(directory, shape);
  if (existing === shape.validators) return;
  throw new DataDirError(
    'ALREADY_INITIALIZED',
    `${directory} holds a devnet of ${existing} validators: use --validators ${existing}, or another --data-dir`,
  );
}

export function devnetNodeDirectory(directory: string, index: number): string {
  return join(directory, `node-${index}`);
}

async function createDevnet(directory: string, shape: DevnetShape): Promise<void> {
  if ((await dataDirState(directory)) !== 'absent') {
    throw new DataDirError('NOT_EMPTY', `${directory} holds files that are no devnet: choose another --data-dir`);
  }
  const published = await publishedKeys();
  const { validators } = shape;
  const nodes = Array.from({ length: validators }, (_, index) => nodeKeys(published, index));
  const genesis = await devnetGenesis(nodes, shape);
  const { keys, genesis: genesisFile } = dataPaths(directory);
  await mkdir(keys, { recursive: true, mode: 0o700 });
  await writeGenesis(genesisFile, genesis);
  const accounts = published.filter(({ name }) => name !== DEVNET_VALIDATOR);
  for (const { name, key } of accounts) await keepKey(directory, { name, key, protection: PLAIN });
  for (const [index, { validator, faucet }] of nodes.entries()) {
    await initDataDir({
      directory: devnetNodeDirectory(directory, index),
      genesisHash: genesisHash(genesis),
      keys: [
        { name: DEVNET_VALIDATOR, key: validator, protection: PLAIN },
        { name: DEVNET_FAUCET, key: faucet, protection: PLAIN },
      ],
      validator,
      settings: { network: 'devnet' },
    });
  }
  await writeFile(join(directory, MARKER), `${JSON.stringify({ validators })}\n`, { flag: 'wx' });
}

interface NodeKeys {
  readonly validator: KeyPair;
  /** one for each node: two nodes that pay from one account would use the same nonces */
  readonly faucet: KeyPair;
}

/** The first node has the published keys, so that a devnet of one validator is the published one. */
function nodeKeys(published: readonly PublishedKey[], index: number): NodeKeys {
  if (index > 0) return { validator: KeyPair.generate(), faucet: KeyPair.generate() };
  return { validator: publishedKey(published, DEVNET_VALIDATOR), faucet: publishedKey(published, DEVNET_FAUCET) };
}

async function devnetGenesis(nodes: readonly NodeKeys[], { blockTime, accounts = [] }: DevnetShape): Promise<Genesis> {
  const { genesis } = await loadGenesis(join(networkDirectory('devnet'), 'genesis.json'));
  const authorities = nodes.map(({ validator }) => seat(validator)).sort((a, b) => compareBytes(a.address, b.address));
  const faucets = nodes
    .slice(1)
    .map(({ faucet }) => ({ address: addressOf(faucet.publicKey), balance: FAUCET_BALANCE }));
  return withBlockTime(
    { ...genesis, authorities, accounts: [...genesis.accounts, ...faucets, ...accounts] },
    blockTime,
  );
}

function seat(key: KeyPair): Authority {
  return { publicKey: key.publicKey, address: addressOf(key.publicKey) };
}

function publishedKey(keys: readonly PublishedKey[], name: string): KeyPair {
  const found = keys.find((published) => published.name === name);
  if (found === undefined) throw new RangeError(`networks/devnet/keys.json has no key "${name}"`);
  return found.key;
}

/** Patience grows with the block time, no block may come sooner than the shortest interval, and an epoch has some blocks. */
function withBlockTime(genesis: Genesis, blockTime: number | undefined): Genesis {
  const { parameters } = genesis;
  if (blockTime === undefined || blockTime === parameters.blockTime) return genesis;
  const changed = { ...parameters, blockTime, minBlockInterval: Math.min(parameters.minBlockInterval, blockTime) };
  const timerCap = Math.max(parameters.timerCap, MIN_CAP_FACTOR * baseTimeout(changed));
  return { ...genesis, parameters: { ...changed, ...periods(parameters, blockTime), timerCap } };
}

/** What is counted in epochs grows with them. */
function periods({ epochDuration, evidenceWindow, unbondingPeriod, votingPeriod }: Parameters, blockTime: number) {
  const factor = Math.max(1, Math.ceil((MIN_EPOCH_BLOCKS * blockTime) / epochDuration));
  return {
    epochDuration: factor * epochDuration,
    evidenceWindow: factor * evidenceWindow,
    unbondingPeriod: factor * unbondingPeriod,
    votingPeriod: factor * votingPeriod,
  };
}

async function readMarker(directory: string): Promise<number | undefined> {
  try {
    const { validators } = JSON.parse(await readFile(join(directory, MARKER), 'utf8'));
    return Number(validators);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new DataDirError('MALFORMED', `${join(directory, MARKER)} can not be read: ${(error as Error).message}`);
  }
}

/** Each node has ten ports to itself, so that no two nodes can meet; the RPC of the first is where clients look. */
export const PORTS_PER_NODE = 10;
export const DEFAULT_BASE_PORT = 9080;

export type DevnetPorts = Pick<Settings, 'rpcPort' | 'wsPort' | 'metricsPort' | 'p2pPort' | 'p2pWsPort'>;

export function devnetPorts(basePort: number, index: number): DevnetPorts {
  const first = basePort + PORTS_PER_NODE * index;
  return { rpcPort: first, wsPort: first + 1, metricsPort: first + 2, p2pPort: first + 3, p2pWsPort: first + 4 };
}

/** Writes the config file of each node: who it is, its ports, and the others as peers. @returns the files. */
export async function writeDevnetConfigs(directory: string, validators: number, basePort: number): Promise<string[]> {
  const peers: string[] = [];
  for (let index = 0; index < validators; index++) {
    const seed = await readIdentity(dataPaths(devnetNodeDirectory(directory, index)).identity);
    peers.push(`/ip4/127.0.0.1/tcp/${devnetPorts(basePort, index).p2pPort}/p2p/${peerIdOf(seed)}`);
  }
  const head = ['Written by `aitbc-node devnet` at each start: changes here are lost.'];
  const files: string[] = [];
  for (let index = 0; index < validators; index++) {
    const file = dataPaths(devnetNodeDirectory(directory, index)).config;
    const text = configTemplate(head, {
      network: 'devnet',
      dataDir: '.',
      genesisFile: '../genesis.json',
      validatorKey: DEVNET_VALIDATOR,
      faucetKey: DEVNET_FAUCET,
      ...devnetPorts(basePort, index),
      bootstrapPeers: peers.filter((_, other) => other !== index),
      // All of them share the cores of one machine.
      verifierThreads: validators > 1 ? 1 : 2,
    });
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
    files.push(file);
  }
  return files;
}
