// The libp2p host: transports, encryption, muxer and services, with every setting that differs from the library's default
// and why. Nothing here knows what is sent.

import { networkInterfaces } from 'node:os';
import type { GossipSub } from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import { type Identify, identify } from '@libp2p/identify';
import type { Libp2p, ServiceMap } from '@libp2p/interface';
import type { KadDHT } from '@libp2p/kad-dht';
import { type Ping, ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { createLibp2p } from 'libp2p';
import { concatBytes } from '../primitives/bytes.ts';
import { asError } from '../primitives/errors.ts';
import { isRelayed, isTakenFromStrangers, parseAddress } from './addresses.ts';
import { Arrivals } from './arrivals.ts';
import { BoundedDatastore } from './bounded-datastore.ts';
import { NetworkError } from './errors.ts';
import { type GateOptions, gate } from './gate.ts';
import { identityPublicKey } from './identity.ts';
import { dht } from './kad.ts';
import { dnsLookup, Names, systemLookup } from './names.ts';
import { oneWrite } from './one-write.ts';
import type { HostOptions } from './options.ts';
import type { Outreach } from './outreach.ts';
import { ownPublicAddresses } from './own-addresses.ts';
import type { ProtocolNames } from './protocols.ts';
import type { ReadThrottles } from './read-throttle.ts';
import type { StreamGuard } from './stream-guard.ts';
import { webSockets } from './web-sockets.ts';
import { fewWindowUpdates } from './window-updates.ts';

export interface CommonServices extends ServiceMap {
  identify: Identify;
  ping: Ping;
  /** absent where discovery is off */
  dht?: KadDHT;
}
export interface HostServices extends CommonServices {
  pubsub: GossipSub;
}
export type Host = Libp2p<HostServices>;
/** What every host has, whatever else it serves. */
export type CommonHost = Libp2p<CommonServices>;

/** Streams that one connection may hold: 1 gossip, 4 per request protocol, identify, DHT. */
const MAX_STREAMS_PER_CONNECTION = 128;
/** What a stream that is not read may hold: the library resets it past 4 MiB. */
const MAX_WINDOW_BYTES = 4 * 1024 * 1024;
const NEGOTIATION_TIMEOUT_MS = 5_000;
/** Several at once are wanted after a start, and never as many as the library's 100. */
const MAX_PARALLEL_DIALS = 16;
const MAX_DIAL_QUEUE = 128;
/**
 * libp2p forgets the addresses of a peer an hour after they were told, and the peer after six, even while it is connected:
 * the DHT would then name peers without addresses, and gossip would not hear that one has gone.
 */
const REMEMBERED_MS = 30 * 24 * 3_600_000;

/** What it does with strangers. */
export interface HostParts {
  readonly bans: GateOptions['bans'];
  /** asked from the moment the host starts */
  readonly outreach: () => Pick<Outreach, 'isConfigured' | 'isFriend' | 'isNamed' | 'mayDial' | 'mayDialAddress'>;
  /** whether the peer has passed the handshake */
  readonly isPeer: (peer: string) => boolean;
  readonly streams: StreamGuard;
  readonly reads: Pick<ReadThrottles, 'others'>;
}

/** @param services those besides identify, ping, DHT and what helps behind a router. */
export async function createHost<S extends ServiceMap>(
  options: HostOptions,
  names: ProtocolNames,
  { bans, outreach, isPeer, streams, reads }: HostParts,
  services: { [K in keyof S]: (components: never) => S[K] },
): Promise<Libp2p<CommonServices & S>> {
  const { network, discovery, listen, announce, maxConnectionsPerIp, hidden, identitySeed, version, logger } = options;
  const isFriend = (ip: string) => outreach().isFriend(ip);
  const arrivals = new Arrivals({ maxConnectionsPerIp, network, isFriend, isPeer, now: () => performance.now() });
  const connectionGater = gate({ bans, arrivals, hidden, outreach });
  const askDns = options.lookup ?? dnsLookup();
  const resolver = new Names({
    isAllowed: (address) => outreach().mayDialAddress(address),
    lookup: (address) => {
      const isOurs = network === 'private' || outreach().isNamed(address);
      return isOurs ? (options.lookup ?? systemLookup) : askDns;
    },
    logger,
  });
  const usesRelays = options.nat || options.peers.some((peer) => isRelayed(parseAddress(peer)));
  const nat = usesRelays || options.relay ? await import('./nat.ts') : undefined;
  const relayed = usesRelays ? nat?.throughRelays() : undefined;
  const behind = options.nat ? nat?.behindNat(listen, logger) : undefined;
  // Its own entry says which protocols it speaks: without it nobody could identify this node any more.
  const kept = (): ReadonlySet<string> =>
    new Set([host.peerId, ...host.getPeers()].map((peer) => peer.toCID().toString()));
  const host: Libp2p<CommonServices & S> = await createLibp2p<CommonServices & S>({
    start: false,
    privateKey: privateKeyFromRaw(concatBytes(identitySeed, identityPublicKey(identitySeed))),
    nodeInfo: { name: 'aitbc-node', version, userAgent: `aitbc-node/${version}` },
    addresses: {
      listen: [...(behind?.listen ?? listen)],
      announce: [...announce],
      ...(options.hidden ? { announceFilter: () => [] } : {}),
      // behind a router it is for AutoNAT to say whether others reach them
      appendAnnounce: options.nat ? [] : ownPublicAddresses(listen, networkInterfaces()),
    },
    transports: [tcp(), webSockets(), ...(relayed?.transports ?? [])],
    connectionEncrypters: [streams.encrypter(oneWrite(noise()))],
    streamMuxers: [
      streams.muxer(
        fewWindowUpdates(
          yamux({
            maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
            maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
            streamOptions: { maxStreamWindowSize: MAX_WINDOW_BYTES },
          }),
        ),
      ),
    ],
    datastore: new BoundedDatastore(kept),
    peerStore: {
      maxAddressAge: REMEMBERED_MS,
      maxPeerAge: REMEMBERED_MS,
      addressFilter: (_, address) => isTakenFromStrangers(address),
    },
    // its ping aborts healthy connections under load; the status exchange watches over them instead
    connectionMonitor: { enabled: false },
    connectionManager: {
      // The gate bounds those who come (`arrivals`), the dialer and discovery those who are dialled. What the library does
      // keeps out whoever comes late, and can make no exceptions.
      maxConnections: Number.POSITIVE_INFINITY,
      inboundConnectionThreshold: Number.POSITIVE_INFINITY,
      maxIncomingPendingConnections: Number.POSITIVE_INFINITY,
      maxParallelDials: MAX_PARALLEL_DIALS,
      maxDialQueueLength: MAX_DIAL_QUEUE,
      inboundUpgradeTimeout: NEGOTIATION_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      // no others: an address that names another record to look up leads to whatever that says
      resolvers: { names: resolver },
      // the dialer dials again by itself
      reconnectRetries: 0,
    },
    connectionGater,
    services: {
      identify: identify(),
      ping: reads.others.service(ping()),
      ...(discovery === 'off' ? {} : { dht: reads.others.service(dht(names.kad, options)) }),
      ...relayed?.services,
      ...behind?.services,
      ...(options.relay ? nat?.relayService() : {}),
      ...services,
    } as never,
  });
  return host;
}

/** The host tells why it cannot listen only in the text of its error. */
export function listenError(error: unknown): Error {
  const { message } = asError(error);
  const inUse = /EADDRINUSE[^\n]*?(\S+:\d+)\s*$/m.exec(message)?.[1];
  if (inUse !== undefined) {
    return new NetworkError('ADDRESS_IN_USE', `${inUse} is in use by another process`, { cause: error });
  }
  const reason = /listen (E[A-Z]+: [^\n]+)/.exec(message)?.[1];
  if (asError(error).name !== 'UnsupportedListenAddressesError') return asError(error);
  return new NetworkError('CANNOT_LISTEN', `cannot listen: ${reason ?? message.split('\n')[0]}`, { cause: error });
}
