// Networks on loopback for tests: real hosts on free ports, handlers that remember what came, a log that can be searched.

import '../../src/polyfills.ts';
import { pino } from 'pino';
import { Libp2pNetwork } from '../../src/network/libp2p-network.ts';
import type { NetworkHandlers, Verdict } from '../../src/network/network.ts';
import type { HostOptions, Libp2pNetworkOptions } from '../../src/network/options.ts';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.ts';
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, type Status } from '../../src/primitives/wire.ts';
import { withTimeout } from '../helpers/timeout.ts';

export const GENESIS = new Uint8Array(32).fill(0xab);

/** A host on a free port of this machine, quiet, that keeps nothing on disk. */
export const HOST_OPTIONS: Omit<HostOptions, 'identitySeed'> = {
  genesisHash: GENESIS,
  version: '0.0.0-test',
  listen: ['/ip4/127.0.0.1/tcp/0'],
  announce: [],
  peers: [],
  maxPeers: 32,
  maxConnectionsPerIp: Number.POSITIVE_INFINITY,
  network: 'private',
  // it connects to peers of peers, and the tests mean the connections they make
  discovery: 'off',
  outboundPeers: 8,
  peerBook: undefined,
  nat: false,
  relay: false,
  hidden: false,
  privatePeers: [],
  logger: pino({ level: 'silent' }),
};

export interface Arrival {
  readonly topic: 'tx' | 'block' | 'vote';
  readonly bytes: Uint8Array;
  readonly peer: string;
}

export interface TestNode {
  readonly network: Libp2pNetwork;
  readonly arrivals: Arrival[];
  /** JSON lines of the log */
  readonly log: string[];
  readonly handlers: NetworkHandlers;
  stop(): Promise<void>;
}

export type NodeSettings = Partial<Omit<Libp2pNetworkOptions, 'logger'>> & {
  judge?: (arrival: Arrival) => Verdict | Promise<Verdict>;
  status?: Partial<Status>;
  serve?: Partial<NetworkHandlers>;
};

export function seed(number: number): Uint8Array {
  return new Uint8Array(32).fill(number);
}

export function statusOf(changes: Partial<Status> = {}): Status {
  return {
    oldestVersion: OLDEST_PROTOCOL_VERSION,
    newestVersion: PROTOCOL_VERSION,
    genesisHash: GENESIS,
    finalizedHeight: 0,
    finalizedHash: new Uint8Array(32),
    oldestHeight: 0,
    time: Date.now(),
    ...changes,
  };
}

export async function startNode(number: number, settings: NodeSettings = {}): Promise<TestNode> {
  const { judge = () => 'accept' as const, status, serve, ...options } = settings;
  const log: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(line) });
  const network = new Libp2pNetwork({
    ...HOST_OPTIONS,
    identitySeed: seed(number),
    banFile: undefined,
    resendInterval: 1_000,
    statusInterval: 1_000,
    rateLimits: DEFAULT_RATE_LIMITS,
    ...options,
    logger,
  });
  const arrivals: Arrival[] = [];
  const arrive = (topic: Arrival['topic']) => async (bytes: Uint8Array, peer: string) => {
    const arrival = { topic, bytes, peer };
    arrivals.push(arrival);
    return judge(arrival);
  };
  const handlers: NetworkHandlers = {
    onTransactions: arrive('tx'),
    onProposal: arrive('block'),
    onVote: arrive('vote'),
    status: () => statusOf(status),
    blocks: noBlocks,
    certificates: async () => [],
    transactions: async () => [],
    snapshot: noBlocks,
    ...serve,
  };
  await network.start(handlers);
  return { network, arrivals, log, handlers, stop: () => network.stop() };
}

async function* noBlocks(): AsyncIterable<Uint8Array> {
  yield* [];
}

/** The address under which a running node can be dialled. */
export function addressOf(node: { readonly network: { readonly addresses: readonly string[] } }): string {
  const address = node.network.addresses[0];
  if (address === undefined) throw new Error('the node has no address');
  return address;
}

/** Resolves when the condition holds; fails with what it waited for. */
export async function eventually(condition: () => boolean, what: string, milliseconds = 5_000): Promise<void> {
  let over = false;
  const poll = async () => {
    while (!condition() && !over) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  try {
    await withTimeout(poll(), milliseconds, what);
  } finally {
    over = true;
  }
}

export async function connected(node: TestNode, count: number): Promise<void> {
  await eventually(() => node.network.peers().length === count, `${count} peers`);
}

export async function stopAll(nodes: readonly TestNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.stop()));
}

/** A full mesh of nodes, every one connected to every other. */
export async function startMesh(count: number, settings: NodeSettings = {}): Promise<TestNode[]> {
  const nodes: TestNode[] = [];
  for (let i = 1; i <= count; i++) nodes.push(await startNode(i, { ...settings, peers: nodes.map(addressOf) }));
  await Promise.all(nodes.map((node) => connected(node, count - 1)));
  return nodes;
}
