// A second implementation of what decides about validators, written from docs/protocol.md §5 alone, on the JSON of the
// vectors and with nothing of src/.

import { readAddress } from './second-implementation.ts';

export interface PoolJson {
  tokens: string;
  shares: string;
}
export interface ValidatorJson {
  public_key: string;
  address: string;
  weight: number;
}
export interface RegisteredJson {
  address: string;
  public_key: string;
  role: string;
  status: string;
  pool: PoolJson;
  own_shares: string;
}
export interface ElectionJson {
  mode: string;
  parameters: {
    block_time: number;
    epoch_duration: number;
    min_self_bond: string;
    max_stakers: number;
    min_validators: number;
    target_bonded: string;
    authority_share: number;
  };
  registered: RegisteredJson[];
  present: ValidatorJson[];
}
export interface ActivityJson {
  blocks: number;
  members: { participated: number; recorded: string }[];
}
export interface CommissionJson {
  epoch: number;
  commission: number;
}

const W = 1_000_000n;
const MILLION = 1_000_000n;

function order(a: bigint | string, b: bigint | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function addressHex({ address }: { address: string }): string {
  return readAddress(address).toString('hex');
}

/** Exact shares rounded down; what is missing goes by one to the largest remainders, ties to the lower address. */
function divide(total: bigint, parts: readonly { address: string; part: bigint }[]): Map<string, bigint> {
  const sum = parts.reduce((all, { part }) => all + part, 0n);
  const shares = new Map(parts.map(({ address, part }) => [address, (total * part) / sum]));
  let missing = total - [...shares.values()].reduce((all, share) => all + share, 0n);
  const byRemainder = [...parts].sort(
    (a, b) => order((total * b.part) % sum, (total * a.part) % sum) || order(addressHex(a), addressHex(b)),
  );
  for (const { address } of byRemainder) {
    if (missing === 0n) break;
    shares.set(address, (shares.get(address) ?? 0n) + 1n);
    missing -= 1n;
  }
  return shares;
}

function ownStake({ pool, own_shares }: RegisteredJson): bigint {
  return BigInt(pool.shares) === 0n ? 0n : (BigInt(pool.tokens) * BigInt(own_shares)) / BigInt(pool.shares);
}

function weighed({ mode, parameters, registered }: ElectionJson): Map<string, bigint> {
  const active = registered.filter(({ status }) => status === 'ACTIVE');
  const authorities = mode === 'pos' ? [] : active.filter(({ role }) => role === 'AUTHORITY');
  if (mode === 'poa') return new Map(authorities.map(({ address }) => [address, 1n]));
  const stakers = active
    .filter(({ role }) => role === 'STAKER')
    .filter((one) => ownStake(one) >= BigInt(parameters.min_self_bond))
    .map(({ address, pool }) => ({ address, part: BigInt(pool.tokens) }))
    .sort((a, b) => order(b.part, a.part) || order(addressHex(a), addressHex(b)))
    .slice(0, parameters.max_stakers);

  const bonded = stakers.reduce((sum, { part }) => sum + part, 0n);
  const target = BigInt(parameters.target_bonded);
  const most = W * (MILLION - BigInt(parameters.authority_share));
  const beside = bonded >= target ? most / MILLION : (most * bonded) / (target * MILLION);
  const P = authorities.length === 0 ? W : beside;

  let seated = stakers;
  const isHeavyEnough = (part: bigint) => {
    const sum = seated.reduce((all, other) => all + other.part, 0n);
    return P * part * BigInt(parameters.epoch_duration) >= 2n * W * BigInt(parameters.block_time) * sum;
  };
  while (seated.some(({ part }) => !isHeavyEnough(part))) seated = seated.slice(0, -1);
  const staked = seated.length === 0 ? 0n : P;
  return new Map([
    ...divide(staked, seated),
    ...divide(
      W - staked,
      authorities.map(({ address }) => ({ address, part: 1n })),
    ),
  ]);
}

export function elect(election: ElectionJson): ValidatorJson[] {
  const { registered, present, parameters } = election;
  const weights = weighed(election);
  const elected = registered
    .map(({ address, public_key }) => ({ public_key, address, weight: Number(weights.get(address) ?? 0n) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => order(a.public_key, b.public_key));
  if (elected.length >= parameters.min_validators || present.length === 0) return elected;
  const records = new Map(registered.map((one) => [one.address, one]));
  const remaining = (mayStay: (record: RegisteredJson) => boolean) =>
    present.filter(({ address }) => {
      const record = records.get(address);
      return record !== undefined && record.status !== 'TOMBSTONED' && mayStay(record);
    });
  const entitled = remaining((one) => one.role === 'AUTHORITY' || ownStake(one) >= BigInt(parameters.min_self_bond));
  if (entitled.length > 0) {
    const stakers = entitled.filter(({ address }) => records.get(address)?.role === 'STAKER');
    const together = stakers.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
    const parts = stakers.map(({ address }) => ({ address, part: BigInt(records.get(address)?.pool.tokens ?? 0) }));
    const anew = divide(together, parts);
    return entitled
      .map((one) => ({ ...one, weight: Number(anew.get(one.address) ?? one.weight) }))
      .filter(({ weight }) => weight > 0);
  }
  const left = remaining(() => true);
  return left.length > 0 ? left : present;
}

const MAX = (1n << 64n) - 1n;

function poolJson(tokens: bigint, shares: bigint): PoolJson {
  return { tokens: tokens.toString(), shares: shares.toString() };
}

export function stake(pool: PoolJson, amount: string) {
  const [T, S, a] = [pool.tokens, pool.shares, amount].map(BigInt) as [bigint, bigint, bigint];
  const shares = S === 0n ? a : (a * S) / T;
  let paid = S === 0n ? a : (shares * T) / S;
  if (paid * S < shares * T) paid += 1n;
  if (shares === 0n || T + paid > MAX || S + shares > MAX) return { after: null, shares: '0', tokens: '0' };
  return { after: poolJson(T + paid, S + shares), shares: shares.toString(), tokens: paid.toString() };
}

export function unstake(pool: PoolJson, held: string, amount: string) {
  const [T, S, s, a] = [pool.tokens, pool.shares, held, amount].map(BigInt) as [bigint, bigint, bigint, bigint];
  const shares = a === 0n ? s : (a * S + T - 1n) / T;
  if (shares > s) return { after: null, shares: '0', tokens: '0' };
  const tokens = (shares * T) / S;
  return { after: poolJson(T - tokens, S - shares), shares: shares.toString(), tokens: tokens.toString() };
}

export function slash({ tokens, shares }: PoolJson, millionths: number): { after: PoolJson; taken: string } {
  const taken = (BigInt(tokens) * BigInt(millionths)) / MILLION;
  const left = BigInt(tokens) - taken;
  return { after: poolJson(left, left === 0n ? 0n : BigInt(shares)), taken: taken.toString() };
}

export function owed(own: number, others: number): number {
  const all = BigInt(own + others);
  const counted = own > others ? 2n * BigInt(others) : all;
  const product = (9n * all * counted) / MILLION;
  return Math.max(50_000, Number(product < MILLION ? product : MILLION));
}

export function rewards(
  pot: string,
  proposerBonus: number,
  weights: readonly number[],
  activity: ActivityJson,
): string[] {
  const total = BigInt(weights.reduce((sum, weight) => sum + weight, 0));
  const recorded = activity.members.reduce((sum, member) => sum + BigInt(member.recorded), 0n);
  const bonus = (BigInt(pot) * BigInt(proposerBonus)) / MILLION;
  return activity.members.map((member, index) => {
    const part = recorded === 0n ? 0n : (bonus * BigInt(member.recorded)) / recorded;
    const taken = BigInt(weights[index] ?? 0) * BigInt(member.participated);
    return (part + ((BigInt(pot) - bonus) * taken) / (total * BigInt(activity.blocks))).toString();
  });
}

/** An epoch is paid at the commission that stood when it began. */
export function commissionOf(epoch: number, registered: number, updates: readonly CommissionJson[]): number {
  return updates.filter((update) => update.epoch < epoch).at(-1)?.commission ?? registered;
}

export function commissions(registered: number, updates: readonly CommissionJson[]) {
  const last = updates.at(-1);
  if (last === undefined) return { commission: registered, previous_commission: registered, commission_epoch: 0 };
  const previous_commission = commissionOf(last.epoch, registered, updates);
  return { commission: last.commission, previous_commission, commission_epoch: last.epoch + 1 };
}
