// Why the justification of a block does not stand on the state of its parent (docs/protocol.md §6). That the signatures
// in it hold, and that those of the certificate make a quorum, is not judged here.

import type { Header, Justification } from '../primitives/block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { type Certificate, FINAL, NOTAR, type Vote } from '../primitives/consensus.ts';
import { FIRST_EPOCH } from '../primitives/epoch.ts';
import type { LedgerReader } from './accounts.ts';
import { takeLateVote } from './late-votes.ts';
import { activity, currentEpoch, epochs } from './records.ts';

export interface JustificationFault {
  readonly reason: 'PARENT_CERTIFICATE' | 'LATE_VOTES';
  /** for people; may change */
  readonly detail: string;
}

/** @param state after the block's parent */
export function justificationFault(
  state: LedgerReader,
  header: Pick<Header, 'height' | 'parent'>,
  { parentCertificate, lateVotes }: Justification,
): JustificationFault | undefined {
  const certificate = certificateFault(state, header, parentCertificate);
  if (certificate !== undefined) return { reason: 'PARENT_CERTIFICATE', detail: certificate };
  const votes = lateVotesFault(state, lateVotes);
  return votes === undefined ? undefined : { reason: 'LATE_VOTES', detail: votes };
}

function certificateFault(
  state: LedgerReader,
  { height, parent }: Pick<Header, 'height' | 'parent'>,
  certificate: Certificate | null,
): string | undefined {
  const present = currentEpoch(state);
  const isFirst = height === present.startHeight + 1;
  if (isFirst && present.epoch === FIRST_EPOCH) {
    return certificate === null ? undefined : 'genesis is final by itself and has no certificate';
  }
  if (certificate === null) return 'the certificate of the parent is missing';
  const { epoch, validators } = isFirst ? epochs.get(state, present.epoch - 1) : present;
  const { kind, hash, bitmap } = certificate;
  if (kind !== FINAL && (kind !== NOTAR || isFirst)) {
    return `a certificate of kind ${kind}${isFirst ? ': the boundary before an epoch is final' : ''}`;
  }
  if (certificate.epoch !== epoch) return `a certificate of epoch ${certificate.epoch}, the parent's is ${epoch}`;
  if (!equalBytes(hash, parent)) return 'the certificate of another block';
  if (bitmap.bitLen !== validators.length) return `a bitmap of ${bitmap.bitLen} bits for ${validators.length} members`;
  return undefined;
}

function lateVotesFault(state: LedgerReader, votes: readonly Vote[]): string | undefined {
  if (votes.length === 0) return undefined;
  const record = activity.get(state);
  const epoch = currentEpoch(state);
  for (const vote of votes) {
    const fault = takeLateVote(record, epoch, vote);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
