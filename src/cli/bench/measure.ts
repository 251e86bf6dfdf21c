// Measures one network: warm-up, saturation, 80 % of it, then a few transfers a second.

import { setTimeout as sleep } from 'node:timers/promises';
import { minimumFee } from '../../ledger/rules.ts';
import type { Parameters } from '../../primitives/parameters.ts';
import { decodeTransaction } from '../../primitives/transaction.ts';
import { CliError } from '../errors.ts';
import { Chains, disagreement, type Throughput, throughputOf } from './chains.ts';
import { Load } from './load.ts';
import type { BenchNetwork } from './network.ts';
import { NodeClient } from './node-client.ts';
import type { Plan } from './plan.ts';
import { percentile } from './statistics.ts';
import { TransferSigner } from './transfer-signer.ts';
import { Transfers } from './transfers.ts';

/** The share of saturation that a network is expected to carry well. */
const BUSY_SHARE = 0.8;
/** Transfers signed for the warm-up, per second of it. */
const WARM_UP_PER_SECOND = 5_000;
/** A network is faster once it is warm; what is left over is sent at 80 %. */
const SIGNED_RESERVE = 1.6;
/** Saturation ends with a block, this long at most before it was meant to. */
const HELD_TOLERANCE_MS = 2_000;
const FIRST_BLOCK_LIMIT_MS = 15_000;
const LOOK_MS = 100;

export interface Latency {
  /** milliseconds from before the request was written until its answer was read */
  readonly p50: number;
  readonly p99: number;
  readonly samples: number;
}

export interface Saturation {
  /** of the slowest node: transfers in finalized blocks per second */
  readonly throughput: Throughput;
  /** of all nodes */
  readonly cpuPerSecond: number;
  /** of this process, which makes the load */
  readonly loadCpuPerSecond: number;
  readonly residentMiB: number;
  readonly highestBacklog: number;
  readonly signedLate: number;
}

export interface Measurement {
  readonly validators: number;
  readonly saturation: Saturation;
  /** absent when only saturation was asked for */
  readonly latencies: { readonly calm: Latency; readonly busy: Latency; readonly busyPerSecond: number } | undefined;
  /** every node finalized all of them, and has the same blocks and states up to this height */
  readonly transfers: number;
  readonly height: number;
}

export interface MeasureOptions {
  readonly plan: Plan;
  readonly addresses: Uint8Array;
  readonly phases: 'all' | 'saturation';
  readonly signal: AbortSignal;
  /** tells a person what happens now */
  readonly progress: (phase: string) => void;
  /** ends the benchmark: what is measured is broken */
  readonly onFailure: (error: Error) => void;
}

/** @throws {CliError} when the nodes disagree or do not finalize what was sent; the signal's reason. */
export async function measure(network: BenchNetwork, options: MeasureOptions): Promise<Measurement> {
  const chains = new Chains(
    network.nodes.map(({ wsUrl }) => wsUrl),
    options.onFailure,
  );
  const clients = network.nodes.map(({ rpcUrl }) => new NodeClient(rpcUrl, options.signal));
  try {
    return await measurePhases(network, options, chains, clients);
  } finally {
    chains.close();
    for (const client of clients) client.close();
  }
}

async function measurePhases(
  network: BenchNetwork,
  { plan, addresses, phases, signal, progress }: MeasureOptions,
  chains: Chains,
  clients: readonly NodeClient[],
): Promise<Measurement> {
  const { genesis, genesisHash, nodes } = network;
  const lanes = nodes.length;
  const draft = { genesisHash, addresses, lanes };
  const transfers = new Transfers({ ...draft, fee: transferFee(draft, genesis.parameters) });
  const load = new Load(clients, transfers, chains, signal);
  const prepare = (count: number) => transfers.prepare(Math.ceil(count / lanes), signal);

  progress('signing, warming up');
  await firstBlock(chains, signal);
  await prepare((WARM_UP_PER_SECOND * plan.warmUpMs) / 1000);
  const warmPerSecond = await warmUp(plan, chains, load);
  progress('signing');
  const seconds = (plan.rampMs + plan.saturationMs) / 1000;
  await prepare(warmPerSecond * SIGNED_RESERVE * seconds);

  progress(`saturation, ${seconds} s`);
  const saturation = await saturate(network, plan, chains, load, signal);
  await load.drain();
  const late = transfers.signedLate;

  const sampleLatencies = async () => {
    const busyPerSecond = BUSY_SHARE * saturation.throughput.perSecond;
    progress(`80 % of saturation, ${Math.round(busyPerSecond)} transfers a second`);
    await prepare((busyPerSecond * (plan.busyRampMs + plan.busyMs)) / 1000);
    const busy = await sampleBusy(plan, load, busyPerSecond, signal);
    await load.drain();
    progress(`${plan.calmPerSecond} transfers a second, ${plan.calmMs / 1000} s`);
    const calm = latencyOf(await load.sample(plan.calmPerSecond, plan.calmMs));
    await load.drain();
    return { calm, busy, busyPerSecond };
  };
  const latencies = phases === 'all' ? await sampleLatencies() : undefined;

  const different = disagreement(chains.all);
  if (different !== undefined) throw new CliError('checkFailed', `the nodes disagree: ${different}`);
  return {
    validators: lanes,
    saturation: { ...saturation, signedLate: late },
    latencies,
    transfers: load.sent,
    height: chains.height,
  };
}

/** @returns about how many transfers the network finalizes in a second. */
async function warmUp({ warmUpMs }: Plan, chains: Chains, load: Load): Promise<number> {
  const start = performance.now();
  await load.saturate(warmUpMs);
  const late = chains.finalizedSince(start + warmUpMs / 2) / (warmUpMs / 2000);
  await load.drain();
  return Math.max(late, (1000 * load.sent) / (performance.now() - start));
}

async function saturate(
  network: BenchNetwork,
  plan: Plan,
  chains: Chains,
  load: Load,
  signal: AbortSignal,
): Promise<Omit<Saturation, 'signedLate'>> {
  load.takeHighestBacklog();
  const running = load.saturate(plan.rampMs + plan.saturationMs);
  const counted = async () => {
    await sleep(plan.rampMs, undefined, { signal });
    const [from, cpu, own] = [performance.now(), network.cpuSeconds(), process.cpuUsage()];
    await sleep(plan.saturationMs, undefined, { signal });
    const [to, cpuAfter, ownUsed] = [performance.now(), network.cpuSeconds(), process.cpuUsage(own)];
    const seconds = (to - from) / 1000;
    return {
      throughput: slowest(chains, from, to),
      cpuPerSecond: (cpuAfter - cpu) / seconds,
      loadCpuPerSecond: (ownUsed.user + ownUsed.system) / 1e6 / seconds,
      residentMiB: network.residentMiB(),
    };
  };
  const [result] = await Promise.all([counted(), running]);
  const { throughput } = result;
  if (throughput.seconds * 1000 < plan.saturationMs - HELD_TOLERANCE_MS) {
    throw new CliError('checkFailed', `blocks came for ${throughput.seconds.toFixed(1)} s only while it was saturated`);
  }
  return { ...result, highestBacklog: load.takeHighestBacklog() };
}

/** The samples are part of the load. */
async function sampleBusy(plan: Plan, load: Load, perSecond: number, signal: AbortSignal): Promise<Latency> {
  const rest = Math.max(0, perSecond - plan.busySamplesPerSecond);
  const sampling = sleep(plan.busyRampMs, undefined, { signal }).then(() =>
    load.sample(plan.busySamplesPerSecond, plan.busyMs),
  );
  const [samples] = await Promise.all([sampling, load.steady(rest, plan.busyRampMs + plan.busyMs)]);
  return latencyOf(samples);
}

function latencyOf(samples: readonly number[]): Latency {
  return { p50: percentile(samples, 0.5), p99: percentile(samples, 0.99), samples: samples.length };
}

/** @throws {CliError} when a node finalized next to nothing. */
function slowest(chains: Chains, from: number, to: number): Throughput {
  const [lowest] = chains.all
    .map((chain) => throughputOf(chain, from, to))
    .sort((a, b) => (a?.perSecond ?? 0) - (b?.perSecond ?? 0));
  if (lowest !== undefined && lowest.perSecond > 0) return lowest;
  throw new CliError('checkFailed', 'a node finalized nothing while the network was saturated');
}

async function firstBlock(chains: Chains, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + FIRST_BLOCK_LIMIT_MS;
  while (chains.height < 1) {
    if (performance.now() > deadline) throw new CliError('checkFailed', 'the network made no block');
    await chains.advanced(LOOK_MS);
    signal.throwIfAborted();
  }
}

/** The least fee of a transfer between accounts that exist; all of them have the same size. */
function transferFee(plan: { genesisHash: Uint8Array; addresses: Uint8Array; lanes: number }, parameters: Parameters) {
  const draft = decodeTransaction(new TransferSigner({ ...plan, fee: 0n }).sign(0, 0));
  return minimumFee(draft, parameters, 0);
}
