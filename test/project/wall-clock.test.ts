// The wall clock may be set forth and back at any time, by hours. It tells what time it is and stamps blocks; how long
// something takes, or when it is due, is measured by a clock that only goes on.

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const SOURCE = resolve('src');
/** What each needs it for. */
const READS_IT: ReadonlyMap<string, string> = new Map([
  ['node/system-clock.ts', 'timestamps of blocks'],
  ['node/parts/consensus.ts', 'how long ago the newest block was made'],
  ['node/genesis-file.ts', 'whether genesis lies in the past'],
  ['network/session.ts', 'since when a peer is connected, for people'],
  ['network/libp2p-network.ts', 'how far it is from the clocks of peers'],
  ['network/bootstrap-network.ts', 'libp2p says by it when a connection was opened'],
  ['network/outreach.ts', 'when a known peer was last reached, for the next start'],
  ['network/peer-watch.ts', 'libp2p says by it when a connection was opened'],
]);

const wallClock = suite('wall clock');

wallClock('nothing in a node measures time by it', () => {
  const readers = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('cli'))
    .filter((file) => /\bDate\.now\b|\bnew Date\(\)/.test(readFileSync(join(SOURCE, file), 'utf8')));
  assert.equal(readers.sort(), [...READS_IT.keys()].sort());
  const users = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => readFileSync(join(SOURCE, file), 'utf8').includes('systemClock.now'));
  assert.equal(users, [], 'the clock goes to consensus as a whole, its time to nobody else');
});

wallClock.run();
