// What a JSON codec is: how it reads and writes, where it stands while it reads, and how it refuses.

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** Where a reader is: names and positions from the top down. A reader leaves it as it found it, unless it throws. */
export type Trail = (string | number)[];

export interface Codec {
  write(value: unknown): JsonValue;
  read(json: unknown, trail: Trail): unknown;
}

/** A name of the program as JSON has it: `publicKey` is `public_key` there. */
export function jsonKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** JSON that is not of its type; the message begins with `path` and says what was expected and what came. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  /** Field names and list positions down to the place, e.g. `transaction.action.outputs.3.amount`; '' at the top. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(path === '' ? problem : `${path}: ${problem}`);
    this.path = path;
  }
}

export function refuse(trail: Trail, expected: string, json: unknown): JsonError {
  return new JsonError(trail.join('.'), `expected ${expected}, got ${describe(json)}`);
}

export function missing(trail: Trail, key: string): JsonError {
  return new JsonError([...trail, key].join('.'), 'missing field');
}

/** Characters of a wrong text that an error repeats: a whole address, and no more than fits a line. */
const MAX_REPEATED = 48;

export function shorten(text: string): string {
  return text.length <= MAX_REPEATED ? text : `${text.slice(0, MAX_REPEATED)}…`;
}

function describe(json: unknown): string {
  if (json === null) return 'null';
  if (Array.isArray(json)) return `a list of ${json.length}`;
  if (typeof json === 'object') return 'an object';
  if (typeof json !== 'string') return `the ${typeof json} ${String(json)}`;
  return `${JSON.stringify(shorten(json))}${json.length > MAX_REPEATED ? ` (${json.length} characters)` : ''}`;
}

/** @throws {RangeError} where the list has nothing: a value outside its type. */
export function at<T>(list: readonly T[], position: number): T {
  const item = list[position];
  if (item === undefined) throw new RangeError(`no item ${position} in a list of ${list.length}`);
  return item;
}
