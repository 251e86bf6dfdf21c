// Listening on a unix socket that only its owner may open: a door for the other processes of the same user.

import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';

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
  const umask = process.umask(0o177); // nobody may connect before its mode is set
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } finally {
    process.umask(umask);
  }
  await chmod(path, MODE);
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
