// How the validator of this node does: its weight, its slots, its votes, and whether it may vote at all.

import { Gauge, type Registry } from 'prom-client';

/** What is read at every scrape. Numbers of slots and votes count from the start of the present epoch. */
export interface ValidatorLevels {
  readonly epoch: number;
  /** in the present epoch; zero without a seat */
  readonly weight: number;
  /** of all members of the epoch */
  readonly totalWeight: number;
  /** its slots so far: those whose block is in the chain, and those without */
  readonly proposed: number;
  readonly missed: number;
  /** blocks for which its vote is recorded, of how many */
  readonly participated: number;
  readonly blocks: number;
  readonly jailed: boolean;
  readonly tombstoned: boolean;
}

interface ValidatorGauge {
  readonly name: string;
  readonly help: string;
  value(levels: ValidatorLevels): number;
}

/** All of nothing counts as done: an alert on a low ratio stays silent while nothing was due. */
const GAUGES: readonly ValidatorGauge[] = [
  {
    name: 'blockchain_consensus_epoch',
    help: 'Number of the present epoch.',
    value: ({ epoch }) => epoch,
  },
  {
    name: 'blockchain_validator_weight',
    help: 'Weight of the validator of this node in the present epoch; 0 without a seat.',
    value: ({ weight }) => weight,
  },
  {
    name: 'blockchain_validator_weight_ratio',
    help: 'Share of the validator of this node in the weight of the present epoch, from 0 to 1.',
    value: ({ weight, totalWeight }) => weight / totalWeight,
  },
  {
    name: 'blockchain_validator_proposals_due',
    help: 'Slots of the present epoch that were led by the validator of this node.',
    value: ({ proposed, missed }) => proposed + missed,
  },
  {
    name: 'blockchain_validator_proposals_made',
    help: 'Slots of the present epoch whose block by the validator of this node is in the chain.',
    value: ({ proposed }) => proposed,
  },
  {
    name: 'blockchain_validator_missed_slots',
    help: 'Slots of the present epoch that were led by the validator of this node and have no block in the chain.',
    value: ({ missed }) => missed,
  },
  {
    name: 'blockchain_validator_proposals_made_ratio',
    help: 'Part of the proposals due in the present epoch that were made, from 0 to 1; 1 when none was due.',
    value: ({ proposed, missed }) => ratio(proposed, proposed + missed),
  },
  {
    name: 'blockchain_validator_participation_ratio',
    help: 'Part of the blocks of the present epoch for which a vote of this validator is recorded, from 0 to 1.',
    value: ({ participated, blocks }) => ratio(participated, blocks),
  },
  {
    name: 'blockchain_validator_jailed',
    help: '1 while the validator of this node is jailed for absence.',
    value: ({ jailed }) => Number(jailed),
  },
  {
    name: 'blockchain_validator_tombstoned',
    help: '1 when the validator of this node has contradicted itself and lost its seat for ever.',
    value: ({ tombstoned }) => Number(tombstoned),
  },
];

/** @param levels asked once at every scrape */
export function registerValidatorMetrics(registry: Registry, levels: () => ValidatorLevels): void {
  const registers = [registry];
  const gauges: { readonly gauge: Gauge; readonly value: ValidatorGauge['value'] }[] = [];
  const collect = () => {
    const now = levels();
    for (const { gauge, value } of gauges) gauge.set(value(now));
  };
  for (const [index, { name, help, value }] of GAUGES.entries()) {
    // Metrics are collected in the order in which they were registered: the first one reads for all.
    const gauge = new Gauge({ name, help, registers, ...(index === 0 && { collect }) });
    gauges.push({ gauge, value });
  }
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}
