// A leader whose block reaches only some, who have to hand it on to the others: in every second slot half of the nodes,
// in the others all but one. It never serves a block. Attacks those that see a certificate for a block they lack.

import type { Message } from '../../../src/consensus/types.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';

export const withholder: Behaviour = {
  name: 'withholder',
  send(message: Message, to: number, node: FaultyNode): readonly Message[] {
    if (message.kind !== 'proposal') return [message];
    const { others } = node;
    const reached = message.proposal.slot % 2 === 0 ? Math.ceil(others.length / 2) : others.length - 1;
    return others.indexOf(to) < reached ? [message] : [];
  },
  serveBlock: () => undefined,
  serveChain: () => undefined,
};
