// validators and validator: who votes in the present epoch, how well each of them does, who else is registered, and whom
// the state would elect if the epoch ended now.

import { z } from 'zod';
import { getFeePool, type LedgerReader } from '../../ledger/accounts.ts';
import { candidateList } from '../../ledger/candidates.ts';
import { elect } from '../../ledger/election.ts';
import { worth } from '../../ledger/pools.ts';
import { activity, authorities, currentEpoch, validators } from '../../ledger/records.ts';
import { rewardsOf } from '../../ledger/rewards.ts';
import { getStakes, sharesOn } from '../../ledger/stakes.ts';
import { commissionIn } from '../../ledger/validator-record.ts';
import { type Address, addressKey, formatAddress } from '../../primitives/address.ts';
import { toHex } from '../../primitives/bytes.ts';
import { type Activity, type EpochRecord, epochEnd } from '../../primitives/epoch.ts';
import { CONSENSUS_MODES, type ConsensusMode } from '../../primitives/genesis.ts';
import { MILLION } from '../../primitives/parameters.ts';
import {
  JAILED,
  TOMBSTONED,
  VALIDATOR_ROLES,
  VALIDATOR_STATUSES,
  type ValidatorRecord,
  type ValidatorRole,
  type ValidatorStatus,
} from '../../primitives/staking.ts';
import { totalWeight, type Validator } from '../../primitives/validators.ts';
import { oncePerBlock } from '../once-per-block.ts';
import { addressParam, flagParam } from '../params.ts';
import { RpcProblem } from '../problems.ts';
import { named, type ProofView, proofView } from '../views.ts';
import type { Services } from './method.ts';

/** A seat in a set. */
export interface SeatView {
  address: string;
  /** consensus key */
  public_key: string;
  weight: number;
  /** of the set's weight, in millionths */
  weight_share: number;
}

/** `weight` and `weight_share` are zero, and `activity` null, without a seat in the present epoch. */
export interface ValidatorView extends SeatView {
  role: ValidatorRole;
  status: ValidatorStatus;
  /** the epoch from which it may ask for release; null when it is not jailed */
  jailed_until: number | null;
  /** times that it was jailed */
  downtimes: number;
  /** its part of its delegators' rewards, in millionths: in the present epoch, and from the next one on */
  commission: number;
  next_commission: number;
  /** units staked on it, its own included */
  stake: string;
  /** of its own */
  self_stake: string;
  activity: ActivityView | null;
}

/** In the present epoch, up to the newest block. */
export interface ActivityView {
  /** blocks for which its vote is recorded */
  participated: number;
  /** of the blocks so far, in millionths; null before the first */
  participation: number | null;
  /** of its slots: those whose block is in the chain, and those without */
  proposed: number;
  missed: number;
  /** weight above the quorum that its blocks have recorded */
  recorded: string;
  /** units that it would earn, for itself and its delegators, if the epoch ended now */
  reward: string;
}

export interface ValidatorsView {
  epoch: number;
  mode: ConsensusMode;
  /** block time, ms since 1970 */
  epoch_start: number;
  /** the first block from this time on is the epoch's last */
  epoch_end: number;
  /** blocks of this epoch over which participation is counted */
  epoch_blocks: number;
  total_weight: number;
  /** units that would be given out if the epoch ended now: fees, and what is minted */
  reward_pot: string;
  /** the present set, ordered by public key */
  validators: ValidatorView[];
  /** registered, without a seat in this epoch */
  waiting: ValidatorView[];
  /** the set that would be elected now */
  next_set: SeatView[];
  /** of the block at which all this is so */
  height: number;
}

export interface ValidatorAnswer extends ValidatorView {
  epoch: number;
  /** its seat in the set that would be elected now */
  next: SeatView | null;
  height: number;
  /** of the ValidatorRecord */
  proof?: ProofView;
}

export const validatorParams = z.strictObject({ address: addressParam, proof: flagParam.optional() });

export function getValidators({ chain }: Pick<Services, 'chain'>): ValidatorsView {
  return validatorsView(chain.state());
}

/** @throws {RpcProblem} NOT_FOUND for an address that never was a validator's */
export function getValidator(
  { chain }: Pick<Services, 'chain'>,
  { address, proof }: z.output<typeof validatorParams>,
): ValidatorAnswer {
  const state = chain.state();
  const { reader, header } = state;
  const record = validators.find(reader, address);
  const text = formatAddress(address);
  if (record === undefined) throw new RpcProblem('NOT_FOUND', `${text} is no validator and never was`);
  const present = presentOf(state);
  const { next_set: next } = validatorsView(state);
  return {
    ...validatorView(present, address, record),
    epoch: present.epoch.epoch,
    next: next.find((seat) => seat.address === text) ?? null,
    height: header.height,
    ...(proof === true && { proof: proofView(chain, validators.key(address)) }),
  };
}

/** The present epoch, read once for all validators. */
interface Present {
  readonly reader: LedgerReader;
  readonly epoch: EpochRecord;
  readonly activity: Activity;
  readonly totalWeight: number;
  readonly rewardPot: bigint;
  /** of each member, if the epoch ended now */
  readonly rewards: readonly bigint[];
  /** by address */
  readonly members: ReadonlyMap<string, number>;
}

const presentOf = oncePerBlock(({ reader }): Present => {
  const epoch = currentEpoch(reader);
  const done = activity.get(reader);
  const rewardPot = getFeePool(reader) + epoch.parameters.epochReward;
  return {
    reader,
    epoch,
    activity: done,
    totalWeight: totalWeight(epoch.validators),
    rewardPot,
    rewards: rewardsOf(rewardPot, epoch, done),
    members: new Map(epoch.validators.map(({ address }, member) => [addressKey(address), member])),
  };
});

/** With the largest set and as many candidates this takes some 50 ms. */
const validatorsView = oncePerBlock((state): ValidatorsView => {
  const { reader, header } = state;
  const present = presentOf(state);
  const { epoch, members } = present;
  const view = (address: Address) => validatorView(present, address, validators.get(reader, address));
  const registered = [...authorities.get(reader), ...candidateList(reader)];
  return {
    epoch: epoch.epoch,
    mode: named(CONSENSUS_MODES, epoch.mode),
    epoch_start: epoch.start,
    epoch_end: epochEnd(epoch),
    epoch_blocks: present.activity.blocks,
    total_weight: present.totalWeight,
    reward_pot: present.rewardPot.toString(),
    validators: epoch.validators.map(({ address }) => view(address)),
    waiting: registered.filter((address) => !members.has(addressKey(address))).map(view),
    next_set: seatViews(elect(reader, epoch, epoch.validators)),
    height: header.height,
  };
});

function validatorView(present: Present, address: Address, record: ValidatorRecord): ValidatorView {
  const { reader, epoch, members } = present;
  const member = members.get(addressKey(address));
  const seat = member === undefined ? undefined : epoch.validators[member];
  return {
    ...seatView(seat ?? { address, publicKey: record.publicKey, weight: 0 }, present.totalWeight),
    role: named(VALIDATOR_ROLES, record.role),
    status: named(VALIDATOR_STATUSES, record.status),
    jailed_until: record.status === JAILED ? record.jailedUntil : null,
    downtimes: record.downtimes,
    commission: commissionIn(record, epoch.epoch),
    next_commission: record.commission,
    stake: record.pool.tokens.toString(),
    self_stake: worth(record.pool, sharesOn(getStakes(reader, address).delegations, address)).toString(),
    activity: member === undefined ? null : activityView(present, member, record),
  };
}

function seatViews(set: readonly Validator[]): SeatView[] {
  const total = totalWeight(set);
  return set.map((validator) => seatView(validator, total));
}

function seatView({ address, publicKey, weight }: Validator, total: number): SeatView {
  return {
    address: formatAddress(address),
    public_key: toHex(publicKey),
    weight,
    weight_share: millionths(weight, total),
  };
}

function activityView(
  { activity: { blocks, members }, rewards }: Present,
  member: number,
  { status }: ValidatorRecord,
): ActivityView {
  const own = members[member];
  const reward = rewards[member];
  if (own === undefined || reward === undefined) throw new RangeError(`no activity of member ${member}`);
  const { participated, proposed, missed, recorded } = own;
  return {
    participated,
    participation: blocks === 0 ? null : millionths(participated, blocks),
    proposed,
    missed,
    recorded: recorded.toString(),
    reward: status === TOMBSTONED ? '0' : reward.toString(),
  };
}

/** Rounded down. @param whole not zero */
function millionths(part: number, whole: number): number {
  return Number((BigInt(part) * BigInt(MILLION)) / BigInt(whole));
}
