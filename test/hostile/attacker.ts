// A hostile peer as a program of its own, which meets the nodes that it is told and does them one kind of harm until it is
// ended. One that is banned goes on knocking.

import { setTimeout as sleep } from 'node:timers/promises';
import { multiaddr } from '@multiformats/multiaddr';
import { fromHex } from '../../src/primitives/bytes.ts';
import type { ConsensusView } from '../../src/rpc/handlers/consensus.ts';
import { Rpc } from '../e2e/harness/rpc.ts';
import { HostilePeer } from '../network/hostile-peer.ts';
import { ATTACKS, type World } from './attacks.ts';

/** What it is told, as JSON. */
export interface Task {
  readonly attack: string;
  readonly genesisHash: string;
  readonly victims: readonly string[];
  /** of one of them */
  readonly rpc: string;
}

/** Between two rounds, and two attempts to get in. */
const PAUSE_MS = 20;
const KNOCK_MS = 500;

const task = JSON.parse(process.argv[2] ?? '') as Task;
const attack = ATTACKS[task.attack];
if (attack === undefined) throw new Error(`no attack ${task.attack}`);
const rpc = new Rpc(task.rpc);
const genesisHash = fromHex(task.genesisHash);

const world: World = {
  genesisHash,
  victims: task.victims,
  async now() {
    const { epoch, front_slot: slot } = await rpc.get<ConsensusView>('rpc/consensus');
    return { epoch, slot };
  },
  async meet({ host }) {
    await Promise.allSettled(
      task.victims.map(multiaddr).map(async (address) => {
        const id = address.getComponents().findLast(({ name }) => name === 'p2p')?.value;
        const isMet = host.getConnections().some(({ remotePeer }) => remotePeer.toString() === id);
        if (!isMet) await host.dial(address);
      }),
    );
  },
};

process.on('disconnect', () => process.exit());
// whatever its victims do to it
process.on('unhandledRejection', () => undefined);

const peer = await HostilePeer.start(genesisHash, { forgetful: attack.forgetful ?? false });
await attack.prepare?.(peer, world);
process.send?.(peer.id);
for (;;) {
  await world.meet(peer);
  const isIn = peer.host.getConnections().length > 0;
  if (isIn) await attack.round?.(peer, world);
  await sleep(isIn ? PAUSE_MS : KNOCK_MS);
}
