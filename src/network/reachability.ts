// AutoNAT: peers dial this node and say whether they have reached it. The library's service, which by itself never learns
// anything here: it takes the connection on which it is asked for the one that it has dialled, and closes it; it asks when
// peers come, before the router has opened a port; and it asks about addresses at relays, at which nobody would answer.

import { autoNAT } from '@libp2p/autonat';
import type { Connection, PeerId, Topology } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { isRelayed } from './addresses.ts';
import { overlaid } from './overlaid.ts';

/** What of the library's components is changed. */
interface Components {
  readonly registrar: {
    register(protocol: string, topology: Topology): Promise<string>;
    unhandle(protocol: string): Promise<void>;
  };
  readonly connectionManager: { openConnection(address: Multiaddr, options?: object): Promise<Connection> };
  readonly addressManager: { getAddressesWithMetadata(): { readonly multiaddr: Multiaddr }[] };
}

/** Nothing is asked where everything is known. */
const ASK_AGAIN_MS = 10_000;

export function reachability(): (components: never) => unknown {
  return (components: Components) => {
    const { registrar, connectionManager, addressManager } = components;
    const witnesses = new Witnesses();
    return autoNAT()(
      overlaid(components, {
        registrar: overlaid(registrar, {
          register: (protocol: string, topology: Topology) => registrar.register(protocol, witnesses.watch(topology)),
          unhandle: (protocol: string) => {
            witnesses.stop();
            return registrar.unhandle(protocol);
          },
        }),
        connectionManager: overlaid(connectionManager, {
          openConnection: (address: Multiaddr, options?: object) =>
            connectionManager.openConnection(address, { ...options, force: true }),
        }),
        addressManager: overlaid(addressManager, {
          getAddressesWithMetadata: () =>
            addressManager.getAddressesWithMetadata().filter(({ multiaddr }) => !isRelayed(multiaddr)),
        }),
      }) as never,
    );
  };
}

/** The peers that can be asked, and are asked again and again. */
class Witnesses {
  readonly #connections = new Map<string, Connection>();
  #timer: NodeJS.Timeout | undefined;

  watch(topology: Topology): Topology {
    const ask = (peer: PeerId, connection: Connection) => topology.onConnect?.(peer, connection);
    this.#timer = setInterval(() => {
      for (const connection of this.#connections.values()) {
        if (connection.status === 'open') void ask(connection.remotePeer, connection);
      }
    }, ASK_AGAIN_MS).unref();
    return {
      ...topology,
      onConnect: (peer, connection) => {
        // that of a peer which tries to reach us ends at once
        const key = peer.toString();
        if (this.#connections.get(key)?.status !== 'open') this.#connections.set(key, connection);
        return ask(peer, connection);
      },
      onDisconnect: (peer) => {
        this.#connections.delete(peer.toString());
        return topology.onDisconnect?.(peer);
      },
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#connections.clear();
  }
}
