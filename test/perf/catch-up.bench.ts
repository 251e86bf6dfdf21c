// How fast a node that is behind catches up, beside how fast the chain grows: at 50 transfers a second, 10,000 blocks behind,
// and at half of what saturates four validators. `make bench-sync`, on a machine with nothing else to do: some ten minutes.
//
// The growth is that of a network of four processes under load. The chain that is caught up with has blocks like
// those, as many a second by their timestamps, with real signatures in all of them; it is built by the chain's own code
// without the waiting. Three processes then: two nodes that have it, and the one that catches up.

import { setMaxListeners } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Chains } from '../../src/cli/bench/chains.ts';
import { Load } from '../../src/cli/bench/load.ts';
import { withNetwork } from '../../src/cli/bench/network.ts';
import { NodeClient } from '../../src/cli/bench/node-client.ts';
import { cpuSeconds, residentMiB } from '../../src/cli/bench/process-usage.ts';
import { benchAddresses } from '../../src/cli/bench/transfer-signer.ts';
import { Transfers } from '../../src/cli/bench/transfers.ts';
import { peerIdOf } from '../../src/network/identity.ts';
import type { Settings } from '../../src/node/config/schema.ts';
import { configTemplate } from '../../src/node/config/template.ts';
import { dataPaths } from '../../src/node/data-dir.ts';
import { devnetPorts, PORTS_PER_NODE } from '../../src/node/devnet.ts';
import { readIdentity } from '../../src/node/identity-file.ts';
import { initDataDir } from '../../src/node/init.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { type Genesis, genesisHash } from '../../src/primitives/genesis.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { account, makeGenesis, Node, pay } from '../chain/fixture.ts';
import { TestNode, temporaryFolder } from '../e2e/harness/devnet.ts';
import { freePorts } from '../e2e/harness/ports.ts';

const MEMBERS = [0, 1, 2, 3];
const ACCOUNTS = 5_000;
const FEE = 100_000n;
const SETTLE_MS = 8_000;
const GROWTH_MS = 15_000;
/** Half of the saturation of four validators in performance.md. */
const HALF_OF_SATURATION = 800;
const EPOCH_MS = 10 * 60_000;
const LOOK_MS = 50;
const LIMIT_MS = 20 * 60_000;

interface Growth {
  readonly blocksPerSecond: number;
  readonly transfersPerSecond: number;
}

interface Run {
  readonly seconds: number;
  /** of the node that catches up */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  /** of one that serves */
  readonly servingCpuSeconds: number;
}

const { values: args } = parseArgs({
  options: {
    /** of the chain at 50 tx/s; that at half of saturation has a tenth */
    blocks: { type: 'string', default: '10000' },
    /** where the node that catches up writes a CPU profile */
    profile: { type: 'string' },
    /** transfers a second, to measure that load only */
    only: { type: 'string' },
  },
});

print(`${cpus()[0]?.model}, ${cpus().length} cores, Node.js ${process.version}`);
const loads: readonly (readonly [perSecond: number, blocks: number, target: number])[] = [
  [50, Number(args.blocks), 20],
  [HALF_OF_SATURATION, Math.ceil(Number(args.blocks) / 10), 2],
];
for (const [perSecond, blocks, target] of loads) {
  if (args.only !== undefined && Number(args.only) !== perSecond) continue;
  const growth = await growthAt(perSecond);
  const perBlock = Math.max(1, Math.round(growth.transfersPerSecond / growth.blocksPerSecond));
  print(
    `\n${perSecond} tx/s: the chain grows by ${growth.blocksPerSecond.toFixed(1)} blocks/s of ${perBlock} transfers`,
  );
  const run = await caughtUp(blocks, perBlock, 1000 / growth.blocksPerSecond);
  const rate = blocks / run.seconds;
  print(
    `${blocks} blocks behind: caught up in ${run.seconds.toFixed(1)} s, ${rate.toFixed(0)} blocks/s, ${(rate * perBlock).toFixed(0)} tx/s`,
  );
  print(`${(rate / growth.blocksPerSecond).toFixed(1)} x growth (target ${target} x)`);
  const share = (seconds: number) => `${(seconds / run.seconds).toFixed(2)} cores`;
  print(`CPU: ${share(run.cpuSeconds)} to catch up, ${share(run.servingCpuSeconds)} for each of two that serve`);
  print(`memory: ${run.peakMiB.toFixed(0)} MiB at most`);
}

/** What four validators make of a steady load. */
async function growthAt(perSecond: number): Promise<Growth> {
  const addresses = benchAddresses(ACCOUNTS);
  const ended = new AbortController();
  setMaxListeners(0, ended.signal); // every request and every pause listens
  const fail = (error: Error) => ended.abort(error);
  const options = { validators: MEMBERS.length, addresses, environment: process.env, profileDirectory: undefined };
  return withNetwork(options, fail, async ({ nodes, genesisHash: hash }) => {
    const chains = new Chains(
      nodes.map(({ wsUrl }) => wsUrl),
      fail,
    );
    const clients = nodes.map(({ rpcUrl }) => new NodeClient(rpcUrl, ended.signal));
    try {
      const transfers = new Transfers({ genesisHash: hash, addresses, lanes: nodes.length, fee: FEE });
      const total = (perSecond * (SETTLE_MS + GROWTH_MS)) / 1000;
      await transfers.prepare(Math.ceil(total / nodes.length), ended.signal);
      const load = new Load(clients, transfers, chains, ended.signal);
      const sent = load.steady(perSecond, SETTLE_MS + GROWTH_MS);
      sent.catch(fail); // it is waited for later
      await sleep(SETTLE_MS, undefined, { signal: ended.signal });
      const [height, finalized, start] = [chains.height, chains.finalized, performance.now()];
      await sent;
      const seconds = (performance.now() - start) / 1000;
      return {
        blocksPerSecond: (chains.height - height) / seconds,
        transfersPerSecond: (chains.finalized - finalized) / seconds,
      };
    } finally {
      chains.close();
      for (const client of clients) client.close();
    }
  });
}

async function caughtUp(blocks: number, perBlock: number, interval: number): Promise<Run> {
  const genesis = makeGenesis({
    accounts: ACCOUNTS,
    parameters: {
      epochDuration: EPOCH_MS,
      evidenceWindow: 32 * EPOCH_MS,
      unbondingPeriod: 64 * EPOCH_MS,
      votingPeriod: 32 * EPOCH_MS,
    },
  });
  const { path, remove } = await temporaryFolder();
  const nodes: TestNode[] = [];
  try {
    const start = performance.now();
    await grow(genesis, join(path, 'chain'), { blocks, perBlock, interval });
    print(`its ${blocks} blocks took ${((performance.now() - start) / 1000).toFixed(0)} s to build`);
    const peers: string[] = [];
    for (const name of ['first', 'second']) {
      const { node, address } = await prepared(path, genesis, name, []);
      await cp(join(path, 'chain'), dataPaths(node.directory).db, { recursive: true });
      nodes.push(node);
      await node.start();
      peers.push(address);
    }
    const { node } = await prepared(path, genesis, 'behind', peers);
    nodes.push(node);
    return await watched(node, nodes, blocks);
  } finally {
    for (const node of nodes) await node.kill();
    await remove();
  }
}

/** Blocks as they come from validators: each with a Notar of its parent and a Final of its own, signed by all. */
async function grow(
  genesis: Genesis,
  directory: string,
  { blocks, perBlock, interval }: { readonly blocks: number; readonly perBlock: number; readonly interval: number },
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const node = await Node.open(genesis, directory);
  let next = 0;
  const transfer = (): TransactionEnvelope => {
    const from = next % ACCOUNTS;
    const nonce = Math.floor(next++ / ACCOUNTS);
    return pay(genesis, { from, nonce, to: account((from * 7 + 3) % ACCOUNTS), fee: FEE });
  };
  let last: Awaited<ReturnType<Node['build']>> | undefined;
  let endedEpoch = false;
  for (let height = 1; height <= blocks; height++) {
    const kind = endedEpoch ? FINAL : NOTAR;
    const parent = last && { parentCertificate: node.certify(last.block, { kind, voters: MEMBERS }) };
    const delay = Math.max(1, Math.round(interval));
    last = await node.build(Array.from({ length: perBlock }, transfer), { delay, ...parent });
    endedEpoch = node.chain.executed(last.hash)?.nextEpoch !== undefined;
    await node.chain.finalize(last.hash, node.certify(last.block, { voters: MEMBERS }));
    node.finalized.length = 0;
  }
  await node.stop();
}

async function prepared(path: string, genesis: Genesis, name: string, bootstrapPeers: string[]) {
  const directory = join(path, name);
  const ports = devnetPorts(await freePorts(PORTS_PER_NODE), 0);
  const settings: Partial<Settings> = {
    network: 'bench',
    dataDir: '.',
    p2pHost: '127.0.0.1',
    ...ports,
    bootstrapPeers,
  };
  await initDataDir({
    directory,
    genesisHash: genesisHash(genesis),
    genesis,
    keys: [],
    settings: { network: 'bench' },
  });
  const { config, identity } = dataPaths(directory);
  await writeFile(config, configTemplate([], settings));
  const address = `/ip4/127.0.0.1/tcp/${ports.p2pPort}/p2p/${peerIdOf(await readIdentity(identity))}`;
  return { node: new TestNode(directory, ['start', '--config', config], join(path, `${name}.log`)), address };
}

/** From the first block that it has to the last. */
async function watched(behind: TestNode, [serving]: readonly TestNode[], blocks: number): Promise<Run> {
  const profile = args.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${args.profile}` };
  await behind.start(profile);
  const pid = behind.process.pid;
  const servingPid = serving?.process.pid ?? pid;
  const limit = performance.now() + LIMIT_MS;
  let height = 0;
  while (height === 0) height = await look(behind, limit);
  const first = height;
  const start = performance.now();
  const before = [cpuSeconds(pid), cpuSeconds(servingPid)] as const;
  let peakMiB = 0;
  while (height < blocks) {
    height = await look(behind, limit);
    peakMiB = Math.max(peakMiB, residentMiB(pid));
  }
  const seconds = ((performance.now() - start) / 1000) * (blocks / (blocks - first));
  const run = {
    seconds,
    cpuSeconds: cpuSeconds(pid) - before[0],
    peakMiB,
    servingCpuSeconds: cpuSeconds(servingPid) - before[1],
  };
  await behind.stop();
  return run;
}

async function look({ rpc }: TestNode, limit: number): Promise<number> {
  if (performance.now() > limit) throw new Error(`it takes longer than ${LIMIT_MS / 60_000} minutes`);
  await sleep(LOOK_MS);
  return rpc.height();
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
