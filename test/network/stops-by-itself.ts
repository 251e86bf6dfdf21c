// A process that starts two networks, connects and stops them, says so, and then must have nothing left to do.

import { startMesh, stopAll } from './harness.ts';

const nodes = await startMesh(2, { discovery: 'server' });
await stopAll(nodes);
process.stdout.write('stopped\n');
