// The names of topics and protocols. All carry the first 8 hex digits of the genesis hash, so that nodes of different
// networks have nothing to say to each other even when they connect.

import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { MAX_GOSSIP_BYTES } from '../primitives/wire.ts';

export const GOSSIP_TOPICS = ['tx', 'block', 'vote'] as const;
export type GossipTopic = (typeof GOSSIP_TOPICS)[number];

export const REQUEST_PROTOCOLS = ['status', 'blocks', 'certs', 'txs', 'snapshot', 'validators'] as const;
export type RequestProtocol = (typeof REQUEST_PROTOCOLS)[number];

/** Bytes of one gossip message. The largest vote message, a certificate of 512 members, has 33 kB. */
export const MAX_MESSAGE_BYTES: Readonly<Record<GossipTopic, number>> = {
  tx: MAX_GOSSIP_BYTES,
  block: MAX_GOSSIP_BYTES,
  vote: 64 * 1024,
};

/** On which peers ask each other whether they can be reached. */
export const AUTO_NAT = '/libp2p/autonat/1.0.0';

/** What a protocol's messages look like; a node that knows another form is told so by the name. */
const REQUEST_FORM: Readonly<Record<RequestProtocol, number>> = {
  status: 2,
  blocks: 1,
  certs: 1,
  txs: 1,
  snapshot: 1,
  validators: 1,
};

const STATUS_PROTOCOL = /^\/aitbc\/([0-9a-f]{8})\/status\//;

export class ProtocolNames {
  readonly #prefix: string;

  constructor(genesisHash: Hash) {
    this.#prefix = `/aitbc/${toHex(genesisHash).slice(0, 8)}`;
  }

  topic(topic: GossipTopic): string {
    return `${this.#prefix}/${topic}/1`;
  }

  request(protocol: RequestProtocol): string {
    return `${this.#prefix}/${protocol}/${REQUEST_FORM[protocol]}`;
  }

  get kad(): string {
    return `${this.#prefix}/kad/1`;
  }

  /** Whether a peer that speaks these protocols runs no chain but answers questions about this network's peers. */
  isHelper(protocols: readonly string[]): boolean {
    return protocols.includes(this.kad) && !protocols.some((protocol) => STATUS_PROTOCOL.test(protocol));
  }

  /**
   * Why a peer that speaks these protocols is none of ours.
   * @returns undefined when it speaks the status protocol of this network.
   */
  whyForeign(protocols: readonly string[]): string | undefined {
    if (protocols.includes(this.request('status'))) return undefined;
    const theirs = protocols
      .map((protocol) => STATUS_PROTOCOL.exec(protocol)?.[1])
      .find((prefix) => prefix !== undefined);
    if (theirs === undefined) return 'the peer speaks no status protocol of ours';
    if (this.#prefix === `/aitbc/${theirs}`) return 'the peer speaks another version of the status protocol';
    return `different genesis: theirs begins with ${theirs}, ours with ${this.#prefix.slice('/aitbc/'.length)}`;
  }
}
