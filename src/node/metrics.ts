// Counts what the parts of a node tell, for the operator's metrics. Nothing in the node depends on these numbers.

import { LRUCache } from 'lru-cache';
import { Registry } from 'prom-client';
import type { FinalizedEvent } from '../chain/types.ts';
import type { ConsensusEvent } from '../consensus/types.ts';
import type { NetworkObserver } from '../network/observer.ts';
import { toHex } from '../primitives/bytes.ts';
import { EVIDENCE_KINDS, type EvidenceKind } from '../primitives/evidence.ts';
import { type ChainMetrics, createChainMetrics } from '../telemetry/metrics/chain.ts';
import { type ConsensusMetrics, createConsensusMetrics } from '../telemetry/metrics/consensus.ts';
import { createDiscoveryMetrics, type DiscoveryLevels, type DiscoveryMetrics } from '../telemetry/metrics/discovery.ts';
import { createMempoolMetrics, type MempoolLevels, type MempoolMetrics } from '../telemetry/metrics/mempool.ts';
import { createNetworkMetrics, type NetworkLevels, type NetworkMetrics } from '../telemetry/metrics/network.ts';
import { type BuildInfo, registerProcessMetrics, registerSignatureQueue } from '../telemetry/metrics/process.ts';
import { createRpcMetrics, type RpcMetrics } from '../telemetry/metrics/rpc.ts';
import { registerSyncMetrics, type SyncLevels } from '../telemetry/metrics/sync.ts';
import { registerValidatorMetrics, type ValidatorLevels } from '../telemetry/metrics/validator.ts';

/** Proposals and transactions whose time is remembered until they are final. */
const REMEMBERED_PROPOSALS = 256;
const REMEMBERED_TRANSACTIONS = 100_000;

export interface MetricsSources {
  readonly build: BuildInfo;
  readonly mempool: () => MempoolLevels;
  readonly network: () => NetworkLevels;
  readonly discovery: () => DiscoveryLevels;
  readonly signatureQueue: () => number;
  readonly validator: () => ValidatorLevels;
}

export class NodeMetrics {
  readonly registry = new Registry();
  readonly rpc: RpcMetrics;
  readonly #consensus: ConsensusMetrics;
  readonly #chain: ChainMetrics;
  readonly #mempool: MempoolMetrics;
  readonly #network: NetworkMetrics;
  readonly #discovery: DiscoveryMetrics;
  readonly #proposedAt = new LRUCache<string, number>({ max: REMEMBERED_PROPOSALS });
  readonly #submittedAt = new LRUCache<string, number>({ max: REMEMBERED_TRANSACTIONS });

  constructor(sources: MetricsSources) {
    this.#consensus = createConsensusMetrics(this.registry);
    this.#chain = createChainMetrics(this.registry);
    this.#mempool = createMempoolMetrics(this.registry, sources.mempool);
    this.#network = createNetworkMetrics(this.registry, sources.network);
    this.#discovery = createDiscoveryMetrics(this.registry, sources.discovery);
    this.rpc = createRpcMetrics(this.registry);
    registerValidatorMetrics(this.registry, sources.validator);
    // From zero, so that the first one is a rise.
    for (const kind of EVIDENCE_KINDS) this.#consensus.evidence.inc({ kind }, 0);
    registerProcessMetrics(this.registry, sources.build);
    registerSignatureQueue(this.registry, sources.signatureQueue);
  }

  get network(): NetworkObserver {
    const metrics = this.#network;
    return {
      gossipPublished: (topic) => metrics.gossipPublished.inc({ topic }),
      gossipReceived: () => undefined, // counted with its verdict
      gossipJudged: (topic, result) => metrics.gossipReceived.inc({ topic, result }),
      requestServed: () => undefined,
      offence: (kind) => metrics.offences.inc({ kind }),
    };
  }

  /** From here on it is told how far the node has come. */
  watchSync(levels: () => SyncLevels): void {
    registerSyncMetrics(this.registry, levels);
  }

  /** A peer has asked the DHT here. */
  dhtQuery(): void {
    this.#discovery.queries.inc();
  }

  consensus(event: ConsensusEvent): void {
    if (event.type === 'entered') this.#consensus.rounds.inc();
    else if (event.type === 'skipped') this.#consensus.skippedSlots.inc();
    else if (event.type === 'timedOut') this.#consensus.timeouts.inc();
    else if (event.type === 'proposed') this.#proposedAt.set(toHex(event.hash), performance.now());
    else if (event.type === 'finalized') this.#observe(this.#consensus.finality, this.#proposedAt, toHex(event.hash));
  }

  evidence(kind: EvidenceKind): void {
    this.#consensus.evidence.inc({ kind });
  }

  signerFailed(code: string): void {
    this.#consensus.unsigned.inc({ code });
  }

  submitted(idHex: string): void {
    this.#submittedAt.set(idHex, performance.now());
  }

  rejected(code: string): void {
    this.#mempool.rejected.inc({ code });
  }

  finalized({ block, envelopes, commitSeconds }: FinalizedEvent): void {
    this.#chain.commit.observe(commitSeconds);
    this.#chain.blocks.inc();
    this.#chain.transactions.inc(envelopes.length);
    this.#chain.height.set(block.header.height);
    for (const { idHex } of envelopes) this.#observe(this.#mempool.finality, this.#submittedAt, idHex);
  }

  #observe(histogram: { observe(seconds: number): void }, since: LRUCache<string, number>, key: string): void {
    const start = since.get(key);
    if (start === undefined) return;
    since.delete(key);
    histogram.observe((performance.now() - start) / 1000);
  }
}
