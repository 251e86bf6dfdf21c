// The admin door: calls that change a running node, on a unix socket in the data directory that only the user who runs
// the node may open (docs/decisions/0011-admin-door.md). Never on a port.

import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { Logger } from '../../telemetry/logger.ts';
import type { RpcMetrics } from '../../telemetry/metrics/rpc.ts';
import { listenPrivately } from '../../telemetry/private-socket.ts';
import { parseJson, readBody, requireMediaType, requireObject } from '../body.ts';
import { Door, type HttpEnvironment, jsonResponse, problemResponse } from '../door.ts';
import type { RpcLimits } from '../options.ts';
import { RpcProblem } from '../problems.ts';
import { write } from '../rest.ts';
import { type AdminNetwork, addPeer, banPeer, unbanPeer } from './peers.ts';

/** The path of a unix socket has at most so many bytes, on macOS; on Linux four more. */
const MAX_PATH_BYTES = 103;
/** Commands come one by one. */
const MAX_CONNECTIONS = 16;

export interface AdminOptions {
  /** of the socket; undefined when there is to be none */
  readonly path: string | undefined;
  readonly network: AdminNetwork;
  readonly limits: RpcLimits;
  readonly logger: Logger;
  readonly metrics: RpcMetrics;
}

const CALLS = { '/admin/peers/add': addPeer, '/admin/peers/ban': banPeer, '/admin/peers/unban': unbanPeer } as const;

export class AdminServer {
  readonly #options: AdminOptions;
  readonly #server: Server;

  constructor(options: AdminOptions) {
    const { headersTimeoutMs: headersTimeout, requestTimeoutMs: requestTimeout } = options.limits;
    this.#options = options;
    this.#server = createAdaptorServer({
      fetch: createAdminApp(options).fetch,
      serverOptions: { headersTimeout, requestTimeout },
    }) as Server;
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /**
   * Where a socket can't be made there is no door, which stops nobody from validating.
   * @throws an `EADDRINUSE` system error when another process serves there, or what lies there is no socket
   */
  async start(): Promise<void> {
    const { path, logger } = this.#options;
    if (path === undefined) return;
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
      const hint = `set admin_socket to a path of at most ${MAX_PATH_BYTES} bytes`;
      logger.warn({ path }, `no admin socket: its path is too long for one; ${hint}`);
      return;
    }
    try {
      await listenPrivately(this.#server, path);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined || code === 'EADDRINUSE') throw error;
      const hint =
        'set admin_socket to a path on a file system that has sockets and this user may write to, or to none';
      logger.warn({ path, reason: message }, `no admin socket: it can't be made; ${hint}`);
    }
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

function createAdminApp({ network, limits, logger, metrics }: AdminOptions): Hono<HttpEnvironment> {
  const door = new Door(limits, metrics, logger);
  const app = new Hono<HttpEnvironment>();
  for (const [path, call] of Object.entries(CALLS)) {
    write(app, door, path, async (c) => {
      requireMediaType(c, 'application/json');
      return jsonResponse(await call(network, requireObject(parseJson(await readBody(c, limits.maxBodyBytes)))));
    });
  }
  const unknown = door.handler('unknown', (c) => {
    throw new RpcProblem('NOT_FOUND', `there is no route ${c.req.method} ${c.req.path.slice(0, 100)}`);
  });
  app.notFound(async (c) => (await unknown(c, async () => undefined)) ?? c.body(null, 404));
  app.onError((error) => problemResponse(door.problem(error, 'unknown')));
  return app;
}
