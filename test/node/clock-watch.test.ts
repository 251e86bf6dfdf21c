// What a node does about its own clock.

import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ClockWatch } from '../../src/node/clock-watch.ts';

const watchTest = suite('clock watch');

const RIGHT = { ms: 20, certainMs: 10, peers: 3, configured: true };

function open({ alone = false } = {}) {
  const log: string[] = [];
  const network = { clockOffset: RIGHT };
  const watch = new ClockWatch({
    network,
    parameters: () => ({ messageDelay: 250 }),
    isAlone: () => alone,
    logger: pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line).msg) }),
  });
  const read = (certainMs: number, changes: Partial<typeof RIGHT> = {}) => {
    network.clockOffset = { ...RIGHT, certainMs, ms: certainMs * 1.01, ...changes };
    watch.look();
    return { mayPropose: watch.mayPropose, complaint: watch.complaint };
  };
  return { log, read };
}

watchTest('a little off is right', () => {
  const { log, read } = open();
  assert.equal(read(500), { mayPropose: true, complaint: undefined });
  assert.equal(read(-500), { mayPropose: true, complaint: undefined });
  assert.equal(log, []);
});

watchTest('more is worth a warning, once, until it is right again', () => {
  const { log, read } = open();
  const off = { mayPropose: true, complaint: 'the clock is 1.3 s ahead of the median of 3 peers' };
  assert.equal(read(1250), off);
  assert.equal(read(1250), off);
  assert.equal(read(-600).complaint, 'the clock is 0.6 s behind the median of 3 peers');
  read(0);
  assert.equal(log, [
    `${off.complaint}. Check the time service of this machine`,
    'the clock agrees with those of the peers',
  ]);
});

watchTest('past what others allow and the way to them, nothing is proposed', () => {
  const { log, read } = open();
  const words = 'the clock is 60.6 s ahead of the median of 3 peers: this node proposes no blocks';
  assert.equal(read(60_000), { mayPropose: false, complaint: words });
  assert.is(read(1251).mayPropose, false);
  assert.is(read(1250).mayPropose, true);
  assert.is(log.length, 2);
});

watchTest('a clock that is behind is worth a warning only: a proposal can not be too early', () => {
  const { log, read } = open();
  const complaint = 'the clock is 60.6 s behind the median of 3 peers';
  assert.equal(read(-60_000), { mayPropose: true, complaint });
  assert.equal(log, [`${complaint}. Check the time service of this machine`]);
});

watchTest('strangers can not keep a node from proposing, nor anybody one that decides alone', () => {
  assert.equal(open().read(60_000, { configured: false }), {
    mayPropose: true,
    complaint: 'the clock is 60.6 s ahead of the median of 3 peers',
  });
  assert.is(open({ alone: true }).read(60_000).mayPropose, true);
});

watchTest.run();
