// Consensus of a node that has no validator, above a real chain: it says nothing, and keeps nothing for its next start.

import * as assert from 'uvu/assert';
import type { Chain } from '../../src/chain/chain.ts';
import { ConsensusDriver } from '../../src/consensus/driver.ts';
import { verifyNative } from '../../src/crypto/keys.ts';
import { consensusBlocks } from '../../src/node/consensus-blocks.ts';
import { NodeEpochs } from '../../src/node/epochs.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { GENESIS_HASH } from '../sync/fixture.ts';

/**
 * Not yet started.
 * @param now ms since 1970; its clock stands still
 */
export async function followerOf(
  chain: Chain,
  now: number,
  fetchBlock: (hash: Hash) => void = () => undefined,
): Promise<ConsensusDriver> {
  const epochs = new NodeEpochs(chain, undefined);
  return new ConsensusDriver({
    instance: await epochs.present(),
    epochs,
    genesisHash: GENESIS_HASH,
    verify: async (checks) => checks.map((check) => verifyNative(check.publicKey, check.message, check.signature)),
    journal: { restored: [], size: 0, append: async () => undefined, rotate: async () => undefined },
    signer: undefined,
    blocks: consensusBlocks({
      chain,
      proposer: () => undefined,
      mayLack: () => false,
      completion: { complete: async () => undefined },
      logger: silentLogger(),
    }),
    peers: {
      publishProposal: async () => undefined,
      publishVote: async () => undefined,
      fetchBlock,
      fetchCertificates: () => undefined,
      catchUp: () => undefined,
      isConnected: () => true,
    },
    clock: { now: () => now, after: () => () => undefined, random: () => 0 },
    observer: {
      onBegin: () => undefined,
      onEvent: () => undefined,
      onEvidence: () => undefined,
      onRefused: () => undefined,
      onUnsent: () => undefined,
      onFatal: (error) => assert.unreachable(error.message),
    },
  });
}
