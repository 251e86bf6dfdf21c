// How a configuration becomes the settings of this node's place in the network, be it a whole node or a bootstrap node.

import type { HostOptions } from '../network/options.ts';
import { isPrivateHost } from '../network/private-hosts.ts';
import type { NodeConfig } from './config.ts';
import { dataPaths } from './data-dir.ts';
import { readIdentity } from './identity-file.ts';
import { buildInfo } from './package-root.ts';

/** @throws {DataDirError} MALFORMED, or a system error when the identity can not be read. */
export async function hostOptions(config: NodeConfig): Promise<Omit<HostOptions, 'genesisHash' | 'logger'>> {
  const { p2pHost, p2pPort, p2pWsPort, announceAddresses, bootstrapPeers, maxPeers } = config;
  const { network, maxConnectionsPerIp } = config;
  const { outboundPeers, nat, relay, sentries, privatePeers } = config;
  const discovery = discoveryOf(config);
  const paths = dataPaths(config.dataDir);
  return {
    identitySeed: await readIdentity(paths.identity),
    version: buildInfo().version,
    listen: hostsOf(p2pHost).flatMap((host) => {
      const where = `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp`;
      return [`${where}/${p2pPort}`, `${where}/${p2pWsPort}/ws`];
    }),
    announce: announceAddresses,
    peers: isHidden(config) ? sentries : bootstrapPeers,
    hidden: isHidden(config),
    privatePeers,
    maxPeers,
    maxConnectionsPerIp: network === 'devnet' ? Number.POSITIVE_INFINITY : maxConnectionsPerIp,
    network: isPrivateNetwork(config) ? 'private' : 'public',
    discovery,
    outboundPeers,
    peerBook: discovery === 'off' ? undefined : paths.peerBook,
    nat,
    relay,
  };
}

/** Whether this node keeps to its sentries. */
export function isHidden({ sentries }: Pick<NodeConfig, 'sentries'>): boolean {
  return sentries.length > 0;
}

type Discovering = Pick<
  NodeConfig,
  'sentries' | 'discovery' | 'validatorKey' | 'validatorSigner' | 'bootstrapPeers' | 'announceAddresses'
>;

/** What `auto` means. A validator that has peers dials no strangers; what is announced is meant for others to come to. */
function discoveryOf(config: Discovering): HostOptions['discovery'] {
  const { discovery, validatorKey, validatorSigner, bootstrapPeers, announceAddresses } = config;
  if (isHidden(config)) return 'off';
  if (discovery !== 'auto') return discovery;
  const isValidator = (validatorKey ?? validatorSigner) !== undefined;
  if (isValidator && bootstrapPeers.length > 0) return 'off';
  return announceAddresses.length > 0 ? 'server' : 'auto';
}

/** A machine behind an address translation listens on a private address, and announces the public one. */
export function isPrivateNetwork(
  config: Pick<NodeConfig, 'privateNetwork' | 'p2pHost' | 'announceAddresses'>,
): boolean {
  const { privateNetwork, p2pHost, announceAddresses } = config;
  const announced = announceAddresses.map((address) => address.split('/')[2] ?? '');
  return privateNetwork ?? (announced.length > 0 ? announced : hostsOf(p2pHost)).some(isPrivateHost);
}

function hostsOf(p2pHost: string): string[] {
  return p2pHost.split(',').map((host) => host.trim());
}
