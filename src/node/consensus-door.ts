// What peers say comes to consensus only while those who sign it can be believed. Members of an epoch that is long over
// may sign whatever they like, so that on too old a head nothing is followed until sync has led past it.

import type { ConsensusDriver } from '../consensus/driver.ts';
import type { Trust } from '../sync/trust.ts';

export type ConsensusDoor = Pick<ConsensusDriver, 'onVote' | 'onProposal' | 'onBlock' | 'onCertificates'>;

/** @param consensus asked for when somebody has said something */
export function consensusDoor(consensus: () => ConsensusDoor, trust: Pick<Trust, 'doubt'>): ConsensusDoor {
  const isShut = () => trust.doubt() !== undefined;
  return {
    onVote: async (bytes) => (isShut() ? 'ignore' : consensus().onVote(bytes)),
    onProposal: async (bytes, peer) => (isShut() ? 'ignore' : consensus().onProposal(bytes, peer)),
    // Nobody is blamed for what was not looked at.
    onCertificates: async (certificates) => isShut() || consensus().onCertificates(certificates),
    onBlock(hash, block) {
      if (!isShut()) consensus().onBlock(hash, block);
    },
  };
}
