// A voter that gives each part of the network its votes for another block, and besides its NOTAR a SKIP and a FINAL at
// once. Attacks the counting of votes and both rules of an honest voter: one NOTAR, and SKIP or FINAL.

import type { Message } from '../../../src/consensus/types.ts';
import { headerHash } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { FINAL, NOTAR, SKIP } from '../../../src/primitives/consensus.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';
import { isOnOtherSide, twinOf } from './two-faces.ts';

export const equivocatingVoter: Behaviour = {
  name: 'equivocating-voter',
  send(message: Message, to: number, node: FaultyNode): readonly Message[] {
    if (message.kind !== 'vote' || message.vote.kind !== NOTAR) return [message];
    const { slot, hash } = message.vote;
    const block = isOnOtherSide(to, node) ? node.block(toHex(hash)) : undefined;
    const twin = block && twinOf(block, node);
    const told = twin === undefined ? hash : headerHash(twin.header);
    return [node.vote(NOTAR, slot, told), node.vote(SKIP, slot), node.vote(FINAL, slot, told)];
  },
};
