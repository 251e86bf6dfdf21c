// Programs of two versions of the protocol in one network: where they have a version in common they are peers, where not
// both say which of them is too old. The newer programs are this one with other numbers.

import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { devnetPorts } from '../../src/node/devnet.ts';
import { TestDevnet } from './harness/devnet.ts';
import { freePorts } from './harness/ports.ts';
import { NodeProcess, runJson } from './harness/program.ts';
import { Rpc } from './harness/rpc.ts';
import { eventually } from './harness/wait.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BLOCK_TIME_MS = 250;

const versions = suite('two versions of the protocol');
let devnet: TestDevnet;

versions.before(async () => {
  devnet = await TestDevnet.create(2, BLOCK_TIME_MS);
  await devnet.start();
});

versions.after(() => devnet.close());

/** The built program as one that speaks other versions. @returns its file */
async function programOf(folder: string, oldest: number, newest: number): Promise<string> {
  await mkdir(folder);
  for (const part of ['bin', 'dist', 'networks', 'package.json']) {
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'dist', 'primitives', 'wire.js');
  const code = await readFile(file, 'utf8');
  const changed = code
    .replace(/^export const PROTOCOL_VERSION = \d+;$/m, `export const PROTOCOL_VERSION = ${newest};`)
    .replace(/^export const OLDEST_PROTOCOL_VERSION = \d+;$/m, `export const OLDEST_PROTOCOL_VERSION = ${oldest};`);
  assert.is(changed.length > 0 && changed !== code, true, 'the versions are where they are looked for');
  await writeFile(file, changed);
  return join(folder, 'bin', 'aitbc-node.js');
}

/** A follower of the devnet that speaks these versions. */
async function withFollower(
  oldest: number,
  newest: number,
  use: (process: NodeProcess, rpc: Rpc) => Promise<void>,
): Promise<void> {
  const name = `speaks-${oldest}-to-${newest}`;
  const program = await programOf(join(devnet.directory, `program-${name}`), oldest, newest);
  const directory = join(devnet.directory, name);
  const genesisFile = join(devnet.directory, 'genesis.json');
  await runJson(['init', '--network', name, '--genesis-file', genesisFile, '--data-dir', directory]);
  const { addresses } = await devnet.node(0).rpc.networkInfo();
  const { rpcPort, wsPort, metricsPort, p2pPort, p2pWsPort } = devnetPorts(await freePorts(5), 0);
  const follower = new NodeProcess(
    [
      ...['start', '--network', name, '--data-dir', directory, '--genesis-file', genesisFile],
      ...['--bootstrap-peers', addresses[0] ?? '', '--p2p-host', '127.0.0.1', '--p2p-port', String(p2pPort)],
      ...['--p2p-ws-port', String(p2pWsPort), '--rpc-port', String(rpcPort), '--ws-port', String(wsPort)],
      ...['--metrics-port', String(metricsPort)],
    ],
    join(devnet.directory, `${name}.log`),
    {},
    program,
  );
  try {
    await use(follower, new Rpc((await follower.started).rpcUrl));
  } finally {
    await follower.kill();
  }
}

versions('one that speaks only newer ones is refused, and both say who has to upgrade', () =>
  withFollower(2, 3, async (follower, rpc) => {
    const old = devnet.node(0);
    await eventually('the older node says that it is too old', () =>
      old.tail.includes('no protocol version in common: theirs are 2 to 3, ours is 1; install a newer aitbc-node'),
    );
    await eventually('the newer one says that the other is', () =>
      follower.tail.includes('no protocol version in common: theirs is 1, ours are 2 to 3; the peer needs a newer'),
    );
    assert.equal(await rpc.peers(), []);
    const { peer_id: id } = await rpc.networkInfo();
    assert.not((await old.rpc.peers()).some((peer) => peer.id === id));
    const height = await old.rpc.height();
    await eventually('the network goes on', async () => (await old.rpc.height()) > height + 2);
    assert.is(await rpc.height(), 0);
  }),
);

versions('one that speaks the present one too follows the chain', () =>
  withFollower(1, 2, async (_, rpc) => {
    const height = await devnet.node(0).rpc.height();
    await eventually('it follows', async () => (await rpc.height()) > height);
    const [ours, theirs] = await Promise.all([devnet.node(0).rpc.block(height), rpc.block(height)]);
    assert.is(ours.hash, theirs.hash);
  }),
);

versions.run();
