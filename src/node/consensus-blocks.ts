// Consensus' view of the chain: builds, executes and commits what the core asks for.

import type { Chain } from '../chain/chain.ts';
import { compactBlock, compactHolds } from '../chain/compact.ts';
import { ChainError } from '../chain/errors.ts';
import type { BlockPort } from '../consensus/ports.ts';
import type { Address } from '../primitives/address.ts';
import type { Completion } from '../sync/completion.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface ConsensusBlocksOptions {
  readonly chain: Chain;
  /** the account that this node's validator acts for at present; undefined while it has no seat */
  readonly proposer: () => Address | undefined;
  /** whether peers may not have a transaction (id in hex): it goes along in a proposal */
  readonly mayLack: (idHex: string) => boolean;
  readonly completion: Pick<Completion, 'complete'>;
  readonly logger: Logger;
}

export function consensusBlocks(options: ConsensusBlocksOptions): BlockPort {
  const { chain, proposer: present, mayLack, completion, logger } = options;
  return {
    async build({ parent, parentCertificate, lateVotes, timestamp, allowEmpty }) {
      const proposer = present();
      if (proposer === undefined) return undefined;
      const whenEmpty = allowEmpty ? 'build' : 'skip';
      try {
        return await chain.build({ parent, timestamp, proposer, parentCertificate, lateVotes, whenEmpty });
      } catch (error) {
        // The parent may have lost, or too much may wait for a Final, since consensus asked: there is nothing to build.
        if (!(error instanceof ChainError)) throw error;
        logger.warn({ code: error.code, reason: error.message }, 'no block could be built');
        return undefined;
      }
    },
    async verify(_hash, block) {
      try {
        const verification = await chain.verify(block);
        if (verification.valid) return { verdict: 'valid' };
        // Its parent was dropped, or comes yet: catch-up moves the chain on without asking consensus.
        if ('missingParent' in verification) return { verdict: 'postponed' };
        if (verification.reason === 'CONFLICTS_WITH_FINALIZED') return { verdict: 'lost' };
        return { verdict: 'invalid', reason: `${verification.reason}: ${verification.detail}` };
      } catch (error) {
        if (!(error instanceof ChainError && error.code === 'TREE_FULL')) throw error;
        logger.warn({ code: error.code, reason: error.message }, 'a block could not be executed for now');
        return { verdict: 'postponed' };
      }
    },
    finalize: (hash, certificate) => chain.finalize(hash, certificate),
    compact: (block) => compactBlock(block, mayLack),
    compactHolds,
    complete: (hash, block, peer, wait) => completion.complete(hash, block, peer, wait),
  };
}
