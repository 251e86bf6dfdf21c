// Networks on loopback for tests: real hosts on free ports, handlers that remember what came, a log that can be searched.
import '../../src/polyfills.js';
import { pino } from 'pino';
import { Libp2pNetwork } from '../../src/network/libp2p-network.js';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.js';
import { PROTOCOL_VERSION } from '../../src/primitives/wire.js';
import { withTimeout } from '../helpers/timeout.js';
export const GENESIS = new Uint8Array(32).fill(0xab);
export function seed(number) {
  return new Uint8Array(32).fill(number);
}
export function statusOf(changes = {}) {
  return {
    protocolVersion: PROTOCOL_VERSION,
    genesisHash: GENESIS,
    finalizedHeight: 0,
    finalizedHash: new Uint8Array(32),
    ...changes,
  };
}
export async function startNode(number, settings = {}) {
  const { judge = () => 'accept', status, serve, ...options } = settings;
  const log = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void log.push(line) });
  const network = new Libp2pNetwork({
    genesisHash: GENESIS,
    identitySeed: seed(number),
    version: '0.0.0-test',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    announce: [],
    peers: [],
    maxPeers: 32,
    network: 'private',
    dht: 'server',
    resendInterval: 1_000,
    statusInterval: 1_000,
    rateLimits: DEFAULT_RATE_LIMITS,
    ...options,
    logger,
  });
  const arrivals = [];
  const arrive = (topic) => async (bytes, peer) => {
    const arrival = { topic, bytes, peer };
    arrivals.push(arrival);
    return judge(arrival);
  };
  const handlers = {
    onTransactions: arrive('tx'),
    onProposal: arrive('block'),
    onVote: arrive('vote'),
    status: () => statusOf(status),
    blocks: async function* () {},
    certificates: async () => [],
    transactions: async () => [],
    ...serve,
  };
  await network.start(handlers);
  return { network, arrivals, log, handlers, stop: () => network.stop() };
}
/** The address under which a running node can be dialled. */
export function addressOf(node) {
  const address = node.network.addresses[0];
  if (address === undefined) throw new Error('the node has no address');
  return address;
}
/** Resolves when the condition holds; fails with what it waited for. */
export async function eventually(condition, what, milliseconds = 5_000) {
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
export async function connected(node, count) {
  await eventually(() => node.network.peers().length === count, `${count} peers`);
}
export async function stopAll(nodes) {
  await Promise.all(nodes.map((node) => node.stop()));
}
/** A full mesh of nodes, every one connected to every other. */
export async function startMesh(count, settings = {}) {
  const nodes = [];
  for (let i = 1; i <= count; i++) nodes.push(await startNode(i, { ...settings, peers: nodes.map(addressOf) }));
  await Promise.all(nodes.map((node) => connected(node, count - 1)));
  return nodes;
}
