// A few pages for operators and their tools, on a port of its own: plain GET, no parameters, no state.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listen } from './listen.ts';
import type { Logger } from './logger.ts';

/** Scrapers and probes are few; more connections than this are someone else. */
const MAX_CONNECTIONS = 32;
const REQUEST_TIMEOUT_MS = 10_000;

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface PageServerOptions {
  /** by path */
  readonly pages: Readonly<Record<string, () => Page | Promise<Page>>>;
  readonly host: string;
  /** 0 takes any free port */
  readonly port: number;
  /** name of the setting that holds the port, for errors */
  readonly setting: string;
  readonly logger: Logger;
}

export class PageServer {
  readonly #options: PageServerOptions;
  readonly #server: Server;
  #port = 0;

  constructor(options: PageServerOptions) {
    this.#options = options;
    this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.logger.error({ err: error, page: request.url }, 'a page could not be made');
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
    const { host, port, setting } = this.#options;
    this.#port = await listen(this.#server, { host, port, setting });
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pages } = this.#options;
    const path = request.url?.split('?', 1)[0] ?? '';
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (page === undefined) {
      const text = `here are only ${Object.keys(pages).join(', ')}\n`;
      response.writeHead(404, { 'content-type': 'text/plain' }).end(text);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    const { status, contentType, body } = await page();
    response.writeHead(status, { 'content-type': contentType }).end(body);
  }
}
