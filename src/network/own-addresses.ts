// The public addresses that this machine itself has, as others dial them. libp2p tells nobody of these before a peer has
// confirmed them, which without AutoNAT never happens.

import { isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { multiaddr } from '@multiformats/multiaddr';
import { hostOf, reachOf } from './addresses.ts';

type Interfaces = Readonly<Record<string, readonly Pick<NetworkInterfaceInfo, 'address'>[] | undefined>>;

/** One `listen` address stands for all interfaces of its family. */
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * @param listen multiaddrs that this node listens on; those whose port is not known yet are left out
 * @param interfaces as `os.networkInterfaces()` tells them
 */
export function ownPublicAddresses(listen: readonly string[], interfaces: Interfaces): string[] {
  const hosts = Object.values(interfaces).flatMap((addresses) => addresses?.map(({ address }) => address) ?? []);
  return listen
    .flatMap((address) => {
      const host = hostOf(multiaddr(address)) ?? '';
      if (!EVERYWHERE.has(host)) return [address];
      const sameFamily = hosts.filter((own) => isIPv6(own) === isIPv6(host));
      return sameFamily.map((own) => address.replace(`/${host}/`, `/${own}/`));
    })
    .filter((address) => reachOf(multiaddr(address)) === 'public');
}
