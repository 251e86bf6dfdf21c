// What the `signer` commands say of a record, in words for whoever reads it.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withTempDir } from '../helpers/temp-dir.ts';
import { runCli, runJson } from './run-cli.ts';

const signer = suite('signer commands');

signer('a record without a floor says so, one with a floor says what it means', async () => {
  await withTempDir(async (directory) => {
    const at = ['--network', 'devnet', '--data-dir', join(directory, 'node')];
    await runJson(['init', ...at]);
    const { record, floor } = await runJson(['signer', 'show', ...at]);
    assert.equal(floor, { epoch: 0, slot: 0 });
    assert.match((await runCli(['signer', 'show', ...at])).stdout, /^floor +none yet: /m);
    await rm(String(record));
    const recovered = await runCli(['signer', 'recover', '--epoch', '3', '--slot', '1000', ...at]);
    assert.match(recovered.stdout, /^floor +epoch 3, slot \d{4}: nothing at or below it is signed$/m);
  });
});

signer.run();
