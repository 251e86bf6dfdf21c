// A leader that names the right parent slot and builds on another block than the one notarized there: on the parent of
// it, which has a certificate too, of another slot. Attacks the link between a slot's certificate and the parent.

import type { Message } from '../../../src/consensus/types.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';
import { staleOf } from './stale-parent.ts';

export const falseParent: Behaviour = {
  name: 'false-parent',
  send(message: Message, _to: number, node: FaultyNode): readonly Message[] {
    if (message.kind !== 'proposal') return [message];
    const { parentSlot } = message.proposal;
    const stale = staleOf(message.proposal, node);
    return [stale === undefined ? message : node.propose({ ...stale, parentSlot })];
  },
};
