// The parts of the network room and how they are joined around one libp2p host that has yet to start.

import { type EventEmitter, setMaxListeners } from 'node:events';
import type { BanList } from './ban-list.ts';
import { Conduct } from './conduct.ts';
import { Gossip } from './gossip.ts';
import { GossipWorth } from './gossip-worth.ts';
import type { Host } from './host.ts';
import { hostBehind } from './ip.ts';
import type { NetworkHandlers } from './network.ts';
import type { Libp2pNetworkOptions } from './options.ts';
import { Outreach } from './outreach.ts';
import type { PeerBindings } from './peer-bindings.ts';
import type { PeerClocks } from './peer-clocks.ts';
import { Peers } from './peers.ts';
import type { ProtocolNames } from './protocols.ts';
import type { ReadThrottles } from './read-throttle.ts';
import { Requester } from './requester.ts';
import { Responder } from './responder.ts';
import type { PenaltyBook } from './scoring.ts';
import { ValidatorPeers } from './validator-peers.ts';

/** What there is before anybody can connect. */
export interface Base {
  readonly host: Host;
  readonly bans: BanList;
  readonly reads: ReadThrottles;
  readonly names: ProtocolNames;
  readonly penalties: PenaltyBook;
  readonly clocks: PeerClocks;
  readonly bindings: PeerBindings;
  /** where `NetworkEvents` are emitted */
  readonly events: EventEmitter;
  /** peer id of this node */
  readonly ownPeer: string;
}

export interface Parts {
  readonly host: Host;
  readonly bans: BanList;
  readonly conduct: Conduct;
  readonly gossip: Gossip;
  readonly requester: Requester;
  readonly responder: Responder;
  readonly peers: Peers;
  readonly outreach: Outreach;
  readonly validators: ValidatorPeers;
  /** aborts when the node stops */
  readonly lifetime: AbortController;
}

/** @throws {NetworkError} BAD_ADDRESS */
export function assemble(base: Base, options: Libp2pNetworkOptions, handlers: NetworkHandlers): Parts {
  const { host, bans, reads, names, penalties, clocks, bindings, events, ownPeer } = base;
  const { logger, observer, maxPeers, statusInterval, rateLimits } = options;
  const lifetime = new AbortController();
  // every stream and dial under way listens to it
  setMaxListeners(0, lifetime.signal);
  const onOffence: Peers['onOffence'] = (peer, kind, reason) => peers.onOffence(peer, kind, reason);
  const worth = new GossipWorth(rateLimits.waste, () => performance.now());
  const gossip = new Gossip(host.services.pubsub, {
    names,
    handlers,
    logger,
    observer,
    onJudged(message) {
      const { peer, topic, verdict } = message;
      if (verdict !== 'accept') reads.gossip.charge(peer);
      if (worth.judged(message))
        onOffence(peer, 'nuisance', `messages without end on topic ${topic} that are of no use`);
      if (verdict !== 'reject') return;
      onOffence(peer, 'rejected', `a message on topic ${topic} that breaks a rule or is badly signed`);
    },
    onPublished: (topic) => worth.published(topic),
  });
  const requester = new Requester(host, { names, observer, onOffence });
  const outreach = new Outreach(host, {
    options,
    outbound: () => peers.outbound(),
    lifetime: lifetime.signal,
  });
  const isConfigured = (peer: string) => outreach.isConfigured(peer);
  const conduct = new Conduct({ penalties, bans, isConfigured, logger, observer });
  const peers = new Peers(host, {
    names,
    gossip,
    requester,
    penalties,
    bans,
    conduct,
    clocks,
    logger,
    isConfigured,
    validatorOf: (peer) => bindings.validatorOf(peer),
    isPrivate: (peer) => outreach.isPrivate(peer),
    maxPeers,
    maxInbound: maxPeers - placesKept(options),
    statusInterval,
    ownStatus: () => handlers.status(),
    emit: (event, peer) => {
      if (event === 'peer:connected') validators.onConnected(peer.id);
      events.emit(event, peer);
    },
    onMet: (session) => (session.phase === 'helping' ? outreach.onHelper(session) : outreach.onPeer(session)),
    onIncompatible: (peer) => outreach.onIncompatible(peer),
    onGone: (peer) => outreach.onGone(peer),
    lifetime: lifetime.signal,
  });
  const validators = new ValidatorPeers({
    bindings,
    ownPeer,
    hidden: options.hidden,
    connected: () => peers.list().map(({ id }) => id),
    tell: (peer, bindings) => requester.tellValidators(peer, bindings, lifetime.signal),
    keep: (addresses) => outreach.keepValidators(addresses),
    onUnbound: (peer) => peers.onUnbound(peer),
    logger,
    lifetime: lifetime.signal,
  });
  const responder = new Responder(host, {
    names,
    handlers,
    rateLimits,
    // all nodes of a private network may come from one address
    hostOf: (remote) => (options.network === 'private' ? undefined : hostBehind(remote)),
    isServed: (peer) => peers.isServed(peer),
    logger,
    observer,
    onOffence,
    onStatus: (peer, status) => peers.onStatus(peer, status),
    onValidators: (peer, bindings) => validators.onTold(peer, bindings),
    lifetime: lifetime.signal,
  });
  return { host, bans, conduct, gossip, requester, responder, peers, outreach, validators, lifetime };
}

/** Places that strangers who come by themselves do not get; of few places half. */
function placesKept({ discovery, maxPeers, outboundPeers }: Libp2pNetworkOptions): number {
  return discovery === 'off' ? 0 : Math.min(outboundPeers, Math.floor(maxPeers / 2));
}
