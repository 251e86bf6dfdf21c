// Where names lead, found out before anybody is dialled: the gate judges the address that is dialled, and not a name which may
// lead into somebody's own network, to a banned host, or to the same host as a thousand others. Addresses of connections are
// numeric ones therefore, by which neighbourhoods are counted.

import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { MultiaddrResolveOptions, MultiaddrResolver } from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { asError } from '../primitives/errors.ts';
import { withDeadline } from './deadline.ts';

/** @returns the IP addresses of a name, of one family. Rejects when there are none. */
export type Lookup = (name: string, family: 4 | 6) => Promise<string[]>;

/** As other programs on this machine find them: hosts file, search domains. */
export const systemLookup: Lookup = async (name, family) =>
  (await lookup(name, { all: true, family })).map(({ address }) => address);

/** Of the DNS alone, without the few threads that the system's way has: names of strangers may be made to take long. */
export function dnsLookup(): Lookup {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 });
  return (name, family) => (family === 4 ? resolver.resolve4(name) : resolver.resolve6(name));
}

export interface NamesContext {
  /** whether the name may be asked for; what it leads to is judged when it is dialled */
  readonly isAllowed: (address: Multiaddr) => boolean;
  readonly lookup: (address: Multiaddr) => Lookup;
  readonly logger: Logger;
}

const FAMILIES: Readonly<Record<string, readonly (4 | 6)[]>> = { dns: [4, 6], dns4: [4], dns6: [6] };
const LOOKUP_TIMEOUT_MS = 3_000;
/** Names under way, of all dials; further ones are given up. */
const MAX_LOOKUPS = 32;
/** Of one name and family: one name is no reason to dial a hundred hosts. */
const MAX_ADDRESSES = 4;

export class Names implements MultiaddrResolver {
  readonly #c: NamesContext;
  #underway = 0;

  constructor(context: NamesContext) {
    this.#c = context;
  }

  canResolve(address: Multiaddr): boolean {
    return familiesOf(address) !== undefined;
  }

  /** @returns nothing for a name that leads nowhere: then another address of the peer may do. */
  async resolve(
    address: Multiaddr,
    { signal: parent = new AbortController().signal }: MultiaddrResolveOptions,
  ): Promise<Multiaddr[]> {
    const { isAllowed, logger } = this.#c;
    const name = address.getComponents()[0]?.value ?? '';
    if (this.#underway >= MAX_LOOKUPS || !isAllowed(address)) return [];
    this.#underway += 1;
    try {
      const found = await withDeadline(LOOKUP_TIMEOUT_MS, `the name ${name}`, parent, (signal) =>
        Promise.race([this.#find(address, name), rejectedBy(signal)]),
      );
      return found.map((ip) => numeric(address, name, ip));
    } catch (error) {
      logger.debug({ name, reason: asError(error).message }, 'a name leads nowhere');
      return [];
    } finally {
      this.#underway -= 1;
    }
  }

  async #find(address: Multiaddr, name: string): Promise<string[]> {
    const find = this.#c.lookup(address);
    const families = familiesOf(address) ?? [];
    const answers = await Promise.allSettled(families.map((family) => find(name, family)));
    const found = answers.flatMap((answer) =>
      answer.status === 'fulfilled' ? answer.value.slice(0, MAX_ADDRESSES) : [],
    );
    const failed = answers.find((answer) => answer.status === 'rejected');
    if (found.length === 0 && failed !== undefined) throw failed.reason;
    return found.filter((ip) => isIP(ip) !== 0 && !ip.includes('%'));
  }
}

function familiesOf(address: Multiaddr): readonly (4 | 6)[] | undefined {
  return FAMILIES[address.getComponents()[0]?.name ?? ''];
}

/** The same address with an IP address in the place of the name; over TLS the name still says whose certificate is meant. */
function numeric(address: Multiaddr, name: string, ip: string): Multiaddr {
  const [, ...rest] = address.getComponents();
  const named = rest.some((component) => component.name === 'sni');
  const parts = rest.flatMap((component) => {
    if (component.name === 'wss') return ['tls', 'sni', name, 'ws'];
    if (component.name === 'tls' && !named) return ['tls', 'sni', name];
    return component.value === undefined ? [component.name] : [component.name, component.value];
  });
  return multiaddr(`/ip${isIP(ip)}/${[ip, ...parts].join('/')}`);
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
