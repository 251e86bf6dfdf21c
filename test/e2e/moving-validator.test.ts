// The drills of docs/operators.md with real processes: a validator moves to another host, and comes back from a backup
// of its key.

import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { votedAfter } from './harness/checks.ts';
import { TestDevnet, TestNode } from './harness/devnet.ts';
import { run, runJson } from './harness/program.ts';
import { eventually, PATIENCE_MS } from './harness/wait.ts';

const BLOCK_TIME_MS = 250;
/** A validator that was moved listens for 20 to 40 s. */
const LISTENING_MS = 2 * PATIENCE_MS;
/** The one that moves. */
const MOVING = 3;

const moving = suite('a validator that moves');
let devnet: TestDevnet;
let passphraseFile: string;

moving.before(async () => {
  devnet = await TestDevnet.create(4, BLOCK_TIME_MS);
  passphraseFile = join(devnet.directory, 'passphrase');
  await writeFile(passphraseFile, 'a good one\n');
  await devnet.start();
});
moving.after(() => devnet.close());

/** A data directory as `init` makes it on another host, with the settings of the moving node. */
async function newHost(name: string): Promise<string> {
  const directory = join(devnet.directory, name);
  const genesis = join(devnet.directory, 'genesis.json');
  await runJson(['init', '--network', 'mynet', '--genesis-file', genesis, '--data-dir', directory]);
  const config = await readFile(join(devnet.node(MOVING).directory, 'config.yaml'), 'utf8');
  const kept = config
    .split('\n')
    .filter((line) =>
      /^(rpc_port|ws_port|metrics_port|p2p_port|p2p_ws_port|bootstrap_peers|verifier_threads):/.test(line),
    );
  await writeFile(join(directory, 'config.yaml'), ['network: mynet', 'p2p_host: 127.0.0.1', ...kept, ''].join('\n'));
  return directory;
}

async function startHost(directory: string, ...args: string[]): Promise<TestNode> {
  const node = new TestNode(directory, ['start', '--data-dir', directory, ...args], `${directory}.log`);
  await node.start();
  return node;
}

async function votes(node: TestNode, milliseconds: number): Promise<void> {
  await node.ready(); // blocks from before have its votes too
  const height = await node.rpc.height();
  await eventually(`${node.directory} votes`, () => votedAfter(node, height + 5), milliseconds);
}

const withKey = () => ['--validator-key', 'validator', '--passphrase-file', passphraseFile];

moving('export and import: the new host votes, the old one never again', async () => {
  const old = devnet.node(MOVING);
  const file = join(devnet.directory, 'validator.export');
  const where = ['--config', join(old.directory, 'config.yaml'), '--out', file];
  const exporting = ['signer', 'export', ...where, '--passphrase-file', passphraseFile];
  const running = await run(exporting);
  assert.is(running.code, 4, running.stderr);
  assert.match(running.stderr, /in use|locked|held/i);
  await old.stop();
  await runJson(exporting);
  const refused = await run([...old.args]);
  assert.is(refused.code, 4);
  assert.match(refused.stderr, /was exported.*validator_key: none/);
  const directory = await newHost('moved');
  const shown = await runJson<{ status: string; listen_ms: number }>([
    'signer',
    'import',
    file,
    '--data-dir',
    directory,
    '--passphrase-file',
    passphraseFile,
  ]);
  assert.equal([shown.status, shown.listen_ms], ['signs', 20_000]);
  const node = await startHost(directory, ...withKey());
  await votes(node, LISTENING_MS);
  await node.stop();
  const state = await runJson<{ listen_ms: number }>(['signer', 'show', '--data-dir', directory]);
  assert.is(state.listen_ms, 0, 'it has listened, and says so');
});

moving('recover: a host is lost, a backup of the key is left', async () => {
  const { rpcUrl } = await devnet.node(0).process.started;
  const status = await runJson<{ epoch: number; slot: number }>(['status', '--rpc', rpcUrl]);
  assert.ok(status.slot > 0);
  const directory = await newHost('recovered');
  await cp(join(devnet.directory, 'moved', 'keys', 'validator.json'), join(directory, 'keys', 'validator.json'));
  const missing = await run(['start', '--data-dir', directory, ...withKey()]);
  assert.is(missing.code, 4, missing.stderr);
  assert.match(missing.stderr, /record .* is missing.*signer recover/);
  await runJson([
    'signer',
    'recover',
    '--data-dir',
    directory,
    '--epoch',
    String(status.epoch),
    '--slot',
    String(status.slot),
    '--key',
    'validator',
    '--passphrase-file',
    passphraseFile,
  ]);
  const node = await startHost(directory, ...withKey());
  await votes(node, 2 * LISTENING_MS);
  await node.stop();
});

moving.run();
