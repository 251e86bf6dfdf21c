// Opening a TCP port in a way that fails with a sentence people can act on.

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ListenErrorCode = 'ADDRESS_IN_USE' | 'ADDRESS_NOT_AVAILABLE' | 'PORT_FORBIDDEN' | 'LISTEN_FAILED';

/** A port could not be opened; the message names host, port and the setting to change. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: ListenErrorCode;

  constructor(code: ListenErrorCode, message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export interface ListenAddress {
  readonly host: string;
  /** 0 takes any free port */
  readonly port: number;
  /** name of the configuration setting that holds the port, e.g. `RPC_PORT` */
  readonly setting: string;
}

/**
 * Resolves with the port that is open.
 * @throws {ListenError}
 */
export function listen(server: Server, address: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, address));
    server.once('error', fail);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function listenError(error: NodeJS.ErrnoException, { host, port, setting }: ListenAddress): ListenError {
  const where = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new ListenError(
        'ADDRESS_IN_USE',
        `${where} is in use by another process: stop it or set ${setting} to a free port`,
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenError('ADDRESS_NOT_AVAILABLE', `${host} is no address of this machine (for ${setting})`, error);
    case 'EACCES':
      return new ListenError(
        'PORT_FORBIDDEN',
        `no permission to open ${where}: set ${setting} to a port above 1023`,
        error,
      );
    default:
      return new ListenError('LISTEN_FAILED', `cannot open ${where} (${setting}): ${error.message}`, error);
  }
}
