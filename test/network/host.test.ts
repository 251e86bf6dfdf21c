// What a host keeps of itself while strangers tell it of others.

import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BanList } from '../../src/network/ban-list.ts';
import { createHost } from '../../src/network/host.ts';
import { peerIdOf } from '../../src/network/identity.ts';
import { ProtocolNames } from '../../src/network/protocols.ts';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.ts';
import { readThrottles } from '../../src/network/read-throttle.ts';
import { StreamGuard } from '../../src/network/stream-guard.ts';
import { GENESIS, HOST_OPTIONS, seed } from './harness.ts';

const host = suite('network: host');

/** More than a host remembers. */
const STRANGERS = 2_100;

const names = new ProtocolNames(GENESIS);

async function makeHost() {
  const now = () => performance.now();
  return createHost(
    {
      ...HOST_OPTIONS,
      identitySeed: seed(1),
      discovery: 'server',
    },
    names,
    {
      bans: await BanList.open({ file: undefined, now: Date.now, logger: HOST_OPTIONS.logger }),
      isPeer: () => false,
      outreach: () => ({
        isConfigured: () => false,
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
}

host('does not forget which protocols it speaks, of however many peers it is told', async () => {
  const one = await makeHost();
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

host('of the addresses of others it remembers those of the known shapes', async () => {
  const one = await makeHost();
  const id = peerIdFromString(peerIdOf(seed(2)));
  const good = [
    multiaddr('/ip4/8.8.8.8/tcp/4001'),
    multiaddr(`/ip4/8.8.4.4/tcp/1/p2p/${peerIdOf(seed(3))}/p2p-circuit`),
  ];
  // /ip4/8.8.8.8/tcp/4001/sni/<a/b>
  const slash = multiaddr(Uint8Array.of(4, 8, 8, 8, 8, 6, 0x0f, 0xa1, 0xc1, 0x03, 3, 0x61, 0x2f, 0x62));
  const others = [slash, multiaddr('/dnsaddr/evil.example'), multiaddr('/ip4/8.8.8.8/udp/4001/quic-v1')];
  await one.peerStore.merge(id, { multiaddrs: [...others, ...good] });
  const { addresses } = await one.peerStore.get(id);
  assert.equal(addresses.map(({ multiaddr: known }) => known.toString()).sort(), good.map(String).sort());
});

host.run();
