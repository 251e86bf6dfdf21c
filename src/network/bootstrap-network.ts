// The network room of a bootstrap node: a host that serves the DHT and knows nothing of a chain. It lets everybody of its
// network in, tells each who else there is, and lets those go who have been here longest when there is no more room.

import '../polyfills.ts';
import './websocket-polyfill.ts';
import { setMaxListeners } from 'node:events';
import type { Connection, IdentifyResult, PeerId } from '@libp2p/interface';
import { asError } from '../primitives/errors.ts';
import { parseAddress } from './addresses.ts';
import { type Ban, BanList } from './ban-list.ts';
import { Conduct } from './conduct.ts';
import { endConnection } from './connection-end.ts';
import { withDeadline } from './deadline.ts';
import { NetworkError } from './errors.ts';
import { type CommonHost, createHost, listenError } from './host.ts';
import { peerIdOf } from './identity.ts';
import { routingTableSize } from './kad.ts';
import type { HostOptions } from './options.ts';
import { Outreach } from './outreach.ts';
import { ProtocolNames } from './protocols.ts';
import { DEFAULT_RATE_LIMITS } from './rate-limit.ts';
import { readThrottles } from './read-throttle.ts';
import { PenaltyBook } from './scoring.ts';
import { StreamGuard } from './stream-guard.ts';

export interface BootstrapLevels {
  /** connected now */
  readonly peers: number;
  /** in the peer book */
  readonly knownPeers: number;
  readonly routingTable: number;
}

export interface BootstrapOptions extends HostOptions {
  /** where bans are kept; undefined forgets them at the end */
  readonly banFile: string | undefined;
}

interface Parts {
  readonly host: CommonHost;
  readonly bans: BanList;
  readonly conduct: Conduct;
  readonly outreach: Outreach;
  readonly timers: readonly NodeJS.Timeout[];
  /** aborts when the node stops */
  readonly lifetime: AbortController;
}

/** Between two looks at who is still there. Nobody waits for the answer: it only frees places. */
const ROUND_MS = 60_000;
const PING_TIMEOUT_MS = 10_000;
/** Between two looks at who says nothing. */
const SWEEP_MS = 1_000;
/** Whoever has not said by now what it speaks is no node. */
const IDENTIFY_TIMEOUT_MS = 5_000;

/** ms of a clock that is never set */
const steadyNow = () => performance.now();

export class BootstrapNetwork {
  readonly peerId: string;
  readonly #options: BootstrapOptions;
  readonly #names: ProtocolNames;
  readonly #visitors = new Set<string>();
  #parts: Parts | undefined;

  /** @param options with `discovery: server`, or nobody is helped. @throws {NetworkError} BAD_IDENTITY */
  constructor(options: BootstrapOptions) {
    this.#options = options;
    this.#names = new ProtocolNames(options.genesisHash);
    this.peerId = peerIdOf(options.identitySeed);
  }

  /** multiaddrs, with /p2p/, under which this node can be dialled; empty unless running */
  get addresses(): string[] {
    return this.#parts?.host.getMultiaddrs().map(String) ?? [];
  }

  get levels(): BootstrapLevels {
    const table = this.#parts?.host.services.dht;
    return {
      peers: this.#visitors.size,
      knownPeers: this.#parts?.outreach.book.size ?? 0,
      routingTable: table === undefined ? 0 : routingTableSize(table),
    };
  }

  /** @throws {NetworkError} ADDRESS_IN_USE, CANNOT_LISTEN, BAD_ADDRESS */
  async start(): Promise<void> {
    const { listen, announce, logger } = this.#options;
    for (const address of [...listen, ...announce]) parseAddress(address);
    const lifetime = new AbortController();
    setMaxListeners(0, lifetime.signal);
    const { banFile: file } = this.#options;
    const bans = await BanList.open({ file, now: Date.now, logger });
    const onExcess = (peer: string, reason: string) => {
      if (conduct.count(peer, 'nuisance', reason)) this.#closeBanned(bans);
    };
    const strangers = {
      bans,
      outreach: () => outreach,
      isPeer: (peer: string) => this.#visitors.has(peer),
      streams: new StreamGuard(DEFAULT_RATE_LIMITS.streams, steadyNow, (peer) =>
        onExcess(peer, 'streams past its share'),
      ),
      reads: readThrottles(DEFAULT_RATE_LIMITS, onExcess),
    };
    const host = await createHost(this.#options, this.#names, strangers, {});
    const outbound = () => this.#visiting(host).flatMap((one) => (one.direction === 'outbound' ? one.remoteAddr : []));
    const outreach = new Outreach(host, { options: this.#options, outbound, lifetime: lifetime.signal });
    const penalties = new PenaltyBook({ steady: steadyNow, wall: Date.now });
    const conduct = new Conduct({ penalties, bans, isConfigured: (peer) => outreach.isConfigured(peer), logger });
    await outreach.load();
    host.addEventListener('peer:identify', this.#onIdentify);
    host.addEventListener('peer:disconnect', this.#onDisconnect);
    try {
      await host.start();
    } catch (error) {
      await outreach.stop();
      throw listenError(error);
    }
    const timers = [setInterval(() => this.#goRound(), ROUND_MS), setInterval(() => this.#sweep(), SWEEP_MS)];
    this.#parts = { host, bans, conduct, outreach, timers, lifetime };
    outreach.start();
    logger.info({ peerId: this.peerId, addresses: this.addresses }, 'network started');
  }

  async stop(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    this.#parts = undefined;
    parts.lifetime.abort(new NetworkError('NOT_RUNNING', 'the network is stopping'));
    for (const timer of parts.timers) clearInterval(timer);
    parts.host.removeEventListener('peer:identify', this.#onIdentify);
    parts.host.removeEventListener('peer:disconnect', this.#onDisconnect);
    await parts.outreach.stop();
    await parts.host.stop();
    await parts.bans.close();
    this.#visitors.clear();
    this.#options.logger.info('network stopped');
  }

  bans(): Ban[] {
    return this.#parts?.bans.list() ?? [];
  }

  /** As `Network` has it. @throws {NetworkError} BAD_TARGET, TOO_MANY_BANS, NOT_RUNNING; a system error of the disk */
  async ban(target: string, milliseconds: number, reason: string): Promise<Ban> {
    const { bans, conduct } = this.#running();
    const ban = await conduct.ban(target, milliseconds, reason);
    this.#closeBanned(bans);
    return ban;
  }

  async unban(target: string): Promise<boolean> {
    return this.#running().conduct.unban(target);
  }

  addPeer(address: string): string {
    return this.#running().outreach.add(address);
  }

  #running(): Parts {
    if (this.#parts === undefined) throw new NetworkError('NOT_RUNNING', 'the network is not running');
    return this.#parts;
  }

  #closeBanned(bans: BanList): void {
    for (const connection of this.#parts?.host.getConnections() ?? []) {
      const ban = bans.of(connection);
      if (ban !== undefined) void this.#close(connection, `banned: ${ban.reason}`);
    }
  }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>) => {
    try {
      this.#meet(detail);
    } catch (error) {
      // nothing that a peer says may end the process
      this.#options.logger.debug({ peer: detail.peerId.toString(), err: error }, 'a visitor could not be met');
      void this.#close(detail.connection, 'it could not be met');
    }
  };

  #meet(detail: IdentifyResult): void {
    const { peerId: peer, connection, protocols, listenAddrs: announced } = detail;
    const key = peer.toString();
    const outreach = this.#parts?.outreach;
    if (outreach === undefined || this.#visitors.has(key)) return;
    const isHelper = this.#names.isHelper(protocols);
    const foreign = this.#names.whyForeign(protocols);
    if (!isHelper && foreign !== undefined) {
      outreach.onIncompatible(key);
      void this.#close(connection, foreign);
      return;
    }
    this.#visitors.add(key);
    this.#options.logger.debug({ peer: key, direction: connection.direction }, 'peer connected');
    const met = { peer, direction: connection.direction, remote: connection.remoteAddr, announced };
    if (isHelper) outreach.onHelper(met);
    else outreach.onPeer(met);
    this.#makeRoom();
  }

  readonly #onDisconnect = ({ detail: peer }: CustomEvent<PeerId>) => {
    this.#visitors.delete(peer.toString());
    this.#parts?.outreach.onGone(peer);
  };

  #visiting(host: CommonHost): Connection[] {
    return host.getConnections().filter(({ remotePeer }) => this.#visitors.has(remotePeer.toString()));
  }

  /** Who has been here longest has learned the most, and has peers of its own by now. */
  #makeRoom(): void {
    const { host, outreach } = this.#parts ?? {};
    if (host === undefined || outreach === undefined) return;
    const excess = this.#visitors.size - this.#options.maxPeers;
    if (excess <= 0) return;
    const leaving = this.#visiting(host)
      .filter(({ remotePeer }) => !outreach.isConfigured(remotePeer.toString()))
      .sort((a, b) => a.timeline.open - b.timeline.open)
      .slice(0, excess);
    for (const connection of leaving) void this.#close(connection, 'room is needed for others');
  }

  #goRound(): void {
    const host = this.#parts?.host;
    if (host === undefined) return;
    for (const connection of host.getConnections()) {
      if (this.#visitors.has(connection.remotePeer.toString())) void this.#ping(host, connection);
    }
  }

  #sweep(): void {
    for (const connection of this.#parts?.host.getConnections() ?? []) {
      const isLate = Date.now() - connection.timeline.open > IDENTIFY_TIMEOUT_MS;
      const isVisitor = this.#visitors.has(connection.remotePeer.toString());
      if (isLate && !isVisitor) void this.#close(connection, 'says nothing');
    }
  }

  async #ping(host: CommonHost, connection: Connection): Promise<void> {
    const lifetime = this.#parts?.lifetime.signal;
    if (lifetime === undefined) return;
    try {
      await withDeadline(PING_TIMEOUT_MS, 'ping', lifetime, (signal) =>
        host.services.ping.ping(connection.remotePeer, { signal }),
      );
    } catch (error) {
      await this.#close(connection, asError(error).message);
    }
  }

  async #close(connection: Connection, reason: string): Promise<void> {
    const lifetime = this.#parts?.lifetime.signal;
    if (lifetime === undefined) return;
    this.#options.logger.debug({ peer: connection.remotePeer.toString(), reason }, 'closing a connection');
    await endConnection(connection, reason, lifetime);
  }
}
