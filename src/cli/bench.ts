// `bench`: what a network of this program does on this machine, measured on real processes.

import type { Command } from 'commander';
import type { CliContext, JsonOption } from './context.ts';
import { withJson } from './options.ts';

export interface BenchOptions extends JsonOption {
  readonly validators: string;
  readonly seconds?: string;
  readonly quick?: boolean;
  readonly output: string;
  readonly profile?: string;
}

export function addBench(program: Command, context: CliContext): void {
  const bench = withJson(program.command('bench'));
  bench
    .description('Measure throughput, latency, CPU and memory of networks on this machine (under four minutes).')
    .option('--validators <numbers>', 'sizes of the networks to measure, one after the other', '1,4')
    .option('--seconds <number>', 'how long saturation is measured (default: 22; with --quick: 2.5)')
    .option('--quick', 'a few seconds for each network: shows that all of it works, its numbers mean little')
    .option('--output <file>', 'where the results are written as JSON', 'bench-results.json')
    .addOption(
      bench
        .createOption('--profile <dir>', 'only saturate, and write a CPU profile of each node (node --cpu-prof)')
        .hideHelp(),
    )
    .addHelpText(
      'after',
      `
Each network is new, with its own processes, in a temporary directory. Transfers are signed beforehand by many
distinct senders; what is counted are transfers in finalized blocks, on every node. The latency of a transfer is
the time from before the client writes its request until the client has read that it is finalized.
Use a machine that does nothing else. Linux only: CPU and memory of the nodes are read from /proc.

Exits with 9 when the nodes disagree, or finalize anything else than what was sent.

Examples:
  aitbc-node bench
  aitbc-node bench --validators 4 --seconds 60 --output four.json`,
    )
    .action(async (options: BenchOptions) => {
      const { runBench } = await import('./bench/run.ts');
      await runBench(context, options);
    });
}
