// A validator whose key is in a signer process, which is killed again and again while the node runs on.

import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { votedAfter } from './harness/checks.ts';
import { TestDevnet, type TestNode } from './harness/devnet.ts';
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

remote.before(async () => {
  devnet = await TestDevnet.create(4, BLOCK_TIME_MS);
  const { directory } = devnet.node(REMOTE);
  // Key and record change their place together: there is one of each at any time.
  const signer = join(devnet.directory, 'signer');
  await mkdir(signer);
  for (const part of ['keys', 'signer']) await rename(join(directory, part), join(signer, part));
  await cp(join(devnet.directory, 'genesis.json'), join(signer, 'genesis.json'));
  await writeFile(join(signer, 'config.yaml'), 'network: devnet\n');
  const socket = join(devnet.directory, 's');
  const { validator } = await runJson<{ validator: string }>(['signer', 'show', '--data-dir', signer]);
  const config = join(directory, 'config.yaml');
  const text = (await readFile(config, 'utf8')).replace(/^(validator_key|faucet_key): .*/gm, '$1: none');
  await writeFile(config, `${text}\nvalidator_signer: unix:${socket}\nvalidator_address: ${validator}\n`);
  node = devnet.node(REMOTE);
  serve = ['signer', 'serve', '--data-dir', signer, '--socket', socket];
  signerLog = join(devnet.directory, 'signer.log');
  await devnet.start();
});
remote.after(() => devnet.close());

async function startSigner(): Promise<NodeProcess> {
  const signer = new NodeProcess(serve, signerLog);
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
