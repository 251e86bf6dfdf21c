// What became of a transaction that is in a block (docs/protocol.md §3): done, or failed with its reason and the fee
// kept.

import { ContainerType, type ValueOf } from '@chainsafe/ssz';
import { Amount, Bytes32, EnumType } from './ssz.ts';

/** The position in this list is the code in a receipt: append only. */
export const RECEIPT_CODES = [
  'SUCCESS',
  /** the balance, less the fee, does not cover what is sent */
  'INSUFFICIENT_BALANCE',
  /** an output of zero units */
  'ZERO_AMOUNT',
  /** a MULTI_TRANSFER without outputs */
  'NO_OUTPUTS',
  /** a balance or a sum of outputs past 64 bits */
  'AMOUNT_OVERFLOW',
  /** the network's mode, the sender's role or its place does not allow the action */
  'NOT_ALLOWED',
  'UNKNOWN_VALIDATOR',
  /** the sender is a validator already */
  'ALREADY_REGISTERED',
  /** a consensus key that is or was another validator's, or the sender's own earlier one */
  'KEY_ALREADY_USED',
  /** below the parameter `minSelfBond` or `minStake` */
  'STAKE_TOO_SMALL',
  /** a commission above a million millionths */
  'COMMISSION_OUT_OF_BOUNDS',
  /** as many validators are registered as there may be */
  'TOO_MANY_CANDIDATES',
  /** as many delegations or unbonding entries as an account may have */
  'TOO_MANY_DELEGATIONS',
  /** the stake is worth no share of the pool, or the pool can take no more */
  'NO_SHARES',
  /** more than the sender has staked there */
  'INSUFFICIENT_STAKE',
  'NOT_JAILED',
  /** the epoch of release has not come */
  'STILL_JAILED',
  /** the validator has contradicted itself and never comes back */
  'TOMBSTONED',
  /** the set in which the offence happened is not kept any more, or its window is over */
  'EVIDENCE_TOO_OLD',
  /** the accused was no member of the set that the evidence names */
  'NOT_A_MEMBER',
  /** the accused has been punished */
  'ALREADY_PUNISHED',
  'UNKNOWN_PROPOSAL',
  /** decided or lapsed */
  'PROPOSAL_CLOSED',
  'TOO_MANY_PROPOSALS',
  /** a change that may not be made: a value out of its bounds, an authority that is there or is not */
  'CHANGE_OUT_OF_BOUNDS',
  /** the epoch of a proposal has begun */
  'EPOCH_PASSED',
] as const;
export type ReceiptCode = (typeof RECEIPT_CODES)[number];

export const Receipt = new ContainerType(
  { transactionId: Bytes32, code: new EnumType(RECEIPT_CODES), fee: Amount },
  { typeName: 'Receipt' },
);
export type Receipt = ValueOf<typeof Receipt>;

export function receiptCode(receipt: Receipt): ReceiptCode {
  const code = RECEIPT_CODES[receipt.code];
  if (code === undefined) throw new RangeError(`unknown receipt code ${receipt.code}`);
  return code;
}
