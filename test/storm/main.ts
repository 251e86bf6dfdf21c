// `make storm`: a storm of SECONDS for each size in N, from SEED; prints what was done and what the clients saw. When
// something breaks it says what, where the nodes' files are, and the command that does the same again. Options come from the
// environment, as make passes them: see HELP.

import { readNumber, readNumbers, runOrHelp } from '../helpers/make-options.ts';
import { StormFailure, type StormResult, storm } from './storm.ts';

const HELP = `make storm [OPTION=value …]   real nodes under load, killed, frozen, wiped and given wrong clocks

  SECONDS=300      how long each storm lasts
  N=4,7            sizes: numbers of validators; one storm for each
  SEED=1           draws the faults; without it another one each time, which is printed
  HELP=1           this text
`;

await runOrHelp(HELP, main);

async function main(): Promise<void> {
  const seconds = readNumber('SECONDS', 300);
  const seed = readNumber('SEED', Date.now() % 1_000_000);
  const sizes = readNumbers('N', [4, 7], 1);

  for (const validators of sizes) {
    const started = performance.now();
    const since = () => `${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s`;
    print(`n=${validators} seed=${seed}: a storm of ${seconds} s`);
    try {
      const tell = (line: string) => print(`${since()}  ${line}`);
      print(report(validators, await storm({ validators, seed, seconds, tell })));
    } catch (error) {
      process.exitCode = 1;
      print(
        `FAILED n=${validators} seed=${seed} after ${since().trim()}: ${error instanceof Error ? error.message : error}`,
      );
      if (error instanceof StormFailure) print(`  files and logs of the nodes: ${error.directory}`);
      print(`  again: make storm SECONDS=${seconds} N=${validators} SEED=${seed}`);
    }
  }
}

function report(validators: number, result: StormResult): string {
  const { rounds, faults, clients, observations, height, transactions, slowestRecovery } = result;
  return [
    `n=${validators}: ${rounds} rounds, nothing lost`,
    `  faults: ${list(faults)}`,
    `  clients: ${list(clients)}; ${observations} observations checked`,
    `  chain: ${transactions} transactions in ${height} blocks, the same on every node`,
    `  slowest recovery after a round: ${(slowestRecovery / 1000).toFixed(1)} s`,
  ].join('\n');
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
