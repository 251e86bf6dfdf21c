// A member that speaks in the names of others: votes and blocks of their slots under its own signature, and their own
// votes with something changed. Attacks the checks of single signatures at the door, and the genuine votes they precede.

import { votesOf } from '../../../src/consensus/certificate.ts';
import type { ConsensusEvent, Message } from '../../../src/consensus/types.ts';
import { headerHash } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { FINAL, NOTAR, SKIP, type Vote } from '../../../src/primitives/consensus.ts';
import { type Hash, sha256 } from '../../../src/primitives/hash.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';
import { twinOf } from './two-faces.ts';

/** What becomes of a genuine vote; its signature holds for none of these. */
const ALTERATIONS: readonly ((genuine: Vote) => Vote)[] = [
  function otherBlock(genuine) {
    return { ...genuine, kind: NOTAR, hash: sha256(genuine.hash) };
  },
  function finalForNotar(genuine) {
    return { ...genuine, kind: FINAL };
  },
  function nextSlot(genuine) {
    return { ...genuine, slot: genuine.slot + 1 };
  },
  function spoiltSignature(genuine) {
    return { ...genuine, signature: genuine.signature.map((byte) => byte ^ 1) };
  },
];

export const forger: Behaviour = {
  name: 'forger',
  /** Its own vote comes after the same one in all names, and after one that it signed for another epoch. */
  send(message: Message, _to: number, node: FaultyNode): readonly Message[] {
    if (message.kind === 'vote') {
      const { kind, slot, hash, epoch } = message.vote;
      return [...inOtherNames(kind, slot, hash, node), node.vote(kind, slot, hash, epoch + 1), message];
    }
    if (message.kind === 'proposal') return [message];
    const alter = node.random.pick(ALTERATIONS);
    return [message, ...votesOf(message.certificate).map((genuine) => asMessage(alter(genuine)))];
  },
  onEvent(event: ConsensusEvent, node: FaultyNode): void {
    if (event.type === 'entered') spread(inOtherNames(SKIP, event.slot, undefined, node), node);
    if (event.type === 'proposed') contradict(event.slot, event.hash, node);
  },
};

/** Another block than the leader's, as if by the leader, and as if everybody had voted for it. */
function contradict(slot: number, hash: Hash, node: FaultyNode): void {
  const block = node.block(toHex(hash));
  const twin = block && twinOf(block, node);
  if (twin === undefined) return;
  const parentSlot = twin.body.justification.parentCertificate?.slot ?? 0;
  if (node.core.schedule.leader(slot) !== node.member) node.broadcast(node.propose({ slot, parentSlot, block: twin }));
  for (const kind of [NOTAR, FINAL]) spread(inOtherNames(kind, slot, headerHash(twin.header), node), node);
}

function inOtherNames(kind: number, slot: number, hash: Hash | undefined, node: FaultyNode): Message[] {
  const { vote } = node.vote(kind, slot, hash);
  const others = Array.from({ length: node.members.size }, (_, member) => member).filter((one) => one !== node.member);
  return others.map((member) => asMessage({ ...vote, member }));
}

function spread(messages: readonly Message[], node: FaultyNode): void {
  for (const message of messages) node.broadcast(message);
}

function asMessage(vote: Vote): Message {
  return { kind: 'vote', vote };
}
