// One peer as this node knows it: what a session holds, how it is made from what the peer identified itself with, what
// is told of it, and why two nodes cannot be peers. No connections and no timers here.

import type { IdentifyResult, PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Status } from '../primitives/wire.ts';
import type { PeerInfo } from './network.ts';
import type { PenaltyBook } from './scoring.ts';
import type { StatusChannel } from './status-channel.ts';

export interface Session {
  readonly peer: PeerId;
  readonly id: string;
  /** id of the connection over which the peer identified itself */
  readonly connection: string;
  readonly direction: 'inbound' | 'outbound';
  readonly client: string;
  /** where the connection leads; an inbound one comes from a port of no use to anyone */
  readonly remote: Multiaddr;
  /** what the peer says of itself */
  readonly announced: readonly Multiaddr[];
  readonly connectedAt: number;
  readonly channel: StatusChannel;
  /** `helping`: it runs no chain, and answers questions about other peers */
  phase: 'handshake' | 'connected' | 'helping' | 'dropped';
  status: Status | undefined;
  latencyMs: number | undefined;
  /** status exchanges in a row without an answer */
  missed: number;
  exchanging: boolean;
}

/** Text that a peer chooses: bounded before it reaches logs and API. */
const MAX_CLIENT_CHARACTERS = 64;
const MAX_ADDRESSES = 8;

export function openSession(identified: IdentifyResult, channel: StatusChannel): Session {
  return {
    peer: identified.peerId,
    id: identified.peerId.toString(),
    connection: identified.connection.id,
    direction: identified.connection.direction,
    client: printable(identified.agentVersion ?? '').slice(0, MAX_CLIENT_CHARACTERS),
    remote: identified.connection.remoteAddr,
    announced: identified.listenAddrs.slice(0, MAX_ADDRESSES),
    connectedAt: Date.now(),
    channel,
    phase: 'handshake',
    status: undefined,
    latencyMs: undefined,
    missed: 0,
    exchanging: false,
  };
}

export interface Standing {
  /** what peers have against them */
  readonly penalties: Pick<PenaltyBook, 'points' | 'offences'>;
  readonly validatorOf: (peer: string) => Uint8Array | undefined;
  readonly isPrivate: (peer: string) => boolean;
}

export function peerInfo(session: Session, { penalties, validatorOf, isPrivate }: Standing): PeerInfo {
  const { id, direction, client, status, latencyMs, connectedAt } = session;
  const hash = status === undefined || status.finalizedHeight === 0 ? undefined : status.finalizedHash;
  const score = 0 - Math.round(penalties.points(id));
  return {
    id,
    isPrivate: isPrivate(id),
    addresses: addressesOf(session),
    direction,
    client,
    height: status?.finalizedHeight ?? 0,
    hash,
    oldestHeight: status?.oldestHeight ?? 0,
    score,
    offences: penalties.offences(id),
    validator: validatorOf(id),
    latencyMs,
    connectedAt,
  };
}

/** @returns why the two cannot be peers, or undefined. */
export function incompatibility(ours: Status, theirs: Status): string | undefined {
  if (!equalBytes(ours.genesisHash, theirs.genesisHash)) {
    return `different genesis: theirs is ${toHex(theirs.genesisHash)}, ours ${toHex(ours.genesisHash)}`;
  }
  const isOld = theirs.newestVersion < ours.oldestVersion;
  if (!isOld && theirs.oldestVersion <= ours.newestVersion) return undefined;
  const upgrade = isOld ? 'the peer needs a newer aitbc-node' : 'install a newer aitbc-node';
  return `no protocol version in common: theirs ${versions(theirs)}, ours ${versions(ours)}; ${upgrade}`;
}

function versions({ oldestVersion: oldest, newestVersion: newest }: Status): string {
  return oldest === newest ? `is ${newest}` : `are ${oldest} to ${newest}`;
}

/** The better one to dial first. */
function addressesOf({ direction, remote, announced }: Session): string[] {
  const all = direction === 'outbound' ? [remote, ...announced] : [...announced, remote];
  return all.map(String);
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '');
}
