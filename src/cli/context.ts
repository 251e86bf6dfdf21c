// The world of a command: its streams and environment, passed in so that tests run commands without a process.

import type { Environment } from '../node/config/sources.ts';

export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean };
export type InputStream = NodeJS.ReadStream;

export interface CliContext {
  readonly stdin: InputStream;
  /** results */
  readonly stdout: OutputStream;
  /** errors, questions, progress */
  readonly stderr: OutputStream;
  readonly environment: Environment;
}

export function processContext(): CliContext {
  const { stdin, stdout, stderr, env } = process;
  // A reader that went away, as in `… | head`, is no fault of ours; and a node does not stop because nobody reads its log.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return { stdin, stdout, stderr, environment: env };
}

export interface JsonOption {
  readonly json?: boolean;
}

/** Prints a result: an object for scripts, lines for people. */
export function printResult(context: CliContext, options: JsonOption, json: object, lines: readonly string[]): void {
  context.stdout.write(options.json === true ? `${JSON.stringify(json)}\n` : `${lines.join('\n')}\n`);
}

/** Names and values in two columns. */
export function columns(rows: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

/** Rows of cells, the first of them the heads of the columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
