// How a node gets what it missed: ranges of blocks and snapshots to catch up with the others, single blocks, certificates
// and transactions for consensus, and whom it may believe about the past.

import type { ConsensusDriver } from '../../consensus/driver.ts';
import type { Anchor } from '../../consensus/types.ts';
import { toHex } from '../../primitives/bytes.ts';
import { consensusMode } from '../../primitives/genesis.ts';
import { CatchUp } from '../../sync/catch-up.ts';
import { Completion } from '../../sync/completion.ts';
import { Fetcher } from '../../sync/fetcher.ts';
import { SnapshotSync } from '../../sync/snapshot-sync.ts';
import { parseCheckpoint, Trust, UNSAFE } from '../../sync/trust.ts';
import { partLogger } from '../../telemetry/logger.ts';
import { type ConsensusDoor, consensusDoor } from '../consensus-door.ts';
import { systemClock } from '../system-clock.ts';
import type { Ledger } from './ledger.ts';
import type { Opening } from './opening.ts';
import type { Peers } from './peers.ts';
import type { Storage } from './storage.ts';

export interface Sync {
  readonly catchUp: CatchUp;
  readonly fetcher: Fetcher;
  readonly completion: Completion;
  /** by which what peers say comes to consensus */
  readonly door: ConsensusDoor;
}

/**
 * @param consensus asked for when there is something to tell it: it is built upon this
 * @param onFatal a block with a Final could not be stored, or contradicts what is
 */
export function openSync(
  { config, inputs, teardown }: Opening,
  { store }: Storage,
  { chain, mempool, verifyVotes }: Ledger,
  { network, relay }: Peers,
  consensus: () => ConsensusDriver,
  onFatal: (error: Error) => void,
): Sync {
  const { genesis, genesisHash } = inputs;
  const logger = partLogger(inputs.logger, 'sync');
  const now = () => performance.now();
  const bodyMatches = chain.bodyMatches.bind(chain);
  const onSynced = (anchor: Anchor) => consensus().onSynced(anchor);
  const mode = consensusMode(genesis);
  const checkpoint = parseCheckpoint(config.checkpoint);
  if (checkpoint === UNSAFE && mode !== 'poa') {
    logger.warn('checkpoint is unsafe: this node follows whoever signs the chain, however old its own head is');
  }
  const trust = new Trust({
    mode,
    checkpoint,
    head: () => chain.head.header,
    present: () => ({ epoch: chain.epoch.epoch, unbondingPeriod: chain.epoch.parameters.unbondingPeriod }),
    requestBlocks: (peer, request, signal) => network.requestBlocks(peer, request, signal),
    clock: systemClock,
  });
  const door = consensusDoor(consensus, trust);
  const fetcher = new Fetcher({
    network,
    bodyMatches,
    onBlock: (hash, block) => door.onBlock(hash, block),
    onCertificates: (certificates) => door.onCertificates(certificates),
    logger,
  });
  const completion = new Completion({
    network,
    bodyMatches,
    held: (hash) => chain.block(hash) ?? consensus().core.block(toHex(hash)),
    find: (idHex) => mempool.find(idHex)?.bytes,
    onFetched: (transactions) => relay.fetched(transactions),
    logger,
  });
  const snapshot = new SnapshotSync({
    mode: config.sync,
    network,
    store,
    chain,
    trust,
    genesisHash,
    verify: verifyVotes,
    onSynced,
    now,
    logger,
  });
  const catchUp = new CatchUp({
    network,
    bodyMatches,
    chain,
    trust,
    snapshot,
    holds: async (certificate) => {
      const holds = await chain.holds(certificate);
      if (holds) consensus().onVerified(certificate);
      return holds;
    },
    onSynced,
    onFatal,
    now,
    logger,
  });
  teardown.add('catch-up', () => catchUp.stop());
  teardown.add('fetcher', () => fetcher.stop());
  teardown.add('completion', () => completion.stop());
  return { catchUp, fetcher, completion, door };
}
