// The work of `bench`: one network after the other, then the table and the file.

import { setMaxListeners } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buildInfo } from '../../node/package-root.ts';
import type { BenchOptions } from '../bench.ts';
import type { CliContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { StopRequest } from '../stop-request.ts';
import { type Measurement, measure } from './measure.ts';
import { withNetwork } from './network.ts';
import { FULL_PLAN, type Plan, QUICK_PLAN } from './plan.ts';
import { machineLine, notes, resultOf, table } from './report.ts';
import { benchAddresses } from './transfer-signer.ts';

const MAX_VALIDATORS = 20;
const MAX_SECONDS = 3_600;

/** @throws {CliError} */
export async function runBench(context: CliContext, options: BenchOptions): Promise<void> {
  if (process.platform !== 'linux') {
    throw new CliError('environment', 'bench runs on Linux only: it reads CPU time and memory from /proc');
  }
  const sizes = options.validators.split(',').map((text) => wholeNumber(text, '--validators', MAX_VALIDATORS));
  const plan = planOf(options);
  const build = buildInfo();
  const machine = machineLine(build);
  context.stderr.write(`${machine}\n`);
  const measurements: Measurement[] = [];
  const stop = new StopRequest();
  const ended = new AbortController();
  setMaxListeners(0, ended.signal); // every request and every pause listens
  stop.requested.then((reason) => ended.abort(new CliError('environment', `stopped by ${reason}`)));
  try {
    const addresses = benchAddresses(plan.accounts);
    for (const validators of sizes) {
      measurements.push(await measureNetwork(context, options, { validators, plan, addresses, ended }));
    }
  } catch (error) {
    // What was under way fails because of the reason, with errors of its own.
    throw ended.signal.aborted ? ended.signal.reason : error;
  } finally {
    ended.abort();
    stop.close();
  }
  const results = measurements.map((measurement) => resultOf(measurement, build)).filter((one) => one !== undefined);
  if (results.length > 0) await writeFile(options.output, `${JSON.stringify(results, null, 2)}\n`);
  if (options.json === true) {
    context.stdout.write(`${JSON.stringify(results)}\n`);
    return;
  }
  const written = results.length > 0 ? ['', `written to ${options.output}`] : [];
  const lines = [machine, '', ...table(measurements), '', ...measurements.flatMap(notes), ...written];
  context.stdout.write(`${lines.join('\n')}\n`);
}

interface NetworkPlan {
  readonly validators: number;
  readonly plan: Plan;
  readonly addresses: Uint8Array;
  readonly ended: AbortController;
}

function measureNetwork(
  context: CliContext,
  options: BenchOptions,
  { validators, plan, addresses, ended }: NetworkPlan,
): Promise<Measurement> {
  const { environment } = context;
  const onFailure = (error: Error) => ended.abort(error);
  const progress = (phase: string) => context.stderr.write(`${validators} validator(s): ${phase}\n`);
  const profileDirectory = options.profile === undefined ? undefined : resolve(options.profile);
  const phases = profileDirectory === undefined ? 'all' : 'saturation';
  progress('starting');
  return withNetwork({ validators, addresses, environment, profileDirectory }, onFailure, (network) =>
    measure(network, { plan, addresses, phases, signal: ended.signal, progress, onFailure }),
  );
}

function planOf({ quick, seconds }: BenchOptions): Plan {
  const plan = quick === true ? QUICK_PLAN : FULL_PLAN;
  if (seconds === undefined) return plan;
  return { ...plan, saturationMs: 1000 * wholeNumber(seconds, '--seconds', MAX_SECONDS) };
}

/** @throws {CliError} */
function wholeNumber(text: string, option: string, maximum: number): number {
  const value = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  if (value >= 1 && value <= maximum) return value;
  throw new CliError('usage', `${option}: "${text}" is not allowed`, {
    hint: `write whole numbers from 1 to ${maximum}`,
  });
}
