// The process itself: build, event-loop lag, heap, garbage collection and the queue of signatures to verify.

import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

export interface BuildInfo {
  /** of the package, e.g. `0.1.0` */
  readonly version: string;
  /** abbreviated hash of the source commit, or `unknown` */
  readonly commit: string;
}

/** Gauges under a counter's name, which the naming rules forbid; the same numbers exist by type without `_total`. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/**
 * Call once for a registry.
 * @param signatureQueue signatures that wait for a verifier, asked at every scrape.
 */
export function registerProcessMetrics(registry: Registry, build: BuildInfo, signatureQueue: () => number): void {
  const registers = [registry];
  new Gauge({
    name: 'blockchain_build_info',
    help: 'Always 1; the labels name the version and commit that run.',
    labelNames: ['version', 'commit'],
    registers,
  }).set({ version: build.version, commit: build.commit }, 1);
  new Gauge({
    name: 'blockchain_crypto_signature_queue',
    help: 'Signatures that wait to be verified.',
    registers,
    collect() {
      this.set(signatureQueue());
    },
  });
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}
