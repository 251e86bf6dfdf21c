// Which addresses mean something only inside somebody's own network. Must not load libp2p: the configuration asks too.

import { BlockList, isIP } from 'node:net';

const PRIVATE = blockList([
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // shared by the customers of one provider (RFC 6598)
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
]);

/** No node can be reached there: unspecified, multicast, reserved. */
const NOWHERE = blockList([
  ['0.0.0.0', 8],
  ['224.0.0.0', 3],
  ['::', 128],
  ['ff00::', 8],
]);

/** Names that a resolver never asks the public DNS about. */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal|lan|home\.arpa)\.?$/i;

/** @param host an IP address or a DNS name */
export function isPrivateHost(host: string): boolean {
  return isIP(host) === 0 ? PRIVATE_NAME.test(host) : contains(PRIVATE, host);
}

/** @param host an IP address or a DNS name */
export function isNowhere(host: string): boolean {
  return isIP(host) !== 0 && contains(NOWHERE, host);
}

function contains(list: BlockList, host: string): boolean {
  return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

function blockList(subnets: readonly (readonly [address: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
}
