// Catch-up and consensus come to the same block at the same time, and catch-up stores it first, under a descendant's
// Final. The block's own, which consensus has acted on, must not be lost when the journal is rewritten: after a crash the
// node goes on from there.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../../src/primitives/bytes.ts';
import type { SimNode } from '../node.ts';
import { Stage } from './stage.ts';

/** enough for the journal to be rewritten after some of them */
const BLOCKS = 30;

const overtaken = suite('a Final overtaken by catch-up');

for (const seed of [1, 2, 3]) {
  overtaken(`what was told stays known, seed ${seed}`, async () => {
    const stage = new Stage({ nodes: 4, seed });
    const node = stage.world.nodes[3] as SimNode;
    let times = 0;
    while (times < BLOCKS) {
      await stage.until(() => isAboutToCommit(node), 40 * stage.base);
      const { height } = node.database;
      storeWithoutFinal(node);
      times++;
      await stage.until(() => node.database.height > height && !isAboutToCommit(node), 40 * stage.base);
    }
    await stage.pass(stage.base / 2);
    const { anchor, top } = node.database;
    assert.is(anchor.header.height, top.block.header.height, 'the newest block has its Final');
    node.crash();
    node.restart('nothing');
    await stage.untilAllGoOn(20 * stage.base);
  });
}

/** Consensus knows that the block above the newest stored one is final, has executed it, and it is not stored yet. */
function isAboutToCommit(node: SimNode): boolean {
  const { driver, database, chain } = node;
  const [final] = driver.core.certificates(driver.core.lastFinalSlot, driver.core.lastFinalSlot);
  const block = final && chain.find(toHex(final.hash));
  return block !== undefined && block.header.height === database.height + 1;
}

/** As catch-up does with all blocks of an answer but the last. */
function storeWithoutFinal({ driver, database, chain }: SimNode): void {
  const [final] = driver.core.certificates(driver.core.lastFinalSlot, driver.core.lastFinalSlot);
  const block = final && chain.find(toHex(final.hash));
  assert.ok(final && block);
  database.push({ hash: final.hash, block, final: undefined });
}

overtaken.run();
