// A whole node: builds every part from its configuration and inputs, starts them in order and stops them in the
// opposite one. This is the only place that knows all rooms; no decision about blocks, votes or money is made here.

import { EventEmitter } from 'node:events';
import { Chain } from '../chain/chain.ts';
import { certificateChecks, malformedCertificate, type SignatureCheck } from '../consensus/certificate.ts';
import { ConsensusDriver } from '../consensus/driver.ts';
import { Members } from '../consensus/members.ts';
import type { Anchor, ConsensusEvent } from '../consensus/types.ts';
import { verifyNative } from '../crypto/keys.ts';
import { LocalSigner } from '../crypto/signer.ts';
import { VerifierPool } from '../crypto/verifier.ts';
import { Mempool } from '../mempool/mempool.ts';
import type { Network } from '../network/network.ts';
import { DEFAULT_RATE_LIMITS } from '../network/rate-limit.ts';
import { formatAddress } from '../primitives/address.ts';
import { toHex } from '../primitives/bytes.ts';
import { FINAL } from '../primitives/consensus.ts';
import { envelopeSigningBytes, type TransactionEnvelope } from '../primitives/transaction.ts';
import type { RpcEvents } from '../rpc/dependencies.ts';
import { DEFAULT_LIMITS } from '../rpc/options.ts';
import { RpcServer } from '../rpc/server.ts';
import { ChainStore } from '../store/chain-store.ts';
import { Journal } from '../store/journal.ts';
import { DirectoryLock } from '../store/lock.ts';
import { CatchUp } from '../sync/catch-up.ts';
import { Fetcher } from '../sync/fetcher.ts';
import { partLogger } from '../telemetry/logger.ts';
import { MetricsServer } from '../telemetry/metrics-server.ts';
import type { NodeConfig } from './config.ts';
import { consensusBlocks } from './consensus-blocks.ts';
import { dataPaths } from './data-dir.ts';
import { Faucet } from './faucet.ts';
import { FinalityLog } from './finality-log.ts';
import { NodeHealth } from './health.ts';
import { readIdentity } from './identity-file.ts';
import type { Node, NodeInfo, NodeInputs } from './lifecycle.ts';
import { NodeMetrics } from './metrics.ts';
import { buildInfo } from './package-root.ts';
import { peerService } from './peer-service.ts';
import { systemClock } from './system-clock.ts';
import { Teardown } from './teardown.ts';
import { TransactionRelay } from './transaction-relay.ts';

/** The set never changes in this version, so there is one epoch. */
const EPOCH = 1;
/** So few signatures are checked sooner on this thread than by the workers, and never wait behind transactions. */
const VERIFIED_HERE = 4;
/** Between two status exchanges with a peer (ms); three missed ones drop the connection. */
const STATUS_INTERVAL_MS = 1500;

export function createNode(config: NodeConfig, inputs: NodeInputs): Node {
  return new AitbcNode(config, inputs);
}

class AitbcNode implements Node {
  readonly failed: Promise<Error>;
  readonly #config: NodeConfig;
  readonly #inputs: NodeInputs;
  readonly #teardown = new Teardown();
  #fail: (error: Error) => void = () => undefined;
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
      return await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#teardown.run(this.#inputs.logger);
    return this.#stopping;
  }

  async #start(): Promise<NodeInfo> {
    const { genesis, genesisHash, validatorKey, faucetKey, logger } = this.#inputs;
    const { parameters, validators } = genesis;
    const members = new Members(validators);
    const self = validatorKey && members.indexOf(validatorKey.publicKey);
    const paths = dataPaths(this.#config.dataDir);
    const events = new EventEmitter<RpcEvents>();

    // What is on disk, held by this process alone.
    const lock = this.#opened(
      'lock',
      await DirectoryLock.acquire(this.#config.dataDir, { hash: genesisHash }),
      'release',
    );
    logger.debug({ directory: lock.directory }, 'data directory locked');
    const store = await ChainStore.open(
      paths.db,
      { hash: genesisHash },
      { blockCacheBytes: this.#config.blockCacheSize },
    );
    this.#teardown.add('store', () => store.close());
    const journal = this.#opened('journal', await Journal.open(paths.journal), 'close');
    const signer =
      self === undefined || validatorKey === undefined
        ? undefined
        : this.#opened('signer', await LocalSigner.open(paths.signerRecord, validatorKey, genesisHash), 'close');

    // Transactions and blocks.
    const pool = this.#opened('verifier', new VerifierPool({ threads: this.#config.verifierThreads }), 'close');
    const verifySignatures = (envelopes: readonly TransactionEnvelope[]) =>
      pool.verifyAll(
        envelopes.map((envelope) => ({
          publicKey: envelope.signed.transaction.sender,
          message: envelopeSigningBytes(envelope, genesisHash),
          signature: envelope.signed.signature,
        })),
      );
    const mempool = new Mempool({
      head: () => ({ state: store, timestamp: chain.head.header.timestamp }),
      verify: verifySignatures,
      parameters,
    });
    const chain: Chain = await Chain.open({
      genesis,
      store,
      transactions: mempool,
      verifySignatures: (envelopes) => this.#verifyUnknown(envelopes, mempool, verifySignatures),
    });
    this.#teardown.add('chain', () => chain.stop());

    // Peers.
    const { Libp2pNetwork } = await import('../network/libp2p-network.ts');
    const metrics: NodeMetrics = new NodeMetrics({
      build: buildInfo(),
      mempool: () => mempool,
      peers: () => network.peers().length,
      signatureQueue: () => pool.queued,
    });
    const network: Network = new Libp2pNetwork({
      ...(await this.#networkOptions()),
      observer: metrics.network,
    });
    const relay = new TransactionRelay({
      mempool,
      publish: (batch) => network.publishTransactions(batch),
      onRejected: (code) => metrics.rejected(code),
      logger: partLogger(logger, 'mempool'),
    });
    this.#teardown.add('relay', () => relay.stop());

    // Consensus and catching up.
    const verifyVotes = (checks: readonly SignatureCheck[]) =>
      checks.length <= VERIFIED_HERE
        ? Promise.resolve(
            checks.map(({ publicKey, message, signature }) => verifyNative(publicKey, message, signature)),
          )
        : pool.verifyAll(checks, 'urgent');
    const fetcher = new Fetcher({
      network,
      bodyMatches: (block) => chain.bodyMatches(block),
      onBlock: (hash, block) => consensus.onBlock(hash, block),
      onCertificates: (certificates) => consensus.onCertificates(certificates),
      logger: partLogger(logger, 'sync'),
    });
    const catchUp: CatchUp = new CatchUp({
      network,
      chain,
      bodyMatches: (block) => chain.bodyMatches(block),
      holds: async (certificate) =>
        malformedCertificate(certificate, members) === undefined &&
        (await verifyVotes(certificateChecks(certificate, members, genesisHash))).every((holds) => holds),
      onSynced: (anchor) => consensus.onSynced(anchor),
      onFatal: (error) => onFatal(error),
      logger: partLogger(logger, 'sync'),
    });
    const health = new NodeHealth({
      chain,
      network,
      catchUp,
      parameters,
      alone: self !== undefined && members.weight(self) >= members.quorum,
      now: () => Date.now(),
    });
    const consensusLogger = partLogger(logger, 'consensus');
    const onFatal = (error: Error) => {
      consensusLogger.fatal({ err: error }, 'consensus has stopped');
      health.failed(error);
      this.#fail(error);
    };
    const consensus = new ConsensusDriver({
      instance: {
        epoch: EPOCH,
        members,
        self,
        parameters,
        anchor: await newestFinal(store),
        epochEnd: Number.POSITIVE_INFINITY,
      },
      genesisHash,
      verify: verifyVotes,
      journal,
      signer,
      blocks: consensusBlocks({
        chain,
        proposer: self === undefined ? undefined : members.at(self).address,
        epoch: EPOCH,
        logger: consensusLogger,
      }),
      peers: {
        publishProposal: (bytes) => network.publishProposal(bytes),
        publishVote: (bytes) => network.publishVote(bytes),
        fetchBlock: (hash) => fetcher.fetchBlock(hash),
        fetchCertificates: (epoch, from, to) => fetcher.fetchCertificates(epoch, from, to),
        catchUp: () => catchUp.begin(),
      },
      clock: systemClock,
      observer: {
        onEvent(event) {
          metrics.consensus(event);
          tell(events, event, chain);
        },
        onEvidence: ({ kind, member }) =>
          consensusLogger.error({ kind, member }, 'a validator has signed two messages that contradict each other'),
        onRefused: (error) => consensusLogger.error({ err: error }, 'the signer refused to sign'),
        onFatal,
      },
    });

    // Who listens to whom.
    mempool.on('accepted', ({ idHex }) => {
      metrics.accepted(idHex);
      consensus.onTransactions();
    });
    const finalityLog = new FinalityLog(partLogger(logger, 'chain'));
    chain.on('finalized', (event) => {
      const { header } = event.block;
      mempool.onFinalized(event.envelopes, { state: store, timestamp: header.timestamp });
      metrics.finalized(event);
      health.finalized();
      finalityLog.finalized(event);
      events.emit('finalized', event);
    });
    const considerCatchUp = () => catchUp.consider();
    network.on('peer:status', considerCatchUp);
    network.on('peer:connected', considerCatchUp);

    // Doors.
    this.#teardown.add('network', () => network.stop());
    await network.start(peerService({ genesisHash, chain, store, mempool, relay, consensus }));
    this.#teardown.add('catch-up', () => catchUp.stop());
    this.#teardown.add('fetcher', () => fetcher.stop());
    this.#teardown.add('consensus', () => consensus.stop());
    const { rpcHost, metricsPort } = this.#config;
    const metricsServer = new MetricsServer({
      registry: metrics.registry,
      host: rpcHost,
      port: metricsPort,
      logger: partLogger(logger, 'metrics'),
    });
    await metricsServer.start();
    this.#teardown.add('metrics', () => metricsServer.stop());
    const rpc = new RpcServer(
      {
        identity: { genesis, genesisHash, ...buildInfo() },
        chain: {
          get head() {
            return chain.head;
          },
          blockByHeight: (height) => store.blockByHeight(height),
          blockByHash: (hash) => store.blockByHash(hash),
          transaction: (id) => store.transaction(id),
          getAccount: (address) => chain.getAccount(address),
          prove: (key) => chain.prove(key),
        },
        mempool: {
          get size() {
            return mempool.size;
          },
          get bytes() {
            return mempool.bytes;
          },
          get: (idHex) => mempool.get(idHex),
          add: (envelope) => relay.submit(envelope),
        },
        network,
        validators: { current: () => ({ epoch: EPOCH, validators }) },
        health,
        ...(faucetKey === undefined
          ? {}
          : {
              faucet: new Faucet({
                key: faucetKey,
                genesisHash,
                parameters,
                mempool,
                submit: (envelope) => relay.submit(envelope),
              }),
            }),
        events,
        logger: partLogger(logger, 'rpc'),
        metrics: metrics.rpc,
      },
      {
        host: rpcHost,
        port: this.#config.rpcPort,
        wsPort: this.#config.wsPort,
        timeoutMs: this.#config.rpcTimeout,
        limits: DEFAULT_LIMITS,
      },
    );
    await rpc.start();
    this.#teardown.add('rpc', () => {
      health.draining();
      return rpc.stop();
    });

    consensus.start();
    return {
      rpcUrl: `http://${rpcHost}:${rpc.ports.rpc}`,
      wsUrl: `ws://${rpcHost}:${rpc.ports.ws}`,
      metricsUrl: `http://${rpcHost}:${metricsServer.port}/metrics`,
      p2pAddresses: network.addresses,
      chainId: new TextDecoder().decode(genesis.chainId),
      genesisHash: toHex(genesisHash),
      ...(self === undefined ? {} : { validatorAddress: formatAddress(members.at(self).address) }),
    };
  }

  /** Notes how to stop what was just opened. */
  #opened<K extends string, T extends { [key in K]: () => Promise<void> }>(part: string, thing: T, stop: K): T {
    this.#teardown.add(part, () => thing[stop]());
    return thing;
  }

  /** The mempool has checked the signatures of what it holds. */
  async #verifyUnknown(
    envelopes: readonly TransactionEnvelope[],
    mempool: Mempool,
    verify: (envelopes: readonly TransactionEnvelope[]) => Promise<readonly boolean[]>,
  ): Promise<readonly boolean[]> {
    const unknown = envelopes.filter(({ idHex }) => !mempool.has(idHex));
    if (unknown.length === 0) return envelopes.map(() => true);
    const verdicts = await verify(unknown);
    const bad = new Set(unknown.filter((_, index) => verdicts[index] !== true).map(({ idHex }) => idHex));
    return envelopes.map(({ idHex }) => !bad.has(idHex));
  }

  async #networkOptions() {
    const { dataDir, p2pHost, p2pPort, p2pWsPort, announceAddresses, bootstrapPeers, maxPeers, network } = this.#config;
    const { genesis, genesisHash, logger } = this.#inputs;
    const family = p2pHost.includes(':') ? 'ip6' : 'ip4';
    return {
      genesisHash,
      identitySeed: await readIdentity(dataPaths(dataDir).identity),
      version: buildInfo().version,
      listen: [`/${family}/${p2pHost}/tcp/${p2pPort}`, `/${family}/${p2pHost}/tcp/${p2pWsPort}/ws`],
      announce: announceAddresses,
      peers: bootstrapPeers,
      maxPeers,
      network: network === 'devnet' ? ('private' as const) : ('public' as const),
      dht: 'server' as const,
      resendInterval: genesis.parameters.resendInterval,
      statusInterval: STATUS_INTERVAL_MS,
      rateLimits: DEFAULT_RATE_LIMITS,
      logger: partLogger(logger, 'network'),
    };
  }
}

/** The newest stored block with a Final: blocks above it were committed by a Final that consensus will meet again. */
async function newestFinal(store: ChainStore): Promise<Anchor> {
  for (let height = store.head?.height ?? 0; height > 0; height--) {
    const stored = await store.blockByHeight(height);
    if (stored?.certificate?.kind === FINAL) {
      const { hash, block, certificate } = stored;
      return { slot: certificate.slot, hash, header: block.header, certificate };
    }
  }
  const genesis = await store.blockByHeight(0);
  if (genesis === undefined) throw new Error('an open chain has a genesis block');
  return { slot: 0, hash: genesis.hash, header: genesis.block.header, certificate: undefined };
}

const EVENT_NAMES = {
  entered: 'slot_entered',
  proposed: 'proposed',
  notarized: 'notarized',
  skipped: 'skipped',
  finalized: 'finalized',
} as const;

/** Passes on to subscribers what consensus did. */
function tell(events: EventEmitter<RpcEvents>, event: ConsensusEvent, chain: Chain): void {
  if (event.type === 'timedOut' || event.type === 'invalid') return;
  const { type, ...rest } = event;
  events.emit('consensus', { ...rest, type: EVENT_NAMES[type], epoch: EPOCH });
  if (event.type !== 'notarized') return;
  const executed = chain.executed(event.hash);
  if (executed !== undefined) events.emit('notarized', executed);
}
