// The one schema of the settings: types, bounds and defaults. Input is what a flag, an environment variable or
// YAML gives: text, a number or a list. What each setting is for stands in settings.ts.

import { z } from 'zod';
import { AddressError, parseAddress } from '../../primitives/address.ts';
import { CONSENSUS_MODES } from '../../primitives/genesis.ts';
import { LOG_LEVELS } from '../../telemetry/logger.ts';
import {
  KEY_NAME,
  MAX_OUTBOUND_PEERS,
  MAX_PEERS_LIMIT,
  MAX_SNAPSHOTS,
  MAX_VERIFIER_THREADS,
  type SettingName,
} from './settings.ts';
import { parseDuration, parseSize } from './units.ts';

const HOUR_MS = 3_600_000;
/** A waiting request holds a connection for this long at most. */
const MAX_RPC_TIMEOUT_MS = HOUR_MS / 6;
/** Longer than this, a validator that restarts every day would miss too much. */
const MAX_SIGNER_LISTEN_MS = HOUR_MS / 6;
const MEBIBYTE = 1024 ** 2;
const MAX_CACHE_BYTES = 64 * 1024 * MEBIBYTE;
/** More addresses than this in one setting are a mistake. */
const MAX_LIST_LENGTH = 256;

/** Judged further by the network, which knows the shapes: see config/announced.ts. */
const MULTIADDR = /^\/\S+$/;
const PEER_MULTIADDR =
  /^\/(?:ip4|ip6|dns|dns4|dns6)\/[^/\s]+\/tcp\/\d{1,5}(?:\/ws|\/wss|\/tls\/ws)?\/p2p\/[A-Za-z0-9]{46,64}$/;
/** Perhaps through a relay. */
const ANY_PEER_MULTIADDR = new RegExp(`${PEER_MULTIADDR.source.slice(0, -1)}(?:/p2p-circuit/p2p/[A-Za-z0-9]{46,64})?$`);
/** Of an Ed25519 key: all nodes have one. */
const PEER_ID = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/;
const NETWORK_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** The path of a unix socket has at most 107 bytes. */
const SIGNER_SOCKET = /^unix:\/[\x21-\x7e]{1,106}$/;

/** height:hash */
const CHECKPOINT = /^(?:\d{1,15}:[0-9a-f]{64}|unsafe)$/;
const SYNC_MODES = ['auto', 'snapshot', 'blocks'] as const;

const text = z.string().trim().min(1);
const digits = z
  .string()
  .trim()
  .regex(/^\d{1,15}$/)
  .transform(Number);

function integer(minimum: number, maximum: number) {
  return z.union([z.number(), digits]).pipe(z.number().int().min(minimum).max(maximum));
}

const port = integer(0, 65_535);

function quantity(parse: (text: string) => number | undefined, minimum: number, maximum: number) {
  return text.transform(parse).pipe(z.number().int().min(minimum).max(maximum));
}

/** YAML knows the two words, flags and the environment only text. */
const yesOrNo = z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')]);

function isAddress(value: string): boolean {
  try {
    parseAddress(value);
    return true;
  } catch (error) {
    if (error instanceof AddressError) return false;
    throw error;
  }
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function list(form: RegExp) {
  return z
    .union([z.array(text), z.string().transform(splitList)])
    .pipe(z.array(z.string().regex(form)).max(MAX_LIST_LENGTH));
}

export const SettingsSchema = z.object({
  network: text.regex(NETWORK_NAME).default('devnet'),
  dataDir: text.optional(),
  genesisFile: text.optional(),
  consensusMode: z.enum(CONSENSUS_MODES).optional(),
  blockTime: quantity(parseDuration, 1, HOUR_MS).optional(),
  validatorKey: text.regex(KEY_NAME).optional(),
  validatorSigner: text.regex(SIGNER_SOCKET).optional(),
  signerListen: quantity(parseDuration, 0, MAX_SIGNER_LISTEN_MS).default(10_000),
  validatorAddress: text.refine(isAddress).optional(),
  faucetKey: text.regex(KEY_NAME).optional(),
  passphraseFile: text.optional(),
  rpcHost: text.default('127.0.0.1'),
  rpcPort: port.default(9080),
  wsPort: port.default(9081),
  metricsPort: port.default(9090),
  adminSocket: text.optional(),
  rpcTimeout: quantity(parseDuration, 100, MAX_RPC_TIMEOUT_MS).default(10_000),
  p2pHost: text.default('0.0.0.0'),
  p2pPort: port.default(9000),
  p2pWsPort: port.default(9001),
  announceAddresses: list(MULTIADDR).default([]),
  bootstrapPeers: list(ANY_PEER_MULTIADDR).default([]),
  sentries: list(PEER_MULTIADDR).default([]),
  privatePeers: list(PEER_ID).default([]),
  maxPeers: integer(1, MAX_PEERS_LIMIT).default(50),
  maxConnectionsPerIp: integer(1, MAX_PEERS_LIMIT).default(16),
  maxUploadPerPeer: quantity(parseSize, MEBIBYTE / 16, 1024 * MEBIBYTE).default(16 * MEBIBYTE),
  discovery: z.enum(['auto', 'server', 'client', 'off']).default('auto'),
  outboundPeers: integer(1, MAX_OUTBOUND_PEERS).default(10),
  privateNetwork: yesOrNo.optional(),
  nat: yesOrNo.default(false),
  relay: yesOrNo.default(false),
  sync: z.enum(SYNC_MODES).default('auto'),
  checkpoint: text.regex(CHECKPOINT).optional(),
  keepSnapshots: integer(0, MAX_SNAPSHOTS).default(2),
  verifierThreads: integer(1, MAX_VERIFIER_THREADS).default(2),
  blockCacheSize: quantity(parseSize, MEBIBYTE, MAX_CACHE_BYTES).default(32 * MEBIBYTE),
  logLevel: z.enum(LOG_LEVELS).default('info'),
} satisfies Record<SettingName, z.ZodType>);

export type Settings = z.output<typeof SettingsSchema>;
