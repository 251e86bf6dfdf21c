// A member that says one thing to the even nodes and another to the odd ones: as leader two blocks, as voter NOTAR and
// FINAL for the block that the listener was given, and SKIP besides. Several of them play together.

import type { Message } from '../../../src/consensus/types.ts';
import { type Block, headerHash } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { FINAL, NOTAR, SKIP } from '../../../src/primitives/consensus.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';

export const equivocator: Behaviour = {
  name: 'equivocator',
  send(message: Message, to: number, node: FaultyNode): readonly Message[] {
    if (message.kind === 'proposal') return [isOdd(to) ? otherProposal(message, node) : message];
    if (message.kind !== 'vote' || message.vote.kind === SKIP) return [message];
    const { kind, slot, hash } = message.vote;
    const twin = isOdd(to) ? twins(node).get(toHex(hash)) : undefined;
    const told = twin === undefined ? hash : headerHash(twin.header);
    const own = node.vote(kind, slot, told);
    return kind === NOTAR ? [own, node.vote(SKIP, slot), node.vote(FINAL, slot, told)] : [own];
  },
};

/** By hash in hex, the block that the odd nodes get in its place. */
function twins(node: FaultyNode): Map<string, Block> {
  return node.once('twins', () => new Map<string, Block>());
}

function otherProposal({ proposal }: Message & { kind: 'proposal' }, node: FaultyNode): Message {
  const hashHex = toHex(headerHash(proposal.block.header));
  const twin = twins(node).get(hashHex) ?? node.variant(proposal.block) ?? proposal.block;
  twins(node).set(hashHex, twin);
  node.keep(twin);
  return node.propose({ ...proposal, block: twin });
}

function isOdd(id: number): boolean {
  return id % 2 === 1;
}
