// The finalized chain as this node holds it.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { WORK_BUCKETS_SECONDS } from './buckets.ts';

export interface ChainMetrics {
  /** finalized since the process started */
  readonly blocks: Counter;
  /** in finalized blocks, since the process started */
  readonly transactions: Counter;
  /** of the newest finalized block */
  readonly height: Gauge;
  /** one database batch, durable, in seconds */
  readonly commit: Histogram;
}

export function createChainMetrics(registry: Registry): ChainMetrics {
  const registers = [registry];
  return {
    blocks: new Counter({
      name: 'blockchain_blocks_total',
      help: 'Blocks finalized since this node started.',
      registers,
    }),
    transactions: new Counter({
      name: 'blockchain_transactions_total',
      help: 'Transactions in the blocks finalized since this node started.',
      registers,
    }),
    height: new Gauge({ name: 'blockchain_height', help: 'Height of the newest finalized block.', registers }),
    commit: new Histogram({
      name: 'blockchain_chain_commit_seconds',
      help: 'Time to write one finalized block durably.',
      buckets: [...WORK_BUCKETS_SECONDS],
      registers,
    }),
  };
}
