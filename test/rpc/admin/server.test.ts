// The admin door: what it takes, what it refuses, and who may open it.

import { chmod, stat, unlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NetworkError } from '../../../src/network/errors.ts';
import type { AdminNetwork } from '../../../src/rpc/admin/peers.ts';
import { AdminServer } from '../../../src/rpc/admin/server.ts';
import { DEFAULT_LIMITS } from '../../../src/rpc/options.ts';
import { createRpcMetrics } from '../../../src/telemetry/metrics/rpc.ts';
import { leaveSocket } from '../../helpers/left-socket.ts';
import { withTempDir } from '../../helpers/temp-dir.ts';

const admin = suite('admin door');

const BAN = { target: '192.0.2.7', by: 'operator', reason: '', since: 1, until: 2, times: 0 } as const;

interface Scene {
  readonly path: string;
  readonly server: AdminServer;
  /** what the network was asked */
  readonly asked: unknown[][];
  call(
    path: string,
    body: unknown,
    options?: { method?: string; type?: string },
  ): Promise<{ status: number; body: Record<string, unknown> }>;
}

function withDoor(use: (scene: Scene) => Promise<void>, start = true, place = 'admin.sock'): Promise<void> {
  return withTempDir(async (directory) => {
    const path = join(directory, place);
    const asked: unknown[][] = [];
    const network: AdminNetwork = {
      addPeer(address) {
        asked.push(['add', address]);
        if (address === 'self') throw new NetworkError('BAD_ADDRESS', 'that is this node itself');
        return 'the peer';
      },
      async ban(...call) {
        asked.push(['ban', ...call]);
        if (call[0] === 'one more') throw new NetworkError('TOO_MANY_BANS', '1000 are banned already');
        if (call[0] === 'disk') throw new Error('secret path');
        return BAN;
      },
      async unban(target) {
        asked.push(['unban', target]);
        return true;
      },
    };
    const metrics = createRpcMetrics(new Registry());
    const server = new AdminServer({
      path,
      network,
      limits: DEFAULT_LIMITS,
      logger: pino({ level: 'silent' }),
      metrics,
    });
    if (start) await server.start();
    try {
      await use({ path, server, asked, call: (route, body, options) => call(path, route, body, options) });
    } finally {
      await server.stop();
    }
  });
}

function call(socketPath: string, path: string, body: unknown, { method = 'POST', type = 'application/json' } = {}) {
  return new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
    const sent = request({ socketPath, path, method, headers: { 'content-type': type } }, async (response) => {
      let text = '';
      for await (const part of response) text += part;
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
    });
    sent.on('error', reject);
    sent.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

admin('add, ban and unban reach the network', () =>
  withDoor(async ({ call, asked }) => {
    assert.equal(await call('/admin/peers/add', { address: '/dns4/a/tcp/1/p2p/x' }), {
      status: 200,
      body: { id: 'the peer' },
    });
    assert.equal((await call('/admin/peers/ban', { target: '192.0.2.7' })).body, BAN);
    await call('/admin/peers/ban', { target: ' 192.0.2.7 ', duration_ms: 5, reason: 'floods' });
    assert.equal((await call('/admin/peers/unban', { target: '192.0.2.7' })).body, {
      target: '192.0.2.7',
      was_banned: true,
    });
    assert.equal(asked, [
      ['add', '/dns4/a/tcp/1/p2p/x'],
      ['ban', '192.0.2.7', 86_400_000, 'no reason was given'],
      ['ban', '192.0.2.7', 5, 'floods'],
      ['unban', '192.0.2.7'],
    ]);
  }),
);

admin('what is wrong is told with a code and the field', () =>
  withDoor(async ({ call, asked }) => {
    const wrong: readonly [string, unknown, number, string][] = [
      ['/admin/peers/ban', {}, 422, 'INVALID_FIELD'],
      ['/admin/peers/ban', { target: '' }, 422, 'INVALID_FIELD'],
      ['/admin/peers/ban', { target: 'x'.repeat(401) }, 422, 'INVALID_FIELD'],
      ['/admin/peers/ban', { target: 'x', duration_ms: 0 }, 422, 'INVALID_FIELD'],
      ['/admin/peers/ban', { target: 'x', duration_ms: 1e12 }, 422, 'INVALID_FIELD'],
      ['/admin/peers/ban', { target: 'x', reason: 'x'.repeat(201) }, 422, 'INVALID_FIELD'],
      ['/admin/peers/ban', { target: 'x', until: 1 }, 422, 'UNKNOWN_FIELD'],
      ['/admin/peers/ban', '{', 400, 'MALFORMED_JSON'],
      ['/admin/peers/ban', [], 422, 'INVALID_FIELD'],
      ['/rpc/peers', {}, 404, 'NOT_FOUND'],
    ];
    for (const [path, body, status, code] of wrong) {
      const answer = await call(path, body);
      assert.equal([answer.status, answer.body.code], [status, code], JSON.stringify(body));
    }
    assert.equal(asked, []);
    const self = await call('/admin/peers/add', { address: 'self' });
    assert.equal([self.status, self.body.path], [422, 'address']);
    assert.is((await call('/admin/peers/ban', { target: 'one more' })).status, 409);
    const failed = await call('/admin/peers/ban', { target: 'disk' });
    assert.equal([failed.status, JSON.stringify(failed.body).includes('secret')], [500, false]);
    assert.is((await call('/admin/peers/ban', '', { method: 'GET' })).status, 405);
    assert.is((await call('/admin/peers/ban', {}, { type: 'text/plain' })).status, 415);
  }),
);

admin('only the owner may open it; the socket goes with the server, and one that was left behind is replaced', () =>
  withDoor(async ({ path, server, call }) => {
    const left = createServer().listen(path);
    await new Promise((resolve) => left.once('listening', resolve));
    const [taken] = await Promise.allSettled([server.start()]);
    assert.is(taken.status === 'rejected' && taken.reason.code, 'EADDRINUSE', 'somebody serves there');
    await new Promise((resolve) => left.close(resolve));
    await writeFile(path, 'of somebody');
    const [foreign] = await Promise.allSettled([server.start()]);
    assert.is(foreign.status === 'rejected' && foreign.reason.code, 'EADDRINUSE', 'no socket');
    await unlink(path);
    await leaveSocket(path);
    await server.start();
    assert.is((await stat(path)).mode & 0o777, 0o600);
    assert.is((await call('/admin/peers/unban', { target: 'x' })).status, 200);
    await server.stop();
    const [gone] = await Promise.allSettled([stat(path)]);
    assert.is(gone.status === 'rejected' && gone.reason.code, 'ENOENT');
    await server.stop();
  }, false),
);

admin('a socket that can not be made stops nobody', () =>
  withDoor(
    async ({ path, server }) => {
      await server.start();
      const [absent] = await Promise.allSettled([stat(path)]);
      assert.is(absent.status === 'rejected' && absent.reason.code, 'ENOENT');
      await server.stop();
    },
    false,
    'no such directory/admin.sock',
  ),
);

admin('what else the process writes meanwhile has its usual mode', () =>
  withDoor(async ({ path, server }) => {
    await chmod(dirname(path), 0o755);
    const usual = process.umask();
    const seen = new Set<number>();
    let isOver = false;
    const look = () => {
      seen.add(process.umask());
      if (!isOver) setImmediate(look);
    };
    const started = server.start();
    look();
    process.nextTick(() => queueMicrotask(look));
    await started.finally(() => {
      isOver = true;
    });
    assert.equal([...seen], [usual]);
    assert.is((await stat(path)).mode & 0o777, 0o600);
  }, false),
);

admin.run();
