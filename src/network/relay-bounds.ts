// What a relay gives, and to how many: places for few of one neighbourhood, and only while they are connected; so many
// bytes a second for everything that is relayed, and a part of it for those who come from one neighbourhood.

import type { RelayReservation } from '@libp2p/circuit-relay-v2';
import type { Connection, ConnectionGater, PeerId, Stream, StreamHandler } from '@libp2p/interface';
import type { PeerMap } from '@libp2p/peer-collections';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Rate } from '../primitives/token-bucket.ts';
import { originOf } from './addresses.ts';
import { overlaid } from './overlaid.ts';
import { watchPieces } from './pieces.ts';
import { PeerBuckets } from './rate-limit.ts';

export interface RelayLimits {
  /** reservations of one neighbourhood */
  readonly perNeighbourhood: number;
  /** bytes of all relayed connections, in both directions */
  readonly bytes: Rate;
  /** of these, for connections that are opened from one neighbourhood */
  readonly bytesPerNeighbourhood: Rate;
}

/** What of the library's components is used or changed. */
interface Components {
  readonly registrar: { handle(protocol: string, handler: StreamHandler, options?: object): Promise<void> };
  readonly connectionGater: ConnectionGater;
  readonly connectionManager: { getConnections(peer: PeerId): Pick<Connection, 'remoteAddr'>[] };
  readonly events: Pick<EventTarget, 'addEventListener'>;
}

interface Relay {
  readonly reservations: PeerMap<RelayReservation>;
}

const ALL = 'all';

/**
 * The library's relay within these bounds: by itself it keeps a place until it expires, connected or not, and bounds each
 * relayed connection but not their number.
 * @param now milliseconds of a clock that never goes back
 */
export function boundedRelay<S extends Relay>(
  create: (components: never) => S,
  limits: RelayLimits,
  now: () => number,
): (components: never) => S {
  return (components: Components) => {
    const { registrar, connectionGater, connectionManager, events } = components;
    const budget = new Budget(limits, now);
    const originsOf = (peer: PeerId) => connectionManager.getConnections(peer).map(({ remoteAddr }) => remoteAddr);
    const isCrowded = (peer: PeerId) => {
      const here = originsOf(peer).map(originOf);
      const others = [...relay.reservations].filter(([other, { addr }]) => !other.equals(peer) && has(here, addr));
      return others.length >= limits.perNeighbourhood;
    };
    const handle: Components['registrar']['handle'] = (protocol, handler, options) =>
      registrar.handle(
        protocol,
        (stream, connection) => {
          budget.count(stream, originOf(connection.remoteAddr));
          return handler(stream, connection);
        },
        options,
      );
    const gater: ConnectionGater = {
      denyInboundRelayReservation: isCrowded,
      denyOutboundRelayedConnection: (source) => originsOf(source).some((remote) => budget.isSpent(originOf(remote))),
    };
    const relay = create(
      overlaid(components, {
        registrar: overlaid(registrar, { handle }),
        connectionGater: overlaid(connectionGater, gater),
      }) as never,
    );
    events.addEventListener('peer:disconnect', (event) => {
      const { detail: peer } = event as CustomEvent<PeerId>;
      relay.reservations.get(peer)?.signal.clear();
      relay.reservations.delete(peer);
    });
    return relay;
  };
}

function has(neighbourhoods: readonly string[], address: Multiaddr): boolean {
  return neighbourhoods.includes(originOf(address));
}

class Budget {
  readonly #all: PeerBuckets;
  readonly #each: PeerBuckets;

  constructor({ bytes, bytesPerNeighbourhood }: RelayLimits, now: () => number) {
    this.#all = new PeerBuckets(bytes, now);
    this.#each = new PeerBuckets(bytesPerNeighbourhood, now);
  }

  isSpent(neighbourhood: string): boolean {
    return this.#all.available(ALL) <= 0 || this.#each.available(neighbourhood) <= 0;
  }

  /** What goes through the stream of whoever has opened the relayed connection is all of it: one half comes, one is sent. */
  count(stream: Stream, neighbourhood: string): void {
    const take = (bytes: number) => {
      this.#all.take(ALL, bytes);
      this.#each.take(neighbourhood, bytes);
      if (this.isSpent(neighbourhood) && stream.status === 'open') {
        stream.abort(new Error('what is relayed has used up its share'));
      }
    };
    watchPieces(stream, (piece) => take(piece.byteLength));
    const send = stream.send.bind(stream);
    stream.send = (data) => {
      const canSendMore = send(data);
      take(data.byteLength);
      return canSendMore;
    };
  }
}
