// The rules of a block's justification: the certificate of its parent, and late votes for older ancestors. The ledger
// records from them who took part, and pays for it, so that their form, their place and every signature decide whether
// a block is valid.

import { certificateChecks, malformedCertificate } from '../consensus/certificate.ts';
import type { Justification } from '../primitives/block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { type Certificate, FINAL, NOTAR, type Vote, voteSigningBytes } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { SignatureCheck } from '../primitives/signing.ts';
import type { Epoch, Lineage } from './epochs.ts';
import { type Fault, fault } from './rules.ts';

/** All but the signatures. */
export function checkJustification(justification: Justification, lineage: Lineage): Fault | undefined {
  const { parentCertificate, lateVotes } = justification;
  const wrong = certificateFault(parentCertificate, lineage);
  if (wrong !== undefined) return fault('PARENT_CERTIFICATE', wrong);
  return lateVotes.length > 0 ? fault('LATE_VOTES', `${lateVotes.length} late votes, none belong here`) : undefined;
}

function certificateFault(certificate: Certificate | null, { parent, epoch, certifiers }: Lineage): string | undefined {
  if (certifiers === undefined) return certificate === null ? undefined : 'genesis is final and has no certificate';
  if (certificate === null) return 'the certificate of the parent is missing';
  const { kind } = certificate;
  if (certifiers !== epoch && kind !== FINAL) return 'the first block of an epoch needs a Final of the one before it';
  if (kind !== NOTAR && kind !== FINAL) return `a certificate of kind ${kind}`;
  if (!equalBytes(certificate.hash, parent.hash)) return 'the certificate of another block';
  if (certificate.epoch !== certifiers.record.epoch) return `a certificate of epoch ${certificate.epoch}`;
  return malformedCertificate(certificate, certifiers.members);
}

/** The signatures of a justification without a fault: the parent certificate's, and those of the late votes. */
export function justificationChecks(
  { parentCertificate, lateVotes }: Justification,
  { epoch, certifiers }: Lineage,
  genesisHash: Hash,
): { readonly certificate: SignatureCheck[]; readonly lateVotes: SignatureCheck[] } {
  return {
    certificate:
      parentCertificate === null || certifiers === undefined
        ? []
        : certificateChecks(parentCertificate, certifiers.members, genesisHash),
    lateVotes: lateVotes.map((vote) => voteCheck(vote, epoch, genesisHash)),
  };
}

function voteCheck(vote: Vote, { members }: Epoch, genesisHash: Hash): SignatureCheck {
  const message = voteSigningBytes({ ...vote, validatorsRoot: members.root }, genesisHash);
  return { publicKey: members.at(vote.member).publicKey, message, signature: vote.signature };
}
