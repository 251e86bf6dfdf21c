import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CliError } from '../../src/cli/errors.ts';
import { RpcClient } from '../../src/cli/rpc-client.ts';

const client = suite('rpc client');

client('does not wait longer than it may', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await new RpcClient({ url, timeoutMs: 50 }).get('rpc/get_head');
    assert.unreachable();
  } catch (error) {
    assert.instance(error, CliError);
    assert.is((error as CliError).exit, 'timeout');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

client('keeps the path of a node behind a proxy', async () => {
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new RpcClient({ url: `http://127.0.0.1:${port}/node` }).get('rpc/get_head');
  server.closeAllConnections();
  server.close();
  assert.equal(paths, ['/node/rpc/get_head']);
});

client.run();
