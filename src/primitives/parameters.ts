// Chain-wide parameters: what all nodes of a network must do alike. They come from genesis, stand in the state, and are
// changed by governance from one epoch to the next (docs/protocol.md §5).

import { ContainerType, type ValueOf } from '@chainsafe/ssz';
import { jsonKey } from './json-codec.ts';
import { Amount, Uint16, Uint32, Uint64 } from './ssz.ts';

/** Shares are given in millionths. */
export const MILLION = 1_000_000;

/** Durations are milliseconds, amounts and fees units (10⁻⁹ AIT), shares millionths. */
export const Parameters = new ContainerType(
  {
    /** fee of the smallest transaction */
    minFee: Amount,
    feePerByte: Amount,
    /** added for each account that a transaction creates */
    accountFee: Amount,
    /** ssz(Block) at most */
    maxBlockBytes: Uint64,
    /** heartbeat: the longest wait for a block when nothing waits to be included */
    blockTime: Uint64,
    /** the shortest time between a block and its parent */
    minBlockInterval: Uint64,
    /** Δ: bound on one message delay in good times */
    messageDelay: Uint64,
    /** what verifying a full block may take */
    executionAllowance: Uint64,
    /** the longest slot timer */
    timerCap: Uint64,
    /** T: how long without a new Final until votes are sent again */
    resendInterval: Uint64,
    /** block time from an epoch's start after which its last block comes */
    epochDuration: Uint64,
    /** how long an equivocation can be punished */
    evidenceWindow: Uint64,
    /** from the boundary that ends a stake's weight until it is paid out; at least two evidence windows */
    unbondingPeriod: Uint64,
    /** how long a proposal of governance is open */
    votingPeriod: Uint64,
    /** what a validator must have staked on itself to be elected */
    minSelfBond: Amount,
    /** the smallest STAKE */
    minStake: Amount,
    /** staked seats at most */
    maxStakers: Uint16,
    /** fewer elected than this: the present set continues */
    minValidators: Uint16,
    /** hybrid: bonded stake at which the stakers hold all of their share of the weight */
    targetBonded: Amount,
    /** hybrid: the authorities' share of the weight when the target is bonded */
    authorityShare: Uint32,
    /** part of the rewards that goes to proposers for the votes that they record */
    proposerBonus: Uint32,
    /** minted at each boundary and given out with the fees */
    epochReward: Amount,
  },
  { typeName: 'Parameters' },
);
export type Parameters = ValueOf<typeof Parameters>;

export type ParameterName = keyof Parameters & string;
/** The position in this list is the parameter's number in transactions: append only. */
export const PARAMETER_NAMES = Object.keys(Parameters.fields) as readonly ParameterName[];
/** The same as users read and write them. */
export const PARAMETER_KEYS = PARAMETER_NAMES.map(parameterKey);

/** A parameter as it is written in JSON. */
export function parameterKey(parameter: ParameterName): string {
  return jsonKey(parameter);
}

/** Patience with the leader of the first slot after a finalized one: heartbeat, three message delays, execution. */
export function baseTimeout(parameters: Parameters): number {
  return parameters.blockTime + 3 * parameters.messageDelay + parameters.executionAllowance;
}
