// Who is blamed for a request that was not answered, and who is not, on a clock of the test.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ANSWER_TIMEOUT_MS, LEAST_BYTES_PER_SECOND, Silence, type SilenceVerdict } from '../../src/network/silence.ts';

const silence = suite('network: silence');

const WAITED_MS = 10_000;

interface Scene {
  readonly book: Silence;
  now: number;
  /** Waits in vain, from now on. */
  wait(options?: Partial<Waiting>): SilenceVerdict;
}

interface Waiting {
  readonly bytes: number;
  /** after how long the status is asked for, and over what */
  readonly statusAfter: number;
  readonly statusTakes: number;
  readonly statusOver: object;
}

const line = {};

function scene(): Scene {
  const book = new Silence(() => self.now);
  const self: Scene = {
    book,
    now: 0,
    wait({ bytes = 0, statusAfter = 5_000, statusTakes = 100, statusOver = line } = {}) {
      const since = self.now;
      self.now = since + statusAfter + statusTakes;
      book.statusCame(statusOver, since + statusAfter);
      self.now = since + WAITED_MS;
      return book.givenUp({ peer: 'a', connection: line, since, bytes });
    },
  };
  return self;
}

silence('a peer that answers nothing but status is found out at the third time', () => {
  const { wait } = scene();
  assert.equal([wait(), wait(), wait()], ['counted', 'counted', 'often']);
  assert.is(wait(), 'counted', 'and has a new beginning after its ban');
});

silence('so is one that sends a byte a second', () => {
  const { wait } = scene();
  assert.equal(
    [1, 2, 3].map(() => wait({ bytes: 10 })),
    ['counted', 'counted', 'often'],
  );
});

const EXCUSES: Readonly<Record<string, Partial<Waiting>>> = {
  'what comes slowly': { bytes: (LEAST_BYTES_PER_SECOND * WAITED_MS) / 1000 },
  'a status that comes late too, from a thin line or a machine out of breath': { statusTakes: 1_500 },
  'a status that was asked for when an answer could still be on its way': { statusAfter: ANSWER_TIMEOUT_MS - 1 },
  'a status over another connection: that of the request may be dead': { statusOver: {} },
};
for (const [name, options] of Object.entries(EXCUSES)) {
  silence(`not blamed: ${name}`, () => {
    const { wait } = scene();
    for (let times = 0; times < 5; times++) assert.is(wait(options), 'excused');
  });
}

silence('not blamed: anybody while this node stands still, for no status comes then', () => {
  const self = scene();
  self.book.statusCame(line, 0);
  self.now = 60_000;
  assert.is(self.book.givenUp({ peer: 'a', connection: line, since: 100, bytes: 0 }), 'excused');
});

silence('requests that wait side by side count once', () => {
  const self = scene();
  assert.is(self.wait(), 'counted');
  for (const since of [0, 500, self.now - 1]) {
    assert.is(self.book.givenUp({ peer: 'a', connection: line, since, bytes: 0 }), 'excused');
  }
  assert.is(self.wait(), 'counted');
});

silence('an answer makes up for a request that was left lying', () => {
  const { wait, book } = scene();
  for (let times = 0; times < 5; times++) {
    assert.is(wait(), 'counted');
    book.answered('a');
  }
  assert.equal([wait(), wait(), wait()], ['counted', 'counted', 'often']);
});

silence('what is long ago is forgotten', () => {
  const self = scene();
  assert.equal([self.wait(), self.wait()], ['counted', 'counted']);
  self.now += 3_600_000;
  assert.equal([self.wait(), self.wait(), self.wait()], ['counted', 'counted', 'often']);
});

silence.run();
