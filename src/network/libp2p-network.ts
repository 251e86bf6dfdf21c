// The network room as others see it: makes the libp2p host and the parts around it, starts and stops them in order.
// Loading this file loads libp2p, most of a second: import it dynamically, when a node really starts.

import '../polyfills.ts';
import './websocket-polyfill.ts';
import { EventEmitter } from 'node:events';
import { toHex } from '../primitives/bytes.ts';
import type { Certificate } from '../primitives/consensus.ts';
import type { PeerBinding, SignedPeerBinding } from '../primitives/peer-binding.ts';
import type { SnapshotRequest } from '../primitives/snapshot.ts';
import type { BlocksRequest, CertificatesRequest } from '../primitives/wire.ts';
import { parseAddress } from './addresses.ts';
import { type Ban, BanList } from './ban-list.ts';
import { NetworkError } from './errors.ts';
import { gossipRouter, type Reputation } from './gossip-router.ts';
import { createHost, type HostServices, listenError } from './host.ts';
import { identityPublicKey, peerIdOf } from './identity.ts';
import { routingTableSize } from './kad.ts';
import type { Network, NetworkEvents, NetworkHandlers, PeerInfo } from './network.ts';
import type { OffenceKind } from './offences.ts';
import type { Libp2pNetworkOptions } from './options.ts';
import { assemble, type Base, type Parts } from './parts.ts';
import { PeerBindings } from './peer-bindings.ts';
import { type ClockOffset, PeerClocks } from './peer-clocks.ts';
import { type GossipTopic, ProtocolNames } from './protocols.ts';
import { readThrottles } from './read-throttle.ts';
import { PenaltyBook } from './scoring.ts';
import { StreamGuard } from './stream-guard.ts';
import { addressesToTell } from './validator-peers.ts';

/** ms of a clock that is never set */
const steadyNow = () => performance.now();

export class Libp2pNetwork implements Network {
  readonly peerId: string;
  readonly #options: Libp2pNetworkOptions;
  readonly #names: ProtocolNames;
  readonly #penalties = new PenaltyBook({ steady: steadyNow, wall: Date.now });
  readonly #clocks = new PeerClocks(Date.now, steadyNow);
  readonly #bindings: PeerBindings;
  readonly #events = new EventEmitter();
  #parts: Parts | undefined;

  /** @throws {NetworkError} BAD_IDENTITY */
  constructor(options: Libp2pNetworkOptions) {
    this.#options = options;
    this.#names = new ProtocolNames(options.genesisHash);
    this.peerId = peerIdOf(options.identitySeed);
    this.#bindings = new PeerBindings(options.genesisHash, Date.now);
  }

  get addresses(): string[] {
    return this.#parts?.host.getMultiaddrs().map(String) ?? [];
  }

  get clockOffset(): ClockOffset {
    return this.#clocks.offset;
  }

  peers(): PeerInfo[] {
    return this.#parts?.peers.list() ?? [];
  }

  setMembers(members: readonly Uint8Array[]): void {
    this.#bindings.setMembers(members);
    this.#parts?.validators.look();
  }

  get validators(): Network['validators'] {
    const { members, all } = this.#bindings;
    const connected = this.peers().flatMap(({ validator }) => (validator === undefined ? [] : toHex(validator)));
    return { members, bound: all.length, connected: new Set(connected).size };
  }

  peerBinding(validator: Uint8Array): PeerBinding {
    const { host } = this.#running();
    const peer = identityPublicKey(this.#options.identitySeed);
    const addresses = addressesToTell(host.getMultiaddrs(), this.#options);
    return { validator, peer, time: Date.now(), addresses };
  }

  announce(own: SignedPeerBinding): boolean {
    this.#running().validators.announce(own);
    return this.#bindings.isMember(own.binding.validator);
  }

  get knowledge(): Network['knowledge'] {
    const table = this.#parts?.host.services.dht;
    return {
      knownPeers: this.#parts?.outreach.book.size ?? 0,
      routingTable: table === undefined ? 0 : routingTableSize(table),
    };
  }

  async start(handlers: NetworkHandlers): Promise<void> {
    if (this.#parts !== undefined) throw new Error('the network is running already');
    for (const address of [...this.#options.listen, ...this.#options.announce]) parseAddress(address);
    const { banFile: file, logger, rateLimits } = this.#options;
    const bans = await BanList.open({ file, now: Date.now, logger });
    const onExcess = (peer: string, reason: string) => this.#onOffence(peer, 'nuisance', reason);
    const reads = readThrottles(rateLimits, onExcess);
    const onReplay = (peer: string) => onExcess(peer, 'the same gossip again and again');
    const pubsub = reads.gossip.service(gossipRouter(this.#options, this.#names, this.#reputation, onReplay));
    const strangers = {
      bans,
      outreach: () => parts.outreach,
      isPeer: (peer: string) => parts.peers.has(peer),
      streams: new StreamGuard(rateLimits.streams, steadyNow, (peer) => onExcess(peer, 'streams past its share')),
      reads,
    };
    const host = await createHost<Pick<HostServices, 'pubsub'>>(this.#options, this.#names, strangers, { pubsub });
    const parts = assemble({ host, bans, reads, ...this.#base }, this.#options, handlers);
    await parts.outreach.load();
    await parts.responder.register();
    parts.peers.start();
    try {
      await host.start();
    } catch (error) {
      parts.peers.stop();
      await parts.outreach.stop();
      throw listenError(error);
    }
    this.#parts = parts;
    parts.gossip.join();
    parts.outreach.start();
    this.#options.logger.info({ peerId: this.peerId, addresses: this.addresses }, 'network started');
  }

  async stop(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    this.#parts = undefined;
    parts.lifetime.abort(new NetworkError('NOT_RUNNING', 'the network is stopping'));
    parts.peers.stop();
    parts.validators.stop();
    await parts.outreach.stop();
    parts.gossip.leave();
    await parts.responder.unregister();
    await parts.host.stop();
    await parts.bans.close();
    this.#options.logger.info('network stopped');
  }

  publishTransactions(batch: Uint8Array): Promise<void> {
    return this.#publish('tx', batch);
  }

  publishProposal(bytes: Uint8Array): Promise<void> {
    return this.#publish('block', bytes);
  }

  publishVote(bytes: Uint8Array): Promise<void> {
    return this.#publish('vote', bytes);
  }

  requestBlocks(peer: string, request: BlocksRequest, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#running().requester.blocks(peer, request, signal);
  }

  async requestCertificates(peer: string, request: CertificatesRequest, signal: AbortSignal): Promise<Certificate[]> {
    return this.#running().requester.certificates(peer, request, signal);
  }

  async requestTransactions(peer: string, ids: Uint8Array[], signal: AbortSignal): Promise<Uint8Array[]> {
    return this.#running().requester.transactions(peer, ids, signal);
  }

  requestSnapshot(peer: string, request: SnapshotRequest, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#running().requester.snapshot(peer, request, signal);
  }

  report(peer: string, kind: OffenceKind, reason: string): void {
    this.#onOffence(peer, kind, reason);
  }

  isPrivate(peer: string): boolean {
    return this.#options.privatePeers.includes(peer);
  }

  bans(): Ban[] {
    return this.#parts?.bans.list() ?? [];
  }

  async ban(target: string, milliseconds: number, reason: string): Promise<Ban> {
    const { conduct, peers } = this.#running();
    const ban = await conduct.ban(target, milliseconds, reason);
    peers.dropBanned();
    return ban;
  }

  async unban(target: string): Promise<boolean> {
    return this.#running().conduct.unban(target);
  }

  addPeer(address: string): string {
    return this.#running().outreach.add(address);
  }

  on<K extends keyof NetworkEvents>(event: K, listener: (...args: NetworkEvents[K]) => void): void {
    this.#events.on(event, listener);
  }

  off<K extends keyof NetworkEvents>(event: K, listener: (...args: NetworkEvents[K]) => void): void {
    this.#events.off(event, listener);
  }

  get #base(): Omit<Base, 'host' | 'bans' | 'reads'> {
    return {
      names: this.#names,
      penalties: this.#penalties,
      clocks: this.#clocks,
      bindings: this.#bindings,
      events: this.#events,
      ownPeer: this.peerId,
    };
  }

  get #reputation(): Reputation {
    return { penalties: this.#penalties, isValidator: (peer) => this.#bindings.validatorOf(peer) !== undefined };
  }

  #onOffence(peer: string, kind: OffenceKind, reason: string): void {
    this.#parts?.peers.onOffence(peer, kind, reason);
  }

  async #publish(topic: GossipTopic, bytes: Uint8Array): Promise<void> {
    await this.#running().gossip.publish(topic, bytes);
  }

  #running(): Parts {
    if (this.#parts === undefined) throw new NetworkError('NOT_RUNNING', 'the network is not running');
    return this.#parts;
  }
}
