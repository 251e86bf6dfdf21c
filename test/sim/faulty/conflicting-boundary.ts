// A leader that won't propose the notarized boundary block of the epoch again, as it must until it is final: it proposes
// another boundary block in its place, or a block on top of it. Attacks the one block that two epochs must agree on.

import type { Message } from '../../../src/consensus/types.ts';
import { headerHash } from '../../../src/primitives/block.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';
import { twinOf } from './two-faces.ts';

export const conflictingBoundary: Behaviour = {
  name: 'conflicting-boundary',
  send(message: Message, _to: number, node: FaultyNode): readonly Message[] {
    if (message.kind !== 'proposal') return [message];
    const { proposal } = message;
    const { header, body } = proposal.block;
    const justifiedIn = body.justification.parentCertificate?.slot ?? 0;
    const isProposedAgain = justifiedIn !== proposal.parentSlot;
    if (!isProposedAgain) return [message];
    const block = node.once(`in the place of the boundary in slot ${proposal.slot}`, () =>
      proposal.slot % 2 === 0
        ? twinOf(proposal.block, node)
        : node.build({
            slot: proposal.slot,
            parent: headerHash(header),
            parentCertificate: proposal.certificates[0],
            lateVotes: [],
            timestamp: header.timestamp + 1,
            allowEmpty: true,
          }),
    );
    if (block === undefined) return [];
    node.keep(block);
    return [node.propose({ ...proposal, block })];
  },
};
