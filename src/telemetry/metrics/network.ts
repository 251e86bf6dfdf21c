// Peers and gossip.

import { Counter, Gauge, type Registry } from 'prom-client';

export interface NetworkMetrics {
  /** gossip messages received; `result` is the verdict: accept, ignore, reject or unjudged */
  readonly gossipReceived: Counter<'topic' | 'result'>;
  /** what counted against peers */
  readonly offences: Counter<'kind'>;
  /** gossip messages that this node published */
  readonly gossipPublished: Counter<'topic'>;
}

export interface NetworkLevels {
  /** connected, by score: 0, above −50, from there down */
  readonly peers: Readonly<Record<'good' | 'marked' | 'poor', number>>;
  /** in force, by who has said so */
  readonly bans: Readonly<Record<'node' | 'operator', number>>;
  /** connected ones that are told to nobody */
  readonly privatePeers: number;
  /** of the present epoch: all, those of whom it is known which peer they are, and who of them is connected */
  readonly validators: Readonly<Record<'members' | 'bound' | 'connected', number>>;
  /** ms by which this clock is ahead of the peers' */
  readonly clockOffsetMs: number;
}

/** @param levels asked at every scrape. */
export function createNetworkMetrics(registry: Registry, levels: () => NetworkLevels): NetworkMetrics {
  const registers = [registry];
  registerPeerCount(registry, () => {
    const { good, marked, poor } = levels().peers;
    return good + marked + poor;
  });
  new Gauge({
    name: 'blockchain_network_peers_by_standing',
    help: 'Peers connected now by their score: good (0), marked (above -50), poor (-50 and below; at -100 a peer is banned).',
    labelNames: ['standing'],
    registers,
    collect() {
      for (const [standing, count] of Object.entries(levels().peers)) this.set({ standing }, count);
    },
  });
  new Gauge({
    name: 'blockchain_network_bans',
    help: 'Bans in force, by who has decided on them: node or operator.',
    labelNames: ['by'],
    registers,
    collect() {
      for (const [by, count] of Object.entries(levels().bans)) this.set({ by }, count);
    },
  });
  new Gauge({
    name: 'blockchain_network_private_peers',
    help: 'Peers of private_peers that are connected now; blockchain_network_peers counts them too.',
    registers,
    collect() {
      this.set(levels().privatePeers);
    },
  });
  new Gauge({
    name: 'blockchain_network_validators',
    help: 'Validators of the present epoch: members, bound (have said which peer they are, this node included), connected.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(levels().validators)) this.set({ state }, count);
    },
  });
  new Gauge({
    name: 'blockchain_network_clock_offset_seconds',
    help: "How far this node's clock is ahead of the median of its peers' clocks; negative when behind.",
    registers,
    collect() {
      this.set(levels().clockOffsetMs / 1000);
    },
  });
  return {
    offences: new Counter({
      name: 'blockchain_network_offences_total',
      help: 'What counted against peers, by kind: rejected, violation, untrue, nuisance, unanswered.',
      labelNames: ['kind'],
      registers,
    }),
    gossipReceived: new Counter({
      name: 'blockchain_network_gossip_received_total',
      help: 'Gossip messages received, by topic and validation result.',
      labelNames: ['topic', 'result'],
      registers,
    }),
    gossipPublished: new Counter({
      name: 'blockchain_network_gossip_published_total',
      help: 'Gossip messages published by this node, by topic.',
      labelNames: ['topic'],
      registers,
    }),
  };
}

/** @param count asked at every scrape. */
export function registerPeerCount(registry: Registry, count: () => number): void {
  new Gauge({
    name: 'blockchain_network_peers',
    help: 'Peers connected now.',
    registers: [registry],
    collect() {
      this.set(count());
    },
  });
}
