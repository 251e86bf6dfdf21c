// Finding home routers that open ports on request (UPnP internet gateway devices, versions 1 and 2): a call to everybody on
// the local network (SSDP), and the description that an answer leads to. Whoever is on that network may answer, so what is
// read is bounded, and leads nowhere but to the one who has answered.

import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPrivateHost } from './private-hosts.ts';
import { ask, elements } from './soap.ts';

/** A router, and how it is asked. */
export interface GatewayDescription {
  /** stays the same when the router starts again, perhaps with another `control` */
  readonly id: string;
  /** where it is asked to open ports */
  readonly control: URL;
  /** the service there, of which there are some versions */
  readonly service: string;
  /** this machine's address on the router's network */
  readonly ownAddress: string;
}

const CALLED = { address: '239.255.255.250', port: 1900 } as const;
/** Version 2 should answer to the name of version 1 as well, and does not always. */
const DEVICES = [1, 2].map((version) => `urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`);
const SERVICE = /^urn:schemas-upnp-org:service:WAN(?:IP|PPP)Connection:\d$/;
/** Of one search: homes have a router or two. */
const MAX_ANSWERS = 16;
/** As far as the rules let a call go, which is not out of a home. */
const HOPS = 2;

/** Calls out until `signal` aborts, and tells of each router as it is found. @param pause between two calls (ms) */
export async function* searchGateways(
  pause: number,
  signal: AbortSignal,
): AsyncGenerator<GatewayDescription, void, undefined> {
  const answers: Promise<GatewayDescription | undefined>[] = [];
  const locations = new Set<string>();
  const sockets = privateAddresses().map((ownAddress) =>
    openSocket(ownAddress, (message, sender) => {
      const location = locationIn(message, sender);
      if (location === undefined || locations.has(location.href) || locations.size >= MAX_ANSWERS) return;
      locations.add(location.href);
      // who does not describe itself is no router of use
      answers.push(describe(location, ownAddress, signal).catch(() => undefined));
    }),
  );
  try {
    for (let told = 0; !signal.aborted; ) {
      for (const socket of sockets) callOut(socket);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      for (; told < answers.length; told++) {
        const found = await answers[told];
        if (found !== undefined) yield found;
      }
    }
  } finally {
    for (const socket of sockets) socket.close();
  }
}

function privateAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all
    .filter(({ address, family, internal }) => family === 'IPv4' && !internal && isPrivateHost(address))
    .map(({ address }) => address);
}

function openSocket(address: string, onAnswer: (message: Buffer, sender: string) => void): Socket {
  const socket = createSocket('udp4');
  // an interface that has gone: the others may do
  socket.on('error', () => undefined);
  socket.on('message', (message, { address: sender }) => onAnswer(message, sender));
  socket.bind(0, address, () => socket.setMulticastTTL(HOPS));
  return socket;
}

function callOut(socket: Socket): void {
  for (const device of DEVICES) {
    const lines = ['M-SEARCH * HTTP/1.1', `HOST: ${CALLED.address}:${CALLED.port}`, 'MAN: "ssdp:discover"', 'MX: 1'];
    const message = [...lines, `ST: ${device}`, '', ''].join('\r\n');
    socket.send(message, CALLED.port, CALLED.address, () => undefined);
  }
}

/** @returns where the sender describes itself; undefined for who says nothing of the kind, or names somebody else. */
function locationIn(message: Buffer, sender: string): URL | undefined {
  const [status, ...headers] = message.toString().split(/\r?\n/);
  if (!/^HTTP\/1\.\d 200 /.test(status ?? '')) return undefined;
  const location = headers
    .find((header) => /^location:/i.test(header))
    ?.slice('location:'.length)
    .trim();
  const url = URL.canParse(location ?? '') ? new URL(location ?? '') : undefined;
  return url !== undefined && isAt(url, sender) && isPrivateHost(sender) ? url : undefined;
}

function isAt(url: URL, host: string): boolean {
  return url.protocol === 'http:' && url.hostname === host;
}

async function describe(
  location: URL,
  ownAddress: string,
  signal: AbortSignal,
): Promise<GatewayDescription | undefined> {
  const { text } = await ask(location, signal);
  const [base = location.href] = elements(text, 'URLBase');
  for (const service of elements(text, 'service')) {
    const [type = ''] = elements(service, 'serviceType');
    const [path = ''] = elements(service, 'controlURL');
    if (!SERVICE.test(type) || !URL.canParse(path, base)) continue;
    const control = new URL(path, base);
    if (!isAt(control, location.hostname)) continue;
    return { id: elements(text, 'UDN')[0] ?? location.hostname, control, service: type, ownAddress };
  }
  return undefined;
}
