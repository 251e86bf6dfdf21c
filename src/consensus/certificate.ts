// Certificates: made from a quorum of votes, taken apart into them, and checked from signatures alone.

import { toHex } from '../primitives/bytes.ts';
import {
  BitArray,
  type Certificate,
  certificateMembers,
  SKIP,
  VOTE_KINDS,
  type Vote,
  voteSigningBytes,
} from '../primitives/consensus.ts';
import { type Hash, ZERO_HASH } from '../primitives/hash.ts';
import type { SignatureCheck } from '../primitives/signing.ts';
import type { Members } from './members.ts';

/** Assembles a certificate from votes of one kind, slot and hash. @param votes by member index */
export function assembleCertificate(votes: ReadonlyMap<number, Vote>, members: Members): Certificate {
  const indexes = [...votes.keys()].sort((a, b) => a - b);
  const first = votes.get(indexes[0] ?? -1);
  if (first === undefined) throw new RangeError('a certificate needs votes');
  return {
    epoch: first.epoch,
    kind: first.kind,
    slot: first.slot,
    hash: first.hash,
    bitmap: bitmapOf(indexes, members.size),
    signatures: indexes.map((index) => (votes.get(index) as Vote).signature),
  };
}

/** The votes that a certificate is made of. */
export function votesOf(certificate: Certificate): Vote[] {
  const { epoch, kind, slot, hash } = certificate;
  return certificateMembers(certificate).map((member, position) => ({
    epoch,
    kind,
    slot,
    hash,
    member,
    signature: certificate.signatures[position] as Uint8Array,
  }));
}

/**
 * What a certificate must satisfy before its signatures are worth checking.
 * @returns the rule it breaks, or undefined
 */
export function malformedCertificate(certificate: Certificate, members: Members): string | undefined {
  if (VOTE_KINDS[certificate.kind] === undefined) return `unknown kind ${certificate.kind}`;
  if (certificate.slot < 1) return 'slot 0 has no votes';
  if (certificate.bitmap.bitLen !== members.size) return `bitmap of ${certificate.bitmap.bitLen} bits`;
  if ((certificate.kind === SKIP) !== isZero(certificate.hash)) return 'a SKIP names no block, other kinds do';
  const signers = certificateMembers(certificate);
  if (signers.length !== certificate.signatures.length) return 'as many signatures as bits are needed';
  const weight = signers.reduce((sum, member) => sum + members.weight(member), 0);
  if (weight < members.quorum) return `weight ${weight} below the quorum ${members.quorum}`;
  return undefined;
}

/** The signatures that must all hold for the certificate to be valid. */
export function certificateChecks(certificate: Certificate, members: Members, genesisHash: Hash): SignatureCheck[] {
  const message = voteSigningBytes(
    {
      epoch: certificate.epoch,
      validatorsRoot: members.root,
      kind: certificate.kind,
      slot: certificate.slot,
      hash: certificate.hash,
    },
    genesisHash,
  );
  return certificateMembers(certificate).map((member, position) => ({
    publicKey: members.at(member).publicKey,
    message,
    signature: certificate.signatures[position] as Uint8Array,
  }));
}

function bitmapOf(indexes: readonly number[], size: number): BitArray {
  const bitmap = BitArray.fromBitLen(size);
  for (const index of indexes) bitmap.set(index, true);
  return bitmap;
}

function isZero(hash: Hash): boolean {
  return toHex(hash) === toHex(ZERO_HASH);
}
