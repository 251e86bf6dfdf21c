// Parameters of calls: the shapes that several handlers share, and how what zod or the JSON codec says of a wrong one
// becomes a problem with a stable code and the path of the field.

import { z } from 'zod';
import { type Address, AddressError, parseAddress } from '../primitives/address.ts';
import { fromHex } from '../primitives/bytes.ts';
import { HASH_BYTES, type Hash } from '../primitives/hash.ts';
import type { JsonError } from '../primitives/json.ts';
import { type ProblemCode, RpcProblem } from './problems.ts';

/** Adds the stable code that `parseParams` finds again. */
function refuse(context: z.RefinementCtx, code: ProblemCode, message: string): never {
  context.addIssue({ code: 'custom', message, params: { code } });
  return z.NEVER;
}

export const addressParam = z.string().transform((text, context): Address => {
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof AddressError) return refuse(context, 'BAD_ADDRESS', error.message);
    throw error;
  }
});

const HASH_DIGITS = 2 * HASH_BYTES;

export const hashParam = z
  .string()
  .transform((text, context): Hash => readHash(text) ?? refuse(context, 'BAD_HEX', HASH_EXPECTED));

const HASH_EXPECTED = `expected ${HASH_DIGITS} lower-case hex digits without prefix`;

function readHash(text: string): Hash | undefined {
  if (text.length !== HASH_DIGITS) return undefined;
  try {
    return fromHex(text);
  } catch {
    // The only way to fail is a character that is no lower-case hex digit.
    return undefined;
  }
}

/** Without a height and a hash it is the newest block. */
export type BlockId = { readonly height: number | undefined } | { readonly hash: Hash };

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;

/** A height as a number or in digits, the hash of a block, or `latest`. */
export const blockIdParam = z.union([z.number(), z.string()]).transform((value, context): BlockId => {
  if (value === 'latest') return { height: undefined };
  if (typeof value === 'string' && value.length === HASH_DIGITS) {
    const hash = readHash(value);
    return hash === undefined ? refuse(context, 'BAD_HEX', HASH_EXPECTED) : { hash };
  }
  const height = typeof value === 'number' || DECIMAL.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(height) && height >= 0) return { height };
  return refuse(context, 'INVALID_FIELD', 'expected a height (an integer from 0), the hash of a block or "latest"');
});

/** An integer from 1 to `most`; a number, or digits as a path or a query spells it. */
function positiveParam(most: number, expected: string) {
  return z.union([z.number(), z.string()]).transform((value, context): number => {
    const count = typeof value === 'number' || DECIMAL.test(value) ? Number(value) : Number.NaN;
    if (Number.isInteger(count) && count >= 1 && count <= most) return count;
    return refuse(context, 'INVALID_FIELD', expected);
  });
}

/** How many items at most, from 1 to `most`. */
export function countParam(most: number) {
  return positiveParam(most, `expected an integer from 1 to ${most}`);
}

/** The number of a proposal. */
export const proposalIdParam = positiveParam(Number.MAX_SAFE_INTEGER, 'expected the number of a proposal, from 1 on');

/** true and false, also as a query parameter spells them. */
export const flagParam = z
  .union([z.boolean(), z.enum(['true', 'false'])], 'expected true or false')
  .transform((value) => value === true || value === 'true');

/** @throws {RpcProblem} for the first thing that is wrong. */
export function parseParams<S extends z.ZodType>(schema: S, params: unknown): z.output<S> {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw new RpcProblem('INVALID_FIELD', 'wrong parameters');
  throw issueProblem(issue);
}

function issueProblem(issue: z.core.$ZodIssue): RpcProblem {
  if (issue.code === 'unrecognized_keys') {
    return fieldProblem('UNKNOWN_FIELD', [...issue.path, issue.keys[0] ?? ''].join('.'), 'unknown field');
  }
  const code = issue.code === 'custom' ? (issue.params?.code as ProblemCode) : 'INVALID_FIELD';
  return fieldProblem(code, issue.path.join('.'), issue.message);
}

export function fieldProblem(code: ProblemCode, path: string, message: string): RpcProblem {
  return path === '' ? new RpcProblem(code, message) : new RpcProblem(code, `${path}: ${message}`, { path });
}

/** The codec tells what it expected only in words: they decide the code. */
export function jsonProblem({ message, path }: JsonError): RpcProblem {
  const words = path === '' ? message : message.slice(`${path}: `.length);
  return new RpcProblem(jsonProblemCode(words), message, { path });
}

function jsonProblemCode(words: string): ProblemCode {
  if (words.startsWith('unknown field')) return 'UNKNOWN_FIELD';
  if (words.startsWith('expected an address')) return 'BAD_ADDRESS';
  return /^expected [^,"]* hex\b/.test(words) ? 'BAD_HEX' : 'INVALID_FIELD';
}
