// Listening on a unix socket that only its owner may open: a door for the other processes of the same user.

import { chmod, lstat, stat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';

/** Only the owner may connect. */
const MODE = 0o600;

/**
 * @param path of the socket; one that a killed process left behind is replaced
 * @throws an `EADDRINUSE` system error when another process serves there, or it is no socket.
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  try {
    await bind(server, path);
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    // whatever else lies there is somebody's file
    if (!isTaken || !(await lstat(path)).isSocket() || (await isServed(path))) throw error;
    await unlink(path);
    await bind(server, path);
  }
}

async function bind(server: Server, path: string): Promise<void> {
  const isOpen = ((await stat(dirname(path))).mode & 0o077) !== 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const listen = () =>
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    // Nobody else may connect before its mode is set: where others may enter the directory it is made without their bits.
    if (isOpen) withoutOthers(listen);
    else listen();
  });
  try {
    await chmod(path, MODE);
  } catch (error) {
    await new Promise((resolve) => server.close(resolve));
    throw error;
  }
}

/** The socket is made before `listen` returns: the umask, which is the whole process's, is back in the same turn. */
function withoutOthers(listen: () => void): void {
  const umask = process.umask(0o177);
  try {
    listen();
  } finally {
    process.umask(umask);
  }
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (served: boolean) => {
      socket.destroy();
      resolve(served);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
