import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { environmentName, fileKey, SETTING_NAMES } from '../../src/node/config/settings.ts';

const packaging = suite('package');
const run = promisify(execFile);

packaging('holds what the program needs, and nothing else', async () => {
  // Scripts are off: this must not build while other tests run what was built.
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']);
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  for (const needed of [
    'package.json',
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'bin/aitbc-node.js',
    'dist/build-info.json',
    'dist/polyfills.js',
    'dist/cli/main.js',
    'dist/node/node.js',
    'networks/devnet/genesis.json',
    'networks/devnet/keys.json',
    'networks/devnet/config.yaml',
    'networks/testnet/README.md',
    'networks/mainnet/README.md',
  ]) {
    assert.ok(paths.includes(needed), `${needed} is missing; was it built?`);
  }
  const strange = paths.filter(
    (path) => !/^(dist|bin|networks)\/|^(package\.json|LICENSE|README\.md|CHANGELOG\.md)$/.test(path),
  );
  assert.equal(strange, []);
  assert.not(paths.some((path) => path.endsWith('.ts')));
});

packaging('names the libp2p parts of the card as aliases, pinned', async () => {
  const { dependencies, engines } = JSON.parse(await readFile('package.json', 'utf8'));
  assert.match(dependencies['@chainsafe/libp2p-gossipsub'], /^npm:@libp2p\/gossipsub@\d+\.\d+\.\d+$/);
  assert.match(dependencies['@chainsafe/libp2p-noise'], /^npm:@libp2p\/noise@\d+\.\d+\.\d+$/);
  for (const [name, version] of Object.entries(dependencies)) assert.match(String(version), /\d+\.\d+\.\d+$/, name);
  assert.is(engines.node, '>=20.19');
});

packaging('has no script that runs when somebody installs it', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8'));
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) assert.is(scripts[name], undefined);
});

packaging('the built program knows its version and commit', async () => {
  const { stdout } = await run(process.execPath, ['bin/aitbc-node.js', '--version']);
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  assert.match(stdout, new RegExp(`^aitbc-node ${version} \\(commit (?!source)\\S+\\)\n$`));
});

packaging('the operators’ guide names every setting and every exit code', async () => {
  const guide = await readFile('docs/operators.md', 'utf8');
  for (const name of SETTING_NAMES) {
    assert.ok(guide.includes(`\`${fileKey(name)}\``), fileKey(name));
    assert.ok(guide.includes(`\`${environmentName(name)}\``), environmentName(name));
  }
  for (const code of Object.values(EXIT)) assert.match(guide, new RegExp(`^\\| ${code} \\|`, 'm'));
});

packaging.run();
