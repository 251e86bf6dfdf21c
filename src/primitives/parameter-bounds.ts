// Within which bounds parameters must stand, each by itself and together (docs/protocol.md §5). Genesis and changes by
// governance pass the same checks: no vote can give a network parameters with which it could not have begun.

import { MAX_MEMBERS } from './consensus.ts';
import { baseTimeout, MILLION, type ParameterName, type Parameters } from './parameters.ts';
import { MAX_DELEGATIONS } from './staking.ts';
import { MAX_TRANSACTION_BYTES } from './transaction.ts';
import { UNITS_PER_AIT } from './units.ts';
import { MAX_GOSSIP_BYTES } from './wire.ts';

/** Authorities and stakers may fill half of the largest set each, so that no vote of one class can crowd out the other. */
export const MAX_AUTHORITIES = MAX_MEMBERS / 2;
/** A certificate of the largest set takes 33 kB, and some transactions should fit beside it. */
export const MIN_BLOCK_BYTES = 64 * 1024;
/** A proposal carries up to 512 KiB of certificates beside the block and must pass as one gossip message. */
export const MAX_BLOCK_BYTES = MAX_GOSSIP_BYTES - 512 * 1024 - MAX_TRANSACTION_BYTES;
/** Backoff needs this much room above the first timer to outgrow a slow network. */
export const MIN_CAP_FACTOR = 8;
/** In an epoch of fewer blocks nobody's absence is judged. */
export const MIN_EPOCH_BLOCKS = 10;
/**
 * Who is tombstoned votes until its epoch is over. Its offence must stay open for another one after that: then what others
 * do together with it until the last moment still counts for both.
 */
const WINDOW_EPOCHS = 2;
/** One in which an offence may still be reported, and one in which others' offences raise what it costs. */
const UNBONDING_WINDOWS = 2;
/**
 * Epochs that the unbonding period may span: for so long the state keeps each one's set, a slash goes through a pool of
 * each, and somebody who unstakes in every epoch needs an entry for each.
 */
export const MAX_UNBONDING_EPOCHS = MAX_DELEGATIONS;

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
/** A vote for higher fees must not price out the vote that would lower them again. */
const MAX_FEE = UNITS_PER_AIT;
const MAX_FEE_PER_BYTE = UNITS_PER_AIT / 1000n;
const MAX_STAKE = 1_000_000_000n * UNITS_PER_AIT;
const MAX_REWARD = 1_000_000n * UNITS_PER_AIT;
/** At one block a millisecond an epoch's blocks still count in 32 bits. */
const MAX_EPOCH = 30 * DAY;
const MAX_UNBONDING = MAX_UNBONDING_EPOCHS * MAX_EPOCH;
/** Each member may have two proposals open: for good they must not stay. */
const MAX_VOTING = 90 * DAY;

type Bounds = readonly [least: number | bigint, most: number | bigint];

/** Least and most, both allowed, in the parameter's own unit. */
export const PARAMETER_BOUNDS: Readonly<Record<ParameterName, Bounds>> = {
  minFee: [0n, MAX_FEE],
  feePerByte: [0n, MAX_FEE_PER_BYTE],
  accountFee: [0n, MAX_FEE],
  maxBlockBytes: [MIN_BLOCK_BYTES, MAX_BLOCK_BYTES],
  blockTime: [1, HOUR],
  minBlockInterval: [1, HOUR],
  messageDelay: [1, HOUR],
  executionAllowance: [1, HOUR],
  timerCap: [1, HOUR],
  resendInterval: [1, HOUR],
  epochDuration: [1, MAX_EPOCH],
  evidenceWindow: [1, MAX_UNBONDING],
  unbondingPeriod: [1, MAX_UNBONDING],
  votingPeriod: [1, MAX_VOTING],
  minSelfBond: [1n, MAX_STAKE],
  minStake: [1n, MAX_STAKE],
  maxStakers: [1, MAX_MEMBERS - MAX_AUTHORITIES],
  minValidators: [1, MAX_MEMBERS],
  targetBonded: [1n, MAX_STAKE],
  authorityShare: [0, MILLION],
  proposerBonus: [0, MILLION],
  epochReward: [0n, MAX_REWARD],
};

export interface ParameterFault {
  readonly parameter: ParameterName;
  /** what is allowed, for people */
  readonly message: string;
}

/** Everything that keeps a network from running with these parameters. */
export function parameterFaults(parameters: Parameters): ParameterFault[] {
  return [...outOfBounds(parameters), ...contradictions(parameters)];
}

function outOfBounds(parameters: Parameters): ParameterFault[] {
  return Object.entries(PARAMETER_BOUNDS).flatMap(([name, [least, most]]) => {
    const parameter = name as ParameterName;
    const value = parameters[parameter];
    if (value >= least && value <= most) return [];
    return [{ parameter, message: `must be from ${least} to ${most}, not ${value}` }];
  });
}

/** Between two parameters that are each within their own bounds. */
function contradictions(parameters: Parameters): ParameterFault[] {
  const { blockTime, epochDuration, evidenceWindow, unbondingPeriod, maxStakers } = parameters;
  const lowestCap = MIN_CAP_FACTOR * baseTimeout(parameters);
  const shortestEpoch = MIN_EPOCH_BLOCKS * blockTime;
  const shortestWindow = WINDOW_EPOCHS * epochDuration;
  const shortestUnbonding = UNBONDING_WINDOWS * evidenceWindow;
  const longestUnbonding = MAX_UNBONDING_EPOCHS * epochDuration;
  const faults: ParameterFault[] = [];
  const require = (parameter: ParameterName, holds: boolean, message: string) => {
    if (!holds) faults.push({ parameter, message: `${message}, not ${parameters[parameter]}` });
  };
  require('minBlockInterval', parameters.minBlockInterval <= blockTime, `must not be above block_time (${blockTime})`);
  require('timerCap', parameters.timerCap >=
    lowestCap, `must be at least ${lowestCap}: ${MIN_CAP_FACTOR} × (block_time + 3 × message_delay + execution_allowance)`);
  require('epochDuration', epochDuration >=
    shortestEpoch, `must be at least ${shortestEpoch}: ${MIN_EPOCH_BLOCKS} × block_time`);
  require('evidenceWindow', evidenceWindow >=
    shortestWindow, `must be at least ${shortestWindow}: ${WINDOW_EPOCHS} × epoch_duration, for a validator votes on in the epoch in which it is punished, and who offends with it by then must count`);
  require('unbondingPeriod', unbondingPeriod >=
    shortestUnbonding, `must be at least ${shortestUnbonding}: ${UNBONDING_WINDOWS} × evidence_window, for what was staked must not leave before all that it answers for is taken`);
  require('unbondingPeriod', unbondingPeriod <=
    longestUnbonding, `must be at most ${longestUnbonding}: ${MAX_UNBONDING_EPOCHS} × epoch_duration`);
  require('votingPeriod', parameters.votingPeriod >=
    epochDuration, `must be at least epoch_duration (${epochDuration}): votes are counted at its end`);
  require('minValidators', parameters.minValidators <= maxStakers, `must not be above max_stakers (${maxStakers})`);
  return faults;
}
