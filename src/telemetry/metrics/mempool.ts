// Transactions that wait, and how long they waited.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { LATENCY_BUCKETS_SECONDS } from './buckets.ts';

export interface MempoolMetrics {
  /** from submission to this node to a finalized block, in seconds */
  readonly finality: Histogram;
  /** transactions refused, by stable code */
  readonly rejected: Counter<'code'>;
}

/** What is read at every scrape. */
export interface MempoolLevels {
  /** transactions */
  readonly size: number;
  readonly bytes: number;
}

/** @param levels asked at every scrape, so that the mempool need not know of metrics. */
export function createMempoolMetrics(registry: Registry, levels: () => MempoolLevels): MempoolMetrics {
  const registers = [registry];
  new Gauge({
    name: 'blockchain_mempool_size',
    help: 'Transactions waiting in the mempool.',
    registers,
    collect() {
      this.set(levels().size);
    },
  });
  new Gauge({
    name: 'blockchain_mempool_bytes',
    help: 'Bytes of the transactions waiting in the mempool.',
    registers,
    collect() {
      this.set(levels().bytes);
    },
  });
  return {
    finality: new Histogram({
      name: 'blockchain_mempool_finality_seconds',
      help: 'Time from the submission of a transaction to this node to its finalization.',
      buckets: [...LATENCY_BUCKETS_SECONDS],
      registers,
    }),
    rejected: new Counter({
      name: 'blockchain_mempool_rejected_total',
      help: 'Transactions that the mempool refused, by code.',
      labelNames: ['code'],
      registers,
    }),
  };
}
