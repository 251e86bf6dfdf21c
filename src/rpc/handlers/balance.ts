// get_balance: an account at the newest finalized block, on request with a proof that needs no trust in this node.

import { z } from 'zod';
import { getAccount } from '../../ledger/accounts.ts';
import { accountKey } from '../../primitives/account.ts';
import { formatAddress } from '../../primitives/address.ts';
import { addressParam, flagParam } from '../params.ts';
import { type ProofView, proofView } from '../views.ts';
import type { Services } from './method.ts';
import { holdingsOf } from './stake.ts';

export const balanceParams = z.strictObject({ address: addressParam, proof: flagParam.optional() });

export interface BalanceView {
  address: string;
  /** units, free to spend */
  balance: string;
  /** transactions of this account that are final */
  nonce: number;
  /** of its next transaction, those waiting in this node's mempool counted */
  next_nonce: number;
  /** what its delegations are worth */
  staked: string;
  /** what it has unstaked and is not paid yet */
  unbonding: string;
  escrowed: string;
  /** of the block at which all this is so */
  height: number;
  /** of the Account record: balance and nonce */
  proof?: ProofView;
}

/** Zeros for an account that does not exist. */
export function getBalance(
  { chain, mempool }: Pick<Services, 'chain' | 'mempool'>,
  { address, proof }: z.output<typeof balanceParams>,
): BalanceView {
  const { reader, header } = chain.state();
  const { balance, nonce } = getAccount(reader, address);
  const { staked, unbonding } = holdingsOf(reader, address);
  return {
    address: formatAddress(address),
    balance: balance.toString(),
    nonce,
    next_nonce: mempool.nextNonce(address),
    staked: staked.toString(),
    unbonding: unbonding.toString(),
    escrowed: '0',
    height: header.height,
    ...(proof === true && { proof: proofView(chain, accountKey(address)) }),
  };
}
