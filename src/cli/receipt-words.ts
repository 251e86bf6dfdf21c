// What the codes in receipts mean, in words that say what to do about them.

import type { ReceiptCode } from '../primitives/receipt.ts';

const WORDS: Readonly<Record<ReceiptCode, string>> = {
  SUCCESS: 'done',
  INSUFFICIENT_BALANCE: 'the balance, less the fee, does not cover the amount',
  ZERO_AMOUNT: 'an amount of zero can not be paid',
  NO_OUTPUTS: 'it pays nobody',
  AMOUNT_OVERFLOW: 'a balance would pass 2^64 units',
  NOT_ALLOWED: "the network's mode, the sender's role or the validator's state does not allow this",
  UNKNOWN_VALIDATOR: 'that address is no validator; `aitbc-node validator list` shows them',
  ALREADY_REGISTERED: 'the sender is a validator already; one that has left comes back with `stake` on itself',
  KEY_ALREADY_USED: 'the consensus key is, or once was, that of a validator: make a new one with `keys new`',
  STAKE_TOO_SMALL: 'less than min_self_bond or min_stake; `aitbc-node governance params` shows them',
  COMMISSION_OUT_OF_BOUNDS: 'a commission is at most 100%',
  TOO_MANY_CANDIDATES: 'as many validators are registered as there may be',
  TOO_MANY_DELEGATIONS: 'the account has as many delegations or unbonding entries as it may have',
  NO_SHARES: "the amount is worth less than one share of the validator's pool, or the pool is full",
  INSUFFICIENT_STAKE: 'the sender has less staked there; `aitbc-node account stakes` shows how much',
  NOT_JAILED: 'the validator is not jailed',
  STILL_JAILED: 'the epoch of its release has not come; `aitbc-node validator info` names it',
  TOMBSTONED: 'the validator has contradicted itself and never comes back',
  EVIDENCE_TOO_OLD: 'the offence is too long ago to be punished',
  NOT_A_MEMBER: 'the accused was no validator in that epoch',
  ALREADY_PUNISHED: 'the accused has been punished already, and this makes nothing worse',
  UNKNOWN_PROPOSAL: 'there is no such proposal; `aitbc-node governance list` shows them',
  PROPOSAL_CLOSED: 'the proposal is decided or has lapsed',
  TOO_MANY_PROPOSALS: 'as many proposals of the sender are open as may be; wait until one is decided or lapses',
  CHANGE_OUT_OF_BOUNDS: 'that change may not be made: a value out of its bounds, an authority that is there or is not',
  EPOCH_PASSED: 'the epoch of the proposal has begun already',
};

/** @param code of a receipt, perhaps from a newer node that has more of them */
export function receiptWords(code: string): string {
  const words = Object.hasOwn(WORDS, code) ? WORDS[code as ReceiptCode] : undefined;
  return words === undefined ? code : `${words} (${code})`;
}
