// When configured peers are dialled again, on a clock that the test moves.

import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Dialer } from '../../src/network/dialer.ts';

const STEP_MS = 100;

const dialing = suite('network: dialling again');

dialing.after.each(() => mock.timers.reset());

dialing(
  'on a public network one that was a peer is dialled within seconds for ever, others more and more seldom',
  async () => {
    const { dialer, peer, dials, pass } = await scene();
    dialer.start();
    await pass(120_000);
    assert.ok(longestPause(dials) > 10_000, 'one that was never there');

    dialer.onConnected(peer);
    await pass(10_000);
    dials.length = 0;
    dialer.onDisconnected(peer);
    await pass(120_000);
    assert.ok(longestPause(dials) <= 3_000 + STEP_MS, 'one whose connection lasted');
    assert.ok(dials.length < 100, 'and not in a tight loop');

    dialer.onConnected(peer);
    await pass(1_000);
    dials.length = 0;
    dialer.onDisconnected(peer);
    await pass(120_000);
    assert.ok(longestPause(dials) > 10_000, 'one that closes the connection at once');
  },
);

/** A dialer whose one peer never answers; `dials` are the times at which it was dialled. */
async function scene() {
  const [own, other] = await Promise.all([newPeer(), newPeer()]);
  let clock = 0;
  const dials: number[] = [];
  const host = {
    peerId: own,
    getConnections: () => [],
    dial: () => {
      dials.push(clock);
      return Promise.reject(new Error('nobody there'));
    },
  };
  mock.timers.enable({ apis: ['setTimeout'] });
  const dialer = new Dialer(host, [`/ip4/192.0.2.1/tcp/9000/p2p/${other}`], {
    network: 'public',
    logger: pino({ level: 'silent' }),
    random: () => 1,
    now: () => clock,
    needsHelp: () => false,
    lifetime: new AbortController().signal,
  });
  const pass = async (milliseconds: number) => {
    for (const end = clock + milliseconds; clock < end; ) {
      clock += STEP_MS;
      mock.timers.tick(STEP_MS);
      await turn();
    }
  };
  return { dialer, peer: other.toString(), dials, pass };
}

async function newPeer() {
  return peerIdFromPrivateKey(await generateKeyPair('Ed25519'));
}

function longestPause(times: readonly number[]): number {
  return Math.max(...times.slice(1).map((time, index) => time - (times[index] as number)));
}

dialing.run();
