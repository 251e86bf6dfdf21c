// What a multiaddr says: whose it is, where it leads, and which neighbourhood of the internet that is in.

import { isIPv6 } from 'node:net';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { NetworkError } from './errors.ts';
import { isNowhere, isPrivateHost } from './private-hosts.ts';

export interface PeerAddress {
  readonly id: PeerId;
  readonly address: Multiaddr;
}

/** @throws {NetworkError} BAD_ADDRESS */
export function parseAddress(text: string): Multiaddr {
  try {
    return multiaddr(text);
  } catch (cause) {
    throw new NetworkError('BAD_ADDRESS', `not a multiaddr: ${text}`, { cause });
  }
}

/** @param text a multiaddr that ends in /p2p/<peer id>. @throws {NetworkError} BAD_ADDRESS */
export function parsePeerAddress(text: string): PeerAddress {
  const address = parseAddress(text);
  const id = peerOf(address);
  if (id === undefined) throw new NetworkError('BAD_ADDRESS', `a peer's address ends in /p2p/<peer id>: ${text}`);
  try {
    return { id: peerIdFromString(id), address };
  } catch (cause) {
    throw new NetworkError('BAD_ADDRESS', `not a peer id: ${id}`, { cause });
  }
}

/** The peer that an address leads to: the last one named in it. */
export function peerOf(address: Multiaddr): string | undefined {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value;
}

/** IP address or DNS name that is dialled first: for a relayed address, the relay's. */
export function hostOf(address: Multiaddr): string | undefined {
  const [first] = address.getComponents();
  return first !== undefined && HOST_KINDS.has(first.name) ? first.value : undefined;
}

const HOST_KINDS: ReadonlySet<string> = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6']);

/** Whether another machine could dial it: `private` from inside the same network only, `nowhere` not at all. */
export function reachOf(address: Multiaddr): 'public' | 'private' | 'nowhere' {
  const host = hostOf(address);
  const port = address.getComponents().find(({ name }) => name === 'tcp')?.value;
  if (host === undefined || port === undefined || port === '0' || isNowhere(host)) return 'nowhere';
  return isPrivateHost(host) ? 'private' : 'public';
}

export function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name === 'p2p-circuit');
}

/**
 * The neighbourhood of a public address, which one operator is likely to hold whole: IPv4 /24, IPv6 /48, the last two
 * labels of a DNS name.
 * @returns undefined for a private one: there nothing can be told from the number.
 */
export function subnetOf(address: Multiaddr): string | undefined {
  const host = hostOf(address);
  if (host === undefined || reachOf(address) !== 'public') return undefined;
  if (isIPv6(host)) return ip6Groups(host).slice(0, 3).join(':');
  return address.getComponents()[0]?.name === 'ip4'
    ? host.split('.').slice(0, 3).join('.')
    : host.toLowerCase().split('.').slice(-2).join('.');
}

/** The eight groups of an IPv6 address, without leading zeros. */
function ip6Groups(host: string): string[] {
  // a URL writes every form of the same address in the same way
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const before = head.split(':').filter((group) => group !== '');
  if (tail === undefined) return before;
  const after = tail.split(':').filter((group) => group !== '');
  return [...before, ...new Array<string>(8 - before.length - after.length).fill('0'), ...after];
}
