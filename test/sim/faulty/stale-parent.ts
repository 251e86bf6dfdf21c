// A leader that builds below the newest notarized block: on its parent, with no Skip to justify leaving it out. Attacks
// finality: what it leaves out may be final already.

import type { Message } from '../../../src/consensus/types.ts';
import type { Proposal } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import type { Behaviour, FaultyNode, ProposalContent } from '../behaviour.ts';

export const staleParent: Behaviour = {
  name: 'stale-parent',
  send(message: Message, _to: number, node: FaultyNode): readonly Message[] {
    const stale = message.kind === 'proposal' ? staleOf(message.proposal, node) : undefined;
    return [stale === undefined ? message : node.propose(stale)];
  },
};

/** The same proposal with a block beside the parent of its own: on the parent's parent, whose slot it names. */
export function staleOf({ slot, block }: Proposal, node: FaultyNode): ProposalContent | undefined {
  const parent = node.block(toHex(block.header.parent));
  const parentCertificate = parent?.body.justification.parentCertificate;
  if (parent === undefined || parentCertificate === undefined || parentCertificate === null) return undefined;
  const stale = node.once(`stale block of slot ${slot} by ${node.id}`, () =>
    node.build({
      slot,
      parent: parent.header.parent,
      parentCertificate,
      lateVotes: [],
      timestamp: block.header.timestamp,
      allowEmpty: true,
    }),
  );
  if (stale === undefined) return undefined;
  node.keep(stale);
  return { slot, parentSlot: parentCertificate.slot, block: stale };
}
