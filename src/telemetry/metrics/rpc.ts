// Requests answered and WebSocket clients served.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { WORK_BUCKETS_SECONDS } from './buckets.ts';

export interface RpcMetrics {
  /** `route` is a route's pattern or a JSON-RPC method, never what a client typed; `status` an HTTP status */
  readonly requests: Histogram<'route' | 'status'>;
  /** WebSocket connections open now */
  readonly sockets: Gauge;
  /** WebSocket clients dropped because they read too slowly */
  readonly slowClients: Counter;
}

export function createRpcMetrics(registry: Registry): RpcMetrics {
  const registers = [registry];
  return {
    requests: new Histogram({
      name: 'blockchain_rpc_request_seconds',
      help: 'Time to answer a request, by route and status.',
      labelNames: ['route', 'status'],
      buckets: [...WORK_BUCKETS_SECONDS],
      registers,
    }),
    sockets: new Gauge({
      name: 'blockchain_rpc_websockets',
      help: 'WebSocket connections open now.',
      registers,
    }),
    slowClients: new Counter({
      name: 'blockchain_rpc_slow_clients_total',
      help: 'WebSocket clients dropped because they read too slowly.',
      registers,
    }),
  };
}
