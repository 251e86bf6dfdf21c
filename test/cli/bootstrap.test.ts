// What `bootstrap` says of itself before it runs.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BOOTSTRAP_MAX_PEERS } from '../../src/cli/bootstrap.ts';
import { MAX_PER_PEER, MAX_STRANGERS } from '../../src/network/arrivals.ts';
import { MIN_FILE_DESCRIPTORS } from '../../src/node/file-descriptors.ts';
import { runCli } from './run-cli.ts';

const bootstrap = suite('cli: bootstrap');

/** Its files, sockets that listen, those who look at health and metrics. */
const OTHER_FILES = 64;

bootstrap('the help names every setting that does something, the admin socket too', async () => {
  const { stdout } = await runCli(['bootstrap', '--help']);
  for (const flag of ['--p2p-host', '--max-peers', '--rpc-port', '--admin-socket']) assert.match(stdout, flag);
  assert.not.match(stdout, '--validator-key');
});

bootstrap('with as many peers as it takes by itself it has files left', () => {
  assert.ok(BOOTSTRAP_MAX_PEERS * MAX_PER_PEER + MAX_STRANGERS + OTHER_FILES <= MIN_FILE_DESCRIPTORS);
});

bootstrap.run();
