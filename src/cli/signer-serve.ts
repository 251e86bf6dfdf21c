// `signer serve`: the reference signer process. Holds one validator's key and record, and nothing of the chain.

import { resolve } from 'node:path';
import { LocalSigner } from '../crypto/signer/local-signer.ts';
import { SignerServer } from '../crypto/signer/remote/server.ts';
import { SignerLog } from '../node/signer-log.ts';
import { addressOf, formatAddress } from '../primitives/address.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { CliContext } from './context.ts';
import { openKey } from './key-files.ts';
import type { ServeOptions } from './signer.ts';
import { locate, locked } from './signer-commands.ts';
import { StopRequest } from './stop-request.ts';

/** Resolves when the process was asked to stop. @throws what opening the key, the record or the socket throws. */
export async function serve(context: CliContext, options: ServeOptions): Promise<void> {
  const place = await locate(context, options);
  const { record, genesisHash, keyName, config } = place;
  const key = await openKey(context, options, keyName);
  const logger = createLogger({ level: config.logLevel, stream: context.stdout });
  const log = new SignerLog({
    logger,
    now: Date.now,
    onFailure: () => undefined,
    onStopped: () => undefined,
  });
  const stop = new StopRequest();
  try {
    if (options.stopWithParent === true) stop.withParent();
    await locked(place, async () => {
      const signer = await LocalSigner.open(record, key, genesisHash, { listenMs: config.signerListen });
      try {
        const path = resolve(options.socket);
        const server = await SignerServer.listen({
          path,
          signer,
          genesisHash,
          onFailure: (error) => log.failed(error),
        });
        const validator = formatAddress(addressOf(key.publicKey));
        process.send?.({ started: { socket: path, validator } });
        logger.info({ socket: path, validator }, 'signing for one node');
        await stop.requested;
        await server.close();
      } finally {
        await signer.close();
      }
    });
    logger.info('stopped');
  } finally {
    stop.close();
  }
}
