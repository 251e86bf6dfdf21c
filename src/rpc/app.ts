// The two Hono applications: everything on the RPC port, and the WebSocket alone on its own port.

import { upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import type { WebSocket } from 'ws';
import { parseJson, readBody, requireMediaType, tooLarge } from './body.ts';
import { type Door, type HttpContext, type HttpEnvironment, problemResponse, textResponse } from './door.ts';
import type { Services } from './handlers/method.ts';
import { failure, HTTP_DIALECT, type JsonRpc } from './json-rpc.ts';
import type { RpcLimits } from './options.ts';
import { RpcProblem } from './problems.ts';
import { addRestRoutes, write } from './rest.ts';
import type { SocketHub } from './websocket/hub.ts';

export interface AppParts {
  readonly services: Services;
  readonly door: Door;
  readonly jsonRpc: JsonRpc;
  readonly hub: SocketHub;
  readonly limits: RpcLimits;
}

/** REST, JSON-RPC at `/` and the WebSocket at `/ws`. */
export function createRpcApp(parts: AppParts): Hono<HttpEnvironment> {
  const { services, door, jsonRpc, limits } = parts;
  const app = emptyApp(door);
  addRestRoutes(app, services, door, limits);
  write(app, door, '/', async (c, caller) => {
    requireMediaType(c, 'application/json');
    const body = await readBody(c, limits.maxBatchBytes);
    let payload: unknown;
    try {
      payload = parseJson(body);
    } catch (error) {
      if (error instanceof RpcProblem) return textResponse(failure(null, error));
      throw error;
    }
    if (!Array.isArray(payload) && body.length > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
    const answer = await jsonRpc.answer(payload, caller, HTTP_DIALECT);
    return answer === undefined ? new Response(null, { status: 204 }) : textResponse(answer);
  });
  addWebSocket(app, parts, '/ws');
  return app;
}

/** The WebSocket at `/` and `/ws`. */
export function createSocketApp(parts: AppParts): Hono<HttpEnvironment> {
  const app = emptyApp(parts.door);
  addWebSocket(app, parts, '/');
  addWebSocket(app, parts, '/ws');
  return app;
}

function emptyApp(door: Door): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  const unknown = door.handler('unknown', (c) => {
    throw new RpcProblem('NOT_FOUND', `there is no route ${c.req.method} ${c.req.path.slice(0, 100)}`);
  });
  app.notFound(async (c) => (await unknown(c, async () => undefined)) ?? c.body(null, 404));
  app.onError((error) => problemResponse(door.problem(error, 'unknown')));
  return app;
}

function addWebSocket(app: Hono<HttpEnvironment>, { door, hub, services }: AppParts, path: string): void {
  const upgrade = upgradeWebSocket(
    (c: HttpContext) => ({
      // The raw socket: the wrapper can't tell how many bytes wait for a slow client.
      onOpen: (_, { raw }) => hub.accept(raw as WebSocket, clientAddress(c)),
    }),
    { onError: (error) => services.logger.error({ err: error }, 'WebSocket failed to open') },
  );
  app.get(
    path,
    door.handler('/ws', async (c) => {
      if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
        throw new RpcProblem('UPGRADE_REQUIRED', 'open this address as a WebSocket');
      }
      if (hub.full) throw new RpcProblem('NOT_READY', 'too many WebSocket connections are open');
      const response = await upgrade(c, async () => undefined);
      if (response instanceof Response) return response;
      throw new RpcProblem('UPGRADE_REQUIRED', 'open this address as a WebSocket');
    }),
  );
}

function clientAddress(c: HttpContext): string {
  return c.env.incoming.socket.remoteAddress ?? '';
}
