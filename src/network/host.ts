// The libp2p host: transports, encryption, muxer, gossipsub and the DHT component, with every setting that differs from
// the library's default and why. Nothing here knows what is sent.

import type { GossipSub } from '@chainsafe/libp2p-gossipsub';
import { gossipsub } from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import { type Identify, identify } from '@libp2p/identify';
import type { ConnectionGater, Libp2p, ServiceMap } from '@libp2p/interface';
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht';
import { type Ping, ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p } from 'libp2p';
import { concatBytes } from '../primitives/bytes.ts';
import { IDONTWANT_MIN_BYTES, messageId } from './gossip.ts';
import { identityPublicKey } from './identity.ts';
import { oneWrite } from './one-write.ts';
import type { Libp2pNetworkOptions } from './options.ts';
import { GOSSIP_TOPICS, type ProtocolNames } from './protocols.ts';
import type { ReadThrottle, ReadThrottles } from './read-throttle.ts';
import { gossipScoring, type PenaltyBook } from './scoring.ts';
import type { StreamGuard } from './stream-guard.ts';

export interface HostServices extends ServiceMap {
  identify: Identify;
  ping: Ping;
  pubsub: GossipSub;
}
export type Host = Libp2p<HostServices>;

/** Mesh degrees: a network of up to 7 nodes is a full mesh, so that every message takes one hop. */
const MESH = { D: 8, Dlo: 6, Dhi: 12, Dout: 3, Dscore: 4, Dlazy: 6 } as const;
/** Gossip for one peer that its connection does not take: past it the stream is reset and the peer dropped. */
const MAX_OUTBOUND_BUFFER_BYTES = 8 * 1024 * 1024;
/** One RPC of gossipsub: several messages when a peer asks for what it missed. The library buffers 4 MiB in all. */
const MAX_RPC_BYTES = 4 * 1024 * 1024;
/** Streams that one connection may hold: 1 gossip, 4 per request protocol, identify, DHT. */
const MAX_STREAMS_PER_CONNECTION = 128;
/** What a stream that is not read may hold: the library resets it past 4 MiB. */
const MAX_WINDOW_BYTES = 4 * 1024 * 1024;
const NEGOTIATION_TIMEOUT_MS = 5_000;

/** What it does with strangers. */
export interface HostParts {
  readonly penalties: PenaltyBook;
  readonly connectionGater: ConnectionGater;
  readonly streams: StreamGuard;
  readonly reads: ReadThrottles;
}

export function createHost(
  options: Libp2pNetworkOptions,
  names: ProtocolNames,
  { penalties, connectionGater, streams, reads }: HostParts,
): Promise<Host> {
  return createLibp2p<HostServices>({
    start: false,
    privateKey: privateKeyFromRaw(concatBytes(options.identitySeed, identityPublicKey(options.identitySeed))),
    nodeInfo: { name: 'aitbc-node', version: options.version, userAgent: `aitbc-node/${options.version}` },
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [streams.encrypter(oneWrite(noise()))],
    streamMuxers: [
      streams.muxer(
        yamux({
          maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
          maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
          streamOptions: { maxStreamWindowSize: MAX_WINDOW_BYTES },
        }),
      ),
    ],
    // its ping aborts healthy connections under load; the status exchange watches over them instead
    connectionMonitor: { enabled: false },
    connectionManager: {
      // nodes that dial each other at the same moment hold two connections
      maxConnections: 2 * options.maxPeers,
      // per address and second; all nodes of a private network may come from one address
      inboundConnectionThreshold: options.network === 'private' ? 1_000 : 10,
      maxIncomingPendingConnections: 64,
      inboundUpgradeTimeout: NEGOTIATION_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      // the dialer dials again by itself
      reconnectRetries: 0,
    },
    connectionGater,
    services: {
      identify: identify(),
      ping: reads.others.service(ping()),
      pubsub: reads.gossip.service(gossip(options, names, penalties)),
      ...dht(options, names, reads.others),
    },
  });
}

function gossip(options: Libp2pNetworkOptions, names: ProtocolNames, penalties: PenaltyBook) {
  return gossipsub({
    ...gossipScoring(penalties, options.network),
    ...MESH,
    ...memory(options.resendInterval),
    // messages carry our own signatures; a second one would cost four times the work
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: messageId,
    allowedTopics: GOSSIP_TOPICS.map((topic) => names.topic(topic)),
    // our own messages are encoded once for all peers; one sent at a time also piggybacks on a shared object
    batchPublish: true,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    doPX: false,
    tagMeshPeers: false,
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxOutboundBufferSize: MAX_OUTBOUND_BUFFER_BYTES,
    maxInboundDataLength: MAX_RPC_BYTES,
    idontwantMinDataSize: IDONTWANT_MIN_BYTES,
    decodeRpcLimits: {
      maxSubscriptions: 64,
      maxMessages: 1024,
      maxIhaveMessageIDs: 5000,
      maxIwantMessageIDs: 5000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 64,
      maxPeerInfos: 16,
    },
  });
}

/** Gossipsub's own default: longer than a message wanders through any network. */
const LONGEST_MEMORY_MS = 120_000;
/** Also its default, which it counts in heartbeats of a second: a starved node forwards seconds after it was told not to. */
const MESSAGE_CACHE_MS = 5_000;
const SHORTEST_HEARTBEAT_MS = 100;
const LONGEST_HEARTBEAT_MS = 1_000;

/**
 * How long gossip remembers. A message that is sent again after the re-send interval must not be taken for a duplicate,
 * neither here nor at a peer that has lost it since. What has been seen is dropped at the first heartbeat after its time,
 * and a heartbeat comes up to a quarter late.
 */
function memory(resendInterval: number) {
  const heartbeatInterval = clamp(resendInterval / 6, SHORTEST_HEARTBEAT_MS, LONGEST_HEARTBEAT_MS);
  return {
    heartbeatInterval,
    seenTTL: clamp(resendInterval - 1.5 * heartbeatInterval, SHORTEST_HEARTBEAT_MS, LONGEST_MEMORY_MS),
    // heartbeats for which messages are kept for those who ask, and for which IDONTWANT holds
    mcacheLength: Math.ceil(MESSAGE_CACHE_MS / heartbeatInterval),
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** The DHT finds nobody yet: peers come from the configuration. `private` networks keep their private addresses in it. */
function dht(options: Libp2pNetworkOptions, names: ProtocolNames, reads: ReadThrottle) {
  if (options.dht === 'off') return {};
  return {
    dht: reads.service(
      kadDHT({
        protocol: names.kad,
        clientMode: options.dht === 'client',
        peerInfoMapper: options.network === 'private' ? passthroughMapper : removePrivateAddressesMapper,
        maxInboundStreams: 8,
        maxOutboundStreams: 16,
      }),
    ),
  };
}
