// A node as commands see it: a server that answers as a test says, and a data directory with the devnet's keys.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { initDevnetNode } from '../../src/node/devnet.ts';
import { loadGenesis } from '../../src/node/genesis-file.ts';
import { networkDirectory } from '../../src/node/package-root.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { fromJson, toJson } from '../../src/primitives/json.ts';
import { Parameters } from '../../src/primitives/parameters.ts';
import { encodeTransaction, SignedTransaction } from '../../src/primitives/transaction.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { runJson } from './run-cli.ts';

export const { genesis, hash } = await loadGenesis(join(networkDirectory('devnet'), 'genesis.json'));

export type Answer = (
  path: string,
  body: string,
  request: IncomingMessage,
) => [status: number, json: unknown] | 'silence';

/** A server that answers as a node would, at a free port of this machine. */
export async function withServer<T>(answer: Answer, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((request, response) => respond(answer, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await close(server);
  }
}

async function respond(answer: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const result = answer(request.url ?? '', body, request);
  if (result === 'silence') return;
  response.writeHead(result[0], { 'content-type': 'application/json' });
  response.end(typeof result[1] === 'string' ? result[1] : JSON.stringify(result[1]));
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Answers what a sender asks first; `send` answers the transaction. */
export function chain(send: (path: string, signed: SignedTransaction) => [number, unknown], nonce = 3): Answer {
  return (path, body) => {
    if (path === '/rpc/network_info') {
      return [200, { genesis_hash: toHex(hash), parameters: toJson(Parameters, genesis.parameters) }];
    }
    if (path.startsWith('/rpc/get_balance/')) return [200, { balance: '5', nonce: nonce - 1, next_nonce: nonce }];
    return send(path, fromJson(SignedTransaction, JSON.parse(body)));
  };
}

export async function withAlice<T>(use: (dataDir: string[]) => Promise<T>): Promise<T> {
  return withTempDir(async (directory) => {
    await initDevnetNode(directory, undefined);
    return use(['--data-dir', directory]);
  });
}

/** What a command sends for alice, and prints as JSON. @param reads answers to what it asks besides, by path */
export async function sentBy(
  args: readonly string[],
  reads: Readonly<Record<string, unknown>> = {},
): Promise<{ signed: SignedTransaction; result: Record<string, unknown> }> {
  const sent: SignedTransaction[] = [];
  const send = chain((path, signed) => {
    sent.push(signed);
    const status = path.includes('wait=finalized') ? 'finalized' : 'pending';
    const receipt = status === 'finalized' ? { receipt: { code: 'SUCCESS', height: 7 } } : {};
    return [200, { tx_hash: encodeTransaction(signed).idHex, status, ...receipt }];
  });
  const answer: Answer = (path, body, request) => {
    const known = reads[path];
    return known === undefined ? send(path, body, request) : [200, known];
  };
  const result = await withAlice((dataDir) =>
    withServer(answer, (url) => runJson([...args, '--from', 'alice', '--rpc', url, ...dataDir])),
  );
  const [signed] = sent;
  if (signed === undefined) throw new Error('nothing was sent');
  return { signed, result };
}
