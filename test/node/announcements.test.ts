// What is said again and when, with time and chance given.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Announcements } from '../../src/node/announcements.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { Account } from '../mempool/fixture.ts';

const announcements = suite('announcements');
const alice = new Account(1);
const [first, second, third] = [0, 1, 2].map((nonce) => alice.pay({ nonce })) as [
  TransactionEnvelope,
  TransactionEnvelope,
  TransactionEnvelope,
];
const ALL = Number.POSITIVE_INFINITY;

function open() {
  const time = { now: 1000, random: 0 };
  const waiting = new Set([first, second, third].map(({ idHex }) => idHex));
  const opened = new Announcements({
    now: () => time.now,
    random: () => time.random,
    isWaiting: (idHex) => waiting.has(idHex),
  });
  const due = (maxBytes = ALL) => opened.due(maxBytes).map(({ signed }) => signed.transaction.nonce);
  return { opened, time, waiting, due };
}

announcements('what waits is said again, each time after twice as long', () => {
  const { opened, time, due } = open();
  opened.heard(first, 'client');
  time.now += 9_999;
  assert.equal(due(), []);
  time.now += 1;
  assert.equal(due(), [0]);
  assert.equal(due(), []);
  time.now += 19_999;
  assert.equal(due(), []);
  time.now += 1;
  assert.equal(due(), [0]);
  for (let times = 0; times < 10; times++) {
    time.now += 320_000;
    assert.equal(due(), [0], 'the wait does not grow for ever');
  }
});

announcements('what was heard again meanwhile is left unsaid when its time comes', () => {
  const { opened, time, due } = open();
  opened.heard(first, 'peer');
  opened.heard(second, 'peer');
  time.now += 9_000;
  opened.heard(first, 'peer');
  time.now += 1_000;
  assert.equal(due(), [1]);
  time.now += 19_999;
  assert.equal(due(), []);
  time.now += 1;
  assert.equal(due(), [0, 1]);
});

announcements('nobody can silence a node by saying it again and again', () => {
  const { opened, time, due } = open();
  opened.heard(first, 'peer');
  const saidAt: number[] = [];
  for (let second = 0; second < 400; second++) {
    opened.heard(first, 'peer');
    time.now += 1_000;
    if (due().length > 0) saidAt.push((time.now - 1_000) / 1_000);
  }
  // Left unsaid after 10, 20 and 40 s more; the next time is 80 s later.
  assert.equal(saidAt, [150]);
});

announcements('what others were heard to say is said to who comes all the same', () => {
  const { opened, time, due } = open();
  opened.heard(first, 'peer');
  time.now += 5_000;
  opened.heard(first, 'peer');
  opened.peerCame();
  assert.equal(due(), [0]);
});

announcements('chance spreads those who hold the same', () => {
  const { opened, time, due } = open();
  time.random = 0.5;
  opened.heard(first, 'peer');
  time.now += 14_999;
  assert.equal(due(), []);
  time.now += 1;
  assert.equal(due(), [0]);
});

announcements('what waits no longer is forgotten', () => {
  const { opened, time, waiting, due } = open();
  opened.heard(first, 'client');
  opened.heard(second, 'client');
  waiting.delete(first.idHex);
  time.now += 10_000;
  assert.equal(due(), [1]);
  waiting.add(first.idHex);
  time.now += 100_000;
  assert.equal(due(), [1]);
});

announcements('a round has its bytes, in the order of nonces; the rest comes in the next', () => {
  const { opened, time, due } = open();
  for (const one of [first, second, third]) opened.heard(one, 'peer');
  time.now += 10_000;
  assert.equal(due(2 * first.bytes.length), [0, 1]);
  assert.equal(due(2 * first.bytes.length), [2]);
});

announcements('when a peer comes, what others were told before is said soon, and not for each peer', () => {
  const { opened, time, due } = open();
  opened.heard(first, 'peer');
  time.now += 2_001;
  opened.heard(second, 'peer');
  opened.peerCame();
  assert.equal(due(), [0], 'what is new is on its way by itself');
  opened.peerCame();
  time.now += 5_000;
  assert.equal(due(), []);
  time.now += 5_000;
  assert.equal(due(), [0, 1], 'but for a peer that comes later, later');
});

announcements('fresh is what a client has just sent, and nothing else', () => {
  const { opened, time } = open();
  opened.heard(first, 'client');
  opened.heard(second, 'peer');
  assert.ok(opened.isFresh(first.idHex));
  assert.not(opened.isFresh(second.idHex));
  assert.not(opened.isFresh(third.idHex));
  time.now += 99;
  assert.ok(opened.isFresh(first.idHex));
  time.now += 1;
  assert.not(opened.isFresh(first.idHex));
});

announcements.run();
