// A leader that builds below the newest notarized block: on its parent, with no Skip to justify leaving it out.
// Honest nodes must not vote for that.

import type { Message } from '../../../src/consensus/types.ts';
import type { Proposal } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';

export const staleParent: Behaviour = {
  name: 'stale-parent',
  send(message: Message, _to: number, node: FaultyNode): readonly Message[] {
    if (message.kind !== 'proposal') return [message];
    const { slot } = message.proposal;
    return [node.once(`stale ${node.id} ${slot}`, () => lowered(message.proposal, node) ?? message)];
  },
};

function lowered({ slot, block, certificates }: Proposal, node: FaultyNode): Message | undefined {
  const parent = node.block(toHex(block.header.parent));
  const certificate = parent?.body.justification.parentCertificate ?? undefined;
  if (parent === undefined || certificate === undefined) return undefined;
  const lower = node.variant(block, { parent: parent.header.parent }, certificate);
  if (lower === undefined) return undefined;
  node.keep(lower);
  return node.propose({ slot, parentSlot: certificate.slot, block: lower, certificates });
}
