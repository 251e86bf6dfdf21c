// Hosts on one machine: a network namespace for each, with two interfaces. Over one the test manages it and asks its RPC,
// always; the other is the internet of the test, on which every packet passes the switch. All of it lives in the namespaces
// into which namespaces.ts has put the test, and ends with them.

import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withTimeout } from '../helpers/timeout.ts';
import { GOOD_LINK, type Link } from './links.ts';
import { PREPARE } from './namespaces.ts';
import type { Forward } from './router.ts';
import type { Counts, Order } from './switch.ts';
import { outsideAddress, type Site } from './wires.ts';

/** A private network that leads nowhere, as many machines have one more. */
const MANAGEMENT = '10.255.0';
const TEST_HOST = `${MANAGEMENT}.254`;
const VXLAN_PORT = 4789;
/** What fits into the management network's packets together with the headers of VXLAN. */
const MTU = 1400;
const ORDER_MS = 10_000;

export class Hosts {
  readonly #sites: readonly Site[];
  readonly #switch: ChildProcess;
  readonly #links = new Map<string, Link>();
  readonly #forwards = new Map<number, readonly Forward[]>();

  private constructor(sites: readonly Site[], process: ChildProcess) {
    this.#sites = sites;
    this.#switch = process;
  }

  /** Once per process. @param seed draws what is lost and how late packets are */
  static async create(sites: readonly Site[], seed: number): Promise<Hosts> {
    execFileSync('sh', ['-c', PREPARE]);
    ip('link set lo up');
    ip('link add bridge type bridge');
    ip(`address add ${TEST_HOST}/24 dev bridge`);
    ip('link set bridge up');
    for (const [host, site] of sites.entries()) addHost(host, site, sites);
    const child = fork(fileURLToPath(new URL('switch.ts', import.meta.url)), [
      TEST_HOST,
      String(VXLAN_PORT),
      String(seed),
      JSON.stringify(sites),
    ]);
    const hosts = new Hosts(sites, child);
    await hosts.#answer();
    return hosts;
  }

  /** Where the test reaches what listens on a host, whatever becomes of the links. @param host from 0 */
  managementAddress(host: number): string {
    return `${MANAGEMENT}.${host + 1}`;
  }

  /** Its own. */
  address(host: number): string {
    return this.#site(host).address;
  }

  /** At which others see it. */
  publicAddress(host: number): string {
    const site = this.#site(host);
    return site.kind === 'home' ? this.publicAddress(site.router) : outsideAddress(site);
  }

  /** Runs the command that follows it on the host. */
  runner(host: number): readonly string[] {
    return ['ip', 'netns', 'exec', nameOf(host)];
  }

  /** Every way between the hosts of `from` and those of `to`, in this direction only. */
  async setOneWay(from: readonly number[], to: readonly number[], change: Partial<Link>): Promise<void> {
    this.#change(from, to, change);
    await this.#tell();
  }

  /** Every way between the hosts of `some` and those of `others`, in both directions. */
  async set(some: readonly number[], others: readonly number[], change: Partial<Link>): Promise<void> {
    this.#change(some, others, change);
    this.#change(others, some, change);
    await this.#tell();
  }

  /** All links alike. @returns what became of the packets since the links were last changed. */
  setAll(link: Partial<Link>): Promise<Counts> {
    this.#links.clear();
    const all = [...this.#sites.keys()];
    this.#change(all, all, link);
    return this.#tell();
  }

  /** Ports of a router that pass on to those behind it, all of them. */
  async setForwards(router: number, forwards: readonly Forward[]): Promise<void> {
    this.#forwards.set(router + 1, forwards);
    await this.#tell();
  }

  close(): void {
    this.#switch.disconnect();
  }

  #change(from: readonly number[], to: readonly number[], change: Partial<Link>): void {
    for (const a of from) {
      for (const b of to) {
        const name = `${a + 1}-${b + 1}`;
        if (a !== b) this.#links.set(name, { ...(this.#links.get(name) ?? GOOD_LINK), ...change });
      }
    }
  }

  #site(host: number): Site {
    const site = this.#sites[host];
    if (site === undefined) throw new RangeError(`no host ${host}`);
    return site;
  }

  #tell(): Promise<Counts> {
    const answer = this.#answer();
    const [links, forwards] = [Object.fromEntries(this.#links), Object.fromEntries(this.#forwards)];
    this.#switch.send({ links, forwards } satisfies Order);
    return answer;
  }

  #answer(): Promise<Counts> {
    const answer = new Promise<Counts>((resolve) => {
      this.#switch.once('message', (counts) => resolve(counts as Counts));
    });
    return withTimeout(answer, ORDER_MS, 'the switch answers');
  }
}

function addHost(host: number, site: Site, sites: readonly Site[]): void {
  const name = nameOf(host);
  const address = `${MANAGEMENT}.${host + 1}`;
  ip(`netns add ${name}`);
  ip(`link add wire-${host} type veth peer name manage netns ${name}`);
  ip(`link set wire-${host} master bridge up`);
  // This network leads to the test and to the switch, and to no other host.
  ip(`link set wire-${host} type bridge_slave isolated on`);
  ip(`-n ${name} link set lo up`);
  ip(`-n ${name} address add ${address}/24 dev manage`);
  ip(`-n ${name} link set manage up`);
  ip(
    `-n ${name} link add p2p address ${hardwareAddress(host)} type vxlan id 1 local ${address} remote ${TEST_HOST} dstport ${VXLAN_PORT} nolearning`,
  );
  // Packets as they would be on a wire, not a bundle of them in one.
  ip(`-n ${name} link set p2p mtu ${MTU} gso_max_segs 1 up`);
  ip(`-n ${name} address add ${site.address}/${site.kind === 'public' ? 32 : 24} dev p2p`);
  if (site.kind === 'public') ip(`-n ${name} route add default dev p2p`);
  if (site.kind === 'home') ip(`-n ${name} route add default via ${sites[site.router]?.address} dev p2p`);
  // Known from the start, so that a host which is cut off is silent and not unreachable, as on the internet.
  for (const [other, address] of neighbours(host, site, sites)) {
    ip(`-n ${name} neighbour add ${address} lladdr ${hardwareAddress(other)} dev p2p nud permanent`);
  }
}

/** Whom a host sends frames to, and at which addresses: on the internet everybody, at home the router or those behind it. */
function neighbours(host: number, site: Site, sites: readonly Site[]): (readonly [host: number, address: string])[] {
  return [...sites.entries()].flatMap(([other, it]) => {
    if (other === host) return [];
    if (site.kind === 'public') return it.kind === 'home' ? [] : [[other, outsideAddress(it)] as const];
    const isSameHome = site.kind === 'home' ? other === site.router : it.kind === 'home' && it.router === host;
    return isSameHome ? [[other, it.address] as const] : [];
  });
}

function ip(command: string): void {
  execFileSync('ip', command.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });
}

function nameOf(host: number): string {
  return `host-${host}`;
}

/** The switch looks at the last byte. */
function hardwareAddress(host: number): string {
  return `02:00:00:00:00:${(host + 1).toString(16).padStart(2, '0')}`;
}
