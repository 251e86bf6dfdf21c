// A second implementation of what contradictions cost, written from docs/protocol.md §5 alone, on the JSON of the vectors
// and with nothing of src/.

import { owed, type PoolJson, slash } from './second-ledger.ts';

export interface OffenceJson {
  validator: string;
  epoch: number;
  time: number;
  weight: number;
  total_weight: number;
  others: number;
}
export interface StakesJson {
  /** by validator */
  pools: string[];
  /** by validator, then by epoch */
  unbonding_pools: string[][];
}
/** Of the validators in their own pools, which begin with a share for each token. */
export interface OwnJson {
  own_shares: string[];
  own_unbonding_shares: string[][];
}
export interface BlockJson {
  time: number;
  evidence_window: number;
  unbonding_period: number;
  evidence: { validator: string; epoch: number } | null;
}
export interface ResultJson extends StakesJson {
  code: string | null;
  offences: OffenceJson[];
  reporter: string;
}
export interface EpochJson {
  epoch: number;
  end: number | null;
  weights: number[];
}

/** What blocks leave behind, one after the other. */
export class Offences {
  readonly #validators: readonly string[];
  readonly #epochs: readonly EpochJson[];
  readonly #pools: SharedPool[];
  readonly #unbonding: SharedPool[][];
  readonly #tombstoned = new Set<string>();
  #list: OffenceJson[] = [];
  #reporter = 0n;

  constructor(validators: readonly string[], epochs: readonly EpochJson[], stakes: StakesJson & OwnJson) {
    this.#validators = validators;
    this.#epochs = epochs;
    this.#pools = stakes.pools.map((tokens, index) => sharedPool(tokens, stakes.own_shares[index]));
    this.#unbonding = stakes.unbonding_pools.map((pools, index) =>
      pools.map((tokens, at) => sharedPool(tokens, stakes.own_unbonding_shares[index]?.[at])),
    );
  }

  block({ time, evidence, ...periods }: BlockJson): ResultJson {
    for (const offence of this.#list.filter((one) => this.#isOver(one, time, periods))) {
      const millionths = Math.floor(((owed(shareIn(offence), offence.others) - 50_000) * 1_000_000) / 950_000);
      this.#slash(offence.validator, offence.epoch, Infinity, millionths);
    }
    this.#list = this.#list.filter((one) => !this.#isOver(one, time, periods));
    const code = evidence && this.#report(evidence, time, periods.evidence_window);
    return {
      code,
      offences: this.#list.map((offence) => ({ ...offence })),
      pools: this.#pools.map(({ tokens }) => tokens),
      unbonding_pools: this.#unbonding.map((pools) => pools.map(({ tokens }) => tokens)),
      reporter: this.#reporter.toString(),
    };
  }

  #end(epoch: number): number {
    return this.#epochs[epoch - 1]?.end ?? Infinity;
  }

  #isOver(
    offence: OffenceJson,
    time: number,
    { evidence_window, unbonding_period }: Omit<BlockJson, 'time' | 'evidence'>,
  ): boolean {
    return offence.time + evidence_window <= time || this.#end(offence.epoch) + unbonding_period <= time;
  }

  #report({ validator, epoch }: { validator: string; epoch: number }, time: number, window: number): string {
    if (this.#end(epoch) + window <= time) return 'EVIDENCE_TOO_OLD';
    const { weights = [] } = this.#epochs[epoch - 1] ?? {};
    const weight = weights[this.#validators.indexOf(validator)] ?? 0;
    const total_weight = weights.reduce((sum, one) => sum + one, 0);
    const share = Math.floor((weight * 1_000_000) / total_weight);
    const others = this.#list.filter((one) => one.validator !== validator);
    if (!this.#tombstoned.has(validator)) {
      this.#tombstoned.add(validator);
      this.#pay(this.#slash(validator, epoch, Infinity, 50_000));
      const sum = others.reduce((all, one) => all + shareIn(one), 0);
      this.#list.push({ validator, epoch, time, weight, total_weight, others: sum });
      for (const one of others) one.others += share;
      return 'SUCCESS';
    }
    const listed = this.#list.find((one) => one.validator === validator);
    if (listed === undefined || (epoch >= listed.epoch && share <= shareIn(listed))) return 'ALREADY_PUNISHED';
    if (epoch < listed.epoch) {
      this.#pay(this.#slash(validator, epoch, listed.epoch, 50_000));
      listed.epoch = epoch;
    }
    if (share > shareIn(listed)) {
      for (const one of others) one.others += share - shareIn(listed);
      listed.weight = weight;
      listed.total_weight = total_weight;
    }
    return 'SUCCESS';
  }

  /** From the unbonding pools of `from` up to before `end`; where there is no end, from the pool too. */
  #slash(validator: string, from: number, end: number, millionths: number): Loss {
    const index = this.#validators.indexOf(validator);
    const pool = this.#pools[index];
    const slashed = (this.#unbonding[index] ?? []).filter((_, at) => at + 1 >= from && at + 1 < end);
    if (end === Infinity && pool !== undefined) slashed.push(pool);
    const loss = { all: 0n, own: 0n };
    for (const one of slashed) {
      const { after, taken } = slash(one, millionths);
      loss.all += BigInt(taken);
      if (BigInt(one.shares) > 0n) loss.own += (BigInt(taken) * one.own) / BigInt(one.shares);
      Object.assign(one, after);
    }
    return loss;
  }

  #pay({ all, own }: Loss): void {
    const part = (all * 5n) / 100n;
    this.#reporter += part < own ? part : own;
  }
}

interface SharedPool extends PoolJson {
  readonly own: bigint;
}
/** What a slash takes, from all and from the validator itself. */
interface Loss {
  all: bigint;
  own: bigint;
}

function sharedPool(tokens: string, own = '0'): SharedPool {
  return { tokens, shares: tokens, own: BigInt(own) };
}

function shareIn({ weight, total_weight }: OffenceJson): number {
  return Math.floor((weight * 1_000_000) / total_weight);
}
