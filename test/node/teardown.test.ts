import { Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Teardown } from '../../src/node/teardown.ts';
import { createLogger, silentLogger } from '../../src/telemetry/logger.ts';

const teardownTest = suite('teardown');

teardownTest('stops in the opposite order, one part after the other', async () => {
  const events: string[] = [];
  const teardown = new Teardown();
  for (const part of ['disk', 'chain', 'doors']) {
    teardown.add(part, async () => {
      events.push(`${part} stops`);
      await new Promise(setImmediate);
      events.push(`${part} stopped`);
    });
  }
  await teardown.run(silentLogger());
  assert.equal(events, ['doors stops', 'doors stopped', 'chain stops', 'chain stopped', 'disk stops', 'disk stopped']);
  await teardown.run(silentLogger());
  assert.is(events.length, 6, 'each once');
});

teardownTest('a part that fails to stop is named in the log, and the others stop', async () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, next) {
      lines.push(String(chunk));
      next();
    },
  });
  const stopped: string[] = [];
  const teardown = new Teardown();
  teardown.add('store', () => stopped.push('store'));
  teardown.add('journal', () => Promise.reject(new Error('no space left')));
  teardown.add('signer', () => {
    throw new Error('closed already');
  });
  teardown.add('network', () => stopped.push('network'));
  await teardown.run(createLogger({ level: 'error', stream }));
  assert.equal(stopped, ['network', 'store']);
  assert.is(lines.length, 2);
  assert.match(lines[0] as string, /"stopping":"signer"/);
  assert.match(lines[1] as string, /"stopping":"journal".*no space left|no space left.*"stopping":"journal"/);
});

teardownTest.run();
