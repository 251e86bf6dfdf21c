// `make sim`: worlds by the thousand. SEEDS worlds for each size in N, from seed FROM; prints totals and, for a world
// that fails, the seed and the command that runs it again.

import { InvariantViolation } from './invariants.ts';
import { SLOTS_PER_WORLD, simulate } from './simulate.ts';

const seeds = readNumber('SEEDS', 200);
const from = readNumber('FROM', 0);
const sizes = (process.env.N ?? '4,7').split(',').map(Number);

let failures = 0;
for (const nodes of sizes) {
  const totals = { worlds: 0, slots: 0, steps: 0, virtualSeconds: 0 };
  const faults: Record<string, number> = {};
  const started = performance.now();
  for (let seed = from; seed < from + seeds; seed++) {
    try {
      const result = await simulate({ seed, nodes });
      totals.worlds++;
      totals.slots += result.slots;
      totals.steps += result.steps;
      totals.virtualSeconds += result.virtualSeconds;
      for (const [fault, count] of Object.entries(result.faults)) faults[fault] = (faults[fault] ?? 0) + count;
    } catch (error) {
      failures++;
      const kind = error instanceof InvariantViolation ? 'invariant broken' : 'crashed';
      process.stdout.write(
        `FAILED n=${nodes} seed=${seed}: ${kind}: ${error instanceof Error ? error.stack : error}\n`,
      );
      process.stdout.write(`  again: make sim SEEDS=1 FROM=${seed} N=${nodes}\n`);
    }
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    `n=${nodes}: ${totals.worlds} worlds of at least ${SLOTS_PER_WORLD} slots in ${seconds} s: ${totals.slots} slots, ` +
      `${totals.steps} events, ${Math.round(totals.virtualSeconds)} virtual seconds; faults ${JSON.stringify(faults)}\n`,
  );
}
process.exitCode = failures === 0 ? 0 : 1;

function readNumber(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} is a whole number`);
  return value;
}
