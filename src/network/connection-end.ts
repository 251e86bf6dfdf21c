// How an open connection ends when this node wants it to: with what is still to be sent, or without.

import type { Connection } from '@libp2p/interface';
import { withDeadline } from './deadline.ts';

const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Closes a connection, and breaks it off where that takes more than a second or `lifetime` is over.
 * @param reason for people
 */
export async function endConnection(connection: Connection, reason: string, lifetime: AbortSignal): Promise<void> {
  // An answer that is not whole yet would come to an end in good order, and be taken for what there is.
  for (const stream of [...connection.streams]) {
    if (stream.direction === 'inbound' && stream.writeStatus === 'writable') stream.abort(new Error(reason));
  }
  try {
    await withDeadline(CLOSE_TIMEOUT_MS, 'close', lifetime, (signal) => connection.close({ signal }));
  } catch (cause) {
    connection.abort(new Error(reason, { cause }));
  }
}
