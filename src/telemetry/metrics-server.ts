// Serves one registry to Prometheus at /metrics, on a port of its own so that operators can keep it from the public.

import type { Registry } from 'prom-client';
import type { Logger } from './logger.ts';
import { PageServer } from './page-server.ts';

export interface MetricsServerOptions {
  readonly registry: Registry;
  readonly host: string;
  /** METRICS_PORT; 0 takes any free port */
  readonly port: number;
  readonly logger: Logger;
}

export function metricsServer({ registry, host, port, logger }: MetricsServerOptions): PageServer {
  const page = async () => ({ status: 200, contentType: registry.contentType, body: await registry.metrics() });
  return new PageServer({ pages: { '/metrics': page }, host, port, setting: 'METRICS_PORT', logger });
}
