// `peers`: lists what a node says, and asks it over its socket.

import { createServer } from 'node:http';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withTempDir } from '../helpers/temp-dir.ts';
import { withServer } from './fake-node.ts';
import { runCli } from './run-cli.ts';

const peers = suite('cli: peers');

const ID = '12D3KooWGRUVh1QmJwEwEsCyFJuX7UTVdDvSyCdd1oP6Z9K5VYhS';
const UNTIL = Date.UTC(2030, 0, 2, 3, 4, 5);
const BAN = { target: ID, by: 'node', reason: 'too many offences', since: 1, until: UNTIL, times: 2 };
const PEER = {
  id: ID,
  addresses: ['/ip4/192.0.2.7/tcp/9000'],
  direction: 'inbound',
  client: 'aitbc-node/0.1.0',
  height: 7,
  hash: null,
  oldest_height: 0,
  score: -42,
  offences: [{ kind: 'rejected', reason: 'a message on topic vote', times: 4, at: 0 }],
  validator: 'ait1validator',
  latency_ms: 1.234,
  connected_at: 1,
};

peers('list: scores, reasons, bans and until when', () =>
  withServer(
    (path) => (path === '/rpc/peers' ? [200, { count: 1, peers: [PEER], bans: [BAN] }] : [404, {}]),
    async (url) => {
      const { code, stdout } = await runCli(['peers', 'list', '--rpc', url]);
      assert.is(code, 0);
      const lines = stdout.split('\n');
      assert.match(lines[1] ?? '', new RegExp(`^${ID} .*inbound +7 +-42 +1\\.2 ms`));
      assert.match(lines[0] ?? '', / validator$/);
      assert.match(lines[1] ?? '', / ait1validator$/);
      assert.match(stdout, /rejected +4× +a message on topic vote/);
      assert.match(stdout, /2030-01-02T03:04:05\.000Z +node +too many offences/);
      const json = JSON.parse((await runCli(['peers', 'list', '--rpc', url, '--json'])).stdout);
      assert.is(json.peers[0].score, -42);
    },
  ),
);

peers('list: nobody', () =>
  withServer(
    () => [200, { count: 0, peers: [], bans: [] }],
    async (url) => assert.is((await runCli(['peers', 'list', '--rpc', url])).stdout, 'no peers\n'),
  ),
);

/** A node that answers everything on its admin socket with this, and what it was asked. */
function withAdmin(
  answer: unknown,
  use: (dataDir: readonly string[], asked: unknown[][]) => Promise<void>,
  status = 200,
): Promise<void> {
  return withTempDir(async (directory) => {
    const asked: unknown[][] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      asked.push([request.method, request.url, JSON.parse(body)]);
      response.writeHead(status).end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(join(directory, 'admin.sock'), resolve));
    try {
      await use(['--data-dir', directory], asked);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

peers('ban: until when', () =>
  withAdmin(BAN, async (dataDir, asked) => {
    const { stdout } = await runCli(['peers', 'ban', ID, '--for', '90m', '--reason', 'floods us', ...dataDir]);
    assert.is(stdout, `${ID} is banned until 2030-01-02T03:04:05.000Z\n`);
    await runCli(['peers', 'ban', '192.0.2.7', ...dataDir]);
    assert.equal(asked, [
      ['POST', '/admin/peers/ban', { target: ID, duration_ms: 5_400_000, reason: 'floods us' }],
      ['POST', '/admin/peers/ban', { target: '192.0.2.7' }],
    ]);
    const wrong = await runCli(['peers', 'ban', ID, '--for', 'ever', ...dataDir]);
    assert.is(wrong.code, 2);
    assert.match(wrong.stderr, /no duration/);
  }),
);

peers('unban and add', async () => {
  await withAdmin({ target: ID, was_banned: true }, async (dataDir) =>
    assert.is((await runCli(['peers', 'unban', ID, ...dataDir])).stdout, `${ID} may connect again\n`),
  );
  await withAdmin({ target: ID, was_banned: false }, async (dataDir) =>
    assert.is((await runCli(['peers', 'unban', ID, ...dataDir])).stdout, `${ID} was not banned\n`),
  );
  await withAdmin({ id: ID }, async (dataDir, asked) => {
    const { code, stdout } = await runCli(['peers', 'add', `/ip4/192.0.2.7/tcp/9000/p2p/${ID}`, ...dataDir]);
    assert.is(code, 0);
    assert.match(stdout, new RegExp(`connection to ${ID} until it stops`));
    assert.equal(asked, [['POST', '/admin/peers/add', { address: `/ip4/192.0.2.7/tcp/9000/p2p/${ID}` }]]);
  });
});

peers('what the node refuses, and a node that does not run', async () => {
  const problem = { title: 'A field has a wrong value', detail: 'target: "x" is no peer id', code: 'INVALID_FIELD' };
  await withAdmin(
    problem,
    async (dataDir) => {
      const { code, stderr } = await runCli(['peers', 'ban', 'x', ...dataDir]);
      assert.is(code, 7);
      assert.match(stderr, /"x" is no peer id/);
    },
    422,
  );
  await withTempDir(async (directory) => {
    const { code, stderr } = await runCli(['peers', 'unban', ID, '--data-dir', directory]);
    assert.is(code, 6);
    assert.match(stderr, /no running node answers at .*admin\.sock \(ENOENT\)/);
  });
});

peers.run();
