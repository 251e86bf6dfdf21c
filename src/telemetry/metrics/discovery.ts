// What a node knows of the network beyond its peers, and what others ask it.

import { Counter, Gauge, type Registry } from 'prom-client';

/** Asked at every scrape. */
export interface DiscoveryLevels {
  /** in the peer book */
  readonly knownPeers: number;
  /** in the routing table of the DHT */
  readonly routingTable: number;
}

export interface DiscoveryMetrics {
  /** questions of peers to the DHT here */
  readonly queries: Counter;
}

export function createDiscoveryMetrics(registry: Registry, levels: () => DiscoveryLevels): DiscoveryMetrics {
  const registers = [registry];
  new Gauge({
    name: 'blockchain_network_known_peers',
    help: 'Peers whose addresses are remembered.',
    registers,
    collect() {
      this.set(levels().knownPeers);
    },
  });
  new Gauge({
    name: 'blockchain_network_routing_table_peers',
    help: 'Peers in the routing table of the DHT.',
    registers,
    collect() {
      this.set(levels().routingTable);
    },
  });
  return {
    queries: new Counter({
      name: 'blockchain_network_dht_queries_total',
      help: 'Questions of peers that the DHT here has answered.',
      registers,
    }),
  };
}
