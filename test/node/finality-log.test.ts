import { Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FinalizedEvent } from '../../src/chain/types.ts';
import { FinalityLog } from '../../src/node/finality-log.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { account, makeGenesis, pay, withNodes } from '../chain/fixture.ts';

const logTest = suite('finality log');
const genesis = makeGenesis();

logTest('one line for many blocks, with everything since the last line', async () => {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, next) {
      lines.push(JSON.parse(String(chunk)));
      next();
    },
  });
  const log = new FinalityLog(createLogger({ level: 'info', stream }));
  const { now } = performance;
  let time = 50_000;
  performance.now = () => time;
  try {
    await withNodes(genesis, 1, async (node) => {
      for (let nonce = 0; nonce < 3; nonce++) await node.grow([pay(genesis, { from: 0, to: account(1), nonce })]);
      const [first, second, third] = node.finalized as [FinalizedEvent, FinalizedEvent, FinalizedEvent];
      log.finalized(first);
      time += 899;
      log.finalized(second);
      assert.is(lines.length, 1);
      time += 1;
      log.finalized(third);
      const facts = lines.map(({ height, hash, blocks, transactions }) => ({ height, hash, blocks, transactions }));
      assert.equal(facts, [
        { height: 1, hash: toHex(first.hash), blocks: 1, transactions: 1 },
        { height: 3, hash: toHex(third.hash), blocks: 2, transactions: 2 },
      ]);
    });
  } finally {
    performance.now = now;
  }
});

logTest.run();
