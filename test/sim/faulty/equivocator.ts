// A member that says one thing to the even nodes and another to the odd ones: as leader two blocks, as voter NOTAR and
// FINAL for the block that the listener was given, and SKIP besides. Several of them play together.

import type { Message, Output } from '../../../src/consensus/types.ts';
import { type Block, headerHash } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { FINAL, NOTAR, SKIP, type VoteKind } from '../../../src/primitives/consensus.ts';
import { ZERO_HASH } from '../../../src/primitives/hash.ts';
import type { Behaviour, SimNode } from '../node.ts';
import type { World } from '../world.ts';

/** By hash in hex, the block that the odd nodes get in its place. */
const twins = new WeakMap<World, Map<string, Block>>();

export const equivocator: Behaviour = {
  name: 'equivocator',
  helps: true,
  replace(output: Output, node: SimNode): Output[] {
    if (output.type === 'signProposal') keepTwin(output.own.block, node);
    if (output.type !== 'signVote' || output.data.kind !== NOTAR) return [output];
    const also = (kind: VoteKind, hash = output.data.hash): Output => ({
      ...output,
      data: { ...output.data, kind, hash },
    });
    return [output, also(SKIP, ZERO_HASH), also(FINAL)];
  },
  send(message: Message, to: number, node: SimNode): Message {
    if (to % 2 === 0) return message;
    if (message.kind === 'proposal') {
      const block = twinsIn(node).get(toHex(headerHash(message.proposal.block.header)));
      return block === undefined ? message : { kind: 'proposal', proposal: { ...message.proposal, block } };
    }
    const twin = message.kind === 'vote' ? twinsIn(node).get(toHex(message.vote.hash)) : undefined;
    if (message.kind !== 'vote' || twin === undefined) return message;
    const vote = { ...message.vote, hash: headerHash(twin.header) };
    node.world.invariants.voted(node.id, vote.kind, vote.slot, vote.hash);
    return { kind: 'vote', vote };
  },
};

function keepTwin({ header, body }: Block, node: SimNode): void {
  const { parentCertificate } = body.justification;
  const { parent, height, timestamp } = header;
  const twin = node.world.makeBlock(node.id, parent, height, timestamp, parentCertificate ?? undefined);
  twinsIn(node).set(toHex(headerHash(header)), twin);
}

function twinsIn({ world }: SimNode): Map<string, Block> {
  let known = twins.get(world);
  if (known === undefined) {
    known = new Map();
    twins.set(world, known);
  }
  return known;
}
