// Consensus among all that it decides about and needs: the chain below it, peers and sync around it, evidence, the clock
// and the signer, and those who are told what it has decided.

import { ConsensusDriver } from '../../consensus/driver.ts';
import type { Validator } from '../../primitives/validators.ts';
import { partLogger } from '../../telemetry/logger.ts';
import { ClockWatch } from '../clock-watch.ts';
import { consensusBlocks } from '../consensus-blocks.ts';
import type { ConsensusDoor } from '../consensus-door.ts';
import { tell, tellEpoch, tellEvidence } from '../events.ts';
import { EvidenceDesk } from '../evidence.ts';
import { FinalityLog } from '../finality-log.ts';
import { NodeHealth } from '../health.ts';
import { isHidden } from '../host-options.ts';
import { PeerAnnouncer } from '../peer-announcer.ts';
import { SignerLog } from '../signer-log.ts';
import { keepSnapshots } from '../snapshot-keeper.ts';
import { systemClock } from '../system-clock.ts';
import type { Ledger } from './ledger.ts';
import type { Opening } from './opening.ts';
import type { Peers } from './peers.ts';
import type { Storage } from './storage.ts';
import { openSync } from './sync.ts';

export interface Consensus {
  readonly consensus: ConsensusDriver;
  /** by which what peers say comes to it */
  readonly door: ConsensusDoor;
  readonly health: NodeHealth;
  /** tells which peer is this validator's; undefined where nobody is to know, or there is no validator */
  readonly announcer: PeerAnnouncer | undefined;
}

/** Not yet started. @throws {ChainError} UPGRADE_REQUIRED */
export async function openConsensus(
  opening: Opening,
  storage: Storage,
  ledger: Ledger,
  peers: Peers,
): Promise<Consensus> {
  const { config, inputs, teardown, events } = opening;
  const { store, journal, signer } = storage;
  const { chain, mempool, epochs, verifyVotes } = ledger;
  const { network, relay, metrics } = peers;
  const { genesisHash } = inputs;
  const logger = partLogger(inputs.logger, 'consensus');
  const now = () => performance.now();
  const onFatal = (error: Error) => {
    logger.fatal({ err: error }, 'this node can not go on');
    health.failed(error);
    opening.fail(error);
  };
  const { catchUp, fetcher, completion, door } = openSync(opening, storage, ledger, peers, () => consensus, onFatal);
  const evidence = new EvidenceDesk({
    store: store.evidence,
    members: (epoch) => chain.members(epoch),
    present: () => chain.epoch,
    genesisHash,
    verify: verifyVotes,
    publish: (bytes) => network.publishVote(bytes),
    onNew: (record, offender) => {
      metrics.evidence(record.kind);
      tellEvidence(events, record, offender);
    },
    clock: systemClock,
    logger,
  });
  teardown.add('evidence', () => evidence.stop());
  const parameters = () => chain.epoch.parameters;
  const isAlone = () => epochs.seat?.decidesAlone ?? false;
  const clock = new ClockWatch({ network, parameters, isAlone, logger });
  const health = new NodeHealth({ chain, network, catchUp, clock, parameters, isAlone, now, wallClock: Date.now });
  const signerLog = new SignerLog({
    logger: partLogger(inputs.logger, 'signer'),
    now,
    onFailure: (code) => metrics.signerFailed(code),
    onStopped: (error) => health.signerStopped(error),
  });
  const announcer =
    signer === undefined || isHidden(config)
      ? undefined
      : new PeerAnnouncer({
          network,
          signer,
          seat: () => epochs.seat,
          now,
          logger: partLogger(inputs.logger, 'network'),
        });
  teardown.add('announcer', () => announcer?.stop());
  const consensus: ConsensusDriver = new ConsensusDriver({
    instance: await epochs.present(),
    epochs,
    genesisHash,
    verify: verifyVotes,
    journal,
    signer,
    blocks: consensusBlocks({
      chain,
      proposer: () => (clock.mayPropose ? epochs.seat?.address : undefined),
      mayLack: (idHex) => relay.isFresh(idHex),
      completion,
      logger,
    }),
    peers: {
      publishProposal: (bytes) => network.publishProposal(bytes),
      publishVote: (bytes) => network.publishVote(bytes),
      fetchBlock: (hash) => fetcher.fetchBlock(hash),
      fetchCertificates: (epoch, from, to) => fetcher.fetchCertificates(epoch, from, to),
      catchUp: () => {
        // The store may be ahead of consensus already: of what was synced before consensus has started, say.
        chain.instance().then(({ anchor }) => consensus.onSynced(anchor), onFatal);
        catchUp.begin();
      },
      isConnected: () => isAlone() || network.peers().length > 0,
    },
    clock: systemClock,
    judgeEvidence: (received) => evidence.judge(received),
    observer: {
      onBegin: (instance) => {
        const { epoch, members, anchor, previous, self } = instance;
        if (anchor.slot === 0 && previous !== undefined) tellEpoch(events, instance);
        logger.info({ epoch, members: members.size, votes: self !== undefined }, 'epoch');
        network.setMembers(publicKeysOf(members.list));
        announcer?.look();
      },
      onEvent: (event, epoch) => {
        metrics.consensus(event);
        tell(events, event, { chain, epoch });
      },
      onEvidence: (found) => evidence.found(found),
      onRefused: (error) => signerLog.failed(error),
      onUnsent: (error) => logger.warn({ err: error }, 'a message could not be sent'),
      onFatal,
    },
  });
  const finalityLog = new FinalityLog(partLogger(inputs.logger, 'chain'));
  chain.on('finalized', (event) => {
    metrics.finalized(event);
    health.finalized();
    finalityLog.finalized(event);
    events.emit('finalized', event);
  });
  mempool.on('accepted', () => consensus.onTransactions());
  mempool.on('dropped', (envelope, reason) => events.emit('dropped', envelope, reason));
  network.on('peer:status', (peer) => {
    clock.look();
    catchUp.consider();
    evidence.peerIsAt(peer);
  });
  network.on('peer:connected', (peer) => {
    clock.look();
    catchUp.consider();
    relay.peerCame();
    evidence.peerCame(peer);
  });
  network.on('peer:disconnected', (peer) => evidence.peerLeft(peer));
  metrics.watchSync(() => health.syncStatus());
  keepSnapshots({ chain, ...storage, clock: systemClock, logger: partLogger(inputs.logger, 'store') });
  // known before anybody connects and says who he is
  network.setMembers(publicKeysOf(chain.epoch.validators));
  return { consensus, door, health, announcer };
}

function publicKeysOf(members: readonly Validator[]): Uint8Array[] {
  return members.map(({ publicKey }) => publicKey);
}
