// The bar of a node that catches up, at the bottom of a terminal whose log goes on above it.

import { Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syncBar } from '../../src/cli/sync-bar.ts';
import type { SyncStatus } from '../../src/rpc/dependencies.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { StatusLine } from '../../src/telemetry/status-line.ts';

const test = suite('sync bar');

const SYNCING: SyncStatus = {
  head: 2500,
  target: 10_000,
  peers: 3,
  phase: 'syncing',
  progress: 0.25,
  blocksPerSecond: 99.6,
  bytesPerSecond: undefined,
  etaSeconds: 75,
};

test('says how far it is, how fast and for how long', () => {
  assert.is(
    syncBar(SYNCING),
    `${'█'.repeat(8)}${'░'.repeat(22)} 25 %  block 2500 of 10000, 100 blocks/s, 1 min 15 s left`,
  );
  const state = { phase: 'snapshot', progress: 1, blocksPerSecond: undefined, bytesPerSecond: 20_480 };
  assert.is(syncBar({ ...SYNCING, ...state, etaSeconds: 3 }), `${'█'.repeat(30)} 100 %  snapshot, 20 KiB/s, 3 s left`);
  assert.match(syncBar({ ...SYNCING, progress: 0, etaSeconds: undefined }), /^░{30} 0 % .* blocks\/s$/);
  assert.match(syncBar({ ...SYNCING, etaSeconds: 7260 }), /2 h 1 min left$/);
});

test('a node that is where the others are has none', () => {
  assert.is(syncBar({ ...SYNCING, phase: 'synced' }), '');
  assert.is(syncBar(undefined), '');
});

test('lines of the log come above it, and it goes when it is over', () => {
  let seen = '';
  const terminal = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        seen += chunk;
        done();
      },
    }),
    { isTTY: true },
  );
  const line = new StatusLine(terminal);
  const logger = createLogger({ level: 'info', stream: line });
  const take = () => {
    const text = seen;
    seen = '';
    return text;
  };
  logger.info('before');
  assert.match(take(), /^[^\r]*before[^\r]*\n$/);
  line.show('bar');
  line.show('bar');
  assert.is(take(), 'bar');
  logger.info('meanwhile');
  const meanwhile = take();
  assert.ok(meanwhile.startsWith('\r\u001b[2K'));
  assert.match(meanwhile.slice(5), /^[^\r]*meanwhile[^\r]*\nbar$/);
  line.show('more');
  assert.is(take(), '\r\u001b[2Kmore');
  line.show('');
  assert.is(take(), '\r\u001b[2K');
  logger.info('after');
  assert.match(take(), /^[^\r]*after[^\r]*\n$/);
});

test.run();
