// Votes, certificates and the signed part of proposals (docs/protocol.md §7). The bodies of proposals are in block.ts.

import { BitArray, BitListType, ContainerType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import type { Hash } from './hash.ts';
import { signingBytes } from './signing.ts';
import { Bytes32, EnumType, Signature, Uint16, Uint64 } from './ssz.ts';

/** Bound on the members of a validator set, and so on a certificate: 512 × 64 bytes = 32 kB. */
export const MAX_MEMBERS = 512;

/** The position in this list is the kind's number. */
export const VOTE_KINDS = ['NOTAR', 'SKIP', 'FINAL'] as const;
export const NOTAR = 0;
export const SKIP = 1;
export const FINAL = 2;
export type VoteKind = typeof NOTAR | typeof SKIP | typeof FINAL;

export const VoteKindType = new EnumType(VOTE_KINDS);

/** What a vote's signature covers. `hash` is zero in a SKIP. */
export const VoteData = new ContainerType(
  { epoch: Uint64, validatorsRoot: Bytes32, kind: VoteKindType, slot: Uint64, hash: Bytes32 },
  { typeName: 'VoteData' },
);
/** A vote as it travels: `member` is the voter's index in the epoch's set, ordered by public key. */
export const Vote = new ContainerType(
  { epoch: Uint64, kind: VoteKindType, slot: Uint64, hash: Bytes32, member: Uint16, signature: Signature },
  { typeName: 'Vote' },
);
/** A quorum of one vote; `signatures` stand in the order of the set bits. */
export const Certificate = new ContainerType(
  {
    epoch: Uint64,
    kind: VoteKindType,
    slot: Uint64,
    hash: Bytes32,
    bitmap: new BitListType(MAX_MEMBERS),
    signatures: new ListCompositeType(Signature, MAX_MEMBERS),
  },
  { typeName: 'Certificate' },
);
/** What a leader's signature covers. */
export const ProposalData = new ContainerType(
  { epoch: Uint64, validatorsRoot: Bytes32, slot: Uint64, hash: Bytes32, parentSlot: Uint64 },
  { typeName: 'ProposalData' },
);

export type VoteData = ValueOf<typeof VoteData>;
export type Vote = ValueOf<typeof Vote>;
export type Certificate = ValueOf<typeof Certificate>;
export type ProposalData = ValueOf<typeof ProposalData>;

export { BitArray };

export function voteSigningBytes(vote: VoteData, genesisHash: Hash): Uint8Array {
  return signingBytes('vote', genesisHash, VoteData.serialize(vote));
}

export function proposalSigningBytes(proposal: ProposalData, genesisHash: Hash): Uint8Array {
  return signingBytes('proposal', genesisHash, ProposalData.serialize(proposal));
}

/** The members whose signatures a certificate carries, ascending. */
export function certificateMembers(certificate: Certificate): number[] {
  return certificate.bitmap.getTrueBitIndexes();
}
