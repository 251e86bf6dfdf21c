// A home router that opens ports to this machine on request (UPnP), in the place of the library's client: that one knows
// routers of version 2 only, which most are not, gives ports back in a way that the rules do not allow, and asks for
// addresses of this machine that the router does not know.

import { isIPv4 } from 'node:net';
import type { UPnPNATClient } from '@libp2p/upnp-nat';
import type { Logger } from 'pino';
import { asError } from '../primitives/errors.ts';
import { NetworkError } from './errors.ts';
import { type GatewayDescription, searchGateways } from './gateway-search.ts';
import { call, elements, SoapFault } from './soap.ts';

type LibraryGateway = Awaited<ReturnType<UPnPNATClient['getGateway']>>;
type PortMapping = Awaited<ReturnType<LibraryGateway['map']>>;
interface Waiting {
  readonly signal?: AbortSignal | undefined;
}

/** A port stays open for so long after this node has died, and is asked for again in half the time. */
const LEASE_SECONDS = 3_600;
const RENEW_MS = (LEASE_SECONDS * 1_000) / 2;
/** What routers say that give ports for ever only, */
const ONLY_FOR_EVER = 725;
/** and when another machine has the port. */
const TAKEN = 718;
/** Ports above those that systems use by themselves are asked for in its place. */
const OTHER_PORTS = { first: 20_000, count: 10_000 } as const;
const ATTEMPTS = 4;
/** A home has one or two; each is asked for its address again and again. */
const MAX_GATEWAYS = 4;
/** Calls for routers are datagrams, which get lost. */
const CALL_AGAIN_MS = 1_000;
const NEVER = new AbortController().signal;

/** Finds routers for the library. @param random between 0 and 1 */
export function gatewayClient(logger: Logger, random: () => number): UPnPNATClient {
  const known = new Map<string, Gateway>();
  return {
    async *findGateways({ signal = NEVER, searchInterval = CALL_AGAIN_MS } = {}) {
      for await (const description of searchGateways(searchInterval, signal)) {
        const gateway = known.get(description.id) ?? new Gateway(description, logger, random);
        gateway.description = description;
        if (!known.has(gateway.id) && known.size >= MAX_GATEWAYS) continue;
        known.set(gateway.id, gateway);
        yield gateway;
      }
    },
    getGateway: () => Promise.reject(new Error('routers are found, not named')),
  };
}

/** Ports of this machine for TCP, by the ports of the router that stand for them. */
export class Gateway implements LibraryGateway {
  readonly family = 'IPv4';
  /** as it was found last */
  description: GatewayDescription;
  readonly #logger: Logger;
  readonly #random: () => number;
  readonly #ports = new Map<number, number>();
  #lease = LEASE_SECONDS;
  #timer: NodeJS.Timeout | undefined;

  constructor(description: GatewayDescription, logger: Logger, random: () => number) {
    this.description = description;
    this.#logger = logger;
    this.#random = random;
  }

  get id(): string {
    return this.description.id;
  }

  get host(): string {
    return this.description.control.hostname;
  }

  get port(): number {
    return Number(this.description.control.port || 80);
  }

  /** @throws {SoapFault} @throws {NetworkError} */
  async externalIp({ signal }: Waiting = {}): Promise<string> {
    const [address = ''] = elements(await this.#call('GetExternalIPAddress', {}, signal), 'NewExternalIPAddress');
    if (!isIPv4(address)) throw new NetworkError('BAD_ADDRESS', `the router says that its address is ${address}`);
    return address;
  }

  /** @param internalHost an address of this machine. @throws {SoapFault} @throws {NetworkError} */
  async map(internalPort: number, internalHost: string, { signal }: Waiting = {}): Promise<PortMapping> {
    const { ownAddress } = this.description;
    if (internalHost !== ownAddress) {
      throw new NetworkError('BAD_ADDRESS', `the router knows this machine as ${ownAddress}, not as ${internalHost}`);
    }
    const externalPort = await this.#open(internalPort, signal);
    this.#ports.set(internalPort, externalPort);
    this.#timer ??= setInterval(() => void this.#renew(), RENEW_MS).unref();
    const externalHost = await this.externalIp({ signal });
    this.#logger.info({ externalHost, externalPort, internalHost, internalPort }, 'the router has opened a port');
    return { externalHost, externalPort, internalHost, internalPort, protocol: 'TCP' };
  }

  async *mapAll(internalPort: number, options: Waiting = {}): AsyncGenerator<PortMapping, void, undefined> {
    yield await this.map(internalPort, this.description.ownAddress, options);
  }

  async unmap(internalPort: number, { signal }: Waiting = {}): Promise<void> {
    const externalPort = this.#ports.get(internalPort);
    if (externalPort === undefined) return;
    this.#ports.delete(internalPort);
    const values = { NewRemoteHost: '', NewExternalPort: externalPort, NewProtocol: 'TCP' };
    await this.#call('DeletePortMapping', values, signal);
  }

  /** Gives back all ports. */
  async stop({ signal }: Waiting = {}): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await Promise.all([...this.#ports.keys()].map((port) => this.unmap(port, { signal })));
  }

  /** @returns the router's port */
  async #open(internalPort: number, signal: AbortSignal | undefined): Promise<number> {
    let externalPort = this.#ports.get(internalPort) ?? internalPort;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#ask(internalPort, externalPort, signal);
        return externalPort;
      } catch (error) {
        if (!(error instanceof SoapFault) || attempt === ATTEMPTS) throw error;
        if (error.code === ONLY_FOR_EVER) this.#lease = 0;
        else if (error.code === TAKEN) externalPort = this.#anyPort();
        else throw error;
      }
    }
  }

  #anyPort(): number {
    return OTHER_PORTS.first + Math.floor(this.#random() * OTHER_PORTS.count);
  }

  async #ask(internalPort: number, externalPort: number, signal: AbortSignal | undefined): Promise<void> {
    const values = {
      NewRemoteHost: '',
      NewExternalPort: externalPort,
      NewProtocol: 'TCP',
      NewInternalPort: internalPort,
      NewInternalClient: this.description.ownAddress,
      NewEnabled: 1,
      NewPortMappingDescription: 'aitbc-node',
      NewLeaseDuration: this.#lease,
    };
    await this.#call('AddPortMapping', values, signal);
  }

  /** A router that has started again has forgotten them. Another port than before would not be the one that was told. */
  async #renew(): Promise<void> {
    for (const [internalPort, externalPort] of this.#ports) {
      try {
        await this.#ask(internalPort, externalPort, undefined);
      } catch (error) {
        const reason = asError(error).message;
        this.#logger.warn({ externalPort, reason }, 'the router does not keep a port open any longer');
      }
    }
  }

  #call(action: string, values: Readonly<Record<string, string | number>>, signal = NEVER): Promise<string> {
    const { control, service } = this.description;
    return call(control, service, action, values, signal);
  }
}
