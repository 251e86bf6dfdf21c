// Who may connect: nobody who is banned, and of those who come no more than there is room for; nobody is dialled whom
// outreach does not want; between a hidden node and those it does not know there is no way either way. An address is judged
// before a byte is read or a key is touched, a peer id as soon as it is proven.

import type { ConnectionGater, PeerId } from '@libp2p/interface';
import type { Arrivals } from './arrivals.ts';
import type { BanList } from './ban-list.ts';
import type { Outreach } from './outreach.ts';

export interface GateOptions {
  readonly bans: Pick<BanList, 'find' | 'ofHost'>;
  readonly arrivals: Pick<Arrivals, 'admit' | 'identify'>;
  /** asked for every dial, whoever wants it: the dialer, discovery, the DHT */
  readonly outreach: () => Pick<Outreach, 'mayDial' | 'mayDialAddress' | 'isConfigured'>;
  /** whether only configured peers may come, and be dialled */
  readonly hidden: boolean;
}

export function gate({ bans, arrivals, outreach, hidden }: GateOptions): ConnectionGater {
  const isBanned = (peer: PeerId) => bans.find(peer.toString()) !== undefined;
  const isUnknown = (peer: PeerId) => hidden && !outreach().isConfigured(peer.toString());
  return {
    denyInboundConnection(connection) {
      return bans.ofHost(connection.remoteAddr) !== undefined || !arrivals.admit(connection);
    },
    denyInboundEncryptedConnection: (peer) => isBanned(peer) || isUnknown(peer),
    denyInboundUpgradedConnection(peer, connection) {
      arrivals.identify(peer.toString(), connection);
      return false;
    },
    denyOutboundEncryptedConnection: isBanned,
    denyDialPeer: (peer) => isBanned(peer) || isUnknown(peer) || !outreach().mayDial(peer),
    denyDialMultiaddr(address) {
      return bans.ofHost(address) !== undefined || !outreach().mayDialAddress(address);
    },
  };
}
