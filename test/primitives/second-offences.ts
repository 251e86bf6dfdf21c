// A second implementation of what contradictions cost, written from docs/protocol.md §5 alone, on the JSON of the vectors
// and with nothing of src/.

import { owed, slash } from './second-ledger.ts';

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
  readonly #pools: bigint[];
  readonly #unbonding: bigint[][];
  readonly #tombstoned = new Set<string>();
  #list: OffenceJson[] = [];
  #reporter = 0n;

  constructor(validators: readonly string[], epochs: readonly EpochJson[], stakes: StakesJson) {
    this.#validators = validators;
    this.#epochs = epochs;
    this.#pools = stakes.pools.map(BigInt);
    this.#unbonding = stakes.unbonding_pools.map((pools) => pools.map(BigInt));
  }

  block({ time, evidence, ...periods }: BlockJson): ResultJson {
    for (const offence of this.#list.filter((one) => this.#isOver(one, time, periods))) {
      const millionths = Math.floor(((owed(offence.others) - 50_000) * 1_000_000) / 950_000);
      this.#slash(offence.validator, offence.epoch, Infinity, millionths);
    }
    this.#list = this.#list.filter((one) => !this.#isOver(one, time, periods));
    const code = evidence && this.#report(evidence, time, periods.evidence_window);
    return {
      code,
      offences: this.#list.map((offence) => ({ ...offence })),
      pools: this.#pools.map(String),
      unbonding_pools: this.#unbonding.map((pools) => pools.map(String)),
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
  #slash(validator: string, from: number, end: number, millionths: number): bigint {
    const index = this.#validators.indexOf(validator);
    let sum = 0n;
    const take = (tokens: bigint): bigint => {
      const { after, taken } = slash({ tokens: tokens.toString(), shares: '1' }, millionths);
      sum += BigInt(taken);
      return BigInt(after.tokens);
    };
    if (end === Infinity) this.#pools[index] = take(this.#pools[index] ?? 0n);
    const waiting = this.#unbonding[index] ?? [];
    this.#unbonding[index] = waiting.map((tokens, at) => (at + 1 >= from && at + 1 < end ? take(tokens) : tokens));
    return sum;
  }

  #pay(taken: bigint): void {
    this.#reporter += (taken * 5n) / 100n;
  }
}

function shareIn({ weight, total_weight }: OffenceJson): number {
  return Math.floor((weight * 1_000_000) / total_weight);
}
