// The Kademlia DHT of the network: its settings, and random walks through it, which is all that we use it for. Nothing is
// stored in it.

import { randomBytes } from 'node:crypto';
import type { PeerId, PeerInfo } from '@libp2p/interface';
import {
  type KadDHT,
  type KadDHTComponents,
  kadDHT,
  passthroughMapper,
  removePrivateAddressesMapper,
  type SingleKadDHT,
} from '@libp2p/kad-dht';
import { withDeadline } from './deadline.ts';
import { guarded } from './kad-guard.ts';

/**
 * `server` answers others and is found by them, `client` only asks, `auto` is a server as soon as this node has an address
 * that is reachable from everywhere.
 */
export type DhtMode = 'auto' | 'client' | 'server';

/** Peers asked at the same time in one walk. The library's 10 would be most of a small network at once. */
const CONCURRENCY = 4;
const MAX_INBOUND_STREAMS = 8;
const MAX_OUTBOUND_STREAMS = 16;
/** Peers waiting to be looked at; a walk through a large network brings a few hundred. */
const MAX_WAITING_PEERS = 1_024;
/** A walk that takes longer hangs on peers which are away; what it has found is used already. */
const WALK_TIMEOUT_MS = 20_000;

export interface DhtOptions {
  readonly discovery: DhtMode | 'off';
  /** addresses of a `private` one mean something to its nodes; elsewhere they are left out of all answers */
  readonly network: 'private' | 'public';
  /** peer ids of whom nobody is told */
  readonly privatePeers: readonly string[];
  /** told of every question of a peer */
  readonly onDhtQuery?: () => void;
}

export function dht(
  protocol: string,
  { discovery: mode, network, privatePeers, onDhtQuery: onQuery = () => undefined }: DhtOptions,
): (components: KadDHTComponents) => KadDHT {
  const mapper = network === 'private' ? passthroughMapper : removePrivateAddressesMapper;
  const hidden = new Set(privatePeers);
  // The library takes an absent mode for `auto`, but never finds a private address good enough.
  const clientMode = mode === 'auto' && network === 'private' ? false : mode === 'client';
  const create = kadDHT({
    protocol,
    ...(mode === 'auto' && network === 'public' ? {} : { clientMode }),
    // without an address nobody is named in an answer
    peerInfoMapper: (peer) => (hidden.has(peer.id.toString()) ? { ...peer, multiaddrs: [] } : mapper(peer)),
    alpha: CONCURRENCY,
    maxInboundStreams: MAX_INBOUND_STREAMS,
    maxOutboundStreams: MAX_OUTBOUND_STREAMS,
    routingTableUpdateMaxQueueSize: MAX_WAITING_PEERS,
  });
  return (components) => create(guarded(components, onQuery));
}

/** Peers in the routing table. */
export function routingTableSize(table: KadDHT): number {
  return (table as SingleKadDHT).routingTable.size;
}

/**
 * Asks for the peers closest to a random key, from peer to peer: each walk sees another part of the network.
 * @param onAnswer what one answer names, and whose it is; none of it is proven.
 */
export async function walk(
  table: KadDHT,
  onAnswer: (peers: readonly PeerInfo[], from: PeerId) => void,
  lifetime: AbortSignal,
): Promise<void> {
  await withDeadline(WALK_TIMEOUT_MS, 'walk through the DHT', lifetime, async (signal) => {
    for await (const event of table.getClosestPeers(randomBytes(32), { signal })) {
      if (event.name === 'PEER_RESPONSE') onAnswer(event.closer, event.from);
    }
  });
}
