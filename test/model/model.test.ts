// The short form of the model check: the right rules hold in runs that reach what is interesting, and
// every broken rule is found out. `make model` looks longer.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { INVARIANTS, search } from './quint.ts';
import { BROKEN, RIGHT } from './variants.ts';

const SEED = 1;

const model = suite('model');

for (const [variant, witnesses] of Object.entries(RIGHT)) {
  model(`${variant}: every invariant holds, and not for want of events`, async () => {
    const { holds, witnessed, output } = await search({
      variant,
      invariants: INVARIANTS,
      witnesses,
      samples: 100,
      seed: SEED,
    });
    assert.ok(holds, output);
    const missing = witnesses.filter((witness) => (witnessed.get(witness) ?? 0) === 0);
    assert.equal(missing, [], output);
  });
}

for (const [variant, invariant] of Object.entries(BROKEN)) {
  model(`${variant}: breaks ${invariant}`, async () => {
    const { holds, output } = await search({ variant, invariants: [invariant], samples: 400, seed: SEED });
    assert.not(holds, output);
  });
}

model.run();
