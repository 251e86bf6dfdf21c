// A process that kills itself with SIGKILL at one of its operations on files, for kill-points.test.ts. It prints each
// signature once it has it. Arguments: scenario, directory, seed in hex, where it dies, and the number of the operation.

import { once } from 'node:events';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { fromHex, toHex } from '../../../src/primitives/bytes.ts';
import { FINAL, NOTAR, type VoteData } from '../../../src/primitives/consensus.ts';
import { sha256 } from '../../../src/primitives/hash.ts';

const [scenario = '', directory = '', seed = '', where = '', last = ''] = process.argv.slice(2);
const lastOperation = Number(last);
const operations: string[] = [];

type Operation = (...args: unknown[]) => Promise<unknown>;

async function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return once(process, 'never').then(() => process.exit(1));
}

/** Wraps an operation so that the process may die before it, in the middle of a write, or after it. */
function mortal(owner: object, name: string): void {
  const operation = Reflect.get(owner, name) as Operation;
  Reflect.set(owner, name, async function mayDie(this: unknown, ...args: unknown[]) {
    const isLast = operations.push(name) === lastOperation;
    if (isLast && where === 'before') return die();
    if (isLast && where === 'within' && name === 'write') {
      // Half of its blocks: a kill can't part a block, which lies within one page.
      await operation.call(this, args[0], 0, Math.floor((args[2] as number) / 256) * 128, args[3]);
      return die();
    }
    const result = await operation.apply(this, args);
    if (isLast) return die();
    return result;
  });
}

const probe = await fs.promises.open(directory, 'r');
const handles = Object.getPrototypeOf(probe) as object;
await probe.close();
for (const name of ['write', 'writeFile', 'datasync', 'sync']) mortal(handles, name);
for (const name of ['rename', 'link', 'unlink']) mortal(fs.promises, name);
syncBuiltinESMExports();

const { KeyPair } = await import('../../../src/crypto/keys.ts');
const { LocalSigner } = await import('../../../src/crypto/signer/local-signer.ts');
const { exportSigner, importSigner, recoverSigner } = await import('../../../src/crypto/signer/transfer.ts');
const { readExport } = await import('../../../src/crypto/signer/export-file.ts');

const ZEROS = new Uint8Array(32);
const PASSPHRASE = 'kill point';
const key = new KeyPair(fromHex(seed));
const file = join(directory, 'record');
const out = join(directory, 'export');
const custody = { file, key, genesisHash: ZEROS };
const voteOf = (kind: number, slot: number): VoteData => {
  const hash = sha256(Uint8Array.of(slot & 255, slot >> 8));
  return { epoch: 1, validatorsRoot: ZEROS, kind, slot, hash };
};

const scenarios: Readonly<Record<string, () => Promise<unknown>>> = {
  async sign() {
    const signer = await LocalSigner.open(file, key, ZEROS);
    for (const slot of [5000, 5001, 5002]) {
      const votes = [voteOf(NOTAR, slot), voteOf(FINAL, slot)];
      const given = async (vote: VoteData) => {
        const signature = toHex(await signer.signVote(vote));
        process.stdout.write(`${vote.kind} ${slot} ${signature}\n`);
      };
      await Promise.all(votes.map(given));
      if (slot === 5001) await signer.raiseFloor(1, 4990);
    }
    await signer.close();
  },
  async copied() {
    const signer = await LocalSigner.open(file, key, ZEROS);
    await signer
      .observed(voteOf(NOTAR, 9999))
      .catch((error: { code: string }) => process.stdout.write(`${error.code}\n`));
    await signer.close();
  },
  export: () => exportSigner(custody, PASSPHRASE, out),
  import: async () => importSigner(file, await readExport(out, ZEROS, PASSPHRASE), ZEROS),
  recover: () => recoverSigner(custody, { epoch: 1, slot: 7000 }),
};
await scenarios[scenario]?.();
process.stdout.write(`operations ${operations.join(' ')}\n`);
