// Runs the command line in this process and keeps what it prints.

import { PassThrough, Writable } from 'node:stream';
import type { CliContext, InputStream } from '../../src/cli/context.ts';
import { main } from '../../src/cli/main.ts';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliInput {
  readonly environment?: Readonly<Record<string, string>>;
  /** what standard input says; it is no terminal */
  readonly stdin?: string;
}

export async function runCli(
  args: readonly string[],
  { environment = {}, stdin = '' }: CliInput = {},
): Promise<CliResult> {
  const stdout = new Capture();
  const stderr = new Capture();
  const input = new PassThrough();
  input.end(stdin);
  const context: CliContext = { stdin: input as unknown as InputStream, stdout, stderr, environment };
  const code = await main(['node', 'aitbc-node', ...args], context);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** The one JSON object that a command printed. */
export async function runJson(args: readonly string[], input?: CliInput): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runCli([...args, '--json'], input);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

export class Capture extends Writable {
  text = '';

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
