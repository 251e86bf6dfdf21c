// A leader whose block reaches only some, who have to hand it on to the others: in every second slot half of the nodes,
// in the others all but one. It answers no questions.

import type { Message } from '../../../src/consensus/types.ts';
import type { Behaviour, SimNode } from '../node.ts';

export const withholder: Behaviour = {
  name: 'withholder',
  helps: false,
  send(message: Message, to: number, node: SimNode): Message | undefined {
    if (message.kind !== 'proposal') return message;
    const reached = message.proposal.slot % 2 === 0 ? node.world.nodes.length / 2 : node.world.nodes.length - 2;
    return to < reached ? message : undefined;
  },
};
