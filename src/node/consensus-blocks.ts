// Consensus' view of the chain: builds, executes and commits what the core asks for.

import type { Chain } from '../chain/chain.ts';
import { ChainError } from '../chain/errors.ts';
import type { BlockPort } from '../consensus/driver.ts';
import type { Address } from '../primitives/address.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface ConsensusBlocksOptions {
  readonly chain: Chain;
  /** the account that this node's validator acts for; undefined on a node that only follows */
  readonly proposer: Address | undefined;
  readonly epoch: number;
  readonly logger: Logger;
}

export function consensusBlocks({ chain, proposer, epoch, logger }: ConsensusBlocksOptions): BlockPort {
  return {
    async build({ parent, parentCertificate, timestamp, allowEmpty }) {
      if (proposer === undefined) return undefined;
      const justification = { parentCertificate: parentCertificate ?? null, lateVotes: [] };
      const whenEmpty = allowEmpty ? 'build' : 'skip';
      try {
        return await chain.build({ parent, timestamp, proposer, epoch, justification, whenEmpty });
      } catch (error) {
        // The parent may have lost, or too much may wait for a Final, since consensus asked: there is nothing to build.
        if (!(error instanceof ChainError)) throw error;
        logger.warn({ code: error.code, reason: error.message }, 'no block could be built');
        return undefined;
      }
    },
    async verify(_hash, block) {
      const verification = await chain.verify(block);
      if (verification.valid) return { valid: true };
      const reason =
        'missingParent' in verification
          ? 'its parent is not executed'
          : `${verification.reason}: ${verification.detail}`;
      return { valid: false, reason };
    },
    finalize: (hash, certificate) => chain.finalize(hash, certificate),
    bodyMatches: (block) => chain.bodyMatches(block),
  };
}
