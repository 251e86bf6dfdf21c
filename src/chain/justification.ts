// The rules of a block's justification: the certificate of its parent, and late votes for older ancestors. The ledger
// records from them who took part, and pays for it, so that their form, their place and every signature decide whether
// a block is valid.

import { certificateChecks, malformedCertificate } from '../consensus/certificate.ts';
import { justificationFault } from '../ledger/justification.ts';
import type { Header, Justification } from '../primitives/block.ts';
import { type Vote, voteSigningBytes } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { SignatureCheck } from '../primitives/signing.ts';
import type { Epoch, Lineage } from './epochs.ts';
import { type Fault, fault } from './rules.ts';

/** All but the signatures. */
export function checkJustification(
  justification: Justification,
  header: Pick<Header, 'height' | 'parent'>,
  { parent, certifiers }: Lineage,
): Fault | undefined {
  const { parentCertificate } = justification;
  // The form of the certificate first: the ledger looks at its members.
  if (parentCertificate !== null && certifiers !== undefined) {
    const malformed = malformedCertificate(parentCertificate, certifiers.members);
    if (malformed !== undefined) return fault('PARENT_CERTIFICATE', malformed);
  }
  const broken = justificationFault(parent.state, header, justification);
  return broken && fault(broken.reason, broken.detail);
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
