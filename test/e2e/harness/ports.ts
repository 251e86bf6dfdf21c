// Ports for nodes that are killed and come back on the same ones. They lie below the range from which the system takes
// ports for outgoing connections, so that none of those sits on a port while its node is away.

import { createServer } from 'node:net';

const FIRST_PORT = 10_500;
const LAST_PORT = 32_000;
/** Runs of tests side by side begin at different places. */
const STRIDE = 60;

let next = FIRST_PORT + ((process.pid * STRIDE) % (LAST_PORT - FIRST_PORT));

/** @returns the first of `count` ports in a row that nobody listens on; never the same twice in one process. */
export async function freePorts(count: number): Promise<number> {
  for (let attempts = 0; attempts < 100; attempts++) {
    const first = next;
    next = next + count > LAST_PORT ? FIRST_PORT : next + count;
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if ((await Promise.all(ports.map(isFree))).every((free) => free)) return first;
  }
  throw new Error(`there are no ${count} free ports in a row`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
