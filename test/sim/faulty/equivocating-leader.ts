// A leader that proposes two blocks in one slot, one to each part of the network. Attacks agreement: both could be
// notarized if quorums did not share an honest member, or if a member voted twice.

import type { Message } from '../../../src/consensus/types.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';
import { isOnOtherSide, twinOf } from './two-faces.ts';

export const equivocatingLeader: Behaviour = {
  name: 'equivocating-leader',
  send(message: Message, to: number, node: FaultyNode): readonly Message[] {
    if (message.kind !== 'proposal' || !isOnOtherSide(to, node)) return [message];
    const block = twinOf(message.proposal.block, node);
    return block === undefined ? [message] : [node.propose({ ...message.proposal, block })];
  },
};
