// What a multiaddr says: whose it is, where it leads, and which neighbourhood of the internet that is in.

import { isIP } from 'node:net';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { NetworkError } from './errors.ts';
import { ipKey } from './ip.ts';
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

const MAX_NAME_CHARACTERS = 253;
const NAME_LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
/** A resolver takes `127.1`, `2130706433` and `0x7f000001` for IP addresses: no top level looks like that. */
const NUMBER = /^(?:[0-9]+|0x[0-9a-f]*)$/i;

/** Whether another machine could dial it: `private` from inside the same network only, `nowhere` not at all. */
export function reachOf(address: Multiaddr): 'public' | 'private' | 'nowhere' {
  const host = hostOf(address);
  const port = address.getComponents().find(({ name }) => name === 'tcp')?.value;
  if (host === undefined || port === undefined || port === '0') return 'nowhere';
  if (!isProperHost(address, host) || isNowhere(host)) return 'nowhere';
  return isPrivateHost(host) ? 'private' : 'public';
}

export function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name === 'p2p-circuit');
}

/** A zone (`%eth0`) means something to one machine only, and an IP address is no name: its neighbourhood would be hidden. */
function isProperHost(address: Multiaddr, host: string): boolean {
  if (address.getComponents()[0]?.name.startsWith('dns')) return isDnsName(host);
  return isIP(host) !== 0 && !host.includes('%');
}

function isDnsName(name: string): boolean {
  const labels = labelsOf(name);
  const last = labels.at(-1) ?? '';
  return name.length <= MAX_NAME_CHARACTERS && labels.every((label) => NAME_LABEL.test(label)) && !NUMBER.test(last);
}

/** Without the empty one of the root, if it is written. */
function labelsOf(name: string): string[] {
  return name.toLowerCase().replace(/\.$/, '').split('.');
}

/**
 * The neighbourhood of a public address, which one operator is likely to hold whole: IPv4 /24, IPv6 /48, the last two
 * labels of a DNS name.
 * @returns undefined for a private one: there nothing can be told from the number.
 */
export function subnetOf(address: Multiaddr): string | undefined {
  const host = hostOf(address);
  if (host === undefined || reachOf(address) !== 'public') return undefined;
  const ip = ipKey(host);
  if (ip === undefined) return labelsOf(host).slice(-2).join('.');
  return ip.includes(':') ? ip.split(':').slice(0, 3).join(':') : ip.split('.').slice(0, 3).join('.');
}
