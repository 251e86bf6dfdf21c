// get_balance: an account at the newest finalized block, on request with a proof that needs no trust in this node.

import { z } from 'zod';
import { accountKey } from '../../primitives/account.ts';
import { formatAddress } from '../../primitives/address.ts';
import { toHex } from '../../primitives/bytes.ts';
import { type JsonValue, toJson } from '../../primitives/json.ts';
import { StateProof } from '../../primitives/state-proof.ts';
import { addressParam, flagParam } from '../params.ts';
import { type HeaderView, headerView } from '../views.ts';
import type { Services } from './method.ts';

export const balanceParams = z.strictObject({ address: addressParam, proof: flagParam.optional() });

export interface BalanceView {
  address: string;
  /** units, free to spend */
  balance: string;
  /** transactions of this account that are final */
  nonce: number;
  /** of its next transaction, those waiting in this node's mempool counted */
  next_nonce: number;
  staked: string;
  unbonding: string;
  escrowed: string;
  /** of the block at which all this is so */
  height: number;
  proof?: BalanceProofView;
}

export interface BalanceProofView {
  /** sha256 of its SSZ is `hash`; the proof holds under its `state_root` */
  header: HeaderView;
  key: string;
  /** ssz(Account), null for an account that does not exist */
  value: string | null;
  state_proof: JsonValue;
}

/** Zeros for an account that does not exist. */
export function getBalance(
  { chain, mempool }: Pick<Services, 'chain' | 'mempool'>,
  { address, proof }: z.output<typeof balanceParams>,
): BalanceView {
  const { balance, nonce } = chain.getAccount(address);
  return {
    address: formatAddress(address),
    balance: balance.toString(),
    nonce,
    next_nonce: mempool.nextNonce(address),
    staked: '0',
    unbonding: '0',
    escrowed: '0',
    height: chain.head.header.height,
    ...(proof === true && { proof: proofView(chain, accountKey(address)) }),
  };
}

function proofView(chain: Services['chain'], key: Uint8Array): BalanceProofView {
  const { hash, header, value, proof } = chain.prove(key);
  return {
    header: headerView(hash, header),
    key: toHex(key),
    value: value === undefined ? null : toHex(value),
    state_proof: toJson(StateProof, proof),
  };
}
