// What a peer owes when it sends faster than it may, on a clock of the test.

import type { Stream, StreamHandler } from '@libp2p/interface';
import { StreamMessageEvent } from '@libp2p/interface';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReadThrottle } from '../../src/network/read-throttle.ts';
import { DISCONNECT_AT, PenaltyBook } from '../../src/network/scoring.ts';
import { eventually } from './harness.ts';

const throttle = suite('network: read throttle');

/** A stream as far as the throttle looks at it; whoever serves it only listens. */
class Inbound extends EventTarget {
  readStatus = 'readable';

  pause(): void {
    this.readStatus = 'paused';
  }

  /** The pause is over; the throttle's own timer is the machine's. */
  resume(): void {
    this.readStatus = 'readable';
  }

  async come(bytes: number): Promise<void> {
    this.dispatchEvent(new StreamMessageEvent(new Uint8Array(bytes)));
    await Promise.resolve();
  }
}

function open(now: () => number, onExcess: () => void): Inbound {
  const reads = new ReadThrottle({
    rate: { burst: 1_000, perSecond: 1_000 },
    meter: () => (piece) => piece.byteLength,
    now,
    onExcess,
  });
  const stream = new Inbound();
  const serve: StreamHandler = (served) => served.addEventListener('message', () => undefined);
  const registrar = {
    async handle(_protocol: string, handler: StreamHandler) {
      const connection = { remotePeer: 'peer' } as unknown as Parameters<StreamHandler>[1];
      await handler(stream as unknown as Stream, connection);
    },
  };
  const service = reads.service(({ registrar: { handle } }: { registrar: typeof registrar }) => handle('/p', serve));
  void service({ registrar });
  return stream;
}

throttle('a point for each quarter of a second owed, of ten seconds at most at a time', async () => {
  let now = 0;
  let points = 0;
  const stream = open(
    () => now,
    () => points++,
  );
  await stream.come(1_000);
  assert.equal([stream.readStatus, points], ['readable', 0]);
  await stream.come(100);
  assert.equal([stream.readStatus, points], ['paused', 1]);
  now = 1_100;
  stream.resume();
  await stream.come(2_500);
  assert.equal([stream.readStatus, points], ['paused', 1 + 6]);
  now = 60_000;
  stream.resume();
  await stream.come(100_000);
  assert.equal([stream.readStatus, points], ['paused', 7 + 40]);
});

throttle('a connection that ends while its stream is paused harms nobody', async () => {
  const stream = open(
    () => 0,
    () => undefined,
  );
  let tried = false;
  stream.resume = () => {
    tried = true;
    throw new Error('the connection has ended');
  };
  await stream.come(1_001);
  await eventually(() => tried, 'the end of the pause');
});

throttle(
  'who sends twice what it may is banned within a minute; who stood still for long owes too little',
  async () => {
    const clock = { now: 0 };
    const banned = async (perTick: (tick: number) => number) => {
      const book = new PenaltyBook({ steady: () => clock.now, wall: () => clock.now });
      let at: number | undefined;
      const onExcess = () => {
        if (book.add('peer', 'nuisance', '') >= DISCONNECT_AT) at ??= clock.now;
      };
      const began = clock.now;
      const stream = open(() => clock.now, onExcess);
      let waiting = 0;
      let resumeAt = 0;
      for (let tick = 0; tick < 600; tick++) {
        clock.now += 100;
        waiting += perTick(tick);
        if (clock.now >= resumeAt) stream.resume();
        // what a paused stream does not take waits at the peer, up to the window
        if (stream.readStatus === 'readable' && waiting > 0) {
          const window = Math.min(waiting, 2_000);
          waiting -= window;
          await stream.come(window);
          resumeAt = clock.now + window;
        }
      }
      return at === undefined ? undefined : at - began;
    };
    assert.ok(((await banned(() => 200)) ?? Number.POSITIVE_INFINITY) < 60_000);
    assert.is(await banned(() => 90), undefined, 'within its share');
    assert.is(await banned((tick) => (tick === 0 ? 4_000 : 50)), undefined, 'four times what may come at once');
  },
);

throttle.run();
