// A network of authorities and stakers for tests, with epochs of seconds; each node a process, and each validator's key the
// key of its account too.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyPair } from '../../../src/crypto/keys.ts';
import { peerIdOf } from '../../../src/network/identity.ts';
import { configTemplate } from '../../../src/node/config/template.ts';
import { dataPaths } from '../../../src/node/data-dir.ts';
import { devnetPorts, PORTS_PER_NODE } from '../../../src/node/devnet.ts';
import { DEVNET_VALIDATOR } from '../../../src/node/devnet-keys.ts';
import { readIdentity } from '../../../src/node/identity-file.ts';
import { initDataDir } from '../../../src/node/init.ts';
import { type Address, addressOf, formatAddress } from '../../../src/primitives/address.ts';
import { compareBytes } from '../../../src/primitives/bytes.ts';
import { type Genesis, genesisHash } from '../../../src/primitives/genesis.ts';
import { baseTimeout, type Parameters } from '../../../src/primitives/parameters.ts';
import { encodeText } from '../../../src/primitives/ssz.ts';
import { UNITS_PER_AIT } from '../../../src/primitives/units.ts';
import { TestNode, temporaryFolder } from './devnet.ts';
import { freePorts } from './ports.ts';
import { runJson } from './program.ts';
import { eventually } from './wait.ts';

const KEY = DEVNET_VALIDATOR;
const HYBRID = 2;
export const SELF_BOND = 20_000n * UNITS_PER_AIT;
const BALANCE = 100_000n * UNITS_PER_AIT;

const TIMING = {
  blockTime: 250,
  minBlockInterval: 50,
  messageDelay: 100,
  executionAllowance: 100,
};

/** Windows as short as an epoch of seconds allows. */
const PARAMETERS: Omit<Parameters, 'timerCap'> = {
  minFee: 1000n,
  feePerByte: 10n,
  accountFee: 10_000n,
  maxBlockBytes: 1 << 20,
  ...TIMING,
  resendInterval: 500,
  epochDuration: 5000,
  evidenceWindow: 16_000,
  unbondingPeriod: 33_000,
  votingPeriod: 60_000,
  minSelfBond: 10_000n * UNITS_PER_AIT,
  minStake: UNITS_PER_AIT,
  maxStakers: 10,
  minValidators: 2,
  targetBonded: 2n * SELF_BOND,
  authorityShare: 500_000,
  proposerBonus: 50_000,
  epochReward: 0n,
};

export interface Member {
  readonly node: TestNode;
  readonly key: KeyPair;
  readonly address: string;
}

export class HybridNetwork {
  readonly genesis: Genesis;
  readonly genesisHash: Uint8Array;
  readonly members: readonly Member[];
  readonly #remove: () => Promise<void>;

  private constructor(genesis: Genesis, members: readonly Member[], remove: () => Promise<void>) {
    this.genesis = genesis;
    this.genesisHash = genesisHash(genesis);
    this.members = members;
    this.#remove = remove;
  }

  /** Authorities first, then stakers, then those without a seat. */
  static async create(authorities: number, stakers: number, others: number): Promise<HybridNetwork> {
    const { path, remove } = await temporaryFolder();
    const keys = Array.from({ length: authorities + stakers + others }, () => KeyPair.generate());
    const genesis = genesisOf(keys, authorities, stakers);
    const basePort = await freePorts(keys.length * PORTS_PER_NODE);
    const members: Member[] = [];
    for (const [index, key] of keys.entries()) {
      const directory = join(path, `node-${index}`);
      await initDataDir({
        directory,
        genesisHash: genesisHash(genesis),
        genesis,
        keys: [{ name: KEY, key, protection: { kind: 'plain' } }],
        validator: key,
        settings: { network: 'hybrid' },
      });
      const node = new TestNode(
        directory,
        ['start', '--config', dataPaths(directory).config],
        join(path, `${index}.log`),
      );
      members.push({ node, key, address: formatAddress(addressOf(key.publicKey)) });
    }
    await writeConfigs(members, basePort);
    return new HybridNetwork(genesis, members, remove);
  }

  member(index: number): Member {
    const member = this.members[index];
    if (member === undefined) throw new RangeError(`no member ${index}`);
    return member;
  }

  async start(members: readonly Member[]): Promise<void> {
    await Promise.all(members.map(({ node }) => node.start()));
    await Promise.all(members.map(({ node }) => node.ready()));
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map(({ node }) => node.kill()));
    await this.#remove();
  }

  /** Runs a command that sends a transaction of a member, and waits until it is final. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  send(from: Member, ...args: string[]): Promise<any> {
    const { url } = this.member(0).node.rpc;
    return runJson([...args, '--from', KEY, '--data-dir', from.node.directory, '--rpc', url, '--wait']);
  }

  /** Resolves when the condition holds for what a node says of the validators. */
  untilSet(
    what: string,
    holds: (set: ValidatorSet) => boolean,
    node: TestNode = this.member(0).node,
  ): Promise<boolean> {
    return eventually(what, async () => holds(await validatorsOf(node)), 120_000);
  }
}

export type ValidatorSet = Awaited<ReturnType<typeof validatorsOf>>;

export function validatorsOf(node: TestNode) {
  return node.rpc.validators();
}

function genesisOf(keys: readonly KeyPair[], authorities: number, stakers: number): Genesis {
  const seats = keys.map(({ publicKey }) => ({ publicKey, address: addressOf(publicKey) }));
  return {
    chainId: encodeText('ait-hybrid'),
    genesisTime: Date.now(),
    mode: HYBRID,
    parameters: { ...PARAMETERS, timerCap: 8 * baseTimeout({ ...PARAMETERS, timerCap: 0 }) },
    authorities: seats.slice(0, authorities).sort(byAddress),
    stakers: seats
      .slice(authorities, authorities + stakers)
      .map((seat) => ({ ...seat, commission: 100_000, selfBond: SELF_BOND }))
      .sort(byAddress),
    accounts: seats.map(({ address }) => ({ address, balance: BALANCE })),
  };
}

function byAddress(a: { readonly address: Address }, b: { readonly address: Address }): number {
  return compareBytes(a.address, b.address);
}

async function writeConfigs(members: readonly Member[], basePort: number): Promise<void> {
  const peers = await Promise.all(
    members.map(async ({ node }, index) => {
      const seed = await readIdentity(dataPaths(node.directory).identity);
      return `/ip4/127.0.0.1/tcp/${devnetPorts(basePort, index).p2pPort}/p2p/${peerIdOf(seed)}`;
    }),
  );
  for (const [index, { node }] of members.entries()) {
    const text = configTemplate([], {
      network: 'hybrid',
      dataDir: '.',
      validatorKey: KEY,
      signerListen: 0,
      p2pHost: '127.0.0.1',
      ...devnetPorts(basePort, index),
      bootstrapPeers: peers.filter((_, other) => other !== index),
      verifierThreads: 1,
      // Stake comes back within seconds here: who is down for longer could be told anything.
      checkpoint: 'unsafe',
    });
    await writeFile(dataPaths(node.directory).config, text);
  }
}
