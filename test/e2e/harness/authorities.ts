// A network of authorities with short epochs and many accounts, each node a process, and nodes that follow it.

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyPair } from '../../../src/crypto/keys.ts';
import { peerIdOf } from '../../../src/network/identity.ts';
import type { Settings } from '../../../src/node/config/schema.ts';
import { configTemplate } from '../../../src/node/config/template.ts';
import { dataPaths } from '../../../src/node/data-dir.ts';
import { devnetPorts, PORTS_PER_NODE } from '../../../src/node/devnet.ts';
import { readIdentity } from '../../../src/node/identity-file.ts';
import { initDataDir } from '../../../src/node/init.ts';
import { addressOf } from '../../../src/primitives/address.ts';
import { compareBytes } from '../../../src/primitives/bytes.ts';
import { type Genesis, genesisHash } from '../../../src/primitives/genesis.ts';
import { sha256 } from '../../../src/primitives/hash.ts';
import { baseTimeout, type Parameters } from '../../../src/primitives/parameters.ts';
import { encodeText } from '../../../src/primitives/ssz.ts';
import { UNITS_PER_AIT } from '../../../src/primitives/units.ts';
import { TestNode, temporaryFolder } from './devnet.ts';
import { freePorts } from './ports.ts';

const KEY = 'validator';
const POA = 0;
const BALANCE = 1000n * UNITS_PER_AIT;
const HOUR = 3_600_000;

export interface Wish {
  readonly authorities: number;
  /** with a balance, of no known key, beside the authorities' own and those of `keys` */
  readonly accounts: number;
  readonly keys: readonly KeyPair[];
  readonly parameters: Pick<Parameters, 'blockTime' | 'epochDuration'>;
  readonly settings: Partial<Settings>;
}

export class AuthorityNetwork {
  readonly directory: string;
  readonly genesis: Genesis;
  readonly genesisHash: Uint8Array;
  readonly nodes: readonly TestNode[];
  /** multiaddrs of the nodes */
  readonly addresses: readonly string[];
  readonly #settings: Partial<Settings>;
  readonly #all: TestNode[];
  readonly #remove: () => Promise<void>;

  private constructor(
    directory: string,
    genesis: Genesis,
    { nodes, addresses }: Pick<AuthorityNetwork, 'nodes' | 'addresses'>,
    settings: Partial<Settings>,
    remove: () => Promise<void>,
  ) {
    this.directory = directory;
    this.genesis = genesis;
    this.genesisHash = genesisHash(genesis);
    this.nodes = nodes;
    this.addresses = addresses;
    this.#all = [...nodes];
    this.#settings = settings;
    this.#remove = remove;
  }

  static async create(wish: Wish): Promise<AuthorityNetwork> {
    const { path, remove } = await temporaryFolder();
    const keys = Array.from({ length: wish.authorities }, () => KeyPair.generate());
    const genesis = genesisOf(keys, wish);
    const basePort = await freePorts(keys.length * PORTS_PER_NODE);
    const directories = keys.map((_, index) => join(path, `node-${index}`));
    for (const [index, key] of keys.entries()) {
      await initialize(directories[index] as string, genesis, key);
    }
    const peers = await Promise.all(directories.map((directory, index) => addressOfNode(directory, basePort, index)));
    const nodes: TestNode[] = [];
    for (const [index, directory] of directories.entries()) {
      nodes.push(
        await configured(directory, join(path, `${index}.log`), {
          ...wish.settings,
          validatorKey: KEY,
          ...devnetPorts(basePort, index),
          bootstrapPeers: peers.filter((_, other) => other !== index),
        }),
      );
    }
    return new AuthorityNetwork(path, genesis, { nodes, addresses: peers }, wish.settings, remove);
  }

  /** A node without a key, not started yet; one of the same name as before goes on in its directory. @param peers multiaddrs */
  async follower(name: string, peers: readonly string[], settings: Partial<Settings>): Promise<TestNode> {
    const directory = join(this.directory, name);
    if (!existsSync(directory)) await initialize(directory, this.genesis, undefined);
    const ports = devnetPorts(await freePorts(PORTS_PER_NODE), 0);
    const all = { ...this.#settings, ...ports, bootstrapPeers: [...peers], ...settings };
    const node = await configured(directory, join(this.directory, `${name}.log`), all);
    this.#all.push(node);
    return node;
  }

  async start(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()));
    await Promise.all(this.nodes.map((node) => node.ready()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((node) => node.kill()));
    await this.#remove();
  }
}

async function initialize(directory: string, genesis: Genesis, key: KeyPair | undefined): Promise<void> {
  await initDataDir({
    directory,
    genesisHash: genesisHash(genesis),
    genesis,
    keys: key === undefined ? [] : [{ name: KEY, key, protection: { kind: 'plain' } }],
    ...(key === undefined ? {} : { validator: key }),
    settings: { network: 'authorities' },
  });
}

async function configured(directory: string, log: string, settings: Partial<Settings>): Promise<TestNode> {
  const { config } = dataPaths(directory);
  const text = configTemplate([], {
    network: 'authorities',
    dataDir: '.',
    signerListen: 0,
    p2pHost: '127.0.0.1',
    verifierThreads: 1,
    ...settings,
  });
  await writeFile(config, text);
  return new TestNode(directory, ['start', '--config', config], log);
}

async function addressOfNode(directory: string, basePort: number, index: number): Promise<string> {
  const seed = await readIdentity(dataPaths(directory).identity);
  return `/ip4/127.0.0.1/tcp/${devnetPorts(basePort, index).p2pPort}/p2p/${peerIdOf(seed)}`;
}

function genesisOf(authorities: readonly KeyPair[], { accounts, keys, parameters }: Wish): Genesis {
  const seats = authorities.map(({ publicKey }) => ({ publicKey, address: addressOf(publicKey) }));
  const strangers = Array.from({ length: accounts }, (_, i) => sha256(encodeText(`stranger ${i}`)).slice(0, 20));
  const owners = [...seats.map(({ address }) => address), ...keys.map(({ publicKey }) => addressOf(publicKey))];
  const all = {
    minFee: 1000n,
    feePerByte: 10n,
    accountFee: 10_000n,
    maxBlockBytes: 1 << 20,
    minBlockInterval: Math.min(50, parameters.blockTime),
    messageDelay: 100,
    executionAllowance: 100,
    timerCap: 0,
    resendInterval: 500,
    evidenceWindow: 24 * HOUR,
    unbondingPeriod: 0,
    votingPeriod: 24 * HOUR,
    minSelfBond: UNITS_PER_AIT,
    minStake: UNITS_PER_AIT,
    maxStakers: 10,
    minValidators: 1,
    targetBonded: UNITS_PER_AIT,
    authorityShare: 500_000,
    proposerBonus: 50_000,
    epochReward: 0n,
    ...parameters,
  };
  // The window is what the bounds of the parameters allow for such epochs.
  const evidenceWindow = 32 * all.epochDuration;
  const unbondingPeriod = 64 * all.epochDuration;
  return {
    chainId: encodeText('ait-authorities'),
    genesisTime: Date.now(),
    mode: POA,
    parameters: {
      ...all,
      evidenceWindow,
      unbondingPeriod,
      votingPeriod: evidenceWindow,
      timerCap: 8 * baseTimeout(all),
    },
    authorities: [...seats].sort((a, b) => compareBytes(a.address, b.address)),
    stakers: [],
    accounts: [...owners, ...strangers].map((address) => ({ address, balance: BALANCE })),
  };
}
