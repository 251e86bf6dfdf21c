// A whole node: builds every part from its configuration and inputs, starts them in order and stops them in the
// opposite one. This is the only room that knows all others; nothing about blocks, votes or money is decided here.

import { EventEmitter } from 'node:events';
import { Chain } from '../chain/chain.ts';
import { ConsensusDriver } from '../consensus/driver.ts';
import type { Anchor, InstanceStart } from '../consensus/types.ts';
import { rememberVerified, type VerifyChecks } from '../crypto/verified-signatures.ts';
import { VerifierPool } from '../crypto/verifier.ts';
import { validators } from '../ledger/records.ts';
import { Mempool } from '../mempool/mempool.ts';
import { SignatureChecks } from '../mempool/signatures.ts';
import type { Network } from '../network/network.ts';
import type { Libp2pNetworkOptions } from '../network/options.ts';
import { DEFAULT_RATE_LIMITS } from '../network/rate-limit.ts';
import { formatAddress } from '../primitives/address.ts';
import { toHex } from '../primitives/bytes.ts';
import { consensusMode } from '../primitives/genesis.ts';
import { decodeText } from '../primitives/ssz.ts';
import type { Validator } from '../primitives/validators.ts';
import type { RpcEvents, SyncStatus } from '../rpc/dependencies.ts';
import { CatchUp } from '../sync/catch-up.ts';
import { Completion } from '../sync/completion.ts';
import { Fetcher } from '../sync/fetcher.ts';
import { SnapshotSync } from '../sync/snapshot-sync.ts';
import { parseCheckpoint, Trust, UNSAFE } from '../sync/trust.ts';
import { type Logger, partLogger } from '../telemetry/logger.ts';
import { openApi } from './api.ts';
import { ClockWatch } from './clock-watch.ts';
import type { NodeConfig } from './config.ts';
import { consensusBlocks } from './consensus-blocks.ts';
import { consensusDoor } from './consensus-door.ts';
import { dataPaths } from './data-dir.ts';
import { NodeEpochs } from './epochs.ts';
import { tell, tellEpoch, tellEvidence } from './events.ts';
import { EvidenceDesk } from './evidence.ts';
import { FinalityLog } from './finality-log.ts';
import { NodeHealth } from './health.ts';
import { hostOptions, isHidden } from './host-options.ts';
import type { Node, NodeInfo, NodeInputs } from './lifecycle.ts';
import { NodeMetrics } from './metrics.ts';
import { networkLevels } from './network-levels.ts';
import type { OwnValidator } from './own-validator.ts';
import { buildInfo } from './package-root.ts';
import { PeerAnnouncer } from './peer-announcer.ts';
import { peerService } from './peer-service.ts';
import { SignerLog } from './signer-log.ts';
import { keepSnapshots } from './snapshot-keeper.ts';
import { openStorage, type Storage } from './storage.ts';
import { systemClock } from './system-clock.ts';
import { Teardown } from './teardown.ts';
import { TransactionRelay } from './transaction-relay.ts';
import { validatorLevels } from './validator-levels.ts';
import { voteVerifier } from './vote-verifier.ts';

/** Between two status exchanges with a peer (ms); three missed ones, each waited for longer, drop the connection. */
const STATUS_INTERVAL_MS = 1500;

interface LedgerParts {
  readonly pool: VerifierPool;
  readonly mempool: Mempool;
  readonly chain: Chain;
  readonly epochs: NodeEpochs;
  /** signatures of consensus; those that held before are not checked again */
  readonly verifyVotes: VerifyChecks;
}

interface PeerParts {
  readonly network: Network;
  readonly relay: TransactionRelay;
  readonly metrics: NodeMetrics;
}

export function createNode(config: NodeConfig, inputs: NodeInputs): Node {
  return new AitbcNode(config, inputs);
}

class AitbcNode implements Node {
  readonly failed: Promise<Error>;
  readonly #config: NodeConfig;
  readonly #inputs: NodeInputs;
  readonly #events = new EventEmitter<RpcEvents>();
  readonly #teardown = new Teardown();
  #fail: (error: Error) => void = () => undefined;
  #health: NodeHealth | undefined;
  #starting: Promise<NodeInfo> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(config: NodeConfig, inputs: NodeInputs) {
    this.#config = config;
    this.#inputs = inputs;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  async start(): Promise<NodeInfo> {
    try {
      this.#starting = this.#start();
      return await this.#starting;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  syncStatus(): SyncStatus | undefined {
    return this.#health?.syncStatus();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    // A start under way would go on to open what nobody closes. Whoever asked for it hears of its failure.
    await this.#starting?.catch(() => undefined);
    await this.#teardown.run(this.#inputs.logger);
  }

  /** The walk through the house: disk, transactions and blocks, peers, consensus, doors. */
  async #start(): Promise<NodeInfo> {
    const { genesis, genesisHash } = this.#inputs;
    const storage = await openStorage(this.#config, this.#inputs, this.#teardown);
    const ledger = await this.#openLedger(storage);
    const peers = await this.#openPeers(storage, ledger);
    const { consensus, door, health, announcer } = await this.#openConsensus(storage, ledger, peers);

    const { network, relay, metrics } = peers;
    const { chain, mempool, epochs } = ledger;
    const { store, snapshots } = storage;
    // Registered before it starts: it may be half open when starting fails.
    this.#teardown.add('network', () => network.stop());
    this.#teardown.add('relay', () => relay.stop());
    // known before anybody connects and says who he is
    network.setMembers(publicKeysOf(chain.epoch.validators));
    await network.start(
      peerService({ genesisHash, chain, store, snapshots, mempool, relay, consensus, door, clock: systemClock }),
    );
    this.#teardown.add('consensus', () => consensus.stop());
    const events = this.#events;
    const parts = { chain, store, mempool, relay, network, health, metrics, consensus, events };
    const urls = await openApi(this.#config, this.#inputs, parts, this.#teardown);
    consensus.start();
    announcer?.start();
    const { seat } = epochs;
    return {
      ...urls,
      peerId: network.peerId,
      p2pAddresses: network.addresses,
      chainId: decodeText(genesis.chainId),
      genesisHash: toHex(genesisHash),
      ...(seat === undefined ? {} : { validatorAddress: formatAddress(seat.address) }),
    };
  }

  async #openLedger({ store }: Storage): Promise<LedgerParts> {
    const { genesis, genesisHash } = this.#inputs;
    const pool = new VerifierPool({ threads: this.#config.verifierThreads });
    this.#teardown.add('verifier', () => pool.close());
    const verifyVotes = rememberVerified(voteVerifier(pool));
    const checks = new SignatureChecks({ genesisHash, verifyAll: (jobs, priority) => pool.verifyAll(jobs, priority) });
    const mempool = new Mempool({
      head: () => headOf(chain),
      verify: checks.check,
    });
    const checkpoint = this.#checkpoint;
    const chain: Chain = await Chain.open({
      genesis,
      genesisHash,
      store,
      transactions: mempool,
      verifySignatures: checks.checkBlock,
      verifyVotes,
      checkpoint: checkpoint === UNSAFE ? undefined : checkpoint,
    });
    this.#teardown.add('chain', () => chain.stop());
    const headOf = ({ head, epoch }: Chain) => ({
      state: store,
      timestamp: head.header.timestamp,
      parameters: epoch.parameters,
    });
    chain.on('finalized', ({ envelopes }) => mempool.onFinalized(envelopes, headOf(chain)));
    chain.on('restored', () => mempool.onFinalized([], headOf(chain)));
    const { remoteOperator, logger } = this.#inputs;
    if (remoteOperator !== undefined && validators.find(store, remoteOperator) === undefined) {
      const reason = 'validator_address is no validator yet: this node follows, and asks the signer when it is one';
      logger.warn({ validatorAddress: formatAddress(remoteOperator) }, reason);
    }
    const epochs = new NodeEpochs(chain, this.#own);
    return { pool, mempool, chain, epochs, verifyVotes };
  }

  async #openPeers({ store }: Storage, { mempool, pool }: LedgerParts): Promise<PeerParts> {
    const metrics = new NodeMetrics({
      build: buildInfo(),
      mempool: () => mempool,
      network: () => networkLevels(network),
      discovery: () => network.knowledge,
      signatureQueue: () => pool.queued,
      validator: () => validatorLevels(store, this.#own),
    });
    const { Libp2pNetwork } = await import('../network/libp2p-network.ts');
    const network: Network = new Libp2pNetwork({
      ...(await this.#networkOptions()),
      observer: metrics.network,
      onDhtQuery: () => metrics.dhtQuery(),
    });
    const relay = new TransactionRelay({
      mempool,
      publish: (batch) => network.publishTransactions(batch),
      onSubmitted: ({ idHex }) => metrics.submitted(idHex),
      onRejected: (code) => metrics.rejected(code),
      now: () => performance.now(),
      logger: partLogger(this.#inputs.logger, 'mempool'),
      random: Math.random,
    });
    return { network, relay, metrics };
  }

  async #openConsensus(
    { store, snapshots, journal, signer }: Storage,
    { chain, mempool, epochs, verifyVotes }: LedgerParts,
    { network, relay, metrics }: PeerParts,
  ) {
    const { genesisHash, logger: root } = this.#inputs;
    const logger = partLogger(root, 'consensus');
    const onFatal = (error: Error) => {
      logger.fatal({ err: error }, 'this node can not go on');
      health.failed(error);
      this.#fail(error);
    };
    const now = () => performance.now();
    const sync = { network, bodyMatches: chain.bodyMatches.bind(chain), logger: partLogger(root, 'sync') };
    const fetcher = new Fetcher({
      ...sync,
      onBlock: (hash, block) => door.onBlock(hash, block),
      onCertificates: (certificates) => door.onCertificates(certificates),
    });
    const onSynced = (anchor: Anchor) => consensus.onSynced(anchor);
    const completion = new Completion({
      ...sync,
      held: (hash) => chain.block(hash) ?? consensus.core.block(toHex(hash)),
      find: (idHex) => mempool.find(idHex)?.bytes,
      onFetched: (transactions) => relay.fetched(transactions),
    });
    const trust = this.#trust(chain, network);
    if (this.#config.checkpoint === UNSAFE && consensusMode(this.#inputs.genesis) !== 'poa') {
      sync.logger.warn('checkpoint is unsafe: this node follows whoever signs the chain, however old its own head is');
    }
    const catchUp = new CatchUp({
      ...sync,
      chain,
      trust,
      snapshot: new SnapshotSync({
        mode: this.#config.sync,
        network,
        store,
        chain,
        trust,
        genesisHash,
        verify: verifyVotes,
        onSynced,
        now,
        logger: sync.logger,
      }),
      holds: async (certificate) => {
        const holds = await chain.holds(certificate);
        if (holds) consensus.onVerified(certificate);
        return holds;
      },
      onSynced,
      onFatal,
      now,
    });
    const evidence = new EvidenceDesk({
      store: store.evidence,
      members: (epoch) => chain.members(epoch),
      present: () => chain.epoch,
      genesisHash,
      verify: verifyVotes,
      publish: (bytes) => network.publishVote(bytes),
      onNew: (record, offender) => {
        metrics.evidence(record.kind);
        tellEvidence(this.#events, record, offender);
      },
      clock: systemClock,
      logger,
    });
    const parameters = () => chain.epoch.parameters;
    const isAlone = () => epochs.seat?.decidesAlone ?? false;
    const clock = new ClockWatch({ network, parameters, isAlone, logger });
    const health = new NodeHealth({ chain, network, catchUp, clock, parameters, isAlone, now, wallClock: Date.now });
    metrics.watchSync(() => health.syncStatus());
    this.#health = health;
    const signerLog = new SignerLog({
      logger: partLogger(root, 'signer'),
      now,
      onFailure: (code) => metrics.signerFailed(code),
      onStopped: (error) => health.signerStopped(error),
    });
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
          this.#onBegin(instance, logger);
          network.setMembers(publicKeysOf(instance.members.list));
          announcer?.look();
        },
        onEvent: (event, epoch) => {
          metrics.consensus(event);
          tell(this.#events, event, { chain, epoch });
        },
        onEvidence: (found) => evidence.found(found),
        onRefused: (error) => signerLog.failed(error),
        onUnsent: (error) => logger.warn({ err: error }, 'a message could not be sent'),
        onFatal,
      },
    });
    const door = consensusDoor(consensus, trust);
    const announcer =
      signer === undefined || isHidden(this.#config)
        ? undefined
        : new PeerAnnouncer({ network, signer, seat: () => epochs.seat, now, logger: partLogger(root, 'network') });
    this.#teardown.add('announcer', () => announcer?.stop());
    this.#teardown.add('evidence', () => evidence.stop());
    this.#teardown.add('catch-up', () => catchUp.stop());
    this.#teardown.add('fetcher', () => fetcher.stop());
    this.#teardown.add('completion', () => completion.stop());

    mempool.on('accepted', () => consensus.onTransactions());
    mempool.on('dropped', (envelope, reason) => this.#events.emit('dropped', envelope, reason));
    const finalityLog = new FinalityLog(partLogger(root, 'chain'));
    chain.on('finalized', (event) => {
      metrics.finalized(event);
      health.finalized();
      finalityLog.finalized(event);
      this.#events.emit('finalized', event);
    });
    keepSnapshots({ chain, store, snapshots, clock: systemClock, logger: partLogger(root, 'store') });
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
    return { consensus, door, health, announcer };
  }

  #onBegin(instance: InstanceStart, logger: Logger): void {
    const { epoch, members, self } = instance;
    if (instance.anchor.slot === 0 && instance.previous !== undefined) tellEpoch(this.#events, instance);
    logger.info({ epoch, members: members.size, votes: self !== undefined }, 'epoch');
  }

  #trust(chain: Chain, network: Network): Trust {
    return new Trust({
      mode: consensusMode(this.#inputs.genesis),
      checkpoint: this.#checkpoint,
      head: () => chain.head.header,
      present: () => ({ epoch: chain.epoch.epoch, unbondingPeriod: chain.epoch.parameters.unbondingPeriod }),
      requestBlocks: (peer, request, signal) => network.requestBlocks(peer, request, signal),
      clock: systemClock,
    });
  }

  get #checkpoint() {
    const { checkpoint } = this.#config;
    return checkpoint === undefined ? undefined : parseCheckpoint(checkpoint);
  }

  get #own(): OwnValidator | undefined {
    const { validatorKey, remoteOperator } = this.#inputs;
    return validatorKey ?? (remoteOperator && { operator: remoteOperator });
  }

  async #networkOptions(): Promise<Libp2pNetworkOptions> {
    const { maxUploadPerPeer } = this.#config;
    const { genesis, genesisHash, logger } = this.#inputs;
    return {
      ...(await hostOptions(this.#config)),
      genesisHash,
      banFile: dataPaths(this.#config.dataDir).bans,
      resendInterval: genesis.parameters.resendInterval,
      statusInterval: STATUS_INTERVAL_MS,
      rateLimits: { ...DEFAULT_RATE_LIMITS, bytes: { burst: 2 * maxUploadPerPeer, perSecond: maxUploadPerPeer } },
      logger: partLogger(logger, 'network'),
    };
  }
}

function publicKeysOf(members: readonly Validator[]): Uint8Array[] {
  return members.map(({ publicKey }) => publicKey);
}
