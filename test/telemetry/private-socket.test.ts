// A unix socket for one user: what lies at its path already, and who may open it.

import { once } from 'node:events';
import { symlinkSync, unlinkSync } from 'node:fs';
import { chmod, lstat, mkdir, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listenPrivately } from '../../src/telemetry/private-socket.ts';
import { leaveSocket } from '../helpers/left-socket.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const privateSocket = suite('private socket');

/** Listens with room for few, and takes nobody in. */
const BUSY = `
  const { parentPort, workerData } = require('node:worker_threads');
  require('node:net').createServer().listen({ path: workerData, backlog: 1 }, () => {
    parentPort.postMessage('listening');
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;
const MORE_THAN_WAIT = 8;

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

async function codeOf(promise: Promise<void>): Promise<string | undefined> {
  const [result] = await Promise.allSettled([promise]);
  return result.status === 'rejected' ? String(result.reason.code) : undefined;
}

privateSocket('it is for its owner, in a directory of its own and in one that others may enter', () =>
  withTempDir(async (directory) => {
    for (const mode of [0o700, 0o777]) {
      const path = join(directory, mode.toString(8));
      await mkdir(path);
      await chmod(path, mode);
      const server = createServer();
      await listenPrivately(server, join(path, 'socket'));
      const made = await lstat(join(path, 'socket'));
      assert.ok(made.isSocket());
      assert.is(made.mode & 0o777, 0o600, mode.toString(8));
      await close(server);
    }
  }),
);

privateSocket('a link that another user puts in its place leads nowhere', () =>
  withTempDir(async (directory) => {
    await chmod(directory, 0o777);
    const [path, file] = [join(directory, 'socket'), join(directory, 'file')];
    await writeFile(file, '', { mode: 0o644 });
    const server = createServer();
    server.once('listening', () => {
      unlinkSync(path);
      symlinkSync(file, path);
    });
    try {
      assert.is(await codeOf(listenPrivately(server, path)), 'EACCES');
      assert.is((await stat(file)).mode & 0o777, 0o644);
      assert.not(server.listening);
    } finally {
      server.close();
    }
  }),
);

privateSocket('one that is left over is replaced; one at which somebody is busy is not', () =>
  withTempDir(async (directory) => {
    const path = join(directory, 'socket');
    await leaveSocket(path);
    const server = createServer();
    await listenPrivately(server, path);
    await close(server);
    const busy = new Worker(BUSY, { eval: true, workerData: path });
    await once(busy, 'message');
    const waiting = Array.from({ length: MORE_THAN_WAIT }, () => connect(path).on('error', () => undefined));
    const late = createServer();
    try {
      const { ino } = await stat(path);
      assert.is(await codeOf(listenPrivately(late, path)), 'EADDRINUSE');
      assert.is((await stat(path)).ino, ino, 'it is still there');
    } finally {
      for (const socket of waiting) socket.destroy();
      late.close();
      await busy.terminate();
    }
  }),
);

privateSocket.run();
