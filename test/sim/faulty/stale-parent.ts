// A leader that builds below the newest notarized block: on its parent, with no Skip to justify leaving it out. Attacks
// finality: what it leaves out may be final already.

import type { Message } from '../../../src/consensus/types.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';

export const staleParent: Behaviour = {
  name: 'stale-parent',
  send(message: Message, _to: number, node: FaultyNode): readonly Message[] {
    if (message.kind !== 'proposal') return [message];
    const { slot, block } = message.proposal;
    const parent = node.block(toHex(block.header.parent));
    const parentCertificate = parent?.body.justification.parentCertificate;
    if (parent === undefined || parentCertificate === undefined || parentCertificate === null) return [message];
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
    if (stale === undefined) return [message];
    node.keep(stale);
    return [node.propose({ slot, parentSlot: parentCertificate.slot, block: stale })];
  },
};
