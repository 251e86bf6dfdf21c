import { Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogger, partLogger, silentLogger } from '../../src/telemetry/logger.ts';

const logger = suite('telemetry/logger');

function capture(terminal: 'terminal' | 'pipe') {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY: terminal === 'terminal' }), text: () => text };
}

logger('writes one JSON object a line when the output is no terminal', () => {
  const { stream, text } = capture('pipe');
  const log = createLogger({ level: 'info', stream });
  partLogger(log, 'chain').info({ height: 7 }, 'block finalized');
  log.debug('below the level');
  const lines = text().trimEnd().split('\n');
  assert.is(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0] ?? '');
  assert.equal(rest, { level: 'info', part: 'chain', height: 7, msg: 'block finalized' });
  assert.match(time, /^\d{4}-\d\d-\d\dT/);
});

logger('writes for people on a terminal', async () => {
  const { stream, text } = capture('terminal');
  partLogger(createLogger({ level: 'info', stream }), 'chain').warn({ height: 7 }, 'slow disk');
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(text(), /WARN/);
  assert.match(text(), /chain: slow disk/);
  assert.match(text(), /"height":7/);
  assert.throws(() => JSON.parse(text()));
});

logger('keeps the stack and code of an error', () => {
  const { stream, text } = capture('pipe');
  createLogger({ level: 'info', stream }).error(
    { err: Object.assign(new Error('full'), { code: 'IO' }) },
    'commit failed',
  );
  const line = JSON.parse(text());
  assert.is(line.err.message, 'full');
  assert.is(line.err.code, 'IO');
  assert.match(line.err.stack, /logger\.test/);
});

logger('can be silent', () => {
  assert.is(silentLogger().isLevelEnabled('fatal'), false);
});

logger.run();
