// Why the RPC server could not start. What goes wrong with single requests is in problems.ts.

import type { ListenError, ListenErrorCode } from '../telemetry/listen.ts';

/** The server could not start; the message names host, port and the setting to change. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: ListenErrorCode;

  constructor(cause: ListenError) {
    super(cause.message, { cause });
    this.code = cause.code;
  }
}
