// `make sim`: worlds by the thousand, on all cores. Prints totals and, for a world that fails, what happened in it and
// the command that runs it again. Options come from the environment, as make passes them: see HELP.

import { readList, readNumber, readNumbers, runOrHelp } from '../helpers/make-options.ts';
import { asFaultClass, FAULT_CLASSES } from './fault-class.ts';
import { BEHAVIOURS } from './faulty/all.ts';
import { type Outcome, runAll } from './pool.ts';
import { failureOf, shrink } from './shrink.ts';
import { behaviourNamed, commandOf, type Draw, FAULTS_PER_WORLD, SLOTS_PER_WORLD } from './simulate.ts';
import { Totals } from './totals.ts';
import { TWIN } from './world.ts';

const HELP = `make sim [OPTION=value …]   runs simulated worlds until one breaks an invariant, or none does

  SEEDS=200        worlds for each size
  FROM=0           the first seed
  N=4,7            sizes: numbers of validators
  SLOTS=${SLOTS_PER_WORLD}        slots that every honest node must finalize (each world meets at least ${FAULTS_PER_WORLD} faults)
  EPOCHS=5         epochs that end in each world, which goes on until then; validators come, leave and change weights
  FAULTY=a,b       what the last validators do, instead of what the seed draws; 'none': all are honest
                   ${wrapped([...BEHAVIOURS.map(({ name }) => name), TWIN])}
  WITHOUT=a,b      classes of faults that do not happen
                   ${wrapped(FAULT_CLASSES)}
  MISSING=30       of a hundred proposals so many are not complete where they arrive (0)
  SHRINK=1         makes each failure smaller: which faults, faulty validators and slots does it take?
  HELP=1           this text
`;
/** s between two lines of progress */
const PROGRESS_EVERY = 10;

await runOrHelp(HELP, main);

async function main(): Promise<void> {
  const seeds = readNumber('SEEDS', 200);
  const from = readNumber('FROM', 0);
  const sizes = readNumbers('N', [4, 7]);
  const chosen = readChoices();
  let failures = 0;
  for (const nodes of sizes) {
    const draws = Array.from({ length: seeds }, (_, index): Draw => ({ ...chosen, seed: from + index, nodes }));
    failures += await runSize(nodes, draws);
  }
  if (failures > 0) process.stdout.write(`\n${failures} of ${seeds * sizes.length} worlds FAILED\n`);
  process.exitCode = failures === 0 ? 0 : 1;
}

/** @returns how many failed */
async function runSize(nodes: number, draws: readonly Draw[]): Promise<number> {
  const totals = new Totals();
  const failed: Draw[] = [];
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  let told = 0;
  await runAll(draws, (outcome) => {
    if (outcome.result !== undefined) totals.add(outcome.draw.seed, outcome.result);
    else {
      failed.push(outcome.draw);
      process.stdout.write(describeFailure(outcome));
    }
    if (seconds() - told < PROGRESS_EVERY) return;
    told = seconds();
    process.stdout.write(
      `n=${nodes}: ${totals.worlds + failed.length} of ${draws.length} worlds, ${failed.length} failed\n`,
    );
  });
  process.stdout.write(`n=${nodes}: ${seconds().toFixed(1)} s, ${failed.length} failed; ${totals.tell()}\n`);
  if (process.env.SHRINK !== undefined) for (const draw of failed) await shrinkOne(draw);
  return failed.length;
}

function describeFailure({ draw, failure }: Outcome): string {
  return [
    `\nFAILED n=${draw.nodes} seed=${draw.seed}: ${failure?.rule} is broken: ${failure?.message}`,
    failure?.timeline,
    `again: ${commandOf(draw)}\n\n`,
  ].join('\n');
}

async function shrinkOne(draw: Draw): Promise<void> {
  const failure = await failureOf(draw);
  if (failure === undefined) return;
  process.stdout.write(`smaller worlds that break ${failure.rule} too:\n`);
  const smallest = await shrink(failure, (smaller) => process.stdout.write(`  ${commandOf(smaller.draw)}\n`));
  process.stdout.write(`\n${smallest.timeline}\nsmallest: ${smallest.message}\n`);
}

function readChoices(): Omit<Draw, 'seed' | 'nodes'> {
  const slots = process.env.SLOTS === undefined ? undefined : readNumber('SLOTS', SLOTS_PER_WORLD);
  const faulty = readList('FAULTY')?.filter((name) => name !== 'none');
  const without = readList('WITHOUT')?.map(asFaultClass);
  for (const name of faulty ?? []) behaviourNamed(name);
  return {
    ...(slots !== undefined && { slots }),
    ...(process.env.EPOCHS !== undefined && { epochs: readNumber('EPOCHS', 0) }),
    ...(process.env.MISSING !== undefined && { missing: readNumber('MISSING', 0) }),
    ...(faulty !== undefined && { faulty }),
    ...(without !== undefined && { without }),
  };
}

function wrapped(names: readonly string[]): string {
  const lines: string[] = [''];
  for (const name of names) {
    const line = lines.at(-1) as string;
    if (line.length + name.length > 90) lines.push(name);
    else lines[lines.length - 1] = line === '' ? name : `${line}, ${name}`;
  }
  return lines.join(',\n                   ');
}
