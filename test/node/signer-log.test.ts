import { Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SignerError, type SignerErrorCode } from '../../src/crypto/signer/errors.ts';
import { SignerLog } from '../../src/node/signer-log.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

const log = suite('signer log');

function open() {
  const lines: { code?: string; more?: number }[] = [];
  const codes: string[] = [];
  const stops: string[] = [];
  const time = { now: 0 };
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const logger = createLogger({ level: 'info', stream: Object.assign(stream, { isTTY: false }) });
  const signerLog = new SignerLog({
    logger,
    now: () => time.now,
    onFailure: (code) => codes.push(code),
    onStopped: (error) => stops.push(error.message),
  });
  const fail = (code: SignerErrorCode) => signerLog.failed(new SignerError(code, code.toLowerCase()));
  return { fail, lines, codes, stops, time };
}

log('what passes by itself is said calmly, and rarely', () => {
  const { fail, lines, codes, stops, time } = open();
  for (let votes = 0; votes < 50; votes++) fail('REFUSED');
  fail('UNREACHABLE');
  assert.is(lines.length, 2);
  time.now = 60_000;
  fail('REFUSED');
  assert.is(lines.length, 3);
  assert.is(lines[2]?.more, 49);
  assert.is(codes.length, 52);
  assert.equal(stops, []);
});

log('what needs somebody is said loudly, once', () => {
  const { fail, lines, stops } = open();
  for (let votes = 0; votes < 5; votes++) fail('COPIED');
  fail('RECORD_IO');
  assert.is(lines.length, 2);
  assert.equal(stops, ['copied', 'record_io']);
});

log.run();
