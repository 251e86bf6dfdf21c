// What this node asks of a peer: how much at once, and what it does when it is refused.

import '../../src/polyfills.ts';
import { setMaxListeners } from 'node:events';
import { mock } from 'node:test';
import { setImmediate as immediately } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PeerBuckets } from '../../src/network/rate-limit.ts';
import { type Errand, type RequestEnd, Restraint } from '../../src/network/restraint.ts';

const restraint = suite('network: restraint');

/** Those who wait on a clock that stands still would wait for ever. */
const over = new AbortController();
setMaxListeners(0, over.signal);
restraint.after(() => over.abort());

/** Whoever may go has gone by then. */
const settled = () => immediately();

const HASH: Errand = { protocol: 'blocks', haste: 'urgent' };
const RANGE: Errand = { protocol: 'blocks', haste: 'patient' };
const TRANSACTIONS: Errand = { protocol: 'txs', haste: 'urgent' };
const CERTIFICATES: Errand = { protocol: 'certs', haste: 'urgent' };

interface Turns {
  readonly ends: ((end: RequestEnd) => void)[];
}

/** So many requests that want to go. */
function ask(
  by: Restraint,
  count: number,
  errand: Errand = HASH,
  signal = over.signal,
  ends: Turns['ends'] = [],
): Turns {
  for (let n = 0; n < count; n++) {
    by.turn('a', errand, signal).then(
      (end) => ends.push(end),
      () => undefined,
    );
  }
  return { ends };
}

/** On a clock of the test, by which timers go too. */
async function withTime(test: (by: Restraint, pass: (milliseconds: number) => Promise<void>) => Promise<void>) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  try {
    await test(new Restraint(Date.now), async (milliseconds) => {
      for (let left = milliseconds; left > 0; left -= 50) {
        mock.timers.tick(Math.min(left, 50));
        await settled();
      }
    });
  } finally {
    mock.timers.reset();
  }
}

/** Makes it refuse so often, one after the other. */
async function refuse(by: Restraint, times: number, pass: (milliseconds: number) => Promise<void>): Promise<void> {
  for (let n = 0; n < times; n++) {
    const { ends } = ask(by, 1, TRANSACTIONS);
    await settled();
    for (let waited = 0; ends.length === 0 && waited < 10_000; waited += 50) await pass(50);
    assert.is(ends.length, 1);
    ends[0]?.('refused');
  }
}

restraint('four at once on each protocol; the next go when those have ended', async () => {
  const by = new Restraint(() => 0);
  const blocks = ask(by, 10);
  const transactions = ask(by, 10, TRANSACTIONS);
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

restraint('who refuses is asked one thing of each haste, less often with each refusal, until it is calm', async () => {
  await withTime(async (by, pass) => {
    const { ends } = ask(by, 30);
    await settled();
    const newOnes = async (milliseconds: number) => {
      const before = ends.length;
      await pass(milliseconds);
      return ends.length - before;
    };
    for (const end of ends.slice(0, 4)) end('refused');
    assert.is(await newOnes(50), 0);
    assert.is(await newOnes(50), 1, 'refused together: one pause');
    ends.at(-1)?.('refused');
    assert.is(await newOnes(150), 0);
    assert.is(await newOnes(50), 1);
    ends.at(-1)?.('answered');
    assert.is(await newOnes(150), 0, 'it does not ask faster at once');
    assert.is(await newOnes(50), 1);
    assert.is(await newOnes(19_550), 0, 'one at a time');
    assert.is(await newOnes(50), 3, 'all is forgotten, though nothing has ended');
  });
});

restraint('what has gone on for long holds up nothing that is urgent, nor does one of the other pauses', async () => {
  await withTime(async (by, pass) => {
    await refuse(by, 1, pass);
    const range = ask(by, 2, RANGE);
    await pass(100);
    assert.is(range.ends.length, 1, 'one range');
    const urgent = ask(by, 2, TRANSACTIONS);
    await settled();
    assert.is(urgent.ends.length, 0, 'not both at once, or both would be refused');
    await pass(100);
    assert.equal([range.ends.length, urgent.ends.length], [1, 1]);
    urgent.ends[0]?.('answered');
    await pass(100);
    assert.is(urgent.ends.length, 2);
  });
});

restraint('ranges leave a place on their protocol to what is urgent', async () => {
  const by = new Restraint(() => 0);
  const ranges = ask(by, 10, RANGE);
  const hashes = ask(by, 2, HASH);
  await settled();
  assert.equal([ranges.ends.length, hashes.ends.length], [3, 1]);
});

restraint('the urgent goes before the patient, and the newest before those that have waited', async () => {
  let now = 0;
  const by = new Restraint(() => now);
  for (let n = 0; n < 12; n++) {
    const { ends } = ask(by, 4);
    await settled();
    for (const end of ends) end('answered');
  }
  // its share is used up
  const went: string[] = [];
  const wait = (name: string, errand: Errand) => {
    by.turn('a', errand, over.signal).then(
      (end) => {
        went.push(name);
        end('answered');
      },
      () => undefined,
    );
  };
  wait('range', RANGE);
  wait('old', HASH);
  wait('certificates', CERTIFICATES);
  wait('front', HASH);
  now = 500;
  ask(by, 1, TRANSACTIONS);
  await settled();
  assert.equal(went, ['front', 'certificates', 'old', 'range']);
});

restraint('after many refusals consensus, which waits for 3 s, still gets what it misses', async () => {
  await withTime(async (by, pass) => {
    await refuse(by, 8, pass);
    const missing = new Set(Array.from({ length: 12 }, (_, n) => n));
    const roundOf = async (n: number) => {
      const controller = new AbortController();
      const limit = setTimeout(() => controller.abort(new Error('3 s')), 3_000);
      try {
        const end = await by.turn('a', n % 3 === 0 ? CERTIFICATES : HASH, controller.signal);
        missing.delete(n);
        end('answered');
      } finally {
        clearTimeout(limit);
      }
    };
    for (let round = 0; round < 8; round++) {
      for (const n of missing) roundOf(n).catch(() => undefined);
      await pass(3_150);
    }
    assert.equal([...missing], []);
  });
});

restraint('who refuses everything gets a request in two seconds, of whatever haste', async () => {
  await withTime(async (by, pass) => {
    await refuse(by, 8, pass);
    let requests = 0;
    const keepAsking = (errand: Errand): void => {
      by.turn('a', errand, over.signal).then(
        (end) => {
          requests += 1;
          end('refused');
          keepAsking(errand);
        },
        () => undefined,
      );
    };
    for (const errand of [HASH, RANGE, TRANSACTIONS, CERTIFICATES]) keepAsking(errand);
    await pass(60_000);
    assert.ok(requests >= 28 && requests <= 30, `${requests} requests in a minute`);
  });
});

restraint('nobody waits for a peer that has gone, and what waited has cost nothing', async () => {
  await withTime(async (by, pass) => {
    await refuse(by, 8, pass);
    const turns = Array.from({ length: 3 }, () => by.turn('a', HASH, over.signal));
    by.gone('a', new Error('it has gone'));
    const reasons = (await Promise.allSettled(turns)).map((turn) => turn.status === 'rejected' && turn.reason.message);
    assert.equal(reasons, Array(3).fill('it has gone'));
    await pass(2_000);
    const { ends } = ask(by, 1);
    await settled();
    assert.is(ends.length, 1);
  });
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
    ask(by, 1, HASH, controller.signal, ends);
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
  const gone = ask(by, 4, HASH, controller.signal);
  const last = ask(by, 1);
  await settled();
  controller.abort();
  for (const end of first.ends) end('neither');
  await settled();
  assert.equal([gone.ends.length, last.ends.length], [0, 1]);
  const [turn] = await Promise.allSettled([by.turn('a', TRANSACTIONS, controller.signal)]);
  assert.is(turn?.status, 'rejected');
});

restraint.run();
