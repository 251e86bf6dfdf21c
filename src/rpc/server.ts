// The RPC server: opens the two ports, wires handlers and transports together, and closes them without losing an answer.

import type { Server } from 'node:http';
import { createAdaptorServer, type WebSocketServerLike } from '@hono/node-server';
import type { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { ListenError, listen } from '../telemetry/listen.ts';
import { createRpcApp, createSocketApp } from './app.ts';
import { BlockReader } from './blocks.ts';
import type { RpcDependencies } from './dependencies.ts';
import { Door, type HttpEnvironment } from './door.ts';
import { RpcError } from './errors.ts';
import type { Services } from './handlers/method.ts';
import { JsonRpc } from './json-rpc.ts';
import type { RpcLimits, RpcOptions } from './options.ts';
import { RateLimiter } from './rate-limit.ts';
import { TransactionTracker } from './tracker.ts';
import { SocketHub } from './websocket/hub.ts';

/** Between two looks for connections that have become idle while the server stops. */
const IDLE_SWEEP_MS = 20;
const MAX_HEADER_BYTES = 16 * 1024;

export class RpcServer {
  readonly #options: RpcOptions;
  readonly #blocks: BlockReader;
  readonly #tracker: TransactionTracker;
  readonly #hub: SocketHub;
  readonly #rpc: Server;
  readonly #sockets: Server;
  #ports = { rpc: 0, ws: 0 };

  constructor(dependencies: RpcDependencies, options: RpcOptions) {
    const { limits } = options;
    this.#options = options;
    this.#blocks = new BlockReader(dependencies.chain, dependencies.events);
    this.#tracker = new TransactionTracker(dependencies.events, limits.maxWaits);
    const services: Services = {
      ...dependencies,
      blocks: this.#blocks,
      tracker: this.#tracker,
      faucetLimits: {
        perAddress: new RateLimiter(limits.faucetPerAddress),
        perClient: new RateLimiter(limits.faucetPerClient),
      },
      timeoutMs: options.timeoutMs,
    };
    const door = new Door(limits, dependencies.metrics, dependencies.logger);
    const jsonRpc = new JsonRpc(services, door, limits);
    this.#hub = new SocketHub(services, door, jsonRpc, limits);
    const parts = { services, door, jsonRpc, hub: this.#hub, limits };
    this.#rpc = createServer(createRpcApp(parts), limits);
    this.#sockets = createServer(createSocketApp(parts), limits);
  }

  /** The open ports, after `start()`. */
  get ports(): { readonly rpc: number; readonly ws: number } {
    return this.#ports;
  }

  /**
   * Once; a server that was stopped does not start again.
   * @throws {RpcError} when a port can't be opened; then none is.
   */
  async start(): Promise<void> {
    const { host, port, wsPort } = this.#options;
    // Before the first request can come, so that no wait misses an event.
    this.#blocks.start();
    this.#tracker.start();
    this.#hub.start();
    try {
      const rpc = await listen(this.#rpc, { host, port, setting: 'RPC_PORT' });
      const ws = await listen(this.#sockets, { host, port: wsPort, setting: 'WS_PORT' });
      this.#ports = { rpc, ws };
    } catch (error) {
      await this.stop();
      throw error instanceof ListenError ? new RpcError(error) : error;
    }
  }

  /** Takes nothing new, ends waits and WebSockets, and lets requests in flight finish within `drainMs`. */
  async stop(): Promise<void> {
    const { drainMs } = this.#options.limits;
    const closed = [close(this.#rpc, drainMs), close(this.#sockets, drainMs)];
    this.#tracker.stop();
    this.#hub.stop();
    await Promise.all(closed);
    this.#blocks.stop();
  }
}

function createServer(app: Hono<HttpEnvironment>, limits: RpcLimits): Server {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxSocketMessageBytes,
    // Compression would hold memory for every client and make a slow one cost time.
    perMessageDeflate: false,
    clientTracking: false,
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    // Its optional options are declared in a way that exact optional types refuse.
    websocket: { server: sockets as unknown as WebSocketServerLike },
    serverOptions: {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
  }) as Server;
  server.maxConnections = limits.maxConnections;
  return server;
}

async function close(server: Server, drainMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const cut = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
