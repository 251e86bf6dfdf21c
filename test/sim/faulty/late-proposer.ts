// A leader whose proposal comes about when the others lose patience: just in time for some of them and too late for the
// rest. Attacks slots in which a part votes NOTAR and a part SKIP, so that neither has a quorum for long.

import { slotTimeout } from '../../../src/consensus/timing.ts';
import type { Message } from '../../../src/consensus/types.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';

export const lateProposer: Behaviour = {
  name: 'late-proposer',
  send(message: Message, to: number, node: FaultyNode): readonly Message[] {
    if (message.kind !== 'proposal') return [message];
    const { messageDelay } = node.parameters;
    const patience = slotTimeout(message.proposal.slot, node.core.lastFinalSlot, node.parameters);
    const early = node.random.between(-messageDelay, 2 * messageDelay);
    node.after(Math.max(0, patience - early), () => node.sendTo(to, message));
    return [];
  },
};
