// What `peers list`, `add`, `ban` and `unban` do and print.

import { formatDuration, parseDuration } from '../node/config/units.ts';
import type { BanView, PeersView, PeerView } from '../rpc/handlers/node.ts';
import { askAdmin } from './admin-client.ts';
import { type CliContext, printResult, table } from './context.ts';
import { type ClientOptions, type DataDirOptions, parseDurationOption, rpcClient } from './options.ts';
import type { BanOptions } from './peers.ts';

export async function listPeers(context: CliContext, options: ClientOptions): Promise<void> {
  const answer = await rpcClient(context, options).get('rpc/peers');
  printResult(context, options, answer, peerLines(answer as unknown as PeersView, Date.now()));
}

export async function addPeer(context: CliContext, address: string, options: DataDirOptions): Promise<void> {
  const answer = await askAdmin(context, options, 'admin/peers/add', { address });
  const keep = 'To keep it for good write its address under bootstrap_peers too.';
  printResult(context, options, answer, [`the node keeps a connection to ${answer.id} until it stops`, keep]);
}

export async function banPeer(context: CliContext, target: string, options: BanOptions): Promise<void> {
  const { for: length, reason } = options;
  const milliseconds = length === undefined ? undefined : parseDurationOption(length, '--for', parseDuration);
  const answer = await askAdmin(context, options, 'admin/peers/ban', { target, duration_ms: milliseconds, reason });
  const ban = answer as unknown as BanView;
  printResult(context, options, answer, [`${ban.target} is banned until ${new Date(ban.until).toISOString()}`]);
}

export async function unbanPeer(context: CliContext, target: string, options: DataDirOptions): Promise<void> {
  const answer = await askAdmin(context, options, 'admin/peers/unban', { target });
  const line = answer.was_banned === true ? `${target} may connect again` : `${target} was not banned`;
  printResult(context, options, answer, [line]);
}

function peerLines({ peers, bans }: PeersView, now: number): string[] {
  const header = ['peer', 'direction', 'height', 'score', 'latency', 'client', 'address', 'validator'];
  const offences = peers.flatMap((peer) =>
    peer.offences.map(({ kind, reason, times, at }) => [peer.id, ago(at, now), kind, `${times}×`, reason]),
  );
  return [
    ...(peers.length === 0 ? ['no peers'] : table([header, ...peers.map(peerRow)])),
    ...(offences.length === 0 ? [] : ['', ...table([['against', 'last', 'kind', 'times', 'reason'], ...offences])]),
    ...(bans.length === 0 ? [] : ['', ...table([['banned', 'until', 'by', 'reason'], ...bans.map(banRow)])]),
  ];
}

function peerRow(peer: PeerView): string[] {
  const { id, direction, height, score, latency_ms: latency, client, addresses, validator } = peer;
  const roundTrip = latency === null ? '-' : `${latency.toFixed(1)} ms`;
  return [id, direction, String(height), String(score), roundTrip, client, addresses[0] ?? '-', validator ?? '-'];
}

function banRow({ target, until, by, reason }: BanView): string[] {
  return [target, new Date(until).toISOString(), by, reason];
}

function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  return `${formatDuration((seconds < 120 ? seconds : Math.round(seconds / 60) * 60) * 1000)} ago`;
}
