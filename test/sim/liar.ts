// What a faulty node gives its behaviour to work with: see `FaultyNode`.

import type { Message } from '../../src/consensus/types.ts';
import { type Block, type Header, headerHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { type Certificate, proposalSigningBytes, voteSigningBytes } from '../../src/primitives/consensus.ts';
import { type Hash, ZERO_HASH } from '../../src/primitives/hash.ts';
import type { CertifiedBlock } from '../../src/primitives/wire.ts';
import type { BuildRequest, FaultyNode, ProposalContent } from './behaviour.ts';
import { assemble } from './chain.ts';
import { encode, encodeWithheld } from './gossip.ts';
import { GENESIS_HASH, publicKeyOf, sign } from './keys.ts';
import type { SimNode } from './node.ts';

export class Liar implements FaultyNode {
  readonly id: number;
  readonly #node: SimNode;

  constructor(node: SimNode) {
    this.id = node.id;
    this.#node = node;
  }

  /** In an epoch in which it has no seat it plays the first member, with its own key. */
  get member() {
    return this.#electorate.seatOf(this.#node.member) ?? 0;
  }

  get others() {
    return this.#node.world.nodes.map(({ id }) => id).filter((id) => id !== this.id);
  }

  get members() {
    return this.#electorate.members;
  }

  get parameters() {
    return this.#node.world.parameters;
  }

  get random() {
    return this.#node.world.random;
  }

  get now() {
    return this.#node.life.now();
  }

  get core() {
    return this.#node.driver.core;
  }

  after(milliseconds: number, call: () => void): void {
    this.#node.life.after(milliseconds, call);
  }

  once<T>(key: string, make: () => T): T {
    const { lore } = this.#node.world;
    if (!lore.has(key)) lore.set(key, make());
    return lore.get(key) as T;
  }

  vote(kind: number, slot: number, hash: Hash = ZERO_HASH, epoch = this.core.epoch) {
    const { member } = this;
    const data = { epoch, validatorsRoot: this.members.root, kind, slot, hash };
    const signature = sign(publicKeyOf(this.#node.member), voteSigningBytes(data, GENESIS_HASH));
    return { kind: 'vote', vote: { epoch, kind, slot, hash, member, signature } } as const;
  }

  propose({ slot, parentSlot, block, certificates = [] }: ProposalContent) {
    const hash = headerHash(block.header);
    const { epoch } = this.core;
    const data = { epoch, validatorsRoot: this.members.root, slot, hash, parentSlot };
    const signature = sign(publicKeyOf(this.#node.member), proposalSigningBytes(data, GENESIS_HASH));
    const proposal = { epoch, slot, parentSlot, signature, block, certificates: [...certificates] };
    return { kind: 'proposal', proposal } as const;
  }

  sendTo(to: number, message: Message): void {
    this.#node.gossip.send(to, encode(message, 0));
  }

  broadcast(message: Message): void {
    this.#node.gossip.publish(encode(message, 0));
  }

  withhold({ proposal }: Message & { readonly kind: 'proposal' }, attempt: number): void {
    this.#node.world.faults.add('proposals that nobody can complete');
    this.#node.gossip.publish(encodeWithheld(proposal, attempt));
  }

  build(request: Omit<BuildRequest, 'type'>): Block | undefined {
    return this.#node.chain.make(request);
  }

  variant({ header, body }: Block, changes: Partial<Header> = {}, parentCertificate?: Certificate): Block | undefined {
    const parent = this.#node.chain.find(toHex(changes.parent ?? header.parent))?.header;
    if (parent === undefined) return undefined;
    const mark = { transactionsRoot: this.#node.world.mark(), height: parent.height + 1 };
    const certificate = parentCertificate ?? body.justification.parentCertificate ?? undefined;
    const variant = assemble({ ...header, ...mark, ...changes }, parent, certificate);
    const { stateRoot } = changes;
    return stateRoot === undefined ? variant : { ...variant, header: { ...variant.header, stateRoot } };
  }

  block(hashHex: string): Block | undefined {
    return this.#node.block(hashHex);
  }

  keep(block: Block): void {
    this.#node.chain.keep(block);
  }

  chain(from: number): readonly CertifiedBlock[] {
    return this.#node.database.from(from, Number.POSITIVE_INFINITY);
  }

  get #electorate() {
    return this.#node.world.electorates.at(this.core.epoch);
  }
}
