// Consensus' events as the RPC's subscribers hear them.

import { EventEmitter } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConsensusEvent } from '../../src/consensus/types.ts';
import { tell } from '../../src/node/events.ts';
import { sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import type { RpcEvents } from '../../src/rpc/dependencies.ts';
import { makeGenesis, withNodes } from '../chain/fixture.ts';

const eventsTest = suite('consensus events');

eventsTest('each has the name of its channel and the epoch; inner matters are not told', async () => {
  await withNodes(makeGenesis(), 1, async ({ chain }) => {
    const events = new EventEmitter<RpcEvents>();
    const told: RpcEvents['consensus'][0][] = [];
    events.on('consensus', (event) => told.push(event));
    const hash = sha256(Uint8Array.of(1));
    const all: ConsensusEvent[] = [
      { type: 'entered', slot: 4, leader: 2 },
      { type: 'proposed', slot: 4, hash, height: 3 },
      { type: 'timedOut', slot: 4 },
      { type: 'notarized', slot: 4, hash },
      { type: 'skipped', slot: 4 },
      { type: 'invalid', hash, reason: 'STATE_ROOT' },
      { type: 'finalized', slot: 4, hash },
    ];
    for (const event of all) tell(events, event, { chain, epoch: 7 });
    assert.equal(told, [
      { type: 'slot_entered', slot: 4, leader: 2, epoch: 7 },
      { type: 'proposed', slot: 4, hash, height: 3, epoch: 7 },
      { type: 'notarized', slot: 4, hash, epoch: 7 },
      { type: 'skipped', slot: 4, epoch: 7 },
      { type: 'finalized', slot: 4, hash, epoch: 7 },
    ]);
  });
});

eventsTest('a notarized block is told with what executing it has shown, if it was executed', async () => {
  await withNodes(makeGenesis(), 1, async (node) => {
    const events = new EventEmitter<RpcEvents>();
    const told: RpcEvents['notarized'][0][] = [];
    events.on('notarized', (event) => told.push(event));
    const { hash, block } = await node.build([]);
    const context = { chain: node.chain, epoch: 1 };
    tell(events, { type: 'notarized', slot: 1, hash }, context);
    tell(events, { type: 'notarized', slot: 1, hash: ZERO_HASH }, context);
    tell(events, { type: 'finalized', slot: 1, hash }, context);
    assert.is(told.length, 1);
    assert.equal(told[0]?.hash, hash);
    assert.is(told[0]?.block, block);
    assert.equal(told[0]?.receipts, []);
  });
});

eventsTest.run();
