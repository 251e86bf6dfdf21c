// Short storms over four and over seven validators: see `make storm` for long ones.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StormFailure, storm } from '../storm/storm.ts';

const STORMS = [
  { validators: 4, seconds: 40 },
  { validators: 7, seconds: 15 },
] as const;
/** Another one each time, and printed when something breaks. */
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

const storms = suite('storms');

for (const { validators, seconds } of STORMS) {
  storms(
    `${validators} validators through ${seconds} s of kills, freezes, lost databases and wrong clocks`,
    async () => {
      const story: string[] = [];
      try {
        const { rounds, clients, observations, transactions } = await storm({
          validators,
          seed,
          seconds,
          tell: (line) => story.push(line),
        });
        assert.ok(rounds > 0 && clients.transfers > 0 && transactions >= clients.transfers);
        assert.ok(
          clients.answers > 0 && clients.events > 0 && observations > clients.events,
          'there was much to judge',
        );
      } catch (error) {
        const kept = error instanceof StormFailure ? `files and logs of the nodes: ${error.directory}` : '';
        const again = `again: make storm SECONDS=${seconds} N=${validators} SEED=${seed}`;
        throw new Error([...story, String(error), kept, again].join('\n'));
      }
    },
  );
}

storms.run();
