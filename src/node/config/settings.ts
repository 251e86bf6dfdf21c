// Every setting of a node by name: what it means and what may be written. Flags, environment names, the commented
// config file and `config show` come from this list; a setting that nothing reads has no place in it.
// No heavy import here, because `--help` prints it; types and defaults are in schema.ts.

import { DURATION_FORM, SIZE_FORM } from './units.ts';

export interface About {
  /** what may be written, for errors and help */
  readonly form: string;
  /** what it is for */
  readonly doc: string;
}

const PORT_FORM = 'a port from 0 to 65535 (0 takes any free port)';
const HOST_FORM = 'an address of this machine';

/** Key names are file names, so they must not wander off. */
export const KEY_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const NETWORK_NAME_FORM = 'lower-case letters, digits and -, at most 32 characters';
export const KEY_NAME_FORM = 'lower-case letters, digits, - and _, at most 64 characters';
/** Each peer costs file descriptors and copies of gossip. */
export const MAX_PEERS_LIMIT = 1000;
/** Far more than keep a node well connected: each of them could be somebody else's place. */
export const MAX_OUTBOUND_PEERS = 100;
/** One thread for each core is the most that helps; no machine in sight has more. */
export const MAX_VERIFIER_THREADS = 64;

/** An offer names so many at most. */
export const MAX_SNAPSHOTS = 8;

export const SETTINGS = {
  network: {
    form: NETWORK_NAME_FORM,
    doc: 'Which network: the name of a folder under networks/.',
  },
  dataDir: {
    form: 'a path',
    doc: 'Where this node keeps its keys, journal and database. Default: ~/.aitbc/<network>.',
  },
  genesisFile: {
    form: 'a path',
    doc: 'The genesis file. Default: genesis.json in the data directory, else that of the network.',
  },
  consensusMode: {
    form: 'poa, pos or hybrid',
    doc: 'Must equal the mode in genesis: says which kind of network is expected.',
  },
  blockTime: {
    form: `${DURATION_FORM}, from 1ms to 1h`,
    doc: 'The block time of a devnet that is created now; must match genesis everywhere else.',
  },
  validatorKey: {
    form: `the name of a key (${KEY_NAME_FORM}), or none`,
    doc: 'The key in <data dir>/keys with which this node validates. none: it only follows.',
  },
  validatorSigner: {
    form: 'unix: and the absolute path of a socket, like unix:/run/aitbc/signer.sock, or none',
    doc: 'The signer process that holds the validator key, instead of validator_key; needs validator_address.',
  },
  signerListen: {
    form: `${DURATION_FORM}, from 0ms to 10m`,
    doc: 'After a start the validator first listens for so long whether another copy of its key is at work.',
  },
  validatorAddress: {
    form: 'ait1… or 0x and 40 hex digits',
    doc: 'Must be the account for which the validator key validates: says which validator is expected.',
  },
  faucetKey: {
    form: `the name of a key (${KEY_NAME_FORM}), or none`,
    doc: 'The key in <data dir>/keys from which POST /rpc/faucet pays. none: no faucet.',
  },
  passphraseFile: {
    form: 'a path',
    doc: 'A file whose first line opens the encrypted keys of this node.',
  },
  rpcHost: {
    form: HOST_FORM,
    doc: 'Where RPC, WebSocket and metrics listen. 0.0.0.0 lets every machine in.',
  },
  rpcPort: { form: PORT_FORM, doc: 'REST, JSON-RPC, and WebSocket at /ws.' },
  wsPort: { form: PORT_FORM, doc: 'WebSocket alone.' },
  metricsPort: { form: PORT_FORM, doc: 'Prometheus metrics at /metrics.' },
  adminSocket: {
    form: 'a path of at most 103 bytes, or none',
    doc: 'The unix socket for `peers add`, `ban` and `unban`, or none. Default: admin.sock in the data directory.',
  },
  rpcTimeout: {
    form: `${DURATION_FORM}, from 100ms to 10m`,
    doc: 'The longest that a request waits for its answer (as with ?wait=finalized).',
  },
  p2pHost: {
    form: `${HOST_FORM}, or several with commas between them`,
    doc: 'Where other nodes reach this one. 0.0.0.0,:: is IPv4 and IPv6; 127.0.0.1 keeps to this machine.',
  },
  p2pPort: { form: PORT_FORM, doc: 'Other nodes, over TCP.' },
  p2pWsPort: { form: PORT_FORM, doc: 'Other nodes, over WebSocket.' },
  announceAddresses: {
    form: 'multiaddrs like /dns4/node.example/tcp/9000, with commas between them outside YAML: /ip4, /ip6, /dns, /dns4 or /dns6, then /tcp/<port>, then nothing or, for WebSocket, /ws, /wss, /tls/ws or /tls/sni/<name>/ws',
    doc: 'The addresses told to other nodes, where they are not those on which this one listens.',
  },
  bootstrapPeers: {
    form: 'multiaddrs like /dns4/node.example/tcp/9000/p2p/12D3Koo…, which may go on with /p2p-circuit/p2p/12D3Koo… (through a relay), with commas between them outside YAML',
    doc: 'The nodes to keep connected to, and to find others through.',
  },
  sentries: {
    form: 'multiaddrs like those of bootstrap_peers, without relays',
    doc: 'For a validator: full nodes of yours that have its peer id among their private_peers. It talks with them alone, in the place of bootstrap_peers: nobody else is let in, and nobody is told where it is.',
  },
  privatePeers: {
    form: 'peer ids like 12D3Koo…, with commas between them outside YAML',
    doc: 'For a sentry: the validators behind it. They are always let in and given every message, and no other node and no answer of RPC names them.',
  },
  maxPeers: {
    form: `a whole number from 1 to ${MAX_PEERS_LIMIT}`,
    doc: 'The most peers. Those of `bootstrap_peers`, and validators, are let in beyond it.',
  },
  maxConnectionsPerIp: {
    form: `a whole number from 1 to ${MAX_PEERS_LIMIT}`,
    doc: 'Connections that come from one IP address or IPv6 /64; a /48 has twice as many. Not counted on a devnet and from this machine.',
  },
  maxUploadPerPeer: {
    form: `${SIZE_FORM}, from 64KiB to 1GiB`,
    doc: 'Bytes a second that one peer gets in answer to what it asks, such as blocks to catch up with.',
  },
  discovery: {
    form: 'auto, server, client or off',
    doc: 'Finding other nodes. server: others find this one too; client: they do not; auto: off for a validator with bootstrap_peers, else server where others can reach it; off: only bootstrap_peers.',
  },
  outboundPeers: {
    form: `a whole number from 1 to ${MAX_OUTBOUND_PEERS}`,
    doc: 'How many of the nodes that it finds this one keeps connected to.',
  },
  privateNetwork: {
    form: 'true or false',
    doc: 'Whether the nodes of this network reach each other under private addresses (10.…, 192.168.…, 127.…). Default: true where p2p_host or an announced address is one.',
  },
  nat: {
    form: 'true or false',
    doc: 'Whether this node may be behind a home router: it asks the router for a port (UPnP) and is reached through relays. Not for validators.',
  },
  relay: {
    form: 'true or false',
    doc: 'Whether this node passes connections on to nodes behind home routers, within bounds.',
  },
  sync: {
    form: 'auto, snapshot or blocks',
    doc: 'How a node that is behind catches up. blocks: all of them, the whole history. snapshot: the state of a recent epoch first, then blocks; history begins there. auto: snapshot when more than 100,000 blocks behind, or when no peer has the next block any more.',
  },
  checkpoint: {
    form: 'the height and the hash of a final block, like 123456:0a1b… (64 hex digits), unsafe, or none',
    doc: 'A block that is known to be final from a source you trust. Needed on pos and hybrid to catch up when this node was away for more than two thirds of the unbonding period, or is new on a chain that is older. unsafe: catches up all the same, for networks in which everybody is known.',
  },
  keepSnapshots: {
    form: `a whole number from 0 to ${MAX_SNAPSHOTS}`,
    doc: 'Of how many epochs the last state is kept for others to begin from. Each takes the disk space of the state. 0: none.',
  },
  verifierThreads: {
    form: `a whole number from 1 to ${MAX_VERIFIER_THREADS}`,
    doc: 'Worker threads that check signatures.',
  },
  blockCacheSize: {
    form: `${SIZE_FORM}, from 1MiB to 64GiB`,
    doc: 'Memory for recently read parts of the database.',
  },
  logLevel: { form: 'trace, debug, info, warn, error, fatal, silent', doc: 'How much is logged.' },
} as const satisfies Record<string, About>;

export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** A relative path in a file is relative to that file's folder. */
export const PATH_SETTINGS: ReadonlySet<SettingName> = new Set([
  'dataDir',
  'genesisFile',
  'passphraseFile',
  'adminSocket',
]);
/** In place of the path of a socket: there is to be none. */
export const NO_SOCKET = 'none';
/** Where `none` means "not set", to undo what a weaker source says. */
export const NONE_SETTINGS: ReadonlySet<SettingName> = new Set([
  'validatorKey',
  'validatorSigner',
  'faucetKey',
  'checkpoint',
]);
/** Held in milliseconds. */
export const DURATION_SETTINGS: ReadonlySet<SettingName> = new Set(['blockTime', 'rpcTimeout', 'signerListen']);
/** Held in bytes. */
export const SIZE_SETTINGS: ReadonlySet<SettingName> = new Set(['blockCacheSize', 'maxUploadPerPeer']);
/** No two listeners of a node can share a port. */
export const PORT_SETTINGS = ['rpcPort', 'wsPort', 'metricsPort', 'p2pPort', 'p2pWsPort'] as const;

/** The name in a config file: `rpc_port`. */
export function fileKey(name: SettingName): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The name in the environment: `RPC_PORT`. */
export function environmentName(name: SettingName): string {
  return fileKey(name).toUpperCase();
}

/** The option of a command: `--rpc-port`. */
export function flagName(name: SettingName): string {
  return `--${fileKey(name).replaceAll('_', '-')}`;
}
