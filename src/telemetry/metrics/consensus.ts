// What consensus does, counted: slots, their outcomes and the time to finality.

import { Counter, Histogram, type Registry } from 'prom-client';
import { LATENCY_BUCKETS_SECONDS } from './buckets.ts';

export interface ConsensusMetrics {
  /** slots entered */
  readonly rounds: Counter;
  /** slots that ended without a block */
  readonly skippedSlots: Counter;
  /** slot timers that ran out on this node */
  readonly timeouts: Counter;
  /** votes that came after their slot was decided */
  readonly lateVotes: Counter;
  /** pieces of evidence that this node took in, by kind */
  readonly evidence: Counter<'kind'>;
  /** requests that the signer did not sign; label `code` */
  readonly unsigned: Counter<'code'>;
  /** from a proposal, seen or made, to its Final, in seconds */
  readonly finality: Histogram;
}

export function createConsensusMetrics(registry: Registry): ConsensusMetrics {
  const registers = [registry];
  return {
    // The published name of this counter lacks `_total`; it is the one exception to the naming rules.
    rounds: new Counter({
      name: 'blockchain_consensus_rounds',
      help: 'Consensus rounds (slots) that this node entered since it started.',
      registers,
    }),
    skippedSlots: new Counter({
      name: 'blockchain_consensus_skipped_slots_total',
      help: 'Slots that ended with a Skip certificate.',
      registers,
    }),
    timeouts: new Counter({
      name: 'blockchain_consensus_timeouts_total',
      help: 'Slot timers that ran out on this node.',
      registers,
    }),
    lateVotes: new Counter({
      name: 'blockchain_consensus_late_votes_total',
      help: 'Votes that arrived after their slot was decided.',
      registers,
    }),
    evidence: new Counter({
      name: 'blockchain_consensus_evidence_total',
      help: 'Proofs of a validator that contradicted itself that this node found or received since it started.',
      labelNames: ['kind'],
      registers,
    }),
    unsigned: new Counter({
      name: 'blockchain_consensus_unsigned_total',
      help: 'Votes and proposals that the signer of this validator did not sign, by reason.',
      labelNames: ['code'],
      registers,
    }),
    finality: new Histogram({
      name: 'blockchain_consensus_finality_seconds',
      help: 'Time from a proposal to its finalization.',
      buckets: [...LATENCY_BUCKETS_SECONDS],
      registers,
    }),
  };
}
