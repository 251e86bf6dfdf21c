// What a host keeps of itself while strangers tell it of others.

import { peerIdFromString } from '@libp2p/peer-id';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createHost } from '../../src/network/host.ts';
import { peerIdOf } from '../../src/network/identity.ts';
import { ProtocolNames } from '../../src/network/protocols.ts';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.ts';
import { readThrottles } from '../../src/network/read-throttle.ts';
import { StreamGuard } from '../../src/network/stream-guard.ts';
import { GENESIS, seed } from './harness.ts';

const host = suite('network: host');

/** More than a host remembers. */
const STRANGERS = 2_100;

host('does not forget which protocols it speaks, of however many peers it is told', async () => {
  const names = new ProtocolNames(GENESIS);
  const now = () => performance.now();
  const one = await createHost(
    {
      genesisHash: GENESIS,
      identitySeed: seed(1),
      version: '0.0.0-test',
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: [],
      peers: [],
      maxPeers: 32,
      maxConnectionsPerIp: 8,
      network: 'private',
      discovery: 'server',
      outboundPeers: 8,
      peerBook: undefined,
      nat: false,
      relay: false,
      logger: pino({ level: 'silent' }),
    },
    names,
    {
      bans: { find: () => undefined },
      isPeer: () => false,
      outreach: () => ({
        isFriend: () => false,
        isNamed: () => false,
        mayDial: () => true,
        mayDialAddress: () => true,
      }),
      streams: new StreamGuard(DEFAULT_RATE_LIMITS.streams, now, () => undefined),
      reads: readThrottles(DEFAULT_RATE_LIMITS, () => undefined),
    },
    {},
  );
  await one.start();
  try {
    const { protocols } = await one.peerStore.get(one.peerId);
    assert.ok(protocols.includes(names.kad), String(protocols));
    for (let number = 0; number < STRANGERS; number++) {
      const id = Buffer.alloc(32);
      id.writeUInt32BE(number);
      await one.peerStore.merge(peerIdFromString(peerIdOf(id)), { protocols: ['/x/1'] });
    }
    assert.equal((await one.peerStore.get(one.peerId)).protocols, protocols);
  } finally {
    await one.stop();
  }
});

host.run();
