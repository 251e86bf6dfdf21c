// Which validator a node acts for, and with which key it votes in an epoch: who is a member of what epoch, and with which
// key, is the chain's to say, so that a validator may come after genesis and change its key.

import type { LedgerReader } from '../ledger/accounts.ts';
import { consensusKeys, epochs, validators } from '../ledger/records.ts';
import type { Address } from '../primitives/address.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Validator } from '../primitives/validators.ts';

export type OwnValidator =
  /** whoever's key this is, for the node has it itself */
  | { readonly publicKey: Uint8Array }
  /** this account's, whatever its key is, for that is in a signer process */
  | { readonly operator: Address };

/** The index of its seat; undefined when it has none. @param set the members of an epoch, ordered by public key */
export function seatIn(set: readonly Validator[], own: OwnValidator): number | undefined {
  const member = set.findIndex(({ publicKey, address }) =>
    'operator' in own ? equalBytes(address, own.operator) : equalBytes(publicKey, own.publicKey),
  );
  return member === -1 ? undefined : member;
}

/** The account that it belongs to; undefined when its key was never that of a validator. */
export function operatorOf(state: LedgerReader, own: OwnValidator): Address | undefined {
  return 'operator' in own ? own.operator : consensusKeys.find(state, own.publicKey)?.address;
}

/**
 * With which key an account's validator votes in an epoch: that of its seat, or without one that of its record.
 * @returns undefined when it is no validator
 */
export function consensusKeyIn(state: LedgerReader, operator: Address, epoch: number): Uint8Array | undefined {
  const seat = epochs.find(state, epoch)?.validators.find(({ address }) => equalBytes(address, operator));
  return (seat ?? validators.find(state, operator))?.publicKey;
}
