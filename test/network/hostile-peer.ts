// A peer that follows no rules: a bare libp2p host that can send any bytes on any protocol and answer with any.

import '../../src/polyfills.ts';
import { randomBytes } from 'node:crypto';
import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { type Identify, identify } from '@libp2p/identify';
import type { Libp2p, Stream, StreamMuxerFactory } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { GOSSIP_TOPICS, type GossipTopic, ProtocolNames, type RequestProtocol } from '../../src/network/protocols.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import { Status } from '../../src/primitives/wire.ts';
import { addressOf, GENESIS, statusOf } from './harness.ts';

export const names = new ProtocolNames(GENESIS);

/** Whoever it goes for; here or in another process. */
export interface Victim {
  readonly network: { readonly addresses: readonly string[] };
}

export class HostilePeer {
  readonly host: Libp2p<{ identify: Identify; pubsub: GossipSub }>;
  readonly names: ProtocolNames;

  private constructor(host: Libp2p<{ identify: Identify; pubsub: GossipSub }>, genesisHash: Uint8Array) {
    this.host = host;
    this.names = new ProtocolNames(genesisHash);
  }

  /**
   * It passes the handshake: it tells a good status and listens on the topics.
   * @param announce multiaddrs that it says it has
   * @param forgetful takes every message for a new one: sends again what it has sent or heard
   * @param muxer how it carries streams
   */
  static async start(
    genesisHash: Uint8Array = GENESIS,
    {
      announce = [] as string[],
      forgetful = false,
      muxer = yamux() as (components: unknown) => StreamMuxerFactory,
    } = {},
  ): Promise<HostilePeer> {
    const host = await createLibp2p({
      start: false,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'], announce },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [muxer],
      connectionMonitor: { enabled: false },
      services: {
        identify: identify(),
        pubsub: gossipsub({
          globalSignaturePolicy: 'StrictNoSign',
          allowPublishToZeroTopicPeers: true,
          ...(forgetful ? { msgIdFn: () => Uint8Array.from(randomBytes(20)) } : {}),
        }),
      },
    });
    const peer = new HostilePeer(host, genesisHash);
    await peer.tellStatus({ genesisHash });
    await host.start();
    for (const topic of GOSSIP_TOPICS) host.services.pubsub.subscribe(peer.names.topic(topic));
    return peer;
  }

  get id(): string {
    return this.host.peerId.toString();
  }

  async connect(victim: Victim): Promise<void> {
    await this.host.dial(multiaddr(addressOf(victim)));
  }

  /** Opens a stream to the victim and does with it what it likes. */
  async on(victim: Victim, protocol: string, act: (stream: Stream) => void | Promise<void>): Promise<Stream> {
    const stream = await this.host.dialProtocol(multiaddr(addressOf(victim)), protocol);
    await act(stream);
    return stream;
  }

  async answer(protocol: RequestProtocol, act: (stream: Stream) => void | Promise<void>): Promise<void> {
    await this.host.handle(this.names.request(protocol), act, { force: true });
  }

  async tellStatus(status: Partial<Status>): Promise<void> {
    await this.answer('status', async (stream) => {
      stream.send(encodeFrame(Status.serialize(statusOf(status))));
      await stream.close();
    });
  }

  async publish(topic: GossipTopic, bytes: Uint8Array): Promise<void> {
    await this.host.services.pubsub.publish(this.names.topic(topic), bytes);
  }

  async stop(): Promise<void> {
    await this.host.stop();
  }
}
