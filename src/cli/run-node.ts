// Runs a node: start, announce, wait for a reason to stop, stop.

import type { Service } from '../node/lifecycle.ts';
import type { Logger } from '../telemetry/logger.ts';
import { CliError } from './errors.ts';
import type { StopRequest } from './stop-request.ts';

/**
 * Resolves when the node has stopped because it was asked to.
 * @throws {CliError} when it failed by itself, after it has stopped; what `start` throws.
 */
export async function runNode<Info>(
  node: Service<Info>,
  stop: Pick<StopRequest, 'requested'>,
  logger: Logger,
  announce: (info: Info) => void,
): Promise<void> {
  announce(await node.start());
  const failure = await Promise.race([node.failed, stop.requested.then((reason) => describe(logger, reason))]);
  if (failure !== undefined) logger.fatal({ err: failure }, 'the node can not go on');
  await node.stop();
  // An upgrade that is due is no fault of the node.
  if ((failure as NodeJS.ErrnoException | undefined)?.code === 'UPGRADE_REQUIRED') throw failure;
  if (failure !== undefined) throw new CliError('nodeFailed', `the node stopped: ${failure.message}`);
  logger.info('stopped');
}

function describe(logger: Logger, reason: string): undefined {
  logger.info({ reason }, 'stopping; once more stops at once');
}
