// Asking a router for ports: a server on this machine answers as routers do. That one is found, and that packets come
// through its port, is tested with hosts (test/net/nat.test.ts).

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Gateway } from '../../src/network/gateway.ts';
import { elements } from '../../src/network/soap.ts';

const SERVICE = 'urn:schemas-upnp-org:service:WANIPConnection:1';
const ADDRESS =
  '<u:GetExternalIPAddressResponse><NewExternalIPAddress>84.10.1.1</NewExternalIPAddress></u:GetExternalIPAddressResponse>';

interface Asked {
  readonly action: string;
  /** outer port, lease */
  readonly values: string[];
}

const gateways = suite('network: routers that open ports');
let server: Server | undefined;

gateways.after.each(() => {
  server?.closeAllConnections();
  server?.close();
});

/** @param answer undefined for success, or the code of a fault */
async function routerThat(answer: (asked: Asked) => number | undefined | string) {
  const log: Asked[] = [];
  server = createServer(async (request, response) => {
    const body = (await request.toArray()).join('');
    const [, action = ''] = (request.headers.soapaction?.toString() ?? '').replaceAll('"', '').split('#');
    const names = ['NewExternalPort', 'NewProtocol', 'NewInternalPort', 'NewInternalClient', 'NewLeaseDuration'];
    const asked = { action, values: names.flatMap((name) => elements(body, name)) };
    log.push(asked);
    const result = answer(asked);
    if (typeof result === 'number') {
      response
        .writeHead(500)
        .end(`<s:Fault><errorCode>${result}</errorCode><errorDescription>No</errorDescription></s:Fault>`);
    } else response.end(result ?? ADDRESS);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const control = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/control`);
  const description = { id: 'router', control, service: SERVICE, ownAddress: '192.168.1.2' };
  const gateway = new Gateway(description, pino({ level: 'silent' }), () => 0.5);
  return { gateway, log };
}

gateways('a port is asked for, told, and given back as it was given', async () => {
  const { gateway, log } = await routerThat(() => undefined);
  assert.equal(await gateway.map(9000, '192.168.1.2'), {
    externalHost: '84.10.1.1',
    externalPort: 9000,
    internalHost: '192.168.1.2',
    internalPort: 9000,
    protocol: 'TCP',
  });
  await gateway.stop();
  await gateway.stop();
  assert.equal(log, [
    { action: 'AddPortMapping', values: ['9000', 'TCP', '9000', '192.168.1.2', '3600'] },
    { action: 'GetExternalIPAddress', values: [] },
    { action: 'DeletePortMapping', values: ['9000', 'TCP'] },
  ]);
});

gateways('another port is taken where a neighbour has it, and that one is given back', async () => {
  const { gateway, log } = await routerThat(({ action, values }) =>
    action === 'AddPortMapping' && values[0] === '9000' ? 718 : undefined,
  );
  const { externalPort } = await gateway.map(9000, '192.168.1.2');
  assert.is(externalPort, 25_000);
  await gateway.stop();
  assert.equal(log.at(-1), { action: 'DeletePortMapping', values: ['25000', 'TCP'] });
});

gateways('a router that gives ports for ever only is asked for one', async () => {
  const { gateway, log } = await routerThat(({ values }) => (values[4] === '3600' ? 725 : undefined));
  await gateway.map(9000, '192.168.1.2');
  assert.equal(log[1]?.values.at(-1), '0');
  await gateway.stop();
});

gateways('what the router refuses, or can not do, is an error that says so', async () => {
  const { gateway } = await routerThat(({ action }) =>
    action === 'AddPortMapping' ? 606 : '<NewExternalIPAddress>not.an.address</NewExternalIPAddress>',
  );
  await rejects(gateway.map(9000, '192.168.1.2'), /refuses AddPortMapping: No \(606\)/);
  await rejects(gateway.map(9000, '172.17.0.1'), /knows this machine as 192.168.1.2/);
  await rejects(gateway.externalIp(), /its address is not.an.address/);
});

gateways('a port that every neighbour has is not asked for without end', async () => {
  const { gateway, log } = await routerThat(() => 718);
  await rejects(gateway.map(9000, '192.168.1.2'), /718/);
  assert.is(log.length, 4);
});

gateways('an answer without end is not read to its end', async () => {
  const { gateway } = await routerThat(() => 'x'.repeat(1_000_000));
  await rejects(gateway.externalIp(), /answers without end/);
});

gateways('elements are read whatever their namespace, and none that does not end', () => {
  const xml = '<a><b:port x="1">1</b:port><port>2&amp;3</port><other>4</other><port>5</a>';
  assert.equal(elements(xml, 'port'), ['1', '2&3']);
  assert.equal(elements(xml, 'nothing'), []);
});

async function rejects(promise: Promise<unknown>, pattern: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: Error) => reason,
  );
  assert.match(error?.message ?? 'nothing was thrown', pattern);
}

gateways.run();
