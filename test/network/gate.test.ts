// Who may connect to a node and whom it may dial, as the library asks it.

import { peerIdFromString } from '@libp2p/peer-id';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BanList } from '../../src/network/ban-list.ts';
import { gate } from '../../src/network/gate.ts';
import { peerIdOf } from '../../src/network/identity.ts';
import { HOST_OPTIONS, seed } from './harness.ts';

const gates = suite('network: gate');

const [configured, stranger] = [1, 2].map((number) => peerIdFromString(peerIdOf(seed(number)))) as [Peer, Peer];
type Peer = ReturnType<typeof peerIdFromString>;

/** Outreach wants to dial whoever there is. */
async function open(hidden: boolean) {
  const bans = await BanList.open({ file: undefined, now: Date.now, logger: HOST_OPTIONS.logger });
  return gate({
    bans,
    arrivals: { admit: () => true, identify: () => undefined },
    outreach: () => ({
      mayDial: () => true,
      mayDialAddress: () => true,
      isConfigured: (peer) => peer === configured.toString(),
    }),
    hidden,
  });
}

gates('a hidden node dials configured peers and nobody else, whoever wants it', async () => {
  assert.is(await (await open(true)).denyDialPeer?.(configured), false);
  assert.is(await (await open(true)).denyDialPeer?.(stranger), true);
  assert.is(await (await open(false)).denyDialPeer?.(stranger), false);
});

gates.run();
