// State records of validators and of what is staked on them (docs/protocol.md §5).

import { ContainerType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import type { Address } from './address.ts';
import { MAX_MEMBERS } from './consensus.ts';
import type { Hash } from './hash.ts';
import { signingBytes } from './signing.ts';
import { AddressBytes, Amount, EnumType, PublicKey, Uint16, Uint32, Uint64 } from './ssz.ts';

/** Registered validators with stake, seated or not. */
export const MAX_CANDIDATES = 1024;
/** Validators that one account delegates to, and unbonding entries of one account. */
export const MAX_DELEGATIONS = 64;

/** How a validator comes to its weight. */
export const VALIDATOR_ROLES = ['STAKER', 'AUTHORITY'] as const;
export type ValidatorRole = (typeof VALIDATOR_ROLES)[number];
export const STAKER = 0;
export const AUTHORITY = 1;

export const VALIDATOR_STATUSES = [
  'ACTIVE',
  /** absent for too long: no seat until it asks for release */
  'JAILED',
  /** has contradicted itself: no seat ever again */
  'TOMBSTONED',
] as const;
export type ValidatorStatus = (typeof VALIDATOR_STATUSES)[number];
export const ACTIVE = 0;
export const JAILED = 1;
export const TOMBSTONED = 2;

/** Units that many own together: a holder's part is `tokens × its shares / shares`, rounded down. */
export const Pool = new ContainerType({ tokens: Amount, shares: Amount }, { typeName: 'Pool' });

export const ValidatorRecord = new ContainerType(
  {
    /** consensus key, as of the next boundary */
    publicKey: PublicKey,
    role: new EnumType(VALIDATOR_ROLES),
    status: new EnumType(VALIDATOR_STATUSES),
    /** the first epoch in which a jailed validator may ask for release */
    jailedUntil: Uint64,
    /** times that it was jailed */
    downtimes: Uint16,
    /** its part of its delegators' rewards, in millionths: of epochs from `commissionEpoch` on, and of those before */
    commission: Uint32,
    previousCommission: Uint32,
    commissionEpoch: Uint64,
    /** what is staked on it, by itself and by others */
    pool: Pool,
  },
  { typeName: 'ValidatorRecord' },
);

export const Delegation = new ContainerType({ validator: AddressBytes, shares: Amount }, { typeName: 'Delegation' });
/** Shares of the pool (validator, epoch) of what was unstaked in that epoch. */
export const Unbonding = new ContainerType(
  { validator: AddressBytes, epoch: Uint64, shares: Amount },
  { typeName: 'Unbonding' },
);
export const StakeAccount = new ContainerType(
  {
    /** ordered by validator */
    delegations: new ListCompositeType(Delegation, MAX_DELEGATIONS),
    /** oldest first */
    unbonding: new ListCompositeType(Unbonding, MAX_DELEGATIONS),
  },
  { typeName: 'StakeAccount' },
);

/** Whom to pay when what was unstaked in an epoch is due; they wait in one queue. */
export const Payout = new ContainerType(
  { delegator: AddressBytes, validator: AddressBytes, epoch: Uint64 },
  { typeName: 'Payout' },
);
/** Entries of the queue: `first … next − 1`. */
export const PayoutQueue = new ContainerType({ first: Uint64, next: Uint64 }, { typeName: 'PayoutQueue' });

/** What a validator has been punished for, until its window closes; all its equivocations are one offence. */
export const Offence = new ContainerType(
  {
    validator: AddressBytes,
    /** in which two messages were signed: the first such epoch that is known */
    epoch: Uint64,
    /** block time of the first evidence, ms */
    time: Uint64,
    /** of the offender and of all, in that of these epochs in which its share was largest */
    weight: Uint64,
    totalWeight: Uint64,
    /** of the other offenders while the window was open: their shares of the weight, summed; millionths */
    others: Uint32,
  },
  { typeName: 'Offence' },
);

export const AddressList = new ListCompositeType(AddressBytes, MAX_CANDIDATES);
export const OffenceList = new ListCompositeType(Offence, MAX_MEMBERS);
export const AddressRecord = new ContainerType({ address: AddressBytes }, { typeName: 'AddressRecord' });

/** The units of genesis, and those that came and went since: all records together hold initial + minted − burned. */
export const Supply = new ContainerType({ initial: Amount, minted: Amount, burned: Amount }, { typeName: 'Supply' });

/** What a consensus key signs to show that its owner wants it to act for an operator. */
export const ProofOfPossession = new ContainerType(
  { operator: AddressBytes, publicKey: PublicKey },
  { typeName: 'ProofOfPossession' },
);

export type Pool = ValueOf<typeof Pool>;
export type ValidatorRecord = ValueOf<typeof ValidatorRecord>;
export type Delegation = ValueOf<typeof Delegation>;
export type Unbonding = ValueOf<typeof Unbonding>;
export type StakeAccount = ValueOf<typeof StakeAccount>;
export type Payout = ValueOf<typeof Payout>;
export type PayoutQueue = ValueOf<typeof PayoutQueue>;
export type Offence = ValueOf<typeof Offence>;
export type OffenceList = ValueOf<typeof OffenceList>;
export type AddressRecord = ValueOf<typeof AddressRecord>;
export type Supply = ValueOf<typeof Supply>;
export type ProofOfPossession = ValueOf<typeof ProofOfPossession>;

export function possessionSigningBytes(operator: Address, publicKey: Uint8Array, genesisHash: Hash): Uint8Array {
  return signingBytes('possession', genesisHash, ProofOfPossession.serialize({ operator, publicKey }));
}
