// The process itself: build, event-loop lag, heap, garbage collection, and what waits for its worker threads.

import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

export interface BuildInfo {
  /** of the package, e.g. `0.1.0` */
  readonly version: string;
  /** abbreviated hash of the source commit, or `unknown` */
  readonly commit: string;
}

/** Gauges under a counter's name, which the naming rules forbid; the same numbers exist by type without `_total`. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Call once for a registry. */
export function registerProcessMetrics(registry: Registry, build: BuildInfo): void {
  const registers = [registry];
  new Gauge({
    name: 'blockchain_build_info',
    help: 'Always 1; the labels name the version and commit that run.',
    labelNames: ['version', 'commit'],
    registers,
  }).set({ version: build.version, commit: build.commit }, 1);
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}

/** @param waiting signatures that wait for a verifier, asked at every scrape. */
export function registerSignatureQueue(registry: Registry, waiting: () => number): void {
  new Gauge({
    name: 'blockchain_crypto_signature_queue',
    help: 'Signatures that wait to be verified.',
    registers: [registry],
    collect() {
      this.set(waiting());
    },
  });
}
