// What a multiaddr says: whose it is, where it leads, and which neighbourhood of the internet that is in; and which ones
// this node takes from strangers.

import { isIP } from 'node:net';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Component, type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { asError } from '../primitives/errors.ts';
import { NetworkError } from './errors.ts';
import { ipKey, neighbourhoodOf } from './ip.ts';
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

/** Whether the way leads through another peer. */
export function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name === 'p2p-circuit');
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

/** A way to a peer without relays, as strangers may tell of it. */
export interface DirectAddress {
  readonly host: string;
  readonly port: string;
  /** without the peer id; its text reads back as the same address */
  readonly way: Multiaddr;
  /** whom it leads to, if it says so */
  readonly peer: string | undefined;
}

/** What may be spoken at a TCP port: plain, or WebSocket without or with TLS, there perhaps under a name of its own. */
const OVER_TCP: ReadonlySet<string> = new Set(['', '/ws', '/wss', '/tls/ws', '/tls/sni/ws']);

/**
 * The shape of the addresses that this node takes from strangers, told here and nowhere else: `/<host>/tcp/<port>`, what is
 * spoken there, and perhaps `/p2p/<peer id>`. The library takes any bytes for a component: there may be a slash in one, and
 * the text of such an address is no address, or another.
 * @returns undefined for every other shape.
 */
export function directAddress(address: Multiaddr): DirectAddress | undefined {
  return directWay(address.getComponents());
}

/** Whether an address that a stranger tells is worth remembering: a direct one, or one through a relay at a direct one. */
export function isTakenFromStrangers(address: Multiaddr): boolean {
  const components = address.getComponents();
  const circuit = components.findIndex(({ name }) => name === 'p2p-circuit');
  if (circuit === -1) return directWay(components) !== undefined;
  const [named, ...rest] = components.slice(circuit + 1);
  const endsWell = rest.length === 0 && (named === undefined || peerIn(named) !== undefined);
  return endsWell && directWay(components.slice(0, circuit))?.peer !== undefined;
}

function directWay(components: readonly Component[]): DirectAddress | undefined {
  const [host, tcp, ...rest] = components;
  const last = rest.at(-1);
  const peer = last === undefined ? undefined : peerIn(last);
  const over = peer === undefined ? rest : rest.slice(0, -1);
  if (host?.value === undefined || tcp?.value === undefined || tcp.name !== 'tcp' || !isProperHost(host))
    return undefined;
  if (!OVER_TCP.has(over.map(({ name }) => `/${name}`).join(''))) return undefined;
  if (over.some(({ value }) => value !== undefined && !isDnsName(value))) return undefined;
  const spoken = over.map(({ name, value }) => (value === undefined ? `/${name}` : `/${name}/${value}`)).join('');
  const way = multiaddr(`/${host.name}/${host.value}/tcp/${tcp.value}${spoken}`);
  return { host: host.value, port: tcp.value, way, peer };
}

function peerIn({ name, value }: Component): string | undefined {
  if (name !== 'p2p' || value === undefined) return undefined;
  try {
    return peerIdFromString(value).toString();
  } catch {
    // bytes that are no peer id
    return undefined;
  }
}

/**
 * Why no other node would take an address that this one is to tell of itself, if so.
 * @param text a multiaddr, perhaps
 */
export function whyNotTold(text: string): string | undefined {
  let address: Multiaddr;
  try {
    address = multiaddr(text);
  } catch (error) {
    return `is no multiaddr (${asError(error).message})`;
  }
  const direct = directAddress(address);
  if (direct === undefined) return 'is of a shape that other nodes do not take';
  if (direct.peer !== undefined) return 'ends in a peer id, which the node adds itself';
  if (reachOf(address) === 'nowhere') return 'leads nowhere: others need the host and the port that they are to dial';
  return undefined;
}

/** Whether another machine could dial it: `private` from inside the same network only, `nowhere` not at all. */
export function reachOf(address: Multiaddr): 'public' | 'private' | 'nowhere' {
  const direct = directAddress(address);
  return direct === undefined || direct.port === '0' ? 'nowhere' : reachOfHost(direct.host);
}

function reachOfHost(host: string): 'public' | 'private' | 'nowhere' {
  if (isNowhere(host)) return 'nowhere';
  return isPrivateHost(host) ? 'private' : 'public';
}

/** A zone (`%eth0`) means something to one machine only, and an IP address is no name: its neighbourhood would be hidden. */
function isProperHost({ name, value = '' }: Component): boolean {
  if (!HOST_KINDS.has(name)) return false;
  if (name.startsWith('dns')) return isDnsName(value);
  return isIP(value) !== 0 && !value.includes('%');
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
 * labels of a DNS name. That of a relayed one is its relay's.
 * @returns undefined for a private one: there nothing can be told from the number.
 */
export function subnetOf(address: Multiaddr): string | undefined {
  const [first] = address.getComponents();
  const host = first !== undefined && isProperHost(first) ? first.value : undefined;
  if (host === undefined || reachOfHost(host) !== 'public') return undefined;
  const ip = ipKey(host);
  if (ip === undefined) return labelsOf(host).slice(-2).join('.');
  return neighbourhoodOf(ip);
}

/** Where somebody is who tells something: all who might be one operator get the same name. */
export function originOf(remote: Multiaddr): string {
  return subnetOf(remote) ?? hostOf(remote) ?? '';
}
