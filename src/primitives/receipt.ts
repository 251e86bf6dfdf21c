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
