// Peers and gossip.

import { Counter, Gauge, type Registry } from 'prom-client';

export interface NetworkMetrics {
  /** gossip messages received; `result` is the verdict: accept, ignore or reject */
  readonly gossipReceived: Counter<'topic' | 'result'>;
  /** what counted against peers */
  readonly offences: Counter<'kind'>;
  /** gossip messages that this node published */
  readonly gossipPublished: Counter<'topic'>;
}

/** @param connectedPeers asked at every scrape. */
export function createNetworkMetrics(registry: Registry, connectedPeers: () => number): NetworkMetrics {
  const registers = [registry];
  new Gauge({
    name: 'blockchain_network_peers',
    help: 'Peers connected now.',
    registers,
    collect() {
      this.set(connectedPeers());
    },
  });
  return {
    offences: new Counter({
      name: 'blockchain_network_offences_total',
      help: 'What counted against peers, by kind: rejected, violation, untrue, nuisance.',
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
