// What an operator or a wallet asks of the node itself: health, sync_status, peers, mempool, network_info.

import { z } from 'zod';
import { currentEpoch } from '../../ledger/records.ts';
import { formatAddress } from '../../primitives/address.ts';
import { toHex } from '../../primitives/bytes.ts';
import { Genesis } from '../../primitives/genesis.ts';
import { type JsonValue, toJson } from '../../primitives/json.ts';
import { Parameters } from '../../primitives/parameters.ts';
import { PROTOCOL_VERSION } from '../../primitives/wire.ts';
import type { Ban, Peer } from '../dependencies.ts';
import type { Services } from './method.ts';

export const noParams = z.strictObject({});

export interface HealthView {
  status: 'ok' | 'unhealthy';
  ready: boolean;
  reasons: string[];
}

export function getHealth({ health }: Pick<Services, 'health'>): HealthView {
  const { healthy, ready, reasons } = health.health();
  return { status: healthy ? 'ok' : 'unhealthy', ready, reasons: [...reasons] };
}

export interface SyncStatusView {
  head: number;
  target: number;
  peers: number;
  phase: string;
  /** 0 to 1 */
  progress: number;
  /** while blocks are fetched */
  blocks_per_second: number | null;
  /** while a snapshot comes in */
  bytes_per_second: number | null;
  eta_seconds: number | null;
}

export function getSyncStatus({ health }: Pick<Services, 'health'>): SyncStatusView {
  const { head, target, peers, phase, progress, blocksPerSecond, bytesPerSecond, etaSeconds } = health.syncStatus();
  const rates = { blocks_per_second: blocksPerSecond ?? null, bytes_per_second: bytesPerSecond ?? null };
  return { head, target, peers, phase, progress, ...rates, eta_seconds: etaSeconds ?? null };
}

export interface OffenceView {
  kind: string;
  reason: string;
  times: number;
  at: number;
}

/** Times are ms since 1970. */
export interface BanView {
  target: string;
  by: 'node' | 'operator';
  reason: string;
  since: number;
  until: number;
  times: number;
}

export interface PeersView {
  count: number;
  peers: PeerView[];
  bans: BanView[];
}

export interface PeerView {
  id: string;
  addresses: string[];
  direction: 'inbound' | 'outbound';
  client: string;
  height: number;
  hash: string | null;
  oldest_height: number;
  score: number;
  offences: OffenceView[];
  /** address of the validator that says it is this peer */
  validator: string | null;
  latency_ms: number | null;
  connected_at: number;
}

export function getPeers({ network, consensus }: Pick<Services, 'network' | 'consensus'>): PeersView {
  const addresses = new Map(consensus.members.map(({ publicKey, address }) => [toHex(publicKey), address]));
  const validator = (key: Uint8Array | undefined) => {
    const address = key && addresses.get(toHex(key));
    return address === undefined ? null : formatAddress(address);
  };
  const peers = shown(network).map((peer) => ({
    id: peer.id,
    addresses: [...peer.addresses],
    direction: peer.direction,
    client: peer.client,
    height: peer.height,
    hash: peer.hash === undefined ? null : toHex(peer.hash),
    oldest_height: peer.oldestHeight,
    score: peer.score,
    offences: peer.offences.map(({ kind, reason, times, at }) => ({ kind, reason, times, at })),
    validator: validator(peer.validator),
    latency_ms: peer.latencyMs ?? null,
    connected_at: peer.connectedAt,
  }));
  const bans = network.bans().filter(({ target }) => !network.isPrivate(target));
  return { count: peers.length, peers, bans: bans.map(banView) };
}

/** Whoever asks is the world: it is not told of validators behind this node. */
function shown(network: Services['network']): Peer[] {
  return network.peers().filter(({ isPrivate }) => !isPrivate);
}

export function banView({ target, by, reason, since, until, times }: Ban): BanView {
  return { target, by, reason, since, until, times };
}

export function getMempool({ mempool }: Pick<Services, 'mempool'>): { size: number; bytes: number } {
  return { size: mempool.size, bytes: mempool.bytes };
}

export interface NetworkInfoView {
  chain_id: JsonValue;
  genesis_hash: string;
  genesis_time: JsonValue;
  consensus_mode: JsonValue;
  /** of the present epoch */
  parameters: JsonValue;
  protocol_version: number;
  version: string;
  commit: string;
  peer_id: string;
  addresses: string[];
  peers: number;
}

export function getNetworkInfo({
  identity,
  network,
  chain,
}: Pick<Services, 'identity' | 'network' | 'chain'>): NetworkInfoView {
  const { genesis, genesisHash, version, commit } = identity;
  const { parameters } = currentEpoch(chain.state().reader);
  const { chainId, genesisTime, mode } = Genesis.fields;
  return {
    chain_id: toJson(chainId, genesis.chainId),
    genesis_hash: toHex(genesisHash),
    genesis_time: toJson(genesisTime, genesis.genesisTime),
    consensus_mode: toJson(mode, genesis.mode),
    parameters: toJson(Parameters, parameters),
    protocol_version: PROTOCOL_VERSION,
    version,
    commit,
    peer_id: network.peerId,
    addresses: [...network.addresses],
    peers: shown(network).length,
  };
}
