// Where the hosts of a test are, on its internet or in homes behind routers, and how a packet gets from one to another.

import { destination, destinationAddress, setDestination } from './frames.ts';
import { type Forward, Router } from './router.ts';

export type Site =
  | { readonly kind: 'public'; readonly address: string }
  /** a home's router. What it does for those behind it the switch does; the host is what answers at the address inside */
  | { readonly kind: 'router'; readonly address: string; readonly outside: string }
  /** behind the router that is this host, from 0 */
  | { readonly kind: 'home'; readonly address: string; readonly router: number };

/** The address that others reach it at, where they do. */
export function outsideAddress(site: Site): string {
  return site.kind === 'router' ? site.outside : site.address;
}

/** Hosts are numbered from 1, in the order of their sites. */
export class Wires {
  readonly #sites: readonly Site[];
  readonly #routers = new Map<number, Router>();
  /** hosts and routers, by public address */
  readonly #internet = new Map<string, number>();

  constructor(sites: readonly Site[]) {
    this.#sites = sites;
    for (const [index, site] of sites.entries()) {
      if (site.kind === 'home') continue;
      this.#internet.set(outsideAddress(site), index + 1);
      if (site.kind === 'router') this.#routers.set(index + 1, new Router(site.outside));
    }
  }

  /** @param forwards all of each router's, by its number */
  setForwards(forwards: Readonly<Record<string, readonly Forward[]>>): void {
    for (const [number, router] of this.#routers) router.setForwards(forwards[number] ?? []);
  }

  /** A packet that host `from` has sent, which routers rewrite. @returns who gets it; undefined for nobody. */
  route(packet: Buffer, from: number): number | undefined {
    const to = destination(packet);
    const sender = this.#site(from);
    if (to === undefined || sender === undefined) return undefined;
    if (sender.kind === 'public') return this.#arrive(packet, to);
    if (sender.kind === 'router') return this.#isBehind(to, from) ? to : undefined;
    const address = destinationAddress(packet);
    const router = sender.router + 1;
    if (address === this.#site(router)?.address || isMulticast(address)) return router;
    if (this.#routers.get(router)?.leave(packet) !== true) return undefined;
    const next = this.#internet.get(address);
    // nor does a home's router turn packets round that are for its own public address
    return next === undefined || next === router ? undefined : this.#arrive(packet, next);
  }

  /** On the internet, at a host or a router. */
  #arrive(packet: Buffer, at: number): number | undefined {
    const site = this.#site(at);
    if (site === undefined || site.kind === 'home') return undefined;
    const inside = this.#routers.get(at)?.enter(packet);
    const to = site.kind === 'public' ? at : this.#hostBehind(at, inside);
    if (to !== undefined) setDestination(packet, to);
    return to;
  }

  #hostBehind(router: number, address: string | undefined): number | undefined {
    const index = this.#sites.findIndex((site, at) => this.#isBehind(at + 1, router) && site.address === address);
    return index === -1 ? undefined : index + 1;
  }

  #isBehind(host: number, router: number): boolean {
    const site = this.#site(host);
    return site?.kind === 'home' && site.router + 1 === router;
  }

  #site(host: number): Site | undefined {
    return this.#sites[host - 1];
  }
}

function isMulticast(address: string): boolean {
  return Number(address.split('.')[0]) >= 224;
}
