// REST: which route calls which method. Path and query are its parameters, or the body is.

import type { Hono } from 'hono';
import { parseJson, readBody, requireMediaType, requireObject } from './body.ts';
import { type Door, type HttpContext, type HttpEnvironment, jsonResponse, problemResponse } from './door.ts';
import type { Method, Services } from './handlers/method.ts';
import { getHealth, type HealthView } from './handlers/node.ts';
import { readEncoded, readWait, submit } from './handlers/send-tx.ts';
import { METHODS } from './methods.ts';
import type { RpcLimits } from './options.ts';
import { RpcProblem } from './problems.ts';

/** Methods that a route answers for when it does not take them; for the rare others it does not exist. */
const HTTP_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Routes whose parameters are in the path and the query. */
const READS: readonly (readonly [path: string, method: Method])[] = [
  ['/rpc/get_head', METHODS.get_head],
  ['/rpc/get_balance/:address', METHODS.get_balance],
  ['/rpc/get_block/:height', METHODS.get_block],
  ['/rpc/get_tx/:hash', METHODS.get_tx],
  ['/rpc/get_receipt/:hash', METHODS.get_receipt],
  ['/rpc/peers', METHODS.peers],
  ['/rpc/validators', METHODS.validators],
  ['/rpc/validators/:address', METHODS.validator],
  ['/rpc/stake/:address', METHODS.stake],
  ['/rpc/governance', METHODS.governance],
  ['/rpc/governance/:id', METHODS.proposal],
  ['/rpc/params', METHODS.params],
  ['/rpc/consensus', METHODS.consensus],
  ['/rpc/consensus/slashing', METHODS.slashing],
  ['/rpc/mempool', METHODS.mempool],
  ['/rpc/network_info', METHODS.network_info],
  ['/sync_status', METHODS.sync_status],
];

export function addRestRoutes(app: Hono<HttpEnvironment>, services: Services, door: Door, limits: RpcLimits): void {
  for (const [path, method] of READS) {
    read(app, door, path, async (c, caller) =>
      jsonResponse(await method.call(services, { ...c.req.query(), ...c.req.param() }, caller)),
    );
  }

  read(app, door, '/health', () => healthResponse(getHealth(services), ({ status }) => status === 'ok'));
  read(app, door, '/readyz', () => healthResponse(getHealth(services), ({ ready }) => ready));
  // That this is answered at all is the answer.
  read(app, door, '/livez', () => jsonResponse({ status: 'ok' }));

  write(app, door, '/rpc/send_tx', async (c, caller) => {
    const wait = readWait(c.req.query('wait'));
    const type = requireMediaType(c, 'application/json', 'application/octet-stream');
    const body = await readBody(c, limits.maxBodyBytes);
    if (type === 'application/octet-stream') {
      return jsonResponse(await submit(services, { envelope: readEncoded(body, ''), wait }, caller));
    }
    const params = requireObject(parseJson(body));
    return jsonResponse(
      await METHODS.send_tx.call(services, wait === undefined ? params : { ...params, wait }, caller),
    );
  });

  write(app, door, '/rpc/faucet', async (c, caller) => {
    requireMediaType(c, 'application/json');
    const params = requireObject(parseJson(await readBody(c, limits.maxBodyBytes)));
    return jsonResponse(await METHODS.faucet.call(services, { ...params, ...c.req.query() }, caller));
  });
}

type Answer = Parameters<Door['handler']>[1];

function read(app: Hono<HttpEnvironment>, door: Door, path: string, answer: Answer): void {
  app.get(path, door.handler(path, answer));
  refuseOthers(app, door, path, ['GET', 'HEAD']);
}

export function write(app: Hono<HttpEnvironment>, door: Door, path: string, answer: Answer): void {
  app.post(path, door.handler(path, answer));
  refuseOthers(app, door, path, ['POST']);
}

function refuseOthers(app: Hono<HttpEnvironment>, door: Door, path: string, allowed: readonly string[]): void {
  const refused = HTTP_METHODS.filter((name) => !allowed.includes(name));
  const allow = allowed.join(', ');
  const answer = (c: HttpContext) => {
    const response = problemResponse(
      new RpcProblem('METHOD_NOT_ALLOWED', `${path} takes ${allow}, not ${c.req.method}`),
    );
    response.headers.set('allow', allow);
    return response;
  };
  app.on(refused, path, door.handler(path, answer));
}

function healthResponse(health: HealthView, good: (health: HealthView) => boolean): Response {
  return jsonResponse(health, good(health) ? 200 : 503);
}
