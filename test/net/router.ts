// A router as homes have them, between a network of private addresses and one public address (NAPT, RFC 4787 and 5382): a
// port of its own stands for each port inside, the same one whomever the packets go to, and the same number where that is
// free. From outside it passes only what answers: packets of those to whom the port inside has sent something, or to a
// port that was asked for (UPnP). It forgets nothing, since a test is over before a router would.

import { type Endpoint, type Flow, flowOf, setSource, setTarget } from './frames.ts';

/** A port of the router that passes everything on to one inside. */
export interface Forward {
  readonly protocol: number;
  readonly port: number;
  readonly to: Endpoint;
}

const FIRST_FREE_PORT = 1024;
const PORTS = 65_536;

export class Router {
  readonly #address: string;
  /** what stands for an end inside, by protocol and end */
  readonly #outside = new Map<string, number>();
  /** the same the other way, by protocol and port */
  readonly #inside = new Map<string, Endpoint>();
  /** by protocol and port, to whom something was sent from there */
  readonly #sentTo = new Map<string, Set<string>>();
  #forwards: readonly Forward[] = [];

  /** @param address the public one */
  constructor(address: string) {
    this.#address = address;
  }

  /** From now on these ports and no others pass on what nobody inside has asked for. */
  setForwards(forwards: readonly Forward[]): void {
    this.#forwards = forwards;
  }

  /** A packet from inside, which is rewritten. @returns whether it goes on. */
  leave(packet: Buffer): boolean {
    const flow = flowOf(packet);
    if (flow === undefined) return false;
    const port = this.#portFor(flow);
    const key = `${flow.protocol} ${port}`;
    const peers = this.#sentTo.get(key) ?? new Set();
    this.#sentTo.set(key, peers.add(nameOf(flow.to)));
    setSource(packet, { address: this.#address, port });
    return true;
  }

  /** A packet for the public address, which is rewritten. @returns whom it goes to inside; undefined for nobody. */
  enter(packet: Buffer): string | undefined {
    const flow = flowOf(packet);
    if (flow === undefined) return undefined;
    const { protocol, from, to } = flow;
    const key = `${protocol} ${to.port}`;
    const answered = this.#sentTo.get(key)?.has(nameOf(from)) ? this.#inside.get(key) : undefined;
    const inside = answered ?? this.#forwards.find((one) => one.protocol === protocol && one.port === to.port)?.to;
    if (inside !== undefined) setTarget(packet, inside);
    return inside?.address;
  }

  #portFor({ protocol, from }: Flow): number {
    const forward = this.#forwards.find((one) => one.protocol === protocol && nameOf(one.to) === nameOf(from));
    if (forward !== undefined) return forward.port;
    const key = `${protocol} ${nameOf(from)}`;
    const known = this.#outside.get(key);
    if (known !== undefined) return known;
    let port = from.port;
    while (!this.#isFree(protocol, port)) port = port + 1 < PORTS ? port + 1 : FIRST_FREE_PORT;
    this.#outside.set(key, port);
    this.#inside.set(`${protocol} ${port}`, from);
    return port;
  }

  #isFree(protocol: number, port: number): boolean {
    const isForward = this.#forwards.some((one) => one.protocol === protocol && one.port === port);
    return !isForward && !this.#inside.has(`${protocol} ${port}`);
  }
}

function nameOf({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}
