// A real process dies by SIGKILL at each of its operations on the signer's files, before, within and after it. Whatever
// it leaves behind contradicts nothing that left the process, and never are there two records that sign.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../../src/crypto/keys.ts';
import { SignerError } from '../../../src/crypto/signer/errors.ts';
import { readExport } from '../../../src/crypto/signer/export-file.ts';
import { LocalSigner } from '../../../src/crypto/signer/local-signer.ts';
import { exportSigner, importSigner, recoverSigner } from '../../../src/crypto/signer/transfer.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { NOTAR } from '../../../src/primitives/consensus.ts';
import { sha256 } from '../../../src/primitives/hash.ts';
import { withTimeout } from '../../helpers/timeout.ts';

const PATIENCE_MS = 60_000;
const ZEROS = new Uint8Array(32);
const PASSPHRASE = 'kill point';
/** Entries in the record at the start: the third pair of votes finds it full, and it is rewritten. */
const SIGNED = 4_091;

const kill = suite('kill -9 at each operation on the signer files');
const key = KeyPair.generate();
let root = '';

kill.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'aitbc-kill-'));
  await mkdir(join(root, 'start'));
  const signer = await LocalSigner.create(join(root, 'start', 'record'), key, ZEROS);
  const slots = Array.from({ length: SIGNED }, (_, index) => index + 1);
  await Promise.all(slots.map((slot) => signer.signVote(vote(slot))));
  await signer.close();
});
kill.after(() => rm(root, { recursive: true }));

function vote(slot: number, hash = sha256(Uint8Array.of(slot & 255, slot >> 8))) {
  return { epoch: 1, validatorsRoot: ZEROS, kind: NOTAR, slot, hash };
}

async function child(scenario: string, directory: string, where: string, operation: number): Promise<string[]> {
  const script = fileURLToPath(new URL('./kill-point-child.ts', import.meta.url));
  const args = ['--import', 'tsx', script, scenario, directory, toHex(key.seed), where, String(operation)];
  const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  process_.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await withTimeout(once(process_, 'close'), PATIENCE_MS, `${scenario} dies ${where} operation ${operation}`);
  assert.is(process_.signalCode, operation === 0 ? null : 'SIGKILL', `${scenario} ${where} ${operation}`);
  return output.split('\n').slice(0, -1);
}

/** Runs a scenario in a copy of `from` until it has died at each of its operations. @returns how many there are */
async function atEachOperation(
  scenario: string,
  from: string,
  check: (directory: string, lines: readonly string[], point: string) => Promise<void>,
): Promise<number> {
  const run = async (where: string, operation: number) => {
    const directory = join(root, `${scenario}-${where}-${operation}`);
    await cp(from, directory, { recursive: true });
    const lines = await child(scenario, directory, where, operation);
    await check(directory, lines, `${scenario}: ${where} operation ${operation}`);
    await rm(directory, { recursive: true });
    return lines;
  };
  const whole = await run('never', 0);
  const operations = whole.at(-1)?.split(' ').slice(1) ?? [];
  // After one operation is before the next; only a write can be parted.
  const points = operations.flatMap((name, index) => {
    const before = { where: 'before', operation: index + 1 };
    return name === 'write' ? [before, { where: 'within', operation: index + 1 }] : [before];
  });
  points.push({ where: 'after', operation: operations.length });
  for (let next = 0; next < points.length; next += 2) {
    await Promise.all(points.slice(next, next + 2).map(({ where, operation }) => run(where, operation)));
  }
  return operations.length;
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'fine';
  } catch (error) {
    assert.instance(error, SignerError);
    return (error as SignerError).code;
  }
}

/** Whether the record in `directory` would sign now. */
async function signs(directory: string): Promise<string> {
  return codeOf(LocalSigner.open(join(directory, 'record'), key, ZEROS).then((signer) => signer.close()));
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

kill('signing: every signature that left is in the record, also while it is rewritten', async () => {
  const operations = await atEachOperation('sign', join(root, 'start'), async (directory, lines, point) => {
    const signer = await LocalSigner.open(join(directory, 'record'), key, ZEROS);
    for (const line of lines.filter((text) => !text.startsWith('operations'))) {
      const [kind, slot, signature] = line.split(' ');
      const asked = vote(Number(slot));
      assert.is(await codeOf(signer.signVote({ ...asked, hash: sha256(asked.hash) })), 'REFUSED', point);
      assert.is(toHex(await signer.signVote({ ...asked, kind: Number(kind) })), signature, point);
    }
    for (const old of [1, 2000, SIGNED]) {
      assert.is(await codeOf(signer.signVote(vote(old, ZEROS))), 'REFUSED', `${point}: slot ${old}`);
    }
    await signer.close();
  });
  assert.ok(operations >= 10, `${operations} operations`);
});

kill('a copied key: once it was said, it stays', async () => {
  await atEachOperation('copied', join(root, 'start'), async (directory, lines, point) => {
    const said = lines.includes('COPIED');
    const found = await signs(directory);
    assert.ok(found === 'COPIED' || (!said && found === 'fine'), `${point}: ${found}`);
  });
});

kill('an export: either the record is sealed, or there is no export', async () => {
  await atEachOperation('export', join(root, 'start'), async (directory, _, point) => {
    const found = await signs(directory);
    const out = join(directory, 'export');
    if (found === 'fine') return assert.not(await exists(out), point);
    assert.is(found, 'SEALED', point);
    const custody = { file: join(directory, 'record'), key, genesisHash: ZEROS };
    // Whoever asks again gets it.
    if (!(await exists(out))) await exportSigner(custody, PASSPHRASE, out);
    const { entries } = await readExport(out, ZEROS, PASSPHRASE);
    assert.ok(
      entries.some(({ slot }) => slot === SIGNED),
      point,
    );
  });
});

kill('an import: the record is whole or absent', async () => {
  const from = join(root, 'to-import');
  await cp(join(root, 'start'), from, { recursive: true });
  await exportSigner({ file: join(from, 'record'), key, genesisHash: ZEROS }, PASSPHRASE, join(from, 'export'));
  await rm(join(from, 'record'));
  await atEachOperation('import', from, async (directory, _, point) => {
    const file = join(directory, 'record');
    const found = await signs(directory);
    assert.ok(found === 'fine' || found === 'RECORD_MISSING', `${point}: ${found}`);
    const exported = await readExport(join(directory, 'export'), ZEROS, PASSPHRASE);
    assert.is(await codeOf(importSigner(file, exported, ZEROS)), found === 'fine' ? 'RECORD_EXISTS' : 'fine', point);
    const signer = await LocalSigner.open(file, key, ZEROS);
    assert.is(await codeOf(signer.signVote(vote(SIGNED + 1))), 'LISTENING', point);
    assert.is(await codeOf(signer.signVote(vote(SIGNED, ZEROS))), 'REFUSED', point);
    await signer.close();
  });
});

kill('a recovery of a lost record: it is above everything, or still missing', async () => {
  const from = join(root, 'to-recover');
  await mkdir(from);
  await atEachOperation('recover', from, async (directory, _, point) => {
    const file = join(directory, 'record');
    const found = await signs(directory);
    assert.ok(found === 'fine' || found === 'RECORD_MISSING', `${point}: ${found}`);
    const recovery = recoverSigner({ file, key, genesisHash: ZEROS }, { epoch: 1, slot: 7000 });
    assert.is(await codeOf(recovery), found === 'fine' ? 'RECORD_EXISTS' : 'fine', point);
    const signer = await LocalSigner.open(file, key, ZEROS);
    assert.is(await codeOf(signer.signVote(vote(7000))), 'REFUSED', point);
    assert.is(await codeOf(signer.signVote(vote(7129))), 'LISTENING', point);
    await signer.close();
  });
});

kill.run();
