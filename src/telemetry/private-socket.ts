// Listening on a unix socket that only its owner may open: a door for the other processes of the same user.

import { chmod, lstat, rm, stat } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';

/** Only the owner may connect. */
const MODE = 0o600;
const NOBODY: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT']);

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
    await rm(path, { force: true });
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
    // Where others may enter the directory it is made without their bits: nobody else may connect, however early.
    if (isOpen) withoutOthers(listen);
    else listen();
  });
  try {
    // and its mode is not set there: by now somebody may have put a link to another file in its place
    if (!isOpen) await chmod(path, MODE);
    else await requirePrivate(path);
  } catch (error) {
    await new Promise((resolve) => server.close(resolve));
    throw error;
  }
}

/** @throws an `EACCES` system error when others may open it: an access list of the directory goes before the umask. */
async function requirePrivate(path: string): Promise<void> {
  if (((await lstat(path)).mode & 0o777 & ~MODE) === 0) return;
  throw Object.assign(new Error(`others may open ${path}: choose a directory that only its user may enter`), {
    code: 'EACCES',
  });
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

/** Only a refusal says that nobody is there: who has no room left for one more (EAGAIN), or lets nobody in, is. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (served: boolean) => {
      socket.destroy();
      resolve(served);
    };
    socket.once('connect', () => done(true));
    socket.once('error', (error: NodeJS.ErrnoException) => done(!NOBODY.has(error.code ?? '')));
  });
}
