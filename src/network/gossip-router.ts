// Gossipsub, with every setting that differs from the library's default and why, and what it does not look for itself: who
// sends one message again and again. Nothing here knows what is sent.

import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub';
import type { RPC } from '@chainsafe/libp2p-gossipsub/message';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { parsePeerAddress } from './addresses.ts';
import { IDONTWANT_MIN_BYTES } from './gossip.ts';
import { GossipCopies } from './gossip-copies.ts';
import { type GossipMessage, MessageIds } from './message-ids.ts';
import type { Libp2pNetworkOptions } from './options.ts';
import { GOSSIP_TOPICS, type ProtocolNames } from './protocols.ts';
import { gossipScoring, type PenaltyBook } from './scoring.ts';

/** Mesh degrees: a network of up to 7 nodes is a full mesh, so that every message takes one hop. */
const MESH = { D: 8, Dlo: 6, Dhi: 12, Dout: 3, Dscore: 4, Dlazy: 6 } as const;
/** Gossip for one peer that its connection does not take: past it the stream is reset and the peer dropped. */
const MAX_OUTBOUND_BUFFER_BYTES = 8 * 1024 * 1024;
/** One RPC of gossipsub: several messages when a peer asks for what it missed. The library buffers 4 MiB in all. */
const MAX_RPC_BYTES = 4 * 1024 * 1024;

/** What is known of peers whatever they do in gossip. */
export interface Reputation {
  readonly penalties: Pick<PenaltyBook, 'points'>;
  readonly isValidator: (peer: string) => boolean;
}

/** @param onReplay told for each copy of a message that a peer sends beyond what honest peers do */
export function gossipRouter(
  options: Libp2pNetworkOptions,
  names: ProtocolNames,
  { penalties, isValidator }: Reputation,
  onReplay: (peer: string) => void,
) {
  const ids = new MessageIds();
  const copies = new GossipCopies(options.resendInterval, () => performance.now());
  const create = gossipsub({
    ...gossipScoring(penalties, isValidator),
    ...MESH,
    ...memory(options.resendInterval),
    // what a hidden node says and hears goes through few others: its messages do not wait for a place in a mesh
    directPeers: Array.from(directPeers(options), (id) => ({ id: peerIdFromString(id), addrs: [] })),
    // dialling them is our own business
    directConnectTicks: Number.MAX_SAFE_INTEGER,
    // messages carry our own signatures; a second one would cost four times the work
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: (message) => ids.of(message),
    allowedTopics: GOSSIP_TOPICS.map((topic) => names.topic(topic)),
    // our own messages are encoded once for all peers; one sent at a time also piggybacks on a shared object
    batchPublish: true,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    // relayed connections carry it too, as far as the relay lets them
    runOnLimitedConnection: true,
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
  return (components: Parameters<typeof create>[0]) =>
    watchMessages(create(components), (peer, message) => {
      if (copies.add(peer, ids.of(message))) onReplay(peer);
    });
}

/** Where the library takes what it has read; of all this it tells new messages only. */
interface Reader {
  handleReceivedRpc(from: PeerId, rpc: RPC): Promise<void>;
}

/** Tells of every message that comes, known or not. */
function watchMessages(router: GossipSub, onMessage: (peer: string, message: GossipMessage) => void): GossipSub {
  const reader = router as GossipSub & Reader;
  const handle = reader.handleReceivedRpc.bind(reader);
  reader.handleReceivedRpc = (from, rpc) => {
    const peer = from.toString();
    for (const { topic, data = new Uint8Array() } of rpc.messages) onMessage(peer, { topic, data });
    return handle(from, rpc);
  };
  return router;
}

/** Both sides must take the other for one, or each would keep it out of its mesh in vain. */
function directPeers({ hidden, peers, privatePeers }: Pick<Libp2pNetworkOptions, 'hidden' | 'peers' | 'privatePeers'>) {
  const known = hidden ? peers.map((address) => parsePeerAddress(address).id.toString()) : [];
  return new Set([...known, ...privatePeers]);
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
