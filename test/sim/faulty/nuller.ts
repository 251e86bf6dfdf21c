// A member that votes to skip every slot as soon as it comes to it, and never for a block. Attacks progress, and the
// rule that a skipped slot can have a notarized block too.

import type { ConsensusEvent, Message } from '../../../src/consensus/types.ts';
import { SKIP } from '../../../src/primitives/consensus.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';

export const nuller: Behaviour = {
  name: 'nuller',
  send(message: Message): readonly Message[] {
    return message.kind === 'vote' && message.vote.kind !== SKIP ? [] : [message];
  },
  onEvent(event: ConsensusEvent, node: FaultyNode): void {
    if (event.type === 'entered') node.broadcast(node.vote(SKIP, event.slot));
  },
};
