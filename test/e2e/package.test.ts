// The package as npm delivers it: installed into an empty project, without the repository, its commands work.

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from './harness/devnet.ts';
import { NodeProcess } from './harness/program.ts';
import { Rpc } from './harness/rpc.ts';
import { eventually } from './harness/wait.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** For npm to install everything, or to find that it can not. */
const INSTALL_MS = 180_000;

const exec = promisify(execFile);
const packed = suite('the installed package');
/** Why the tests can not be run here; everything else that fails is a fault. */
const offline = await exec('npm', ['view', 'level', 'version'], { timeout: 30_000 }).then(
  () => undefined,
  (error: Error) => error.message.split('\n')[0],
);
if (offline !== undefined) console.log(`skipped, since the registry does not answer: ${offline}`);
const test = offline === undefined ? packed : packed.skip;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let project: string;
let version: string;

packed.before(async () => {
  folder = await temporaryFolder();
  project = join(folder.path, 'project');
  version = (JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
  if (offline !== undefined) return;
  // What was built is packed: to build again would pull it from under others who run it.
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder.path];
  const { stdout } = await exec('npm', pack, { cwd: ROOT, timeout: INSTALL_MS });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{"private":true}');
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder.path, filename)];
  await exec('npm', install, { cwd: project, timeout: INSTALL_MS });
});

packed.after(() => folder.remove());

test('npx aitbc-node tells its version and commit', async () => {
  const { stdout } = await npx('--version');
  assert.match(stdout, new RegExp(`^aitbc-node ${version.replaceAll('.', '\\.')} \\(commit \\S+\\)\n$`));
  assert.match((await npx('--help')).stdout, /Commands:/);
});

test('init makes a data directory from what is in the package', async () => {
  const { stdout } = await npx('init', '--network', 'devnet', '--data-dir', 'node', '--json');
  const { config } = JSON.parse(stdout) as { config: string };
  assert.match(await readFile(config, 'utf8'), /^network: devnet$/m);
});

test('start makes blocks, and SIGTERM stops it', async () => {
  const ports = ['rpc', 'ws', 'metrics', 'p2p', 'p2p-ws'].flatMap((port) => [`--${port}-port`, '0']);
  const program = join(project, 'node_modules', 'aitbc-node', 'bin', 'aitbc-node.js');
  const args = ['start', '--network', 'devnet', '--data-dir', join(project, 'node'), ...ports];
  const node = new NodeProcess(args, join(folder.path, 'node.log'), {}, program);
  try {
    const rpc = new Rpc((await node.started).rpcUrl);
    await eventually('the first block', async () => (await rpc.height()) > 0);
    assert.is((await rpc.networkInfo()).version, version);
    assert.is((await node.end('SIGTERM')).code, 0);
  } finally {
    await node.kill();
  }
});

function npx(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return exec('npx', ['--no-install', 'aitbc-node', ...args], { cwd: project, timeout: INSTALL_MS });
}

packed.run();
