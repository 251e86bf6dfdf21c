// Who may connect: nobody who is banned, of one host only so many at once, and nobody is dialled whom outreach does not
// want. An address is judged before a byte is read or a key is touched, a peer id as soon as it is proven.

import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import type { BanList } from './ban-list.ts';
import { ipOf, isLoopback } from './ip.ts';
import type { Outreach } from './outreach.ts';

export interface GateOptions {
  readonly bans: Pick<BanList, 'find'>;
  /** that come from one host, those included that have not said who they are yet */
  readonly maxConnectionsPerIp: number;
  /** asked for every dial, whoever wants it: the dialer, discovery, the DHT */
  readonly outreach: () => Pick<Outreach, 'mayDial' | 'mayDialAddress'>;
}

export function gate({ bans, maxConnectionsPerIp, outreach }: GateOptions): ConnectionGater {
  const isBanned = (peer: PeerId) => bans.find(peer.toString()) !== undefined;
  const perIp = new ConnectionsPerIp(maxConnectionsPerIp);
  return {
    denyInboundConnection(connection) {
      const ip = ipOf(connection.remoteAddr);
      if (ip === undefined) return false;
      return bans.find(ip) !== undefined || !perIp.admit(ip, connection);
    },
    denyInboundEncryptedConnection: isBanned,
    denyOutboundEncryptedConnection: isBanned,
    denyDialPeer: (peer) => isBanned(peer) || !outreach().mayDial(peer),
    denyDialMultiaddr(address) {
      const ip = ipOf(address);
      return (ip !== undefined && bans.find(ip) !== undefined) || !outreach().mayDialAddress(address);
    },
  };
}

type Counted = Pick<MultiaddrConnection, 'status' | 'addEventListener'>;

class ConnectionsPerIp {
  readonly #most: number;
  readonly #connections = new Map<string, Set<Counted>>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Everybody may come from this machine itself: other nodes of a test, or all who come through a proxy. */
  admit(ip: string, connection: Counted): boolean {
    if (isLoopback(ip) || this.#most === Number.POSITIVE_INFINITY) return true;
    const open = this.#connections.get(ip) ?? new Set();
    // not every transport tells of the end of a connection that was refused
    for (const other of open) if (other.status !== 'open') open.delete(other);
    if (open.size >= this.#most) return false;
    this.#connections.set(ip, open.add(connection));
    connection.addEventListener('close', () => {
      open.delete(connection);
      if (open.size === 0) this.#connections.delete(ip);
    });
    return true;
  }
}
