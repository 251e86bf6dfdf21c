// Equivocating leader and voter in one. Several of them are a conspiracy: whichever of them leads shows each part of the
// network another block, and the others vote for both.

import type { Message } from '../../../src/consensus/types.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';
import { equivocatingLeader } from './equivocating-leader.ts';
import { equivocatingVoter } from './equivocating-voter.ts';

export const equivocator: Behaviour = {
  name: 'equivocator',
  send(message: Message, to: number, node: FaultyNode): readonly Message[] {
    const { send } = message.kind === 'proposal' ? equivocatingLeader : equivocatingVoter;
    return send?.(message, to, node) ?? [message];
  },
};
