import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CliError, reportError } from '../../src/cli/errors.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { createProgram } from '../../src/cli/main.ts';
import { runCli } from './run-cli.ts';

const cli = suite('command line');

/** Every command without commands of its own, with its full name. */
function leaves(command: Command, path: readonly string[] = []): [path: readonly string[], command: Command][] {
  if (command.commands.length === 0) return [[path, command]];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

const program = createProgram({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: {},
});

for (const [path, command] of leaves(program)) {
  const name = path.join(' ');
  cli(`${name} explains itself with an example`, async () => {
    const { code, stdout } = await runCli([...path, '--help']);
    assert.is(code, EXIT.ok);
    assert.ok(command.description().endsWith('.'), 'its description is a sentence');
    assert.match(stdout, new RegExp(`Examples?:\n(.*\n)*  .*aitbc-node ${name}`));
    for (const option of command.options) assert.ok(option.description.length > 8, option.flags);
  });
  cli(`${name} takes --json`, () => assert.ok(command.options.some(({ long }) => long === '--json')));
}

cli('says version and commit', async () => {
  const { code, stdout } = await runCli(['--version']);
  assert.is(code, EXIT.ok);
  assert.match(stdout, /^aitbc-node \d+\.\d+\.\d+\S* \(commit \S+\)\n$/);
});

cli('what it does not know is a usage error that says where help is', async () => {
  for (const args of [['strat'], ['start', '--netwrok', 'x'], ['keys', 'new'], ['tx', 'send', '--from', 'alice']]) {
    const { code, stderr } = await runCli(args);
    assert.is(code, EXIT.usage, args.join(' '));
    assert.match(stderr, /^error: /);
    assert.match(stderr, /--help/);
  }
  assert.match((await runCli(['start', '--netwrok', 'x'])).stderr, /Did you mean --network/);
});

cli('an error names key, source and what is allowed; scripts get it as JSON', async () => {
  const environment = { RPC_PORT: '70000' };
  const { code, stderr } = await runCli(['config', 'show'], { environment });
  assert.is(code, EXIT.config);
  assert.match(stderr, /rpc_port \(environment RPC_PORT\): "70000" is not allowed\. Allowed: a port from 0 to 65535/);
  const json = await runCli(['config', 'show', '--json'], { environment });
  assert.is(json.code, EXIT.config);
  assert.is(JSON.parse(json.stderr).error.code, 'CONFIG');
});

cli('config show tells where a value comes from', async () => {
  const { stdout } = await runCli(['config', 'show', '--json'], { environment: { LOG_LEVEL: 'debug' } });
  const { settings } = JSON.parse(stdout);
  const level = settings.find(({ key }: { key: string }) => key === 'log_level');
  assert.equal(level, { key: 'log_level', value: 'debug', source: 'environment LOG_LEVEL' });
});

cli('start refuses a network that does not exist, and one that was not initialized', async () => {
  for (const network of ['testnet', 'mainnet']) {
    const { code, stderr } = await runCli(['start', '--network', network, '--data-dir', '/nowhere/at/all']);
    assert.is(code, EXIT.config);
    assert.match(stderr, /no public network exists yet/);
  }
});

cli('devnet refuses numbers that can not be', async () => {
  for (const args of [
    ['--validators', '0'],
    ['--validators', '21'],
    ['--validators', '4.5'],
    ['--base-port', '65500'],
  ]) {
    const { code, stderr } = await runCli(['devnet', ...args]);
    assert.is(code, EXIT.usage);
    assert.match(stderr, /whole number from 1 to/);
  }
});

cli('errors of other rooms keep their words, and only faults of the program show a stack', () => {
  const known = Object.assign(new Error('it is held by process 7'), { name: 'StoreError', code: 'LOCKED' });
  assert.equal(reportError(known), { exitCode: EXIT.data, code: 'LOCKED', message: 'it is held by process 7' });
  const system = Object.assign(new Error('EACCES: permission denied, open /x'), { code: 'EACCES' });
  assert.is(reportError(system).exitCode, EXIT.environment);
  const bug = reportError(new TypeError('undefined is no function'));
  assert.is(bug.exitCode, EXIT.internal);
  assert.match(bug.message, /TypeError: undefined is no function\n\s+at /);
  assert.equal(reportError(new CliError('timeout', 'late', { hint: 'wait' })), {
    exitCode: EXIT.timeout,
    code: 'TIMEOUT',
    message: 'late',
    hint: 'wait',
  });
});

cli.run();
