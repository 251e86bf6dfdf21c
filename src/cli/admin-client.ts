// Asks a running node over the admin socket in its data directory, which only the user who runs the node may open.

import { request } from 'node:http';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import { type DataDirOptions, flagsOf } from './options.ts';
import { type JsonObject, parseAnswer } from './rpc-client.ts';

/** It answers in the time of one write to the disk. */
const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** @param path without a leading slash. @throws {CliError} */
export async function askAdmin(
  context: CliContext,
  options: DataDirOptions,
  path: string,
  body: object,
): Promise<JsonObject> {
  const { loadConfig } = await import('../node/config.ts');
  const { config } = await loadConfig({
    flags: flagsOf({ ...dataDirOptions(options) }),
    environment: context.environment,
    file: options.config,
  });
  if (config.adminSocket === undefined) {
    throw new CliError('config', 'this node has no admin socket: admin_socket is none', {
      hint: 'set it to a path, or leave it out, and restart the node',
    });
  }
  const { status, text } = await post(config.adminSocket, `/${path}`, JSON.stringify(body));
  return parseAnswer({ ok: status === 200, status }, text, new URL(path, 'http://admin-socket/'));
}

/** A command has options of its own beside those of the data directory. */
function dataDirOptions({ network, dataDir }: DataDirOptions): DataDirOptions {
  return { ...(network === undefined ? {} : { network }), ...(dataDir === undefined ? {} : { dataDir }) };
}

function post(socketPath: string, path: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const call = request({ socketPath, path, method: 'POST', headers, timeout: TIMEOUT_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > MAX_ANSWER_BYTES) response.destroy(new Error('the answer is larger than any a node gives'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', (error) => reject(noAnswer(error, socketPath)));
    });
    call.on('timeout', () =>
      call.destroy(new CliError('timeout', `the node did not answer in ${TIMEOUT_MS / 1000} s`)),
    );
    call.on('error', (error) => reject(noAnswer(error, socketPath)));
    call.end(body);
  });
}

function noAnswer(error: NodeJS.ErrnoException, socket: string): Error {
  if (error instanceof CliError) return error;
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new CliError('environment', `no permission to open ${socket}`, {
      hint: 'run this as the user who runs the node',
    });
  }
  return new CliError('unreachable', `no running node answers at ${socket} (${error.code ?? error.message})`, {
    hint: 'start it, or say which one with --network, --data-dir or --config',
  });
}
