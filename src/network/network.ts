// The face of the network room: what the rooms above see of it and what it asks of them.
// Nothing of libp2p may appear here, so that importing these types loads none of it.

import type { Certificate } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { PeerBinding, SignedPeerBinding } from '../primitives/peer-binding.ts';
import type { SnapshotRequest } from '../primitives/snapshot.ts';
import type { BlocksRequest, CertificatesRequest, Status } from '../primitives/wire.ts';
import type { Ban } from './ban-list.ts';
import type { Offence, OffenceKind } from './offences.ts';
import type { ClockOffset } from './peer-clocks.ts';

/**
 * What becomes of a gossip message: `accept` forwards it, `ignore` drops it (known, too old, too far ahead), which counts
 * against the peer it came from when there is no end of it, `reject` drops it and counts each time (malformed, badly
 * signed). `unjudged` drops it when this node is in no state to tell: it says nothing of the peer.
 */
export type Verdict = 'accept' | 'ignore' | 'reject' | 'unjudged';

/** How gossip and requests are answered. A rejected promise counts as `unjudged` and is logged. */
export interface NetworkHandlers {
  /** @param bytes ssz(TransactionBatch), not yet decoded. @param peer id of the peer that delivered it. */
  onTransactions(bytes: Uint8Array, peer: string): Promise<Verdict>;
  /** @param bytes ssz(Proposal), not yet decoded. */
  onProposal(bytes: Uint8Array, peer: string): Promise<Verdict>;
  /** @param bytes ssz(VoteMessage), not yet decoded. */
  onVote(bytes: Uint8Array, peer: string): Promise<Verdict>;
  /** What is told to peers about this node. */
  status(): Status;
  /** ssz(CertifiedBlock) of each block held, in the order asked for; read no further than fits into the answer. */
  blocks(request: BlocksRequest): AsyncIterable<Uint8Array>;
  /** Lowest slot first; cut to what fits into the answer. */
  certificates(request: CertificatesRequest): Promise<Certificate[]>;
  /** ssz(SignedTransaction) of those held. */
  transactions(ids: Uint8Array[]): Promise<Uint8Array[]>;
  /**
   * ssz(SnapshotOffers) once; ssz(EpochBoundary) of each boundary held, in order; or ssz(SnapshotChunk) once, nothing
   * when the snapshot is not held.
   */
  snapshot(request: SnapshotRequest): AsyncIterable<Uint8Array>;
}

export interface PeerInfo {
  /** peer id in its text form */
  readonly id: string;
  /** nobody else is to be told of it */
  readonly isPrivate: boolean;
  /** multiaddrs: of the connection and those the peer announces, the better one to dial first */
  readonly addresses: string[];
  readonly direction: 'inbound' | 'outbound';
  /** name and version that the peer gives for its software; unverified text */
  readonly client: string;
  /** finalized height and hash as the peer last told them */
  readonly height: number;
  readonly hash: Hash | undefined;
  /** the peer says to hold the blocks from here on */
  readonly oldestHeight: number;
  /** 0 is spotless; at −100 the peer is disconnected and banned */
  readonly score: number;
  /** what it has against it, newest first; they stay when the points have faded */
  readonly offences: readonly Offence[];
  /** consensus key of the validator of the present epoch that says it is this peer */
  readonly validator: Uint8Array | undefined;
  /** round trip of the last status exchange */
  readonly latencyMs: number | undefined;
  /** milliseconds since 1970 */
  readonly connectedAt: number;
}

export interface NetworkEvents {
  /** status exchanged and gossip open in both directions: what is published from now on reaches the peer */
  'peer:connected': [peer: PeerInfo];
  'peer:disconnected': [peer: PeerInfo];
  /** a status exchange brought news or a new latency */
  'peer:status': [peer: PeerInfo];
}

export interface Network {
  readonly peerId: string;
  /** multiaddrs, with /p2p/, under which this node can be dialled; empty unless running */
  readonly addresses: string[];
  /** This node's clock beside those of the connected peers. */
  readonly clockOffset: ClockOffset;
  /** What this node knows of the network beyond its peers: entries of its peer book and of the DHT's routing table. */
  readonly knowledge: { readonly knownPeers: number; readonly routingTable: number };
  /** Peers that are connected and have passed the handshake. */
  peers(): PeerInfo[];
  /** @throws {NetworkError} ADDRESS_IN_USE, CANNOT_LISTEN, BAD_ADDRESS */
  start(handlers: NetworkHandlers): Promise<void>;
  stop(): Promise<void>;
  /** The three publish without waiting for delivery. @throws {NetworkError} TOO_LARGE, NOT_RUNNING */
  publishTransactions(batch: Uint8Array): Promise<void>;
  publishProposal(bytes: Uint8Array): Promise<void>;
  publishVote(bytes: Uint8Array): Promise<void>;
  /** Yields ssz(CertifiedBlock), undecoded; ends early when the peer has no more or the answer is full. @throws {NetworkError} */
  requestBlocks(peer: string, request: BlocksRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** @throws {NetworkError} */
  requestCertificates(peer: string, request: CertificatesRequest, signal: AbortSignal): Promise<Certificate[]>;
  /** @returns ssz(SignedTransaction) of those the peer has, undecoded. @throws {NetworkError} */
  requestTransactions(peer: string, ids: Uint8Array[], signal: AbortSignal): Promise<Uint8Array[]>;
  /** Yields what `NetworkHandlers.snapshot` of the peer gives, undecoded. @throws {NetworkError} */
  requestSnapshot(peer: string, request: SnapshotRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** What the rooms above find wrong with what a peer answered counts against it. @param reason for people */
  report(peer: string, kind: OffenceKind, reason: string): void;
  /** Whether nobody else is to be told of the peer, connected or not. */
  isPrivate(peer: string): boolean;
  /** Those in force, the longest first. */
  bans(): Ban[];
  /**
   * Keeps a peer or a host out; resolves when that is on the disk.
   * @param target a peer id or an IP address
   * @throws {NetworkError} BAD_TARGET, TOO_MANY_BANS, NOT_RUNNING; a system error of the disk
   */
  ban(target: string, milliseconds: number, reason: string): Promise<Ban>;
  /** Lets it in again, with a clean slate. @returns whether it was banned. @throws as `ban` does */
  unban(target: string): Promise<boolean>;
  /**
   * Keeps a connection to this peer until the node stops, as to the configured ones.
   * @param address a multiaddr that ends in /p2p/<peer id>
   * @returns the peer id
   * @throws {NetworkError} BAD_ADDRESS, NOT_RUNNING
   */
  addPeer(address: string): string;
  /** @param members consensus keys of the present epoch, whose words on who they are count from now on */
  setMembers(members: readonly Uint8Array[]): void;
  /** How many members there are, of how many it is known which peer they are (this node's own too), and who is connected. */
  readonly validators: { readonly members: number; readonly bound: number; readonly connected: number };
  /**
   * What a validator of this node signs, so that others know it among their peers.
   * @param validator its consensus key
   * @throws {NetworkError} NOT_RUNNING
   */
  peerBinding(validator: Uint8Array): PeerBinding;
  /** Tells everybody. @returns whether the validator is a member. @throws {NetworkError} NOT_RUNNING, MALFORMED */
  announce(own: SignedPeerBinding): boolean;
  on<K extends keyof NetworkEvents>(event: K, listener: (...args: NetworkEvents[K]) => void): void;
  off<K extends keyof NetworkEvents>(event: K, listener: (...args: NetworkEvents[K]) => void): void;
}
