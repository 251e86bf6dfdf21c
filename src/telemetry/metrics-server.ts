// Serves one registry to Prometheus at /metrics, on a port of its own so that operators can keep it from the public.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { listen } from './listen.ts';
import type { Logger } from './logger.ts';

/** Scrapers are few; more connections than this are someone else. */
const MAX_CONNECTIONS = 32;
const REQUEST_TIMEOUT_MS = 10_000;

export interface MetricsServerOptions {
  readonly registry: Registry;
  readonly host: string;
  /** METRICS_PORT; 0 takes any free port */
  readonly port: number;
  readonly logger: Logger;
}

export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #server: Server;
  #port = 0;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
    this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.logger.error({ err: error }, 'metrics could not be collected');
        response.writeHead(500).end();
      });
    });
  }

  /** The open port, after `start()`. */
  get port(): number {
    return this.#port;
  }

  /** @throws {ListenError} */
  async start(): Promise<void> {
    const { host, port } = this.#options;
    this.#port = await listen(this.#server, { host, port, setting: 'METRICS_PORT' });
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('metrics are at /metrics\n');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    const { registry } = this.#options;
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(text);
  }
}
