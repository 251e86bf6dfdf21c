import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../../src/crypto/keys.ts';
import { floorEntry } from '../../../src/crypto/signer/entry.ts';
import { readExport } from '../../../src/crypto/signer/export-file.ts';
import { LocalSigner } from '../../../src/crypto/signer/local-signer.ts';
import { MAX_EXPORTED_ENTRIES } from '../../../src/crypto/signer/state.ts';
import { exportSigner, importSigner, inspectSigner, recoverSigner } from '../../../src/crypto/signer/transfer.ts';
import { FINAL, NOTAR, type VoteData } from '../../../src/primitives/consensus.ts';

const GENESIS = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(9);
const PASSPHRASE = 'a good one';

const transfer = suite('moving a signer');
const key = KeyPair.generate();
let directory = '';

transfer.before.each(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aitbc-transfer-'));
});
transfer.after.each(() => rm(directory, { recursive: true }));

const at = (name: string) => join(directory, name);
const custodyOf = (name: string) => ({ file: at(name), key, genesisHash: GENESIS });

function vote(slot: number, hash = new Uint8Array(32).fill(slot & 255), kind = NOTAR): VoteData {
  return { epoch: 1, validatorsRoot: GENESIS, kind: kind as VoteData['kind'], slot, hash };
}

async function signed(name: string, ...slots: number[]): Promise<void> {
  const signer = await LocalSigner.open(at(name), key, GENESIS).catch(() => LocalSigner.create(at(name), key, GENESIS));
  await signer.listened();
  await Promise.all(slots.map((slot) => signer.signVote(vote(slot))));
  await signer.close();
}

async function move(from: string, file: string, to: string): Promise<void> {
  await exportSigner(custodyOf(from), PASSPHRASE, at(file));
  await importSigner(at(to), await readExport(at(file), GENESIS, PASSPHRASE), GENESIS);
}

async function code(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => 'fine',
    (error: { code: string }) => error.code,
  );
}

transfer('an export that has nowhere to go seals nothing', async () => {
  await signed('a', 5);
  assert.is(await code(exportSigner(custodyOf('a'), PASSPHRASE, at('nowhere/export'))), 'ENOENT');
  assert.not((await inspectSigner(at('a'), { publicKey: key.publicKey, genesisHash: GENESIS })).sealed);
});

transfer('the other host knows what was signed, listens, and goes on; this one is sealed', async () => {
  await signed('a', 5, 6);
  await move('a', 'export', 'b');
  assert.is((await stat(at('export'))).mode & 0o777, 0o600);
  assert.not((await readFile(at('export'), 'latin1')).includes(Buffer.from(key.seed).toString('hex')));
  assert.is(await code(LocalSigner.open(at('a'), key, GENESIS)), 'SEALED');
  for (const restarts of [1, 2]) {
    const signer = await LocalSigner.open(at('b'), key, GENESIS);
    assert.is(await code(signer.signVote(vote(7))), 'LISTENING', `start ${restarts}`);
    await signer.close();
  }
  const signer = await LocalSigner.open(at('b'), key, GENESIS);
  await signer.observed(vote(5));
  await signer.listened();
  assert.is(await code(signer.signVote(vote(6, OTHER))), 'REFUSED');
  await signer.signVote(vote(6, undefined, FINAL));
  await signer.close();
  assert.is((await inspectSigner(at('b'), { publicKey: key.publicKey, genesisHash: GENESIS })).listenMs, 0);
});

transfer('an export is bounded: of a long history the newest slots, above a floor', async () => {
  await signed('a', ...Array.from({ length: 2000 }, (_, index) => index + 1));
  await move('a', 'export', 'b');
  const { entries } = await readExport(at('export'), GENESIS, PASSPHRASE);
  assert.ok(entries.length <= MAX_EXPORTED_ENTRIES);
  const signer = await LocalSigner.open(at('b'), key, GENESIS);
  for (const slot of [1, 1872, 1873, 2000]) assert.is(await code(signer.signVote(vote(slot, OTHER))), 'REFUSED');
  await signer.close();
});

transfer('a validator returns to a host that it left, and an older export never overtakes it', async () => {
  await signed('a', 5);
  await move('a', 'first', 'b');
  await signed('b', 6);
  await move('b', 'second', 'a');
  await signed('a', 7);
  assert.is(await code(LocalSigner.open(at('b'), key, GENESIS)), 'SEALED');
  const first = await readExport(at('first'), GENESIS, PASSPHRASE);
  assert.is(await code(importSigner(at('a'), first, GENESIS)), 'RECORD_EXISTS');
  assert.is(await code(importSigner(at('b'), first, GENESIS)), 'RECORD_EXISTS');
  await exportSigner(custodyOf('a'), PASSPHRASE, at('third'));
  assert.is(
    await code(importSigner(at('a'), await readExport(at('second'), GENESIS, PASSPHRASE), GENESIS)),
    'RECORD_EXISTS',
  );
  assert.is(await code(importSigner(at('a'), await readExport(at('third'), GENESIS, PASSPHRASE), GENESIS)), 'fine');
});

transfer('files that are no export, altered, of another network or under another passphrase are refused', async () => {
  await signed('a', 5);
  await writeFile(at('taken'), 'x');
  assert.is(await code(exportSigner(custodyOf('a'), PASSPHRASE, at('taken'))), 'EXPORT_EXISTS');
  assert.is(await code(exportSigner(custodyOf('a'), '', at('empty'))), 'EMPTY_PASSPHRASE');
  await signed('a', 6); // neither has sealed it
  await exportSigner(custodyOf('a'), PASSPHRASE, at('export'));
  assert.is(await code(readExport(at('export'), OTHER, PASSPHRASE)), 'RECORD_FOREIGN');
  assert.is(await code(readExport(at('export'), GENESIS, 'wrong')), 'WRONG_PASSPHRASE');
  assert.is(await code(readExport(at('nowhere'), GENESIS, PASSPHRASE)), 'EXPORT_MALFORMED');
  assert.is(await code(readExport(at('taken'), GENESIS, PASSPHRASE)), 'EXPORT_MALFORMED');
  const text = await readFile(at('export'), 'utf8');
  await writeFile(at('relabelled'), text.replace(/"publicKey": "../, '"publicKey": "00'));
  assert.is(await code(readExport(at('relabelled'), GENESIS, PASSPHRASE)), 'WRONG_PASSPHRASE');
});

transfer('a lost, damaged or copied record is recovered above all that may have been signed', async () => {
  const newest = { epoch: 1, slot: 500 };
  await recoverSigner(custodyOf('lost'), newest);
  await signed('copied', 5);
  const copied = await LocalSigner.open(at('copied'), key, GENESIS);
  assert.is(await code(copied.observed(vote(90))), 'COPIED');
  await copied.close();
  assert.is(await code(exportSigner(custodyOf('copied'), PASSPHRASE, at('export'))), 'COPIED');
  await recoverSigner(custodyOf('copied'), newest);
  await signed('damaged', 5);
  await truncate(at('damaged'), 300);
  await recoverSigner(custodyOf('damaged'), newest);
  assert.ok((await readdir(directory)).includes('damaged.damaged'));
  for (const name of ['lost', 'copied', 'damaged']) {
    const signer = await LocalSigner.open(at(name), key, GENESIS);
    assert.is(await code(signer.signVote(vote(628))), 'REFUSED', name);
    assert.is(await code(signer.signVote(vote(629))), 'LISTENING', name);
    await signer.observed(vote(628));
    assert.is(await code(signer.observed(vote(629))), 'COPIED', name);
    await signer.close();
  }
});

transfer('a sound or sealed record is not recovered', async () => {
  await signed('a', 5);
  assert.is(await code(recoverSigner(custodyOf('a'), floorEntry({ epoch: 1, slot: 9 }))), 'RECORD_EXISTS');
  await exportSigner(custodyOf('a'), PASSPHRASE, at('export'));
  assert.is(await code(recoverSigner(custodyOf('a'), { epoch: 1, slot: 9 })), 'SEALED');
});

transfer.run();
