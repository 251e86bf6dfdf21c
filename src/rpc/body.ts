// Reading request bodies: never more than allowed, whole, and of a type that the route takes.

import type { Context } from 'hono';
import { fieldProblem } from './params.ts';
import { RpcProblem } from './problems.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The media type of the body, in lower case and without parameters; '' when the client named none.
 * A body without a type is refused by every route: a web page of another origin could send one unasked.
 */
export function mediaType(c: Context): string {
  return (c.req.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** @throws {RpcProblem} UNSUPPORTED_MEDIA_TYPE unless the body has one of these types. */
export function requireMediaType(c: Context, ...accepted: readonly string[]): string {
  const type = mediaType(c);
  const encoding = c.req.header('content-encoding');
  if (encoding !== undefined && encoding !== 'identity') {
    throw new RpcProblem('UNSUPPORTED_MEDIA_TYPE', 'send the body without content-encoding');
  }
  if (accepted.includes(type)) return type;
  const named = type === '' ? 'none was named' : 'not the one of this request';
  throw new RpcProblem('UNSUPPORTED_MEDIA_TYPE', `send the header content-type: ${accepted.join(' or ')}; ${named}`);
}

/** @throws {RpcProblem} BODY_TOO_LARGE, INVALID_REQUEST when it breaks off. */
export async function readBody(c: Context, maxBytes: number): Promise<Uint8Array> {
  const declared = c.req.header('content-length');
  if (declared !== undefined && Number(declared) > maxBytes) throw tooLarge(maxBytes);
  try {
    // Node holds a body to its declared length; one without is counted as it comes.
    return declared === undefined ? await readCounted(c, maxBytes) : new Uint8Array(await c.req.arrayBuffer());
  } catch (error) {
    if (error instanceof RpcProblem) throw error;
    throw new RpcProblem('INVALID_REQUEST', 'the body did not arrive whole');
  }
}

async function readCounted(c: Context, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

export function tooLarge(maxBytes: number): RpcProblem {
  return new RpcProblem('BODY_TOO_LARGE', `at most ${maxBytes} bytes are taken here`);
}

/** @throws {RpcProblem} MALFORMED_JSON */
export function parseJson(body: Uint8Array | string): unknown {
  let text: string;
  try {
    text = typeof body === 'string' ? body : decoder.decode(body);
  } catch {
    throw new RpcProblem('MALFORMED_JSON', 'the body is not UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RpcProblem('MALFORMED_JSON', error instanceof Error ? error.message : 'the body is no JSON');
  }
}

/** @throws {RpcProblem} INVALID_FIELD unless it is a JSON object. */
export function requireObject(json: unknown): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw fieldProblem('INVALID_FIELD', '', 'expected a JSON object');
}
