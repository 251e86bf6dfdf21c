// stake: what an account has staked on which validators, and what it has unstaked and waits for.

import { z } from 'zod';
import type { LedgerReader } from '../../ledger/accounts.ts';
import { worth } from '../../ledger/pools.ts';
import { currentEpoch, epochs, stakes, validators } from '../../ledger/records.ts';
import { getStakes } from '../../ledger/stakes.ts';
import { findUnbondingPool } from '../../ledger/unbonding.ts';
import { type Address, formatAddress } from '../../primitives/address.ts';
import type { Header } from '../../primitives/block.ts';
import type { Delegation, Unbonding } from '../../primitives/staking.ts';
import { addressParam, flagParam } from '../params.ts';
import { type ProofView, proofView } from '../views.ts';
import type { Services } from './method.ts';

export const stakeParams = z.strictObject({ address: addressParam, proof: flagParam.optional() });

export interface StakeView {
  address: string;
  /** what its delegations are worth, in units */
  staked: string;
  /** what its unbonding entries are worth */
  unbonding: string;
  /** ordered by validator */
  delegations: DelegationView[];
  /** oldest first */
  unbonding_entries: UnbondingView[];
  /** of the block at which all this is so */
  height: number;
  /** of the StakeAccount record */
  proof?: ProofView;
}

export interface DelegationView {
  validator: string;
  /** of the validator's pool; their worth changes with rewards and punishments */
  shares: string;
  /** what they are worth, in units */
  amount: string;
}

export interface UnbondingView {
  validator: string;
  /** in which it was unstaked */
  epoch: number;
  shares: string;
  amount: string;
  /** block time from which it is paid, ms since 1970; null until its epoch has ended */
  due: number | null;
}

/** Nothing staked for an account that does not exist. */
export function getStake(
  { chain }: Pick<Services, 'chain'>,
  { address, proof }: z.output<typeof stakeParams>,
): StakeView {
  const { reader, header } = chain.state();
  const { staked, unbonding, delegations, entries } = holdingsOf(reader, address);
  return {
    address: formatAddress(address),
    staked: staked.toString(),
    unbonding: unbonding.toString(),
    delegations: delegations.map(({ delegation: { validator, shares }, amount }) => ({
      validator: formatAddress(validator),
      shares: shares.toString(),
      amount: amount.toString(),
    })),
    unbonding_entries: entries.map(({ entry: { validator, epoch, shares }, amount }) => ({
      validator: formatAddress(validator),
      epoch,
      shares: shares.toString(),
      amount: amount.toString(),
      due: dueTime(reader, header, epoch),
    })),
    height: header.height,
    ...(proof === true && { proof: proofView(chain, stakes.key(address)) }),
  };
}

export interface Holdings {
  /** units */
  readonly staked: bigint;
  readonly unbonding: bigint;
  readonly delegations: readonly { readonly delegation: Delegation; readonly amount: bigint }[];
  readonly entries: readonly { readonly entry: Unbonding; readonly amount: bigint }[];
}

/** What an account has in pools, and what that is worth now. */
export function holdingsOf(reader: LedgerReader, delegator: Address): Holdings {
  const account = getStakes(reader, delegator);
  const delegations = account.delegations.map((delegation) => ({
    delegation,
    amount: worth(validators.get(reader, delegation.validator).pool, delegation.shares),
  }));
  const entries = account.unbonding.map((entry) => ({
    entry,
    amount: worth(findUnbondingPool(reader, entry.validator, entry.epoch), entry.shares),
  }));
  return { staked: sum(delegations), unbonding: sum(entries), delegations, entries };
}

/** Unbonding counts from the boundary that ended the epoch; one whose successor's record is gone is long due. */
function dueTime(reader: LedgerReader, header: Header, epoch: number): number | null {
  const present = currentEpoch(reader);
  if (epoch >= present.epoch) return null;
  const next = epochs.find(reader, epoch + 1);
  return next === undefined ? header.timestamp : next.start + present.parameters.unbondingPeriod;
}

function sum(holdings: readonly { readonly amount: bigint }[]): bigint {
  return holdings.reduce((total, { amount }) => total + amount, 0n);
}
