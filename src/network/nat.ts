// Being reached through a home router, and helping others with it: UPnP asks the router for a port, AutoNAT asks peers
// whether that works, a relay passes connections on to whoever cannot be reached, and hole punching (DCUtR) replaces these
// by direct ones. Loaded only where one of the two is asked for.

import { autoNAT } from '@libp2p/autonat';
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { dcutr } from '@libp2p/dcutr';
import { uPnPNAT } from '@libp2p/upnp-nat';
import { hostOf, parseAddress } from './addresses.ts';

/** Peers that may be reached through us at a time. Each holds a connection anyway; what counts is what flows. */
const MAX_RESERVATIONS = 64;
/** Enough for two peers to find a direct way, and to gossip for a while where there is none. */
const RELAYED_BYTES = 16n * 1024n * 1024n;
const RELAYED_MS = 10 * 60_000;
/** Relayed connections under way, in and out. */
const MAX_RELAYED_STREAMS = 128;

/** Listening on this address is looking for relays, and being reached through those that are found. */
const RELAYED = '/p2p-circuit';

/** For a node that may be behind a router. @param listen its own addresses */
export function behindNat(listen: readonly string[]) {
  return {
    listen: [...listen, RELAYED],
    transports: [circuitRelayTransport({ maxInboundStopStreams: MAX_RELAYED_STREAMS })],
    services: {
      autoNAT: autoNAT(),
      dcutr: dcutr(),
      // a router cannot help with what listens to this machine alone
      ...(listen.some(isOpenToOthers) ? { upnp: uPnPNAT() } : {}),
    },
  };
}

/** For a node that everybody reaches. */
export function relayService() {
  return {
    // tells others whether they can be reached
    autoNAT: autoNAT(),
    relay: circuitRelayServer({
      maxInboundHopStreams: MAX_RELAYED_STREAMS,
      maxOutboundStopStreams: MAX_RELAYED_STREAMS,
      reservations: {
        maxReservations: MAX_RESERVATIONS,
        defaultDataLimit: RELAYED_BYTES,
        defaultDurationLimit: RELAYED_MS,
      },
    }),
  };
}

const LOOPBACK = /^(?:127\.|::1$|localhost$)/;

function isOpenToOthers(listen: string): boolean {
  return !LOOPBACK.test(hostOf(parseAddress(listen)) ?? '');
}
