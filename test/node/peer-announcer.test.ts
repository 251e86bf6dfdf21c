// When a validator tells the network which peer it is.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../src/crypto/keys.ts';
import type { Seat } from '../../src/node/epochs.ts';
import { PeerAnnouncer } from '../../src/node/peer-announcer.ts';
import type { PeerBinding } from '../../src/primitives/peer-binding.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

const announcer = suite('peer announcer');

const [key, other] = [KeyPair.generate(), KeyPair.generate()];
const seatOf = ({ publicKey }: KeyPair): Seat => ({ address: new Uint8Array(20), publicKey, decidesAlone: false });

function open() {
  const world = {
    now: 0,
    seat: undefined as Seat | undefined,
    isMember: true,
    isAway: false,
    announced: [] as Uint8Array[],
  };
  const one = new PeerAnnouncer({
    network: {
      peerBinding: (validator): PeerBinding => ({ validator, peer: new Uint8Array(32), time: 1, addresses: [] }),
      announce({ binding }) {
        world.announced.push(binding.validator);
        return world.isMember;
      },
    },
    signer: {
      async signPeerBinding({ validator }) {
        if (world.isAway) throw new Error('the signer is away');
        return validator;
      },
    },
    seat: () => world.seat,
    now: () => world.now,
    logger: silentLogger(),
  });
  const look = async () => {
    one.look();
    await new Promise((resolve) => setImmediate(resolve));
    return world.announced.length;
  };
  return { world, look };
}

announcer('with a seat, anew every ten minutes, and at once with another key', async () => {
  const { world, look } = open();
  assert.is(await look(), 0, 'without a seat there is nothing to tell');
  world.seat = seatOf(key);
  assert.is(await look(), 1);
  world.now = 599_999;
  assert.is(await look(), 1);
  world.now = 600_000;
  assert.is(await look(), 2);
  world.seat = seatOf(other);
  assert.is(await look(), 3);
  assert.equal(world.announced, [key.publicKey, key.publicKey, other.publicKey]);
});

announcer('again soon when the signer was away, or the network did not count it as a member yet', async () => {
  const { world, look } = open();
  world.seat = seatOf(key);
  world.isAway = true;
  assert.is(await look(), 0);
  Object.assign(world, { isAway: false, isMember: false });
  assert.is(await look(), 1);
  world.isMember = true;
  assert.is(await look(), 2);
  assert.is(await look(), 2);
});

announcer.run();
