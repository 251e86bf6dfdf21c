// Validators whose key is in a signer process: one that is killed again and again while the node runs on, and one that is
// registered when the network has been running for a while.

import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEVNET_VALIDATOR } from '../../src/node/devnet-keys.ts';
import { Certificate, certificateMembers } from '../../src/primitives/consensus.ts';
import { fromJson } from '../../src/primitives/json.ts';
import { votedAfter } from './harness/checks.ts';
import { TestDevnet, type TestNode } from './harness/devnet.ts';
import { HybridNetwork, type Member } from './harness/hybrid.ts';
import { NodeProcess, run, runJson } from './harness/program.ts';
import { eventually } from './harness/wait.ts';

const BLOCK_TIME_MS = 250;
const CYCLES = 3;
/** The one whose key is elsewhere: the others go on without it. */
const REMOTE = 3;

const remote = suite('a validator with a signer process');
let devnet: TestDevnet;
let node: TestNode;
let serve: readonly string[];
let signerLog: string;

/**
 * Moves key and record of a node into the data directory of a signer: there is one of each at any time.
 * @param settings of the signer
 * @returns the command that serves them
 */
async function outsource(
  { directory }: TestNode,
  signer: string,
  { genesis, settings }: { genesis: string; settings: string },
): Promise<readonly string[]> {
  await mkdir(signer);
  for (const part of ['keys', 'signer']) await rename(join(directory, part), join(signer, part));
  await cp(genesis, join(signer, 'genesis.json'));
  await writeFile(join(signer, 'config.yaml'), settings);
  const socket = `${signer}.sock`;
  const shown = ['signer', 'show', '--data-dir', signer, '--key', DEVNET_VALIDATOR];
  const { validator } = await runJson<{ validator: string }>(shown);
  const config = join(directory, 'config.yaml');
  const text = (await readFile(config, 'utf8')).replace(/^(validator_key|faucet_key): .*/gm, '$1: none');
  await writeFile(config, `${text}\nvalidator_signer: unix:${socket}\nvalidator_address: ${validator}\n`);
  return ['signer', 'serve', '--data-dir', signer, '--key', DEVNET_VALIDATOR, '--socket', socket];
}

remote.before(async () => {
  devnet = await TestDevnet.create(4, BLOCK_TIME_MS);
  node = devnet.node(REMOTE);
  const genesis = join(devnet.directory, 'genesis.json');
  serve = await outsource(node, join(devnet.directory, 's'), { genesis, settings: 'network: devnet\n' });
  signerLog = join(devnet.directory, 'signer.log');
  await devnet.start();
});
remote.after(() => devnet.close());

async function startSigner(command = serve, log = signerLog): Promise<NodeProcess> {
  const signer = new NodeProcess(command, log);
  await signer.started;
  return signer;
}

async function votes(): Promise<void> {
  await node.ready(); // blocks from before have its votes too
  const height = await node.rpc.height();
  await eventually('it votes', () => votedAfter(node, height + 2));
}

remote('it follows without its signer, votes with it, survives its death, and never contradicts itself', async () => {
  await devnet.agreeAt(3);
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const signer = await startSigner();
    await votes();
    await signer.kill();
    const height = await node.rpc.height();
    await eventually('the chain goes on without it', async () => (await node.rpc.height()) > height + 2);
  }
  const signer = await startSigner();
  await votes();
  const { peer_id: id } = await node.rpc.networkInfo();
  await eventually('a peer knows which validator it is', async () => {
    const peer = (await devnet.node(0).rpc.peers()).find((one) => one.id === id);
    return peer?.validator === (await node.process.started).validatorAddress;
  });
  await node.kill();
  await node.start();
  await votes();
  await signer.end('SIGTERM');
  for (const { rpc } of devnet.nodes) {
    const { evidence } = await rpc.get<{ evidence: { total: number } }>('rpc/consensus');
    assert.is(evidence.total, 0);
  }
});

remote('a second signer process for the same record does not start', async () => {
  const first = await startSigner();
  const second = await run([...serve]);
  assert.is(second.code, 4, second.stderr);
  await first.end('SIGTERM');
});

remote.run();

const later = suite('a validator with a signer process that is registered later');
let network: HybridNetwork;

later.before(async () => {
  network = await HybridNetwork.create(2, 1, 1);
});
later.after(() => network?.close());

later('it follows, is registered, and proposes and votes when it has a seat', async () => {
  const newcomer = network.member(3);
  const { directory } = newcomer.node;
  const signer = `${directory}-signer`;
  const genesis = join(directory, 'genesis.json');
  const command = await outsource(newcomer.node, signer, {
    genesis,
    settings: 'network: hybrid\nsigner_listen: 0ms\n',
  });
  await network.start(network.members);
  const held = await startSigner(command, `${signer}.log`);
  const { url } = network.member(0).node.rpc;
  const register = ['validator', 'register', '--from', DEVNET_VALIDATOR, '--self-bond', '20000', '--wait'];
  await runJson([...register, '--data-dir', signer, '--rpc', url]);
  await network.untilSet('it has a seat', ({ validators }) =>
    validators.some((one) => one.address === newcomer.address),
  );
  await eventually('it proposes', async () => (await newest(newcomer)).proposer === newcomer.address);
  await eventually('it votes', async () => {
    const { validators } = await newcomer.node.rpc.validators();
    const member = validators.findIndex(({ address }) => address === newcomer.address);
    return certificateMembers(fromJson(Certificate, (await newest(newcomer)).certificate)).includes(member);
  });
  await held.end('SIGTERM');
});

function newest({ node: { rpc } }: Member) {
  return rpc.block('latest');
}

later.run();
