// Calls of the admin door about peers: keep a connection to one, keep one out, let it in again.

import { z } from 'zod';
import type { Network } from '../../network/network.ts';
import { type BanView, banView } from '../handlers/node.ts';
import { parseParams } from '../params.ts';
import { type ProblemCode, RpcProblem } from '../problems.ts';

export type AdminNetwork = Pick<Network, 'addPeer' | 'ban' | 'unban'>;

const HOUR_MS = 3_600_000;
const DEFAULT_BAN_MS = 24 * HOUR_MS;
/** A year; longer ones are cut to it. */
const MAX_BAN_MS = 365 * 24 * HOUR_MS;

const text = z.string().trim().min(1).max(400);
const addParams = z.strictObject({ address: text });
const banParams = z.strictObject({
  target: text,
  duration_ms: z.number().int().min(1).max(MAX_BAN_MS).default(DEFAULT_BAN_MS),
  reason: z.string().trim().max(200).default('no reason was given'),
});
const unbanParams = z.strictObject({ target: text });

/** A connection to this peer is kept until the node stops. @throws {RpcProblem} */
export async function addPeer(network: AdminNetwork, params: unknown): Promise<{ id: string }> {
  const { address } = parseParams(addParams, params);
  return asked('address', async () => ({ id: network.addPeer(address) }));
}

/** @throws {RpcProblem} */
export async function banPeer(network: AdminNetwork, params: unknown): Promise<BanView> {
  const { target, duration_ms: milliseconds, reason } = parseParams(banParams, params);
  return asked('target', async () => banView(await network.ban(target, milliseconds, reason)));
}

/** @throws {RpcProblem} */
export async function unbanPeer(
  network: AdminNetwork,
  params: unknown,
): Promise<{ target: string; was_banned: boolean }> {
  const { target } = parseParams(unbanParams, params);
  return asked('target', async () => ({ target, was_banned: await network.unban(target) }));
}

const CODES: Readonly<Record<string, ProblemCode>> = {
  BAD_ADDRESS: 'INVALID_FIELD',
  BAD_TARGET: 'INVALID_FIELD',
  TOO_MANY_BANS: 'CONFLICT',
  NOT_RUNNING: 'NOT_READY',
};

/** @param path of the field that the network may find wrong */
async function asked<T>(path: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? CODES[String(error.code)] : undefined;
    if (code === undefined) throw error;
    const message = (error as Error).message;
    if (code === 'INVALID_FIELD') throw new RpcProblem(code, `${path}: ${message}`, { path });
    throw new RpcProblem(code, message);
  }
}
