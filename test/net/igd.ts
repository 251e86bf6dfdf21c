// A home router's UPnP, version 1, as most have it: a program on the router's host that answers calls for gateways (SSDP),
// describes itself, and opens and closes ports on request (SOAP). It is strict about what it is asked: only for ports of the
// machine that asks, with every argument as the rules want it. What it has opened it tells its parent, who makes it so.
//
//   igd.ts <address inside> <address outside>

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { TCP, UDP } from './frames.ts';
import type { Forward } from './router.ts';

const [inside, outside] = process.argv.slice(2) as [string, string];
const GROUP = '239.255.255.250';
const SSDP_PORT = 1900;
const HTTP_PORT = 5000;
const DEVICE = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1';
const SERVICE = 'urn:schemas-upnp-org:service:WANIPConnection:1';
const ID = 'uuid:5e1f0e3a-0000-4000-8000-000000000001';
const PROTOCOLS: Readonly<Record<string, number>> = { TCP, UDP };

class Fault extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const invalid = () => new Fault(402, 'Invalid Args');
let forwards: readonly Forward[] = [];

/** Resolves when packets pass as it says. */
async function setForwards(wanted: readonly Forward[]): Promise<void> {
  forwards = wanted;
  const done = once(process, 'message');
  process.send?.(forwards);
  await done;
}

type Arguments = (name: string) => string;

function portIn(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw invalid();
  return port;
}

function protocolIn(text: string): number {
  const protocol = PROTOCOLS[text];
  if (protocol === undefined) throw invalid();
  return protocol;
}

const ACTIONS: Readonly<Record<string, (argument: Arguments, client: string) => Promise<string>>> = {
  GetExternalIPAddress: async () => `<NewExternalIPAddress>${outside}</NewExternalIPAddress>`,

  async AddPortMapping(argument, client) {
    const to = { address: argument('NewInternalClient'), port: portIn(argument('NewInternalPort')) };
    const asked = { protocol: protocolIn(argument('NewProtocol')), port: portIn(argument('NewExternalPort')), to };
    if (argument('NewRemoteHost') !== '' || argument('NewEnabled') !== '1') throw invalid();
    if (!/^\d+$/.test(argument('NewLeaseDuration'))) throw invalid();
    if (to.address !== client) throw new Fault(606, 'Action not authorized');
    const others = forwards.filter((one) => one.port !== asked.port || one.protocol !== asked.protocol);
    const [same] = forwards.filter((one) => !others.includes(one));
    if (same !== undefined && same.to.address !== client) throw new Fault(718, 'ConflictInMappingEntry');
    await setForwards([...others, asked]);
    return '';
  },

  async DeletePortMapping(argument, client) {
    const [protocol, port] = [protocolIn(argument('NewProtocol')), portIn(argument('NewExternalPort'))];
    const gone = forwards.find((one) => one.protocol === protocol && one.port === port);
    if (gone === undefined) throw new Fault(714, 'NoSuchEntryInArray');
    if (gone.to.address !== client) throw new Fault(606, 'Action not authorized');
    await setForwards(forwards.filter((one) => one !== gone));
    return '';
  },
};

function envelope(body: string): string {
  return `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`;
}

async function answer(request: IncomingMessage): Promise<{ status: number; body: string }> {
  if (request.method === 'GET' && request.url === '/description.xml') return { status: 200, body: DESCRIPTION };
  if (request.method !== 'POST' || request.url !== '/control/connection') return { status: 404, body: '' };
  const text = (await request.toArray()).join('');
  const action = new RegExp(`^"${SERVICE}#(\\w+)"$`).exec(request.headers.soapaction?.toString() ?? '')?.[1] ?? '';
  const argument: Arguments = (name) => {
    const value = new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
    if (value === undefined) throw invalid();
    return value;
  };
  try {
    const act = ACTIONS[action];
    if (act === undefined) throw new Fault(401, 'Invalid Action');
    const values = await act(argument, request.socket.remoteAddress ?? '');
    return { status: 200, body: envelope(`<u:${action}Response xmlns:u="${SERVICE}">${values}</u:${action}Response>`) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const detail = `<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>${error.code}</errorCode><errorDescription>${error.message}</errorDescription></UPnPError>`;
    const fault = `<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>${detail}</detail></s:Fault>`;
    return { status: 500, body: envelope(fault) };
  }
}

function device(kind: string, inner: string): string {
  return `<device><deviceType>urn:schemas-upnp-org:device:${kind}:1</deviceType><UDN>${ID}</UDN>${inner}</device>`;
}

const CONNECTION = `<serviceList><service><serviceType>${SERVICE}</serviceType><serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId><SCPDURL>/connection.xml</SCPDURL><controlURL>/control/connection</controlURL><eventSubURL>/events/connection</eventSubURL></service></serviceList>`;
const WAN = device('WANDevice', `<deviceList>${device('WANConnectionDevice', CONNECTION)}</deviceList>`);
const DESCRIPTION = `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>${device('InternetGatewayDevice', `<deviceList>${WAN}</deviceList>`)}</root>`;

const server = createServer((request, response) => {
  answer(request).then(
    ({ status, body }) => response.writeHead(status, { 'content-type': 'text/xml; charset="utf-8"' }).end(body),
    () => response.writeHead(500).end(),
  );
});
const socket = createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (message, { address, port }) => {
  const lines = message.toString().split('\r\n');
  if (lines[0] !== 'M-SEARCH * HTTP/1.1' || !lines.includes('MAN: "ssdp:discover"')) return;
  if (!lines.includes(`ST: ${DEVICE}`)) return;
  const headers = [`ST: ${DEVICE}`, `USN: ${ID}::${DEVICE}`, 'EXT:', 'CACHE-CONTROL: max-age=120'];
  const location = `LOCATION: http://${inside}:${HTTP_PORT}/description.xml`;
  socket.send(['HTTP/1.1 200 OK', ...headers, location, '', ''].join('\r\n'), port, address);
});
process.on('disconnect', () => process.exit());
server.listen(HTTP_PORT, inside);
await once(server, 'listening');
socket.bind(SSDP_PORT, () => {
  socket.addMembership(GROUP, inside);
  process.send?.(forwards);
});
