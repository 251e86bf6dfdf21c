// What this node asks of a peer: how much at once, and what it does when it is refused.

import '../../src/polyfills.ts';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PeerBuckets } from '../../src/network/rate-limit.ts';
import { type RequestEnd, Restraint } from '../../src/network/restraint.ts';

const restraint = suite('network: restraint');

/** Those who wait on a clock that stands still would wait for ever. */
const over = new AbortController();
setMaxListeners(0, over.signal);
restraint.after(() => over.abort());

/** Whoever may go has gone by then. */
const settled = () => sleep(0);

interface Turns {
  readonly ends: ((end: RequestEnd) => void)[];
}

/** So many requests that want to go. */
function ask(
  by: Restraint,
  count: number,
  protocol: 'blocks' | 'txs' = 'blocks',
  signal = over.signal,
  ends: Turns['ends'] = [],
): Turns {
  for (let n = 0; n < count; n++) {
    by.turn('a', protocol, signal).then(
      (end) => ends.push(end),
      () => undefined,
    );
  }
  return { ends };
}

restraint('four at once on each protocol; the next go when those have ended', async () => {
  const by = new Restraint(() => 0);
  const blocks = ask(by, 10);
  const transactions = ask(by, 10, 'txs');
  await settled();
  assert.equal([blocks.ends.length, transactions.ends.length], [4, 4]);
  for (const end of blocks.ends.slice(0, 3)) end('answered');
  await settled();
  assert.equal([blocks.ends.length, transactions.ends.length], [7, 4]);
});

restraint('three quarters of what a peer grants, and the rest as time goes', async () => {
  let now = 0;
  const by = new Restraint(() => now);
  let asked = 0;
  const askMore = async () => {
    const { ends } = ask(by, 1);
    await settled();
    for (const end of ends) end('answered');
    asked += ends.length;
    return ends.length === 1;
  };
  while (await askMore());
  assert.is(asked, 48);
  now = 500;
  while (await askMore());
  // one waited already
  assert.is(asked, 48 + 12 - 1);
});

restraint('who refuses is asked one thing at a time, less often with each refusal, until it is calm', async () => {
  let now = 0;
  const by = new Restraint(() => now);
  const { ends } = ask(by, 30);
  await settled();
  const newOnes = async () => {
    const before = ends.length;
    await sleep(210); // the timer of a pause
    return ends.length - before;
  };
  for (const end of ends.slice(0, 4)) end('refused');
  assert.is(await newOnes(), 0);
  now = 100;
  assert.is(await newOnes(), 1, 'refused together: one pause');
  ends.at(-1)?.('refused');
  now = 299;
  assert.is(await newOnes(), 0);
  now = 300;
  assert.is(await newOnes(), 1);
  ends.at(-1)?.('answered');
  now = 499;
  assert.is(await newOnes(), 0, 'it does not ask faster at once');
  now = 20_100;
  assert.is(await newOnes(), 4);
});

restraint('a peer whose limits we do not know refuses seldom, however much is asked of it', async () => {
  let now = 0;
  const by = new Restraint(() => now);
  const grants = new PeerBuckets({ burst: 2, perSecond: 2 }, () => now);
  let refusals = 0;
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const ends: ((end: RequestEnd) => void)[] = [];
  for (; now < 120_000; now += 50) {
    ask(by, 1, 'blocks', controller.signal, ends);
    await settled();
    for (const end of ends.splice(0)) {
      const isGranted = grants.takeOne('a');
      if (!isGranted && now > 20_000) refusals += 1;
      end(isGranted ? 'answered' : 'refused');
    }
  }
  controller.abort();
  assert.ok(refusals > 0 && refusals <= 15, `${refusals} refusals`);
});

restraint('who waits no more has no turn', async () => {
  const by = new Restraint(() => 0);
  const first = ask(by, 4);
  const controller = new AbortController();
  const gone = ask(by, 4, 'blocks', controller.signal);
  const last = ask(by, 1);
  await settled();
  controller.abort();
  for (const end of first.ends) end('neither');
  await settled();
  assert.equal([gone.ends.length, last.ends.length], [0, 1]);
  const [turn] = await Promise.allSettled([by.turn('a', 'txs', controller.signal)]);
  assert.is(turn?.status, 'rejected');
});

restraint.run();
