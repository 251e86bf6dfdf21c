// Who votes in an epoch and with what weight: the authorities equally, the stakers by stake (docs/protocol.md §5). The
// result depends on nothing but the records of the state and the next epoch's mode and parameters.

import type { Address } from '../primitives/address.ts';
import { compareBytes } from '../primitives/bytes.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import { CONSENSUS_MODES } from '../primitives/genesis.ts';
import { MILLION, type Parameters } from '../primitives/parameters.ts';
import { ACTIVE, AUTHORITY, STAKER, TOMBSTONED, type ValidatorRecord } from '../primitives/staking.ts';
import { totalWeight, type Validator } from '../primitives/validators.ts';
import type { LedgerReader } from './accounts.ts';
import { apportion, type Claim, compareBigints } from './apportionment.ts';
import { candidateList } from './candidates.ts';
import { authorities, validators } from './records.ts';
import { ownStake } from './stakes.ts';

/** W of a set in which stake has weight; in poa everyone weighs 1. */
export const TOTAL_WEIGHT = 1_000_000;
/** In how many slots of an epoch a staked seat should lead at least: with fewer it is mere cost to everybody else. */
const MIN_SLOTS_LED = 2n;

interface Seat extends Claim {
  readonly publicKey: Uint8Array;
}

interface Member {
  readonly member: Validator;
  readonly record: ValidatorRecord;
}

/**
 * The set of the next epoch, ordered by public key. When too few are elected, the present set continues.
 * @param present the set that votes now; empty before the first epoch, which begins with however many are elected
 */
export function elect(
  state: LedgerReader,
  { mode, parameters }: Pick<EpochRecord, 'mode' | 'parameters'>,
  present: readonly Validator[],
): Validator[] {
  const elected = CONSENSUS_MODES[mode] === 'poa' ? electAlike(state) : electByStake(state, mode, parameters);
  if (elected.length >= parameters.minValidators || present.length === 0) {
    return elected.sort((a, b) => compareBytes(a.publicKey, b.publicKey));
  }
  return continuing(state, parameters, present);
}

/**
 * Of a set that continues, whoever has a right to its seat but for being jailed: the jailed are needed. When nobody has, all
 * but the tombstoned, and they too when nobody else is in it: a chain without members would never go on.
 */
function continuing(state: LedgerReader, parameters: Parameters, present: readonly Validator[]): Validator[] {
  const members = present.map((member) => ({ member, record: validators.get(state, member.address) }));
  const left = members.filter(({ record }) => record.status !== TOMBSTONED);
  const entitled = left.filter(
    ({ member, record }) => record.role === AUTHORITY || hasOwnStake(state, member.address, record, parameters),
  );
  if (entitled.length > 0) return reweighed(entitled);
  return (left.length > 0 ? left : members).map(({ member }) => member);
}

/**
 * The weight that the stakers have together is divided anew among them, or who has taken out nearly all of its stake would go
 * on to vote and to earn for it. Authorities keep theirs.
 */
function reweighed(members: readonly Member[]): Validator[] {
  const stakers = members.filter(({ record }) => record.role === STAKER);
  const claims = stakers.map(({ member, record }) => ({ address: member.address, part: record.pool.tokens }));
  const weights = apportion(totalWeight(stakers.map(({ member }) => member)), claims);
  const anew = new Map(stakers.map(({ member }, index) => [member, weights[index] ?? 0]));
  return members
    .map(({ member }) => ({ ...member, weight: anew.get(member) ?? member.weight }))
    .filter(({ weight }) => weight > 0);
}

function electAlike(state: LedgerReader): Validator[] {
  const seats = activeAuthorities(state);
  return seated(
    seats,
    seats.map(() => 1),
  );
}

function electByStake(state: LedgerReader, mode: number, parameters: Parameters): Validator[] {
  const seats = CONSENSUS_MODES[mode] === 'pos' ? [] : activeAuthorities(state);
  const wealthiest = wealthiestStakers(state, parameters);
  const share = seats.length === 0 ? TOTAL_WEIGHT : stakedShare(wealthiest, parameters);
  const stakers = heavyEnough(wealthiest, share, parameters);
  const staked = stakers.length === 0 ? 0 : share;
  return [...seated(seats, apportion(TOTAL_WEIGHT - staked, seats)), ...seated(stakers, apportion(staked, stakers))];
}

/** Those that weigh anything: of very many a part may get nothing. */
function seated(seats: readonly Seat[], weights: readonly number[]): Validator[] {
  return seats
    .map(({ publicKey, address }, index) => ({ publicKey, address, weight: weights[index] ?? 0 }))
    .filter(({ weight }) => weight > 0);
}

function activeAuthorities(state: LedgerReader): Seat[] {
  return (authorities.find(state) ?? []).flatMap((address) => seatOf(state, address) ?? []);
}

function seatOf(state: LedgerReader, address: Address): Seat | undefined {
  const { publicKey, status } = validators.get(state, address);
  return status === ACTIVE ? { address, publicKey, part: 1n } : undefined;
}

/** The candidates that may be seated, by what is staked on them, the most first, ties to the lower address. */
function wealthiestStakers(state: LedgerReader, parameters: Parameters): Seat[] {
  return candidateList(state)
    .flatMap((address) => {
      const record = validators.get(state, address);
      const isEligible = record.status === ACTIVE && hasOwnStake(state, address, record, parameters);
      return isEligible ? [{ address, publicKey: record.publicKey, part: record.pool.tokens }] : [];
    })
    .sort((a, b) => compareBigints(b.part, a.part) || compareBytes(a.address, b.address))
    .slice(0, parameters.maxStakers);
}

/** Whether it is a staker, and its operator has enough at stake itself. */
function hasOwnStake(
  state: LedgerReader,
  address: Address,
  { role, pool }: ValidatorRecord,
  { minSelfBond }: Parameters,
): boolean {
  return role === STAKER && pool.tokens > 0n && ownStake(state, address) >= minSelfBond;
}

/** What the stakers weigh together beside authorities: their full share once as much is bonded as is aimed at. */
function stakedShare(stakers: readonly Seat[], { authorityShare, targetBonded }: Parameters): number {
  const full = BigInt(MILLION - authorityShare);
  const bonded = sumOfParts(stakers);
  const part =
    bonded >= targetBonded ? full * BigInt(TOTAL_WEIGHT) : (full * BigInt(TOTAL_WEIGHT) * bonded) / targetBonded;
  return Number(part / BigInt(MILLION));
}

/**
 * As many as can hold seats worth having when they divide the stakers' weight among them. Without the lightest, the
 * seats of all others are heavier: taking away the lightest until all suffice leaves the longest beginning that does.
 * @param stakers the wealthiest first
 */
function heavyEnough(
  stakers: readonly Seat[],
  share: number,
  { blockTime, epochDuration }: Parameters,
): readonly Seat[] {
  let sum = 0n;
  const end = stakers.findIndex(({ part }) => {
    sum += part;
    const led = BigInt(share) * BigInt(epochDuration) * part;
    return led < MIN_SLOTS_LED * BigInt(TOTAL_WEIGHT) * BigInt(blockTime) * sum;
  });
  return end === -1 ? stakers : stakers.slice(0, end);
}

function sumOfParts(seats: readonly Seat[]): bigint {
  return seats.reduce((sum, { part }) => sum + part, 0n);
}
