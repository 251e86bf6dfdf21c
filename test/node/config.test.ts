import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError, type ConfigProblem } from '../../src/node/config/errors.ts';
import { SettingsSchema } from '../../src/node/config/schema.ts';
import { environmentName, fileKey, flagName, SETTING_NAMES } from '../../src/node/config/settings.ts';
import { configTemplate } from '../../src/node/config/template.ts';
import { type ConfigInputs, loadConfig } from '../../src/node/config.ts';
import { isPrivateNetwork } from '../../src/node/host-options.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const config = suite('config');
const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN';

async function problemsOf(inputs: ConfigInputs): Promise<readonly ConfigProblem[]> {
  try {
    await loadConfig(inputs);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('expected a ConfigError');
}

/** Loads with a config file of this content, in a data directory of its own. */
async function withFile<T>(content: string, use: (file: string, directory: string) => Promise<T>): Promise<T> {
  return withTempDir(async (directory) => {
    const file = join(directory, 'config.yaml');
    await writeFile(file, content);
    return use(file, directory);
  });
}

config('has a default for everything a node needs', async () => {
  const { config: loaded } = await loadConfig({ flags: { dataDir: '/nowhere/at/all' } });
  assert.is(loaded.network, 'devnet');
  assert.is(loaded.rpcPort, 9080);
  assert.is(loaded.wsPort, 9081);
  assert.is(loaded.metricsPort, 9090);
  assert.is(loaded.p2pPort, 9000);
  assert.is(loaded.dataDir, '/nowhere/at/all');
  assert.match(loaded.genesisFile, /networks[/\\]devnet[/\\]genesis\.json$/);
});

config('keeps data under ~/.aitbc/<network> by default', async () => {
  const { config: loaded } = await loadConfig({ environment: { NETWORK: 'testnet' } });
  assert.is(loaded.dataDir, join(homedir(), '.aitbc', 'testnet'));
});

config('flags win over environment, that over file, that over the network, that over defaults', async () => {
  await withFile('rpc_port: 1\nws_port: 2\nmetrics_port: 3\n', async (file) => {
    const environment = { RPC_PORT: '11', WS_PORT: '12', UNRELATED: 'x' };
    const { config: loaded, sources } = await loadConfig({ file, environment, flags: { rpcPort: '21' } });
    assert.is(loaded.rpcPort, 21);
    assert.is(loaded.wsPort, 12);
    assert.is(loaded.metricsPort, 3);
    assert.is(loaded.p2pHost, '127.0.0.1', 'from networks/devnet/config.yaml');
    assert.is(loaded.p2pPort, 9000);
    assert.is(sources.rpcPort, '--rpc-port');
    assert.is(sources.wsPort, 'environment WS_PORT');
    assert.is(sources.metricsPort, `${file}:3`);
    assert.match(String(sources.p2pHost), /networks[/\\]devnet[/\\]config\.yaml:\d+$/);
    assert.is(sources.p2pPort, undefined);
  });
});

config('reads config.yaml of the data directory without being told', async () => {
  await withFile('max_peers: 7\n', async (file, directory) => {
    const loaded = await loadConfig({ flags: { dataDir: directory } });
    assert.is(loaded.config.maxPeers, 7);
    assert.is(loaded.file, file);
  });
});

config('takes the network from the file in the data directory', async () => {
  await withFile('network: testnet\n', async (_, directory) => {
    const { config: loaded } = await loadConfig({ flags: { dataDir: directory } });
    assert.is(loaded.network, 'testnet');
    assert.match(loaded.genesisFile, /testnet/);
  });
});

config('reads units', async () => {
  const environment = { BLOCK_TIME: '250ms', BLOCK_CACHE_SIZE: '64MiB', RPC_TIMEOUT: '2m' };
  const { config: loaded } = await loadConfig({ environment, flags: { dataDir: '/nowhere' } });
  assert.is(loaded.blockTime, 250);
  assert.is(loaded.blockCacheSize, 64 * 1024 * 1024);
  assert.is(loaded.rpcTimeout, 120_000);
});

config('reads true and false, and nothing that looks like them', async () => {
  await withFile('nat: true\nrelay: false\n', async (file) => {
    const { config: loaded } = await loadConfig({ file, environment: { RELAY: 'true' } });
    assert.is(loaded.nat, true);
    assert.is(loaded.relay, true);
    assert.is((await loadConfig({ file })).config.relay, false);
  });
  for (const NAT of ['yes', '1', 'True']) assert.is((await problemsOf({ environment: { NAT } }))[0]?.key, 'nat');
});

config('a network is private when the addresses of this node are', async () => {
  const isPrivate = async (environment: Record<string, string>) =>
    isPrivateNetwork((await loadConfig({ environment: { NETWORK: 'mynet', ...environment } })).config);
  assert.is(await isPrivate({}), false);
  assert.is(await isPrivate({ P2P_HOST: '127.0.0.1' }), true);
  assert.is(await isPrivate({ P2P_HOST: 'fd00::1' }), true);
  assert.is(await isPrivate({ P2P_HOST: '10.0.0.5', ANNOUNCE_ADDRESSES: '/ip4/8.8.8.8/tcp/9000' }), false);
  assert.is(await isPrivate({ ANNOUNCE_ADDRESSES: '/ip4/192.168.0.7/tcp/9000' }), true);
  assert.is(await isPrivate({ PRIVATE_NETWORK: 'true' }), true);
  assert.is(await isPrivate({ P2P_HOST: '127.0.0.1', PRIVATE_NETWORK: 'false' }), false);
  assert.is(await isPrivate({ NETWORK: 'devnet', P2P_HOST: '0.0.0.0' }), true);
});

config('takes a relative path from where it is written', async () => {
  await withFile('data_dir: data\ngenesis_file: ../g.json\n', async (file, directory) => {
    const { config: loaded } = await loadConfig({ file });
    assert.is(loaded.dataDir, join(directory, 'data'));
    assert.is(loaded.genesisFile, join(directory, '..', 'g.json'));
  });
});

config('a list is YAML in a file and has commas elsewhere', async () => {
  const peer = `/ip4/10.0.0.1/tcp/9000/p2p/${'1'.repeat(52)}`;
  const other = `/dns4/node.example/tcp/9001/ws/p2p/${'2'.repeat(52)}`;
  await withFile(`bootstrap_peers:\n  - ${peer}\n  - ${other}\n`, async (file) => {
    assert.equal((await loadConfig({ file })).config.bootstrapPeers, [peer, other]);
  });
  const environment = { BOOTSTRAP_PEERS: `${peer}, ${other}` };
  assert.equal((await loadConfig({ environment })).config.bootstrapPeers, [peer, other]);
});

config('addresses of other nodes may be IPv4, IPv6 or DNS names, over TCP or WebSocket', async () => {
  const id = `/p2p/${'1'.repeat(52)}`;
  const good = [
    '/ip4/8.8.8.8/tcp/1',
    '/ip6/2001:db8::1/tcp/1/ws',
    '/dns/a.b/tcp/1',
    '/dns4/a.b/tcp/443/wss',
    '/dns6/a.b/tcp/1/tls/ws',
  ];
  const environment = { BOOTSTRAP_PEERS: good.map((one) => one + id).join(), ANNOUNCE_ADDRESSES: good.join() };
  assert.is((await loadConfig({ environment })).config.bootstrapPeers.length, good.length);
  for (const bad of [
    '8.8.8.8:9000',
    '/ip4/8.8.8.8',
    '/ip4/8.8.8.8/udp/1',
    '/ip4/8.8.8.8/tcp/1',
    `/ip4/8.8.8.8/tcp/x${id}`,
  ]) {
    assert.is((await problemsOf({ environment: { BOOTSTRAP_PEERS: bad } }))[0]?.key, 'bootstrap_peers', bad);
  }
});

config("a peer may be named at a relay, a sentry may not: it is the operator's own", async () => {
  const id = `/p2p/${'1'.repeat(52)}`;
  const relayed = `/ip4/8.8.8.8/tcp/1${id}/p2p-circuit/p2p/${'2'.repeat(52)}`;
  assert.equal((await loadConfig({ environment: { BOOTSTRAP_PEERS: relayed } })).config.bootstrapPeers, [relayed]);
  for (const bad of [`/ip4/8.8.8.8/tcp/1/p2p-circuit${id}`, `/ip4/8.8.8.8/tcp/1${id}/p2p-circuit`]) {
    assert.is((await problemsOf({ environment: { BOOTSTRAP_PEERS: bad } }))[0]?.key, 'bootstrap_peers', bad);
  }
  assert.is((await problemsOf({ environment: { SENTRIES: relayed } }))[0]?.key, 'sentries');
});

config('an address that no other node would take is not announced, and the error says which are', async () => {
  const good = '/dns4/node.example/tcp/443/tls/sni/other.example/ws';
  assert.equal((await loadConfig({ environment: { ANNOUNCE_ADDRESSES: good } })).config.announceAddresses, [good]);
  const wrong: readonly (readonly [address: string, why: RegExp])[] = [
    ['/ip4/8.8.8.8/udp/9000/quic-v1', /shape/],
    ['/ip4/8.8.8.8', /shape/],
    ['/dnsaddr/node.example', /shape/],
    ['/dns4/8.8.8.8/tcp/9000', /shape/],
    ['/ip4/8.8.8.8/tcp/9000/tls', /shape/],
    [`/ip4/8.8.8.8/tcp/9000/p2p/${PEER}/p2p-circuit`, /shape/],
    [`/ip4/8.8.8.8/tcp/9000/p2p/${PEER}`, /adds itself/],
    ['/ip4/8.8.8.999/tcp/9000', /no multiaddr/],
    ['/ip4/8.8.8.8/tcp/65536', /no multiaddr/],
    ['/ip4/8.8.8.8/tcp/0', /nowhere/],
    ['/ip4/0.0.0.0/tcp/9000', /nowhere/],
  ];
  for (const [address, why] of wrong) {
    await withFile(`announce_addresses:\n  - ${good}\n  - ${address}\n`, async (file) => {
      const problems = await problemsOf({ file });
      assert.is(problems.length, 1, address);
      const { key, source, message = '' } = problems[0] ?? {};
      assert.is(key, 'announce_addresses');
      assert.is(source, `${file}:1`);
      assert.ok(message.startsWith(`${address} `), message);
      assert.match(message, why);
      assert.match(message, /Allowed: .*\/dns4\/node\.example\/tcp\/9000.*\/tls\/sni/);
    });
  }
  const environment = { ANNOUNCE_ADDRESSES: '/ip4/8.8.8.8,/ip4/8.8.4.4/udp/1', WS_PORT: '9080' };
  assert.is((await problemsOf({ environment })).length, 3, 'all at once');
});

config('none takes back what the network says', async () => {
  const flags = { dataDir: '/nowhere' };
  assert.is((await loadConfig({ flags })).config.validatorKey, 'validator');
  const { config: loaded } = await loadConfig({ flags, environment: { VALIDATOR_KEY: 'none' } });
  assert.is(loaded.validatorKey, undefined);
});

config('a variable that is set to nothing is not set', async () => {
  const { config: loaded } = await loadConfig({ environment: { RPC_PORT: '' }, flags: { dataDir: '/nowhere' } });
  assert.is(loaded.rpcPort, 9080);
});

config('an unknown key is named with its line and what was meant', async () => {
  await withFile('rpc_port: 9080\nrcp_host: 0.0.0.0\nzzzzzzzz: 1\n', async (file) => {
    const [first, second] = await problemsOf({ file });
    assert.is(first?.key, 'rcp_host');
    assert.is(first?.source, `${file}:2`);
    assert.match(String(first?.message), /Did you mean `rpc_host`/);
    assert.is(second?.source, `${file}:3`);
    assert.not.match(String(second?.message), /Did you mean/);
  });
});

const WRONG: readonly (readonly [environment: Record<string, string>, key: string, allowed: RegExp])[] = [
  [{ BLOCK_TIME: '5' }, 'block_time', /250ms or 1s/],
  [{ BLOCK_TIME: '1.5s' }, 'block_time', /whole number/],
  [{ BLOCK_TIME: '2 days' }, 'block_time', /ms, s, m or h/],
  [{ RPC_TIMEOUT: '0s' }, 'rpc_timeout', /from 100ms to 10m/],
  [{ BLOCK_CACHE_SIZE: '64MB' }, 'block_cache_size', /64MiB/],
  [{ RPC_PORT: '65536' }, 'rpc_port', /0 to 65535/],
  [{ RPC_PORT: '-1' }, 'rpc_port', /0 to 65535/],
  [{ RPC_PORT: '80a' }, 'rpc_port', /0 to 65535/],
  [{ MAX_PEERS: '0' }, 'max_peers', /1 to 1000/],
  [{ LOG_LEVEL: 'loud' }, 'log_level', /trace, debug, info/],
  [{ CONSENSUS_MODE: 'pow' }, 'consensus_mode', /poa/],
  [{ VALIDATOR_ADDRESS: 'ait1qqqq' }, 'validator_address', /40 hex digits/],
  [{ VALIDATOR_ADDRESS: '0x12' }, 'validator_address', /40 hex digits/],
  [{ VALIDATOR_KEY: '../../etc/passwd' }, 'validator_key', /name of a key/],
  [{ NETWORK: '../devnet' }, 'network', /lower-case/],
  [{ ANNOUNCE_ADDRESSES: 'node.example:9000' }, 'announce_addresses', /\/dns4\/node\.example\/tcp\/9000/],
  [{ BOOTSTRAP_PEERS: 'node.example:9000' }, 'bootstrap_peers', /multiaddr/],
  [{ BOOTSTRAP_PEERS: '/ip4/10.0.0.1/tcp/9000' }, 'bootstrap_peers', /p2p/],
];

for (const [environment, key, allowed] of WRONG) {
  config(`refuses ${JSON.stringify(environment)}`, async () => {
    const problems = await problemsOf({ environment });
    assert.is(problems.length, 1);
    const [problem] = problems;
    assert.is(problem?.key, key);
    assert.is(problem?.source, `environment ${Object.keys(environment)[0]}`);
    assert.match(String(problem?.message), allowed);
  });
}

config('reports everything that is wrong at once', async () => {
  const problems = await problemsOf({ environment: { RPC_PORT: 'x', MAX_PEERS: 'y' }, flags: { logLevel: 'z' } });
  assert.equal(problems.map(({ key }) => key).sort(), ['log_level', 'max_peers', 'rpc_port']);
});

config('two listeners can not share a port', async () => {
  const [problem] = await problemsOf({ environment: { WS_PORT: '9080' } });
  assert.is(problem?.key, 'ws_port');
  assert.match(String(problem?.message), /port 9080 is already that of rpc_port \(default\)/);
  const { config: loaded } = await loadConfig({ environment: { WS_PORT: '0', RPC_PORT: '0' } });
  assert.is(loaded.wsPort, 0);
});

for (const content of ['- a\n- b\n', 'just text\n', 'a: [1\n', 'rpc_port: 1\nrpc_port: 2\n']) {
  config(`refuses the file ${JSON.stringify(content)}`, async () => {
    await withFile(content, async (file) => {
      const [problem] = await problemsOf({ file });
      assert.is(problem?.key, 'config file');
      assert.ok(problem?.source?.startsWith(file));
    });
  });
}

config('a wrong type in a file is refused with its line', async () => {
  await withFile('network: devnet\nrpc_port: [1, 2]\n', async (file) => {
    const [problem] = await problemsOf({ file });
    assert.is(problem?.source, `${file}:2`);
    assert.match(String(problem?.message), /\[1,2\] is not allowed/);
  });
});

config('a config file that is asked for must be there', async () => {
  const [problem] = await problemsOf({ file: '/nowhere/config.yaml' });
  assert.match(String(problem?.message), /no file \/nowhere\/config\.yaml/);
});

config('an empty file sets nothing', async () => {
  for (const content of ['', '# nothing\n', '---\n']) {
    await withFile(content, async (file) => {
      assert.is((await loadConfig({ file })).config.rpcPort, 9080);
    });
  }
});

config('the commented file names every setting and sets what it is given', async () => {
  const text = configTemplate(['head'], { network: 'mynet', rpcPort: 1234, rpcTimeout: 90_000, dataDir: 'a: b #' });
  for (const name of SETTING_NAMES) assert.match(text, new RegExp(`^(# )?${fileKey(name)}:`, 'm'));
  await withFile(text, async (file, directory) => {
    const { config: loaded } = await loadConfig({ file });
    assert.is(loaded.network, 'mynet');
    assert.is(loaded.rpcPort, 1234);
    assert.is(loaded.rpcTimeout, 90_000);
    assert.is(loaded.dataDir, join(directory, 'a: b #'));
    assert.is(loaded.wsPort, 9081);
  });
});

config('uncommenting every default of the file changes nothing', async () => {
  const defaults = Object.keys(SettingsSchema.parse({})).map((name) => fileKey(name as never));
  const text = configTemplate([], {}).replace(/^# ([a-z0-9_]+):/gm, (line, key) =>
    defaults.includes(key) ? `${key}:` : line,
  );
  await withFile(text, async (file) => {
    const { config: loaded } = await loadConfig({ file });
    const expected: Record<string, unknown> = SettingsSchema.parse({});
    for (const [name, value] of Object.entries(expected)) assert.equal(loaded[name as keyof typeof loaded], value);
  });
});

config('every setting has the three spellings', () => {
  assert.is(fileKey('p2pWsPort'), 'p2p_ws_port');
  assert.is(environmentName('p2pWsPort'), 'P2P_WS_PORT');
  assert.is(flagName('p2pWsPort'), '--p2p-ws-port');
  assert.equal([...SETTING_NAMES].sort(), Object.keys(SettingsSchema.shape).sort());
});

config('the admin socket is beside the data, elsewhere, or nowhere', async () => {
  await withTempDir(async (directory) => {
    const socketOf = async (text: string) => {
      await writeFile(join(directory, 'config.yaml'), text);
      return (await loadConfig({ flags: { dataDir: directory } })).config.adminSocket;
    };
    assert.is(await socketOf(''), join(directory, 'admin.sock'));
    assert.is(await socketOf('admin_socket: door.sock'), join(directory, 'door.sock'));
    assert.is(await socketOf('admin_socket: none'), undefined);
  });
});

config.run();
