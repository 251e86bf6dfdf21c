// Who sends the same message too often, on a clock of the test.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GossipCopies, MAX_COPIES } from '../../src/network/gossip-copies.ts';

const copies = suite('network: copies of a message');

function start(resendInterval = 1_500) {
  const clock = { now: 0 };
  const heard = new GossipCopies(resendInterval, () => clock.now);
  const send = (peer: string, id: string, times: number) =>
    Array.from({ length: times }, () => heard.add(peer, Buffer.from(id))).filter((isOne) => isOne).length;
  return { clock, send };
}

copies('each copy past those that an honest peer sends counts, of each message and each peer for itself', () => {
  const { send } = start();
  for (const peer of ['a', 'b']) {
    for (const id of ['1', '2']) assert.is(send(peer, id, MAX_COPIES), 0);
  }
  assert.is(send('a', '1', 100), 100);
  assert.is(send('b', '3', 1), 0);
});

copies('a message that is passed on whenever it is forgotten, and asked for thrice each 5 s, does not count', () => {
  // T, and how long gossip remembers with it
  for (const [interval, memory] of [
    [100, 100],
    [300, 150],
    [1_500, 1_125],
    [10_000, 8_500],
  ] as const) {
    const { clock, send } = start(interval);
    let asked = 0;
    for (; clock.now < 120_000; clock.now += memory) {
      const answers = clock.now >= asked ? 3 : 0;
      if (answers > 0) asked = clock.now + 5_000;
      assert.is(send('honest', 'vote', 1 + answers), 0, `T of ${interval} ms, at ${clock.now} ms`);
    }
  }
});

copies('what would fill the memory is not remembered, and who replays among it is found all the same', () => {
  const { send } = start();
  let found = 0;
  for (let n = 0; n < 200_000; n++) {
    assert.is(send('talker', String(n), 1), 0);
    if (n % 100 === 0) found += send('flooder', 'vote', 1);
  }
  assert.ok(found > 1_500);
});

copies.run();
