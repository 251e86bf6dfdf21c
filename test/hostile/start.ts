// Starts a hostile peer as a program of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { toHex } from '../../src/primitives/bytes.ts';
import type { TestDevnet } from '../e2e/harness/devnet.ts';
import { withTimeout } from '../helpers/timeout.ts';
import type { Task } from './attacker.ts';

const PROGRAM = fileURLToPath(new URL('attacker.ts', import.meta.url));
const START_MS = 60_000;

export interface Attacker {
  readonly process: ChildProcess;
  /** its peer id */
  readonly id: string;
}

/**
 * One that goes for all nodes, at the lowest priority, as if it had a machine of its own. Resolves when it begins.
 * @param attack a name of ATTACKS
 */
export async function startAttacker(attack: string, devnet: TestDevnet): Promise<Attacker> {
  const networks = await Promise.all(devnet.nodes.map(({ rpc }) => rpc.networkInfo()));
  const task: Task = {
    attack,
    genesisHash: toHex(devnet.genesisHash),
    victims: networks.map(({ addresses: [address = ''] }) => address),
    rpc: devnet.node(0).rpc.url,
  };
  const command = ['-n', '19', process.execPath, '--import', 'tsx', PROGRAM, JSON.stringify(task)];
  const child = spawn('nice', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const id = new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the attacker ended with ${code}`)));
  });
  return { process: child, id: await withTimeout(id, START_MS, 'the attacker begins') };
}
