// Validator sets: who may vote in an epoch and with what weight (docs/protocol.md §5).

import { ContainerType, type ValueOf } from '@chainsafe/ssz';
import type { Hash } from './hash.ts';
import { merkleRoot } from './merkle.ts';
import { AddressBytes, PublicKey, Uint64 } from './ssz.ts';

export const Validator = new ContainerType(
  {
    /** consensus key: signs proposals and votes */
    publicKey: PublicKey,
    /** the account that the validator acts for */
    address: AddressBytes,
    /** a positive integer */
    weight: Uint64,
  },
  { typeName: 'Validator' },
);
export type Validator = ValueOf<typeof Validator>;

/** RFC 6962 root over ssz(Validator), ordered by public key. */
export function validatorsRoot(validators: readonly Validator[]): Hash {
  return merkleRoot(validators.map((validator) => Validator.serialize(validator)));
}

/** W */
export function totalWeight(validators: readonly Pick<Validator, 'weight'>[]): number {
  return validators.reduce((sum, { weight }) => sum + weight, 0);
}

/** q = floor(2W/3) + 1: any two quorums of one set share more than a third of its weight. */
export function quorumOf(total: number): number {
  return Math.floor((2 * total) / 3) + 1;
}
