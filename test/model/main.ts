// `make model`: SAMPLES runs of each right variant from seed SEED, with what they reached, and the first run that finds
// each broken rule out. Options come from the environment, as make passes them: see HELP.

import { readNumber, runOrHelp } from '../helpers/make-options.ts';
import { INVARIANTS, STEPS, search } from './quint.ts';
import { BROKEN, RIGHT } from './variants.ts';

const HELP = `make model [OPTION=value …]   runs the model of the consensus' safety, then each rule broken on purpose

  SAMPLES=10000    runs of each variant, at most ${STEPS} steps each; a broken rule's end when one finds it out
  SEED=1           draws the runs; without it another one each time, which is printed
  HELP=1           this text
`;

await runOrHelp(HELP, main);

async function main(): Promise<void> {
  const samples = readNumber('SAMPLES', 10_000, 1);
  const seed = readNumber('SEED', Date.now(), 1);

  let failed = false;
  print(`${samples} runs of at most ${STEPS} steps each, SEED=${seed}`);
  for (const [variant, witnesses] of Object.entries(RIGHT)) {
    const started = performance.now();
    const { holds, witnessed, output } = await search({ variant, invariants: INVARIANTS, witnesses, samples, seed });
    const seconds = Math.round((performance.now() - started) / 1000);
    if (!holds) {
      failed = true;
      print(`${output}\nFAILED ${variant}`);
      continue;
    }
    const reached = [...witnessed].map(([name, count]) => `${name} ${((100 * count) / samples).toFixed(1)} %`);
    print(`${variant}: no violation in ${seconds} s; reached: ${reached.join(', ')}`);
  }
  for (const [variant, invariant] of Object.entries(BROKEN)) {
    const { holds } = await search({ variant, invariants: [invariant], samples, seed });
    failed ||= holds;
    print(holds ? `FAILED ${variant}: ${invariant} holds` : `${variant}: breaks ${invariant}, as it must`);
  }
  process.exitCode = failed ? 1 : 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
