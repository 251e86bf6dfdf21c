// Whom an inquiry asks, and in which order, when it may not ask everyone.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Inquiry } from '../../src/sync/inquiry.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

const inquiryTest = suite('inquiry');
const PEERS = Array.from({ length: 40 }, (_, index) => ({ id: `peer ${index}` }));

async function askedIn(rounds: number, most: number | undefined, first?: string): Promise<string[][]> {
  const inquiry = new Inquiry({ peers: () => PEERS, logger: silentLogger() });
  const all: string[][] = [];
  for (let round = 0; round < rounds; round++) {
    const asked: string[] = [];
    const ask = async (peer: string) => {
      asked.push(peer);
      return false;
    };
    await inquiry.askEveryone({ what: 'it', ask, ...(most && { most }), ...(first && { first }) });
    all.push(asked);
  }
  return all;
}

inquiryTest('rounds of a few go on where the last one ended', async () => {
  const asked = await askedIn(5, 8);
  assert.is(new Set(asked.flat()).size, 40);
  const withFirst = await askedIn(6, 8, 'peer 3');
  assert.ok(withFirst.every(([one]) => one === 'peer 3'));
  assert.ok(withFirst.every(({ length }) => length === 8));
  assert.is(new Set(withFirst.flat()).size, 40);
});

inquiryTest('rounds of all begin with another each time', async () => {
  const asked = await askedIn(3, undefined);
  assert.equal(
    asked.map(([one]) => one),
    ['peer 0', 'peer 1', 'peer 2'],
  );
  assert.ok(asked.every((round) => new Set(round).size === 40));
});

inquiryTest.run();
