// Gossip as one node sees it: what is news goes to its door, and what the door accepts goes on to neighbours. A message
// that was seen before is dropped by its bytes.

import type { ConsensusDriver } from '../../src/consensus/driver.ts';
import type { Message } from '../../src/consensus/types.ts';
import type { Proposal } from '../../src/primitives/block.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { GossipProposal, GossipVote } from '../../src/primitives/wire.ts';
import { compactProposal, wholeProposal } from '../helpers/compact.ts';
import type { SimNode } from './node.ts';
import { fingerprint } from './trace.ts';

export interface Envelope {
  readonly topic: 'block' | 'vote';
  readonly bytes: Uint8Array;
  /** by its bytes */
  readonly id: number;
  /** part of the id, for the trace */
  readonly word: number;
}

export class Gossip {
  readonly #node: SimNode;
  readonly #seen = new Set<number>();

  constructor(node: SimNode) {
    this.#node = node;
  }

  publish(envelope: Envelope): void {
    this.#seen.add(envelope.id);
    for (const to of this.#node.world.neighbours(this.#node.id)) this.send(to, envelope);
  }

  send(to: number, envelope: Envelope): void {
    const { world, id } = this.#node;
    const peer = world.node(to);
    this.#node.meter(envelope.bytes.length);
    world.network.send(id, to, () => peer.up && peer.gossip.receive(envelope, this.#node), envelope);
  }

  receive(envelope: Envelope, from: SimNode): void {
    const { world, id, driver } = this.#node;
    if (this.#seen.has(envelope.id)) return;
    this.#seen.add(envelope.id);
    world.trace.note(world.scheduler.now, id, envelope.word);
    this.#judge(driver, envelope, from).catch((error: unknown) => world.fail(error));
  }

  async #judge(driver: ConsensusDriver, envelope: Envelope, from: SimNode): Promise<void> {
    // A copy for each receiver: nobody's changes to it can reach another.
    const bytes = envelope.bytes.slice();
    const verdict = await (envelope.topic === 'vote'
      ? driver.onVote(bytes)
      : driver.onProposal(bytes, String(from.id)));
    if (!this.#node.up || driver !== this.#node.driver) return;
    if (verdict === 'accept') this.#passOn(envelope, from);
    else if (verdict === 'reject') this.#node.world.rejected(this.#node, from, envelope);
  }

  #passOn(envelope: Envelope, from: SimNode): void {
    if (this.#node.behaviour?.relays === false) return;
    this.#node.work.passedOn++;
    for (const to of this.#node.world.relaysOf(this.#node.id)) if (to !== from.id) this.send(to, envelope);
  }
}

export function makeEnvelope(topic: Envelope['topic'], bytes: Uint8Array): Envelope {
  const [high, low] = fingerprint(bytes);
  // 53 of its 64 bits make a number: a cheap key of sets.
  return { topic, bytes, id: (high & 0x1fffff) * 2 ** 32 + (low >>> 0), word: low };
}

/** @param attempt of the gossip envelope: what is sent again with the same one is dropped as seen */
export function encode(message: Message, attempt: number): Envelope {
  if (message.kind === 'proposal') {
    return makeEnvelope('block', GossipProposal.serialize({ attempt, proposal: compactProposal(message.proposal) }));
  }
  const tagged =
    message.kind === 'vote'
      ? ({ selector: 0, value: message.vote } as const)
      : ({ selector: 1, value: message.certificate } as const);
  return makeEnvelope('vote', GossipVote.serialize({ attempt, message: tagged }));
}

/** Names a transaction that nobody has. */
export function encodeWithheld(proposal: Proposal, attempt: number): Envelope {
  const { block, ...rest } = compactProposal(proposal);
  const transactionIds = [...block.transactionIds, ZERO_HASH];
  return makeEnvelope(
    'block',
    GossipProposal.serialize({ attempt, proposal: { ...rest, block: { ...block, transactionIds } } }),
  );
}

export function decode({ topic, bytes }: Envelope): { message: Message; attempt: number } {
  if (topic === 'block') {
    const { attempt, proposal } = GossipProposal.deserialize(bytes);
    return { attempt, message: { kind: 'proposal', proposal: wholeProposal(proposal) } };
  }
  const { attempt, message } = GossipVote.deserialize(bytes);
  if (message.selector === 0) return { attempt, message: { kind: 'vote', vote: message.value } };
  if (message.selector === 1) return { attempt, message: { kind: 'certificate', certificate: message.value } };
  throw new TypeError('nobody sends evidence here: it is no message of consensus');
}
