// A leader that signs what nobody has: blocks of which it keeps a transaction to itself, two for each of its slots in the
// window, all at once. Everybody that does this sends them again and again, whosever they are. Attacks the places for
// proposals that wait for what they lack, and those that honest leaders need.

import { WINDOW } from '../../../src/consensus/slots.ts';
import type { ConsensusEvent, Message } from '../../../src/consensus/types.ts';
import type { Behaviour, BuildRequest, FaultyNode } from '../behaviour.ts';

/** ms between two that are sent again */
const PAUSE = 100;
/** How many are remembered. */
const MEMORY = 256;

interface Withheld {
  readonly message: Message & { readonly kind: 'proposal' };
  attempt: number;
}

export const incompleteProposer: Behaviour = {
  name: 'incomplete-proposer',
  build(request: BuildRequest, node: FaultyNode): undefined {
    const block = node.build(request);
    if (block === undefined) return;
    const parentSlot = request.parentCertificate?.slot ?? 0;
    const { core } = node;
    for (let slot = request.slot; slot <= core.front + WINDOW; slot++) {
      if (core.schedule.leader(slot) !== node.member) continue;
      for (const twin of [node.variant(block), node.variant(block)]) {
        if (twin !== undefined) send({ message: node.propose({ slot, parentSlot, block: twin }), attempt: 0 }, node);
      }
    }
  },
  onEvent({ type }: ConsensusEvent, node: FaultyNode): void {
    if (type === 'entered') sendAgain(node.core.front, node);
  },
};

function send(withheld: Withheld, node: FaultyNode): void {
  const known = all(node);
  if (withheld.attempt === 0) known.push(withheld);
  if (known.length > MEMORY) known.shift();
  node.withhold(withheld.message, withheld.attempt);
}

/** One after the other, until the next slot is entered. */
function sendAgain(front: number, node: FaultyNode): void {
  const { core } = node;
  if (core.front !== front) return;
  const open = all(node).filter(
    ({ message: { proposal } }) => proposal.epoch === core.epoch && proposal.slot > core.lastFinalSlot,
  );
  if (open.length > 0) {
    const one = node.random.pick(open);
    one.attempt++;
    send(one, node);
  }
  node.after(PAUSE, () => sendAgain(front, node));
}

function all(node: FaultyNode): Withheld[] {
  return node.once('withheld proposals', () => []);
}
