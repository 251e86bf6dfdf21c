// What a node says about itself, from what its parts say.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type HealthOptions, NodeHealth } from '../../src/node/health.ts';
import { baseTimeout } from '../../src/primitives/parameters.ts';
import { CATCH_UP_DISTANCE } from '../../src/sync/catch-up.ts';
import { PARAMETERS } from '../consensus/fixtures.ts';

const healthTest = suite('health');
/** Five first timers, as in src/node/health.ts. */
const PATIENCE = 5 * baseTimeout(PARAMETERS);

const WALL = 1_700_000_000_000;

class World {
  now = 1_000_000;
  head = 100;
  /** of the newest final block, ms: old enough to believe who says that there are others */
  headAge = 60_000;
  peers = 3;
  complaint: string | undefined;
  catchUp: HealthOptions['catchUp']['status'] = {
    target: 100,
    syncing: false,
    refusal: undefined,
    blocksPerSecond: 0,
    snapshot: undefined,
  };

  open({ alone = false } = {}): NodeHealth {
    const world = this;
    const header = (height: number) =>
      ({ header: { height, timestamp: WALL - world.headAge } }) as HealthOptions['chain']['head'];
    return new NodeHealth({
      chain: {
        get head() {
          return header(world.head);
        },
      },
      network: { peers: () => new Array(world.peers).fill(undefined) },
      catchUp: {
        get status() {
          return world.catchUp;
        },
      },
      clock: { complaint: world.complaint },
      parameters: () => PARAMETERS,
      isAlone: () => alone,
      now: () => world.now,
      wallClock: () => WALL,
    });
  }
}

healthTest('a node with peers and blocks is healthy and ready', () => {
  assert.equal(new World().open().health(), { healthy: true, ready: true, reasons: [] });
});

healthTest('a node that does not trust what it would catch up from is unhealthy, and says why', () => {
  const world = new World();
  world.catchUp = { ...world.catchUp, refusal: 'the newest block is too old' };
  const { healthy, reasons } = world.open().health();
  assert.equal([healthy, reasons], [false, ['does not catch up: the newest block is too old']]);
});

healthTest('a chain without a new block is stalled after some timers, until the next one', () => {
  const world = new World();
  const health = world.open();
  world.now += PATIENCE;
  assert.ok(health.health().healthy);
  world.now += 1;
  const seconds = Math.round((PATIENCE + 1) / 1000);
  const reasons = [`no block was finalized for ${seconds} s`];
  assert.equal(health.health(), { healthy: false, ready: false, reasons });
  health.finalized();
  assert.ok(health.health().ready);
});

healthTest('a node whose clock is wrong is unhealthy, and serves on', () => {
  const world = new World();
  world.complaint = 'the clock is 60.0 s ahead';
  assert.equal(world.open().health(), { healthy: false, ready: true, reasons: ['the clock is 60.0 s ahead'] });
});

healthTest('a validator that does not sign is unhealthy, and serves on', () => {
  const health = new World().open();
  health.signerStopped(new Error('copied'));
  const reasons = ['the validator does not sign: copied'];
  assert.equal(health.health(), { healthy: false, ready: true, reasons });
});

healthTest('without peers only a node that needs none is healthy', () => {
  const world = new World();
  world.peers = 0;
  assert.equal(world.open().health(), { healthy: false, ready: false, reasons: ['no peers'] });
  assert.equal(world.open({ alone: true }).health(), { healthy: true, ready: true, reasons: [] });
});

healthTest('a node that is behind is healthy and not ready', () => {
  const world = new World();
  const health = world.open();
  world.catchUp = { ...world.catchUp, target: world.head + CATCH_UP_DISTANCE - 1 };
  assert.ok(health.health().ready, 'a few blocks are on their way by gossip');
  world.catchUp = { ...world.catchUp, target: world.head + CATCH_UP_DISTANCE };
  assert.equal(health.health(), { healthy: true, ready: false, reasons: ['catching up'] });
  world.catchUp = { target: world.head, syncing: true, refusal: undefined, blocksPerSecond: 1, snapshot: undefined };
  assert.equal(health.health(), { healthy: true, ready: false, reasons: ['catching up'] });
});

healthTest('one peer that claims a great height makes no node unready that finalizes new blocks', () => {
  const world = new World();
  world.headAge = CATCH_UP_DISTANCE * PARAMETERS.blockTime - 1;
  world.catchUp = { ...world.catchUp, target: 1_000_000, syncing: true };
  const health = world.open();
  assert.equal(health.health(), { healthy: true, ready: true, reasons: [] });
  assert.is(health.syncStatus().phase, 'synced');
  assert.is(health.syncStatus().target, world.head + CATCH_UP_DISTANCE);
  world.headAge += 1;
  assert.not(health.health().ready);
});

healthTest('a node that is about to stop is healthy and not ready', () => {
  const health = new World().open();
  health.draining();
  assert.equal(health.health(), { healthy: true, ready: false, reasons: ['stopping'] });
});

healthTest('every reason is told', () => {
  const world = new World();
  const health = world.open();
  world.now += 100_000;
  world.peers = 0;
  world.catchUp = { target: 500, syncing: true, refusal: undefined, blocksPerSecond: 1, snapshot: undefined };
  health.failed(new Error('the disk is full'));
  health.draining();
  assert.equal(health.health(), {
    healthy: false,
    ready: false,
    reasons: ['stopped: the disk is full', 'no block was finalized for 100 s', 'no peers', 'catching up', 'stopping'],
  });
});

healthTest('progress and the time that is left', () => {
  const world = new World();
  const health = world.open();
  assert.equal(health.syncStatus(), {
    head: 100,
    target: 100,
    peers: 3,
    phase: 'synced',
    progress: 1,
    blocksPerSecond: undefined,
    bytesPerSecond: undefined,
    etaSeconds: undefined,
  });
  world.catchUp = { target: 400, syncing: true, refusal: undefined, blocksPerSecond: 0, snapshot: undefined };
  assert.equal(health.syncStatus(), {
    head: 100,
    target: 400,
    peers: 3,
    phase: 'syncing',
    progress: 0.25,
    blocksPerSecond: 0,
    bytesPerSecond: undefined,
    etaSeconds: undefined,
  });
  world.catchUp = { target: 400, syncing: true, refusal: undefined, blocksPerSecond: 40, snapshot: undefined };
  assert.is(health.syncStatus().etaSeconds, 8);
  const snapshot = { height: 300, bytes: 250, totalBytes: 1000, bytesPerSecond: 100 };
  world.catchUp = { target: 400, syncing: true, refusal: undefined, blocksPerSecond: 0, snapshot };
  assert.equal(health.syncStatus(), {
    head: 100,
    target: 400,
    peers: 3,
    phase: 'snapshot',
    progress: 0.25,
    blocksPerSecond: undefined,
    bytesPerSecond: 100,
    etaSeconds: 8,
  });
  world.catchUp = { ...world.catchUp, snapshot: { ...snapshot, bytes: 2000, bytesPerSecond: 0 } };
  assert.equal(
    [health.syncStatus().progress, health.syncStatus().etaSeconds],
    [1, undefined],
    'peers may have said less',
  );
  world.head = 0;
  world.catchUp = { target: 0, syncing: false, refusal: undefined, blocksPerSecond: 40, snapshot: undefined };
  assert.is(health.syncStatus().progress, 1, 'a new chain');
  assert.is(health.syncStatus().etaSeconds, undefined);
});

healthTest.run();
