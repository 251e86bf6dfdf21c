// A process that stops slowly when it is asked to: what stop-request.test.ts sends signals to.

import { StopRequest } from '../../src/cli/stop-request.ts';

const stop = new StopRequest(() => process.stdout.write('at once\n'));
if (process.argv.includes('--stop-with-parent')) stop.withParent();
const alive = setInterval(() => undefined, 1000);
process.stdout.write('ready\n');
const reason = await stop.requested;
process.stdout.write(`${reason}\n`);
setTimeout(() => {
  clearInterval(alive);
  stop.close();
}, Number(process.argv[2]));
