// What a host, and a Libp2pNetwork around it, are built from.

import type { Logger } from 'pino';
import type { Hash } from '../primitives/hash.ts';
import type { DhtMode } from './kad.ts';
import type { Lookup } from './names.ts';
import type { NetworkObserver } from './observer.ts';
import type { RateLimits } from './rate-limit.ts';

export interface HostOptions {
  readonly genesisHash: Hash;
  /** 32 bytes: the Ed25519 seed from which the peer id follows; keep it and the id stays */
  readonly identitySeed: Uint8Array;
  /** version of this software, told to peers as `aitbc-node/<version>` */
  readonly version: string;
  /** multiaddrs to listen on, `/ip4/127.0.0.1/tcp/9000` or with `/ws` at the end; port 0 takes a free one */
  readonly listen: readonly string[];
  /** multiaddrs told to peers instead of the listen addresses; empty for those */
  readonly announce: readonly string[];
  /** multiaddrs, each ending in /p2p/<peer id>, to which connections are kept up */
  readonly peers: readonly string[];
  /** whether nobody but `peers` may connect, and nobody is told where this node is; they must have it as a private peer */
  readonly hidden: boolean;
  /** peer ids of hidden nodes: let in beyond all bounds, given every message, and told to nobody */
  readonly privatePeers: readonly string[];
  /** peers at once; configured ones are let in beyond it, and connections of those who are no peers yet have places of their own */
  readonly maxPeers: number;
  /** connections that one IP address may hold open to this node, and half an IPv6 /48; those from this machine itself are not counted */
  readonly maxConnectionsPerIp: number;
  /**
   * `private`: the nodes know each other under private addresses, many may share one, and they are dialled again within a
   * second; `public`: the careful bounds
   */
  readonly network: 'private' | 'public';
  /** how this node takes part in the DHT; `off`: it knows the configured peers and those who come to it */
  readonly discovery: 'off' | DhtMode;
  /** how many peers discovery keeps that this node has chosen itself; so many places are closed to those who come to it */
  readonly outboundPeers: number;
  /** file in which known addresses are kept; undefined for none */
  readonly peerBook: string | undefined;
  /** whether to find a way in through a home router: UPnP, relays, hole punching */
  readonly nat: boolean;
  /** whether to pass connections on to peers behind routers */
  readonly relay: boolean;
  /** called for each question that a peer asks the DHT here */
  readonly onDhtQuery?: () => void;
  /** where names lead; as this machine and the DNS say unless given */
  readonly lookup?: Lookup;
  readonly logger: Logger;
}

export interface Libp2pNetworkOptions extends HostOptions {
  /** where bans are kept; undefined forgets them at the end */
  readonly banFile: string | undefined;
  /** milliseconds: T of the protocol; gossip forgets a message before it is sent again */
  readonly resendInterval: number;
  /** milliseconds between two status exchanges with a peer; three without an answer and it is dropped */
  readonly statusInterval: number;
  readonly rateLimits: RateLimits;
  readonly observer?: NetworkObserver;
}
