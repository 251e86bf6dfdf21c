// Which certificates travel with a proposal. They are attached for speed; what does not fit is fetched.

import { MAX_PROPOSAL_CERTIFICATES } from '../primitives/block.ts';
import { Certificate } from '../primitives/consensus.ts';

/** A proposal attaches at most this many bytes of certificates (docs/protocol.md §7). */
export const MAX_ATTACHED_BYTES = 512 * 1024;

/** The first certificates that fit. */
export function attachable(certificates: readonly Certificate[]): Certificate[] {
  const attached: Certificate[] = [];
  let bytes = 0;
  for (const certificate of certificates.slice(0, MAX_PROPOSAL_CERTIFICATES)) {
    bytes += Certificate.value_serializedSize(certificate);
    if (bytes > MAX_ATTACHED_BYTES) break;
    attached.push(certificate);
  }
  return attached;
}
