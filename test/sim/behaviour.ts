// How a faulty member departs from the protocol. It runs the real driver, whose ports lie for it: a behaviour says what
// each peer gets, what its leader builds and what questions are answered with, and may act by itself besides.

import type { ConsensusDriver } from '../../src/consensus/driver.ts';
import type { Members } from '../../src/consensus/members.ts';
import type { ConsensusEvent, Message, Output } from '../../src/consensus/types.ts';
import type { Block, Header } from '../../src/primitives/block.ts';
import type { Certificate } from '../../src/primitives/consensus.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import type { CertifiedBlock } from '../../src/primitives/wire.ts';
import type { Random } from './random.ts';

export type BuildRequest = Extract<Output, { type: 'build' }>;

/** Every hook may be left out: then the node is honest in it. Behaviours hold no state of their own: see `once`. */
export interface Behaviour {
  readonly name: string;
  /** What one peer gets in the place of a message that this node publishes: its own proposals and votes, certificates. */
  send?(message: Message, to: number, node: FaultyNode): readonly Message[];
  /** Builds in the place of the honest builder, which is `node.build`. Its core believes the block valid. */
  build?(request: BuildRequest, node: FaultyNode): Block | undefined;
  /** Whatever its core tells: slot entered, proposed, notarized, … a chance to act. */
  onEvent?(event: ConsensusEvent, node: FaultyNode): void;
  /** A peer asks for a block; undefined: no answer. `node.block` is the honest answer. */
  serveBlock?(hashHex: string, node: FaultyNode): Block | undefined;
  /** A peer asks for the certificates of a range of slots. `node.core.certificates` is the honest answer. */
  serveCertificates?(from: number, to: number, node: FaultyNode): readonly Certificate[] | undefined;
  /** A peer catches up and asks for the finalized blocks from a height on. `node.chain` is the honest answer. */
  serveChain?(from: number, node: FaultyNode): readonly CertifiedBlock[] | undefined;
  /** How far its clock is ahead (ms), in the place of the small error that every clock has. */
  readonly clockError?: number;
  /** Whether it passes on what others gossip; true when left out. */
  readonly relays?: boolean;
}

/** What a proposal says beside its block. */
export interface ProposalContent {
  readonly slot: number;
  readonly parentSlot: number;
  readonly block: Block;
  readonly certificates?: readonly Certificate[];
}

/** What a behaviour may know and do. All chance comes from `random`, all time from `now` and `after`. */
export interface FaultyNode {
  /** among the nodes; twins have different ids and one member index */
  readonly id: number;
  readonly member: number;
  /** ids of all other nodes, honest or not */
  readonly others: readonly number[];
  readonly members: Members;
  readonly parameters: Parameters;
  readonly random: Random;
  /** of its clock, ms since 1970 */
  readonly now: number;
  readonly core: ConsensusDriver['core'];
  /** Calls back unless the node crashes before that. */
  after(milliseconds: number, call: () => void): void;
  /** Made once a world and shared by all its faulty nodes; what is one node's own has its id in the key. */
  once<T>(key: string, make: () => T): T;

  /** A vote signed with its own key, whatever it has signed before; of the present epoch when none is named. */
  vote(kind: number, slot: number, hash?: Hash, epoch?: number): Message & { kind: 'vote' };
  /** A proposal signed with its own key, whether or not the slot is its own. */
  propose(content: ProposalContent): Message & { kind: 'proposal' };
  sendTo(to: number, message: Message): void;
  /** To every neighbour, as it is. */
  broadcast(message: Message): void;
  /** To every neighbour, with a transaction in its block that nobody has. @param attempt 0 when it is not sent again */
  withhold(message: Message & { readonly kind: 'proposal' }, attempt: number): void;

  /** The block that the honest builder makes; undefined when the parent is unknown here. */
  build(request: Omit<BuildRequest, 'type'>): Block | undefined;
  /** Like `block` with some of its header changed; without `stateRoot` among the changes it executes on its parent. */
  variant(block: Block, changes?: Partial<Header>, parentCertificate?: Certificate): Block | undefined;
  /** A block that this node holds: proposed, executed, finalized, or kept. */
  block(hashHex: string): Block | undefined;
  /** Keeps a block that its core does not know, so that it can be served and built on. */
  keep(block: Block): void;
  /** Its finalized blocks from a height on, up to the newest that has a Final. */
  chain(from: number): readonly CertifiedBlock[];
}
