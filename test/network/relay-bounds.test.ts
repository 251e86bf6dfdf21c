// A relay with real hosts: how many may be reached through it, for how long, and how much flows.

import '../../src/polyfills.ts';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { type Identify, identify } from '@libp2p/identify';
import type { Libp2p, Stream } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { relayService } from '../../src/network/nat.ts';
import type { RelayLimits } from '../../src/network/relay-bounds.ts';
import { eventually } from './harness.ts';

const relays = suite('network: bounds of a relay');

const ECHO = '/echo/1';
const KIBIBYTE = 1024;
const AMPLE = { burst: 1024 * KIBIBYTE, perSecond: 1 };

const COMMON = {
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionMonitor: { enabled: false },
};

function startRelay(changes: Partial<RelayLimits>) {
  const limits = { perNeighbourhood: 2, bytes: AMPLE, bytesPerNeighbourhood: AMPLE, ...changes };
  const { relay } = relayService(limits);
  return createLibp2p({
    ...COMMON,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    services: { identify: identify(), relay: relay as never as () => ReturnType<typeof relay> },
  });
}

/** One that asks the relay for a place. */
async function startHidden(relay: Multiaddr): Promise<Libp2p<{ identify: Identify }>> {
  const hidden = await createLibp2p({
    ...COMMON,
    transports: [tcp(), circuitRelayTransport()],
    addresses: { listen: [`${relay}/p2p-circuit`] },
    services: { identify: identify() },
    start: false,
  });
  const echo = (stream: Stream) => stream.addEventListener('message', ({ data }) => void stream.send(data));
  await hidden.handle(ECHO, echo, { runOnLimitedConnection: true });
  // it tells by an error that it found no place
  await Promise.allSettled([hidden.start()]);
  return hidden;
}

relays('few places for one neighbourhood, and only as long as the peer is connected', async () => {
  const relay = await startRelay({});
  const [address = multiaddr()] = relay.getMultiaddrs();
  const hidden = [await startHidden(address), await startHidden(address)];
  const { reservations } = relay.services.relay;
  try {
    await eventually(() => reservations.size === 2, 'two places');
    hidden.push(await startHidden(address));
    assert.is(reservations.size, 2);
    assert.is(hidden[2]?.getMultiaddrs().length, 0);
    await hidden.shift()?.stop();
    await eventually(() => reservations.size === 1, 'the end of a place');
    hidden.push(await startHidden(address));
    await eventually(() => reservations.size === 2, 'a place for another');
  } finally {
    await Promise.all([...hidden, relay].map((host) => host.stop()));
  }
});

/** @returns bytes that came back through the relay of `count` KiB sent */
async function echo(limits: Partial<RelayLimits>, count: number): Promise<number> {
  const relay = await startRelay(limits);
  const [address = multiaddr()] = relay.getMultiaddrs();
  const [hidden, dialler] = [await startHidden(address), await startHidden(address)];
  let bytes = 0;
  let isOver = false;
  try {
    await eventually(() => relay.services.relay.reservations.size === 2, 'the places');
    const way = multiaddr(`${address}/p2p-circuit/p2p/${hidden.peerId}`);
    const stream = await dialler.dialProtocol(way, ECHO, { runOnLimitedConnection: true });
    stream.addEventListener('message', ({ data }) => {
      bytes += data.byteLength;
    });
    stream.addEventListener('close', () => {
      isOver = true;
    });
    for (let i = 0; i < count && stream.status === 'open'; i++) {
      stream.send(new Uint8Array(KIBIBYTE));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await eventually(() => isOver || bytes === count * KIBIBYTE, 'the bytes or the end');
    if (isOver) {
      const [again] = await Promise.allSettled([dialler.dialProtocol(way, ECHO, { runOnLimitedConnection: true })]);
      assert.is(again.status, 'rejected', 'nothing is left for another connection');
    }
    return bytes;
  } finally {
    await Promise.all([hidden, dialler, relay].map((host) => host.stop()));
  }
}

relays('so much for all that is relayed, and for what one neighbourhood opens', async () => {
  const little = { burst: 64 * KIBIBYTE, perSecond: 1 };
  assert.is(await echo({}, 100), 100 * KIBIBYTE);
  for (const limits of [{ bytes: little }, { bytesPerNeighbourhood: little }]) {
    const bytes = await echo(limits, 100);
    assert.ok(bytes < 40 * KIBIBYTE, `${bytes} bytes`);
  }
});

relays.run();
