// Gossip: the three topics, what is sent on them and who judges what arrives.
// Nothing is decoded here; a message is bounded, counted and handed to its handler, and the verdict goes back to gossipsub.

import { setTimeout as sleep } from 'node:timers/promises';
import type { GossipSub, Message, TopicValidatorFn, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub';
import type { PeerId } from '@libp2p/interface';
import type { Logger } from 'pino';
import { NetworkError } from './errors.ts';
import { plainBytes } from './frames.ts';
import type { GossipJudged } from './gossip-worth.ts';
import type { NetworkHandlers, Verdict } from './network.ts';
import type { NetworkObserver } from './observer.ts';
import { GOSSIP_TOPICS, type GossipTopic, MAX_MESSAGE_BYTES, type ProtocolNames } from './protocols.ts';

/** The class behind the exported interface takes these options; the interface does not list them. */
interface GossipRouter extends Omit<GossipSub, 'publish'> {
  publish(topic: string, data: Uint8Array, options: { floodPublish: boolean }): Promise<unknown>;
}

export interface GossipContext {
  readonly names: ProtocolNames;
  readonly handlers: NetworkHandlers;
  readonly logger: Logger;
  readonly observer: NetworkObserver | undefined;
  /** told of every message that had to be judged */
  readonly onJudged: (message: GossipJudged) => void;
  /** told of every message of our own */
  readonly onPublished: (topic: GossipTopic) => void;
}

/**
 * Messages of one peer whose verdict is still out. Handlers answer within milliseconds, so an honest peer never gets
 * near; past the bound messages are dropped, which costs only the peer that sends too much.
 */
const MAX_PENDING: Readonly<Record<GossipTopic, { messages: number; bytes: number }>> = {
  tx: { messages: 256, bytes: 4 * 1024 * 1024 },
  block: { messages: 16, bytes: 4 * 1024 * 1024 },
  vote: { messages: 4096, bytes: 1024 * 1024 },
};

/**
 * To whom a message of our own goes first. Votes are small and late ones cost a slot, so every peer gets them at once;
 * a block to a hundred peers would be 100 MB, so blocks and batches go to the mesh (which in a small network is everyone).
 */
const FLOOD: Readonly<Record<GossipTopic, boolean>> = { tx: false, block: false, vote: true };

/** From this size on peers are told at once that a message has come, so that they need not send it too; below, the telling costs as much. */
export const IDONTWANT_MIN_BYTES = 8 * 1024;
/**
 * A large message that was accepted at once is forwarded only now, when it has been told who has it already: in a full
 * mesh that is everyone. Its handling has not waited.
 */
const FORWARD_PAUSE_MS = 25;

export class Gossip {
  readonly #router: GossipRouter;
  readonly #context: GossipContext;
  readonly #pending = new Map<string, { messages: number; bytes: number }>();

  constructor(router: GossipSub, context: GossipContext) {
    this.#router = router as unknown as GossipRouter;
    this.#context = context;
    for (const topic of GOSSIP_TOPICS)
      this.#router.topicValidators.set(context.names.topic(topic), this.#validator(topic));
  }

  /** Joins the topics; gossipsub must have been started. */
  join(): void {
    for (const topic of GOSSIP_TOPICS) this.#router.subscribe(this.#context.names.topic(topic));
  }

  leave(): void {
    for (const topic of GOSSIP_TOPICS) this.#router.topicValidators.delete(this.#context.names.topic(topic));
  }

  /** Whether the peer has told us that it listens on every topic. */
  isListening(peer: PeerId): boolean {
    return GOSSIP_TOPICS.every((topic) =>
      this.#router.getSubscribers(this.#context.names.topic(topic)).some((subscriber) => subscriber.equals(peer)),
    );
  }

  /** @throws {NetworkError} TOO_LARGE */
  async publish(topic: GossipTopic, bytes: Uint8Array): Promise<void> {
    if (bytes.length > MAX_MESSAGE_BYTES[topic]) {
      throw new NetworkError(
        'TOO_LARGE',
        `${bytes.length} bytes for topic ${topic}, at most ${MAX_MESSAGE_BYTES[topic]}`,
      );
    }
    this.#context.observer?.gossipPublished(topic, bytes.length);
    this.#context.onPublished(topic);
    await this.#router.publish(this.#context.names.topic(topic), bytes, { floodPublish: FLOOD[topic] });
  }

  #validator(topic: GossipTopic): TopicValidatorFn {
    return async (peer: PeerId, message: Message) => {
      const id = peer.toString();
      this.#context.observer?.gossipReceived(topic, message.data.length);
      const arrivedAt = performance.now();
      const verdict = await this.#judge(topic, message.data, id);
      this.#context.observer?.gossipJudged(topic, verdict);
      this.#context.onJudged({ peer: id, topic, bytes: message.data.length, verdict });
      if (verdict === 'accept' && message.data.length >= IDONTWANT_MIN_BYTES) {
        await sleep(Math.max(0, FORWARD_PAUSE_MS - (performance.now() - arrivedAt)));
      }
      return (verdict === 'unjudged' ? 'ignore' : verdict) as TopicValidatorResult;
    };
  }

  async #judge(topic: GossipTopic, data: Uint8Array, peer: string): Promise<Verdict> {
    if (data.length === 0 || data.length > MAX_MESSAGE_BYTES[topic]) return 'reject';
    const key = `${topic} ${peer}`;
    const pending = this.#pending.get(key) ?? { messages: 0, bytes: 0 };
    if (pending.messages >= MAX_PENDING[topic].messages || pending.bytes + data.length > MAX_PENDING[topic].bytes) {
      this.#context.logger.debug({ topic, peer }, 'gossip dropped: too many messages of this peer are waiting');
      return 'unjudged';
    }
    this.#pending.set(key, pending);
    pending.messages += 1;
    pending.bytes += data.length;
    try {
      return await this.#handle(topic, detached(data), peer);
    } catch (error) {
      this.#context.logger.warn({ topic, peer, err: error }, 'gossip handler failed');
      return 'unjudged';
    } finally {
      pending.messages -= 1;
      pending.bytes -= data.length;
      if (pending.messages === 0) this.#pending.delete(key);
    }
  }

  #handle(topic: GossipTopic, data: Uint8Array, peer: string): Promise<Verdict> {
    switch (topic) {
      case 'tx':
        return this.#context.handlers.onTransactions(data, peer);
      case 'block':
        return this.#context.handlers.onProposal(data, peer);
      case 'vote':
        return this.#context.handlers.onVote(data, peer);
    }
  }
}

/** A small message often is a view of a whole 64 KiB read buffer, which whoever keeps the message would keep alive. */
function detached(data: Uint8Array): Uint8Array {
  return data.buffer.byteLength > 2 * data.length ? new Uint8Array(data) : plainBytes(data);
}
