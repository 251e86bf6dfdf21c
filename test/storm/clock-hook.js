// Loaded by `node --import` before the program: its wall clock is off by as many milliseconds as a file says, now and
// whenever the file changes. Timers keep their pace, as they do when an operator or NTP sets a clock.

import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const POLL_MS = 50;
const file = process.env.AITBC_TEST_CLOCK_FILE;
const realNow = Date.now;
let offset = 0;

function read() {
  offset = Number(readFileSync(file, 'utf8'));
}

if (isMainThread && file !== undefined) {
  read();
  setInterval(read, POLL_MS).unref();
  Date.now = () => realNow() + offset;
}
