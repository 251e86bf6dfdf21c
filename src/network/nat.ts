// Being reached through a home router, and helping others with it: UPnP asks the router for a port, AutoNAT asks peers
// whether that works, a relay passes connections on to whoever cannot be reached, and DCUtR replaces these by direct ones
// where one side can be dialled. Loaded only where something of this is asked for.

import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { dcutr } from '@libp2p/dcutr';
import { type UPnPNATClient, uPnPNAT } from '@libp2p/upnp-nat';
import type { Logger } from 'pino';
import { hostOf, parseAddress } from './addresses.ts';
import { gatewayClient } from './gateway.ts';
import { reachability } from './reachability.ts';
import { boundedRelay, type RelayLimits } from './relay-bounds.ts';

const MEBIBYTE = 1024 * 1024;

/** Peers that may be reached through us at a time. A place is lost with the connection, so that each holds one anyway. */
const MAX_RESERVATIONS = 64;
/** They are taken anew five minutes before they end. */
const RESERVATION_MS = 10 * 60_000;
/**
 * A household or the customers of one provider. All that flows is as much as a small host can give away, and 16 connections
 * at once to their bound; from one neighbourhood a quarter.
 */
const RELAY_LIMITS: RelayLimits = {
  perNeighbourhood: 4,
  bytes: { burst: 256 * MEBIBYTE, perSecond: 4 * MEBIBYTE },
  bytesPerNeighbourhood: { burst: 64 * MEBIBYTE, perSecond: MEBIBYTE },
};
/** Enough for two peers to find a direct way, and to gossip for a while where there is none. */
const RELAYED_BYTES = BigInt(16 * MEBIBYTE);
const RELAYED_MS = 10 * 60_000;
/** Relayed connections under way of one peer, in and out. */
const MAX_RELAYED_STREAMS = 128;

/** Until a router answers it is called out for 5 s in each 20. */
const SEARCH_MS = 15_000;

/** Listening on this address is looking for relays, and being reached through those that are found. */
const RELAYED = '/p2p-circuit';

/** For a node that reaches others through relays, or is reached so. */
export function throughRelays() {
  return {
    transports: [circuitRelayTransport({ maxInboundStopStreams: MAX_RELAYED_STREAMS })],
    services: { dcutr: dcutr() },
  };
}

/** For a node that may be behind a router, besides `throughRelays`. @param listen its own addresses */
export function behindNat(listen: readonly string[], logger: Logger) {
  const upnp = portsOf(gatewayClient(logger, Math.random), SEARCH_MS);
  return {
    listen: [...listen, RELAYED],
    services: {
      autoNAT: reachability(),
      // a router cannot help with what listens to this machine alone
      ...(listen.some(isOpenToOthers) ? { upnp } : {}),
    },
  };
}

/**
 * Opens ports of routers. The library would change its pace when it finds one; if that is not in its first search it then
 * forgets a timer, which keeps the process from ending for five minutes. With one pace for all it has nothing to change.
 * @param pace between two searches, and how long each is once a router is known (ms)
 */
export function portsOf(routers: UPnPNATClient, pace: number) {
  return uPnPNAT({ portMappingClient: routers, initialGatewaySearchInterval: pace, gatewaySearchTimeout: pace });
}

/** For a node that everybody reaches. @param limits others in tests */
export function relayService(limits = RELAY_LIMITS) {
  return {
    // tells others whether they can be reached
    autoNAT: reachability(),
    relay: boundedRelay(
      circuitRelayServer({
        maxInboundHopStreams: MAX_RELAYED_STREAMS,
        maxOutboundStopStreams: MAX_RELAYED_STREAMS,
        reservations: {
          maxReservations: MAX_RESERVATIONS,
          reservationTtl: RESERVATION_MS,
          defaultDataLimit: RELAYED_BYTES,
          defaultDurationLimit: RELAYED_MS,
        },
      }),
      limits,
      () => performance.now(),
    ),
  };
}

const LOOPBACK = /^(?:127\.|::1$|localhost$)/;

function isOpenToOthers(listen: string): boolean {
  return !LOOPBACK.test(hostOf(parseAddress(listen)) ?? '');
}
