// The long runs that make starts tell their options instead of running when they are asked for help.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** With these a run that starts all the same is short. */
const SHORT = { SEEDS: '0', SECONDS: '0', N: '1', SAMPLES: '1' };

const help = suite('make … HELP=1');

for (const [target, options] of [
  ['sim', ['SEEDS', 'FROM', 'N', 'SLOTS', 'EPOCHS', 'FAULTY', 'WITHOUT', 'MISSING', 'SHRINK', 'HELP']],
  ['storm', ['SECONDS', 'N', 'SEED', 'HELP']],
  ['model', ['SAMPLES', 'SEED', 'HELP']],
] as const) {
  help(`make ${target} HELP=1 lists its options and runs nothing`, async () => {
    const env = { ...process.env, ...SHORT, HELP: '1' };
    const script = `test/${target}/main.ts`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], { env });
    assert.is(stdout.split(' ', 2).join(' '), `make ${target}`);
    const listed = [...stdout.matchAll(/^ {2}([A-Z]+)=/gm)].map(([, option]) => option);
    assert.equal(listed, options);
  });
}

help.run();
