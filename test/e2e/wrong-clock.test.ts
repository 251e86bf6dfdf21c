// A validator whose clock is wrong by a minute: it says so. While it is ahead it proposes nothing, the others go on, and
// when the clock is set right it takes part again; while it is behind it goes on. Its process has a clock of its own.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HealthView } from '../../src/rpc/handlers/node.ts';
import { NodeClock } from '../storm/clock.ts';
import { TestDevnet } from './harness/devnet.ts';
import { eventually } from './harness/wait.ts';

const BLOCK_TIME_MS = 250;
const MINUTE_MS = 60_000;
/** Three rounds of the leaders, and then some: the validator's turn comes for sure. */
const BLOCKS = 16;

const clockTest = suite('a validator with a wrong clock');

for (const { name, offset, consequence } of [
  { name: 'ahead of', offset: MINUTE_MS, consequence: ': this node proposes no blocks' },
  { name: 'behind', offset: -MINUTE_MS, consequence: '' },
]) {
  const what = consequence === '' ? 'it says so and goes on' : 'it says so and proposes nothing';
  clockTest(`a minute ${name} the others: ${what}, until the clock is set right`, async () => {
    const devnet = await TestDevnet.create(4, BLOCK_TIME_MS);
    const wrong = devnet.node(3);
    const clock = new NodeClock(`${wrong.log}.clock`);
    const complaint = new RegExp(`clock is (59|60|61)\\.\\d s ${name} the median of 3 peers${consequence}$`);
    const health = async () => wrong.rpc.fetch('health');
    const reasons = async () => ((await (await health()).json()) as HealthView).reasons;
    try {
      await devnet.start(devnet.nodes.slice(0, 3));
      const { rpc } = devnet.node(0);
      clock.set(offset);
      const { validatorAddress, metricsUrl } = await wrong.start(clock.environment);
      await eventually('it says what is wrong', async () => (await reasons()).some((text) => complaint.test(text)));
      assert.is((await health()).status, 503);
      assert.ok(wrong.tail.includes('Check the time service of this machine'));
      const metrics = await (await fetch(metricsUrl)).text();
      const told = Number(/^blockchain_network_clock_offset_seconds (\S+)$/m.exec(metrics)?.[1]);
      assert.ok(Math.abs(told - offset / 1000) < 1, `${told} s`);

      const from = (await rpc.height()) + 1;
      await eventually('the others go on', async () => (await rpc.height()) >= from + BLOCKS);
      for (let height = from; height <= from + BLOCKS && offset > 0; height++) {
        assert.is.not((await rpc.block(height)).proposer, validatorAddress);
      }
      if (offset < 0)
        await eventually('it proposes', async () => (await rpc.block('latest')).proposer === validatorAddress);

      clock.set(0);
      await eventually('it is well', async () => (await health()).status === 200);
      await eventually('it proposes', async () => (await rpc.block('latest')).proposer === validatorAddress);
      await devnet.agreeAt(await rpc.height());
    } finally {
      await devnet.close();
    }
  });
}

clockTest.run();
