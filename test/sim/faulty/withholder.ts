// A leader whose block reaches only some, who have to hand it on to the others: in every second slot half of the nodes,
// in the others all but one. It answers no questions.

import type { Message } from '../../../src/consensus/types.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';
import { silent } from './silent.ts';

export const withholder: Behaviour = {
  ...silent,
  name: 'withholder',
  send(message: Message, to: number, node: FaultyNode): readonly Message[] {
    if (message.kind !== 'proposal') return [message];
    const nodes = node.others.length + 1;
    return to < (message.proposal.slot % 2 === 0 ? nodes / 2 : nodes - 2) ? [message] : [];
  },
};
