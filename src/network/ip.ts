// The IP address behind a connection, in the one form under which it is counted and banned.

import { isIP } from 'node:net';
import type { Multiaddr } from '@multiformats/multiaddr';

/**
 * The form in which an address is counted: IPv4 as it is, IPv6 by its first 64 bits, since whoever has one address of
 * such a network has all of them.
 * @returns undefined for what is no IP address, or one with a zone (`%eth0`), which means something to one machine only. `2001:db8::1` and `2001:db8::/64` give `2001:db8:0:0::/64`.
 */
export function ipKey(text: string): string | undefined {
  const ip = text.replace(/\/64$/, '');
  const family = ip.includes('%') ? 0 : isIP(ip);
  if (family === 4) return ip === text ? ip : undefined;
  if (family !== 6) return undefined;
  const embedded = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip);
  if (embedded !== null) {
    const [, front = '', ...bytes] = embedded;
    const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
    return ipKey(`${front}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`);
  }
  const [front = '', back] = ip.split('::', 2);
  const head = groups(front);
  const tail = groups(back ?? '');
  const missing = back === undefined ? 0 : 8 - head.length - tail.length;
  const all = [...head, ...Array<string>(missing).fill('0'), ...tail];
  return embeddedIp4(all) ?? `${all.slice(0, 4).join(':')}::/64`;
}

/** What `::ffff:192.0.2.7` leads to, however it is written. */
function embeddedIp4(all: readonly string[]): string | undefined {
  if (all.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return undefined;
  return all
    .slice(6)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 255])
    .join('.');
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16).toString(16));
}

/**
 * The part of the internet that one operator is likely to hold whole: IPv4 /24, IPv6 /48.
 * @param key as of `ipKey`; anything else is a neighbourhood of its own
 */
export function neighbourhoodOf(key: string): string {
  if (isIP(key) === 4) return key.split('.').slice(0, 3).join('.');
  return key.includes(':') ? key.split(':').slice(0, 3).join(':') : key;
}

/** Of the remote end of a connection; undefined for a name, and for one through a relay, whose address it would be. */
export function ipOf(address: Multiaddr): string | undefined {
  const components = address.getComponents();
  if (components.some(({ name }) => name === 'p2p-circuit')) return undefined;
  const [first] = components;
  return (first?.name === 'ip4' || first?.name === 'ip6') && first.value !== undefined ? ipKey(first.value) : undefined;
}

/**
 * The host behind a connection, for counting what it gets: its IPv4 address, its IPv6 /48, of which one customer may have
 * all, or that of the relay through which it comes.
 * @returns undefined for this machine itself
 */
export function hostBehind(address: Multiaddr): string | undefined {
  const [first] = address.getComponents();
  const ip = ipKey(first?.value ?? '');
  if (ip === undefined || isLoopback(ip)) return undefined;
  return isIP(ip) === 4 ? ip : neighbourhoodOf(ip);
}

/** Nothing but this machine comes from there: other nodes of a test, or a proxy that everybody comes through. */
export function isLoopback(key: string): boolean {
  return key === LOOPBACK_6 || key.startsWith('127.');
}

const LOOPBACK_6 = '0:0:0:0::/64';
