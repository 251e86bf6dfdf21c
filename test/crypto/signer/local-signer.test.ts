import { mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair, verifyNative } from '../../../src/crypto/keys.ts';
import { SignerError, type SignerErrorCode } from '../../../src/crypto/signer/errors.ts';
import { LocalSigner } from '../../../src/crypto/signer/local-signer.ts';
import {
  FINAL,
  NOTAR,
  type ProposalData,
  proposalSigningBytes,
  SKIP,
  type VoteData,
  voteSigningBytes,
} from '../../../src/primitives/consensus.ts';
import { ZERO_HASH } from '../../../src/primitives/hash.ts';

const BLOCK_BYTES = 128;
const GENESIS = new Uint8Array(32).fill(1);
const ROOT = new Uint8Array(32).fill(2);

const test = suite('LocalSigner');
const key = KeyPair.generate();
let directory = '';
let file = '';

test.before.each(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aitbc-signer-'));
  file = join(directory, 'record');
});
test.after.each(() => rm(directory, { recursive: true }));

function hashOf(name: number): Uint8Array {
  const hash = new Uint8Array(32).fill(3);
  new DataView(hash.buffer).setUint32(0, name);
  return hash;
}

function vote(kind: number, slot: number, hash = kind === SKIP ? ZERO_HASH : hashOf(slot)): VoteData {
  return { epoch: 1, validatorsRoot: ROOT, kind, slot, hash };
}

function proposal(slot: number, hash = hashOf(slot)): ProposalData {
  return { epoch: 1, validatorsRoot: ROOT, slot, hash, parentSlot: slot - 1 };
}

async function rejects(action: Promise<unknown>, code: SignerErrorCode, message = /./): Promise<void> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, SignerError);
  assert.is((error as SignerError).code, code, (error as SignerError).message);
  assert.match((error as SignerError).message, message);
}

/** A record of NOTARs for the slots 1 … count, each synced by itself. */
async function recordOf(count: number): Promise<void> {
  const signer = await LocalSigner.create(file, key, GENESIS);
  for (let slot = 1; slot <= count; slot++) await signer.signVote(vote(NOTAR, slot));
  await signer.close();
}

test('signs what the network verifies, and the same again for the same request', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  const proposed = await signer.signProposal(proposal(1));
  const voted = await signer.signVote(vote(NOTAR, 1));
  assert.ok(verifyNative(signer.publicKey, proposalSigningBytes(proposal(1), GENESIS), proposed));
  assert.ok(verifyNative(signer.publicKey, voteSigningBytes(vote(NOTAR, 1), GENESIS), voted));
  assert.equal(await signer.signVote(vote(NOTAR, 1)), voted);
  await signer.close();
  const again = await LocalSigner.open(file, key, GENESIS);
  assert.equal(await again.signProposal(proposal(1)), proposed);
  assert.equal(await again.signVote(vote(NOTAR, 1)), voted);
  await again.close();
});

test('refuses contradictions by name, also after a restart, and signs on', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  await signer.signVote(vote(NOTAR, 1));
  await signer.signVote(vote(SKIP, 1));
  await rejects(signer.signVote(vote(FINAL, 1)), 'REFUSED', /FINAL in epoch 1, slot 1 .*no FINAL after SKIP/);
  await signer.close();
  const again = await LocalSigner.open(file, key, GENESIS);
  await rejects(again.signVote(vote(NOTAR, 1, hashOf(99))), 'REFUSED', /one NOTAR a slot/);
  await rejects(again.signVote(vote(FINAL, 1)), 'REFUSED', /no FINAL after SKIP/);
  await again.signVote(vote(NOTAR, 2));
  await again.close();
});

test('rules on requests of one turn in their order, before any of them is on disk', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  const results = await Promise.allSettled([
    signer.signVote(vote(NOTAR, 1)),
    signer.signVote(vote(NOTAR, 1, hashOf(99))),
    signer.signVote(vote(FINAL, 1)),
    signer.signVote(vote(SKIP, 1)),
    signer.signVote(vote(NOTAR, 1)),
  ]);
  assert.equal(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
  );
  await signer.close();
});

test('an entry is in the file before its signature is out', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  for (let slot = 1; slot <= 5; slot++) {
    await signer.signVote(vote(NOTAR, slot));
    const bytes = await readFile(file);
    assert.ok(bytes.subarray((1 + slot) * BLOCK_BYTES).includes(Buffer.from(hashOf(slot))));
  }
  await signer.close();
});

test('the floor is durable and never falls', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  await signer.signVote(vote(NOTAR, 5));
  await signer.raiseFloor(1, 5);
  await signer.raiseFloor(1, 2);
  await signer.close();
  const again = await LocalSigner.open(file, key, GENESIS);
  await rejects(again.signVote(vote(NOTAR, 5)), 'REFUSED', /floor/);
  await rejects(again.signVote(vote(NOTAR, 4)), 'REFUSED', /floor/);
  await rejects(again.raiseFloor(Number.NaN, 1), 'REFUSED', /whole numbers/);
  await again.signVote(vote(NOTAR, 6));
  await again.close();
});

test('the file stays small however much is signed, and forgets nothing above the floor', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  const { size } = await stat(file);
  for (let slot = 1; slot <= 6_000; slot += 500) {
    const slots = Array.from({ length: 500 }, (_, i) => slot + i);
    await Promise.all(slots.map((each) => signer.signVote(vote(NOTAR, each))));
    await signer.raiseFloor(1, slot + 490);
  }
  await signer.close();
  assert.is((await stat(file)).size, size);
  assert.equal(await readdir(directory), ['record']);
  const again = await LocalSigner.open(file, key, GENESIS);
  for (let slot = 5_992; slot <= 6_000; slot++) {
    await rejects(again.signVote(vote(NOTAR, slot, hashOf(1))), 'REFUSED', /one NOTAR/);
  }
  await again.signVote(vote(FINAL, 6_000));
  await rejects(again.signVote(vote(NOTAR, 5_991)), 'REFUSED', /floor/);
  await again.close();
});

test('the file grows when the floor cannot rise', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  const slots = Array.from({ length: 5_000 }, (_, i) => i + 1);
  await Promise.all(slots.map((slot) => signer.signVote(vote(NOTAR, slot))));
  await signer.close();
  const again = await LocalSigner.open(file, key, GENESIS);
  for (const slot of [1, 2_500, 5_000]) {
    await rejects(again.signVote(vote(NOTAR, slot, hashOf(0))), 'REFUSED', /one NOTAR/);
  }
  await again.close();
});

test('only create makes a record, and never over another', async () => {
  await rejects(LocalSigner.open(file, key, GENESIS), 'RECORD_MISSING');
  await recordOf(1);
  await rejects(LocalSigner.create(file, key, GENESIS), 'RECORD_EXISTS');
  assert.is((await stat(file)).mode & 0o777, 0o600);
  const signer = await LocalSigner.open(file, key, GENESIS);
  await rejects(signer.signVote(vote(NOTAR, 1, hashOf(9))), 'REFUSED');
  await signer.close();
});

test('a record of another key or network is refused', async () => {
  await recordOf(1);
  await rejects(LocalSigner.open(file, KeyPair.generate(), GENESIS), 'RECORD_FOREIGN', /another key/);
  await rejects(LocalSigner.open(file, key, ROOT), 'RECORD_FOREIGN', /another network/);
});

test('a record cut off anywhere is refused', async () => {
  await recordOf(3);
  const { size } = await stat(file);
  for (const length of [size - 1, size - BLOCK_BYTES, 4 * BLOCK_BYTES, 2 * BLOCK_BYTES + 7, BLOCK_BYTES, 100, 0]) {
    await truncate(file, length);
    await rejects(LocalSigner.open(file, key, GENESIS), 'RECORD_CORRUPT');
  }
  await writeFile(file, new Uint8Array(size));
  await rejects(LocalSigner.open(file, key, GENESIS), 'RECORD_CORRUPT');
});

test('a flipped bit is refused, in the header, in any entry, behind them, also in the last', async () => {
  await recordOf(3);
  const bytes = await readFile(file);
  for (let block = 0; block <= 5; block++) {
    for (const offset of [0, 3, 40, 90, 110, 127]) {
      const damaged = Buffer.from(bytes);
      const at = block * BLOCK_BYTES + offset;
      damaged[at] = (damaged[at] as number) ^ (1 << ((block + offset) % 8));
      await writeFile(file, damaged);
      await rejects(LocalSigner.open(file, key, GENESIS), 'RECORD_CORRUPT');
    }
  }
});

test('an entry that vanished or moved is refused', async () => {
  await recordOf(3);
  const bytes = await readFile(file);
  const block = (index: number) => bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
  const vanished = Buffer.from(bytes);
  vanished.fill(0, 3 * BLOCK_BYTES, 4 * BLOCK_BYTES);
  const swapped = Buffer.from(bytes);
  swapped.set(block(2), 3 * BLOCK_BYTES);
  swapped.set(block(3), 2 * BLOCK_BYTES);
  const emptied = Buffer.from(bytes);
  emptied.fill(0, BLOCK_BYTES);
  for (const damaged of [vanished, swapped, emptied]) {
    await writeFile(file, damaged);
    await rejects(LocalSigner.open(file, key, GENESIS), 'RECORD_CORRUPT');
  }
});

test('entries of a write that was never synced are dropped with all behind them', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  await signer.signVote(vote(NOTAR, 1));
  await Promise.all([2, 3, 4].map((slot) => signer.signVote(vote(NOTAR, slot))));
  await signer.close();
  // What a power cut may leave of that last write: the first and the third of its entries.
  const handle = await open(file, 'r+');
  await handle.write(new Uint8Array(BLOCK_BYTES), 0, BLOCK_BYTES, 4 * BLOCK_BYTES);
  await handle.close();
  for (const expected of [hashOf(77), hashOf(77)]) {
    const again = await LocalSigner.open(file, key, GENESIS);
    await rejects(again.signVote(vote(NOTAR, 1, hashOf(77))), 'REFUSED');
    await rejects(again.signVote(vote(NOTAR, 2, hashOf(77))), 'REFUSED');
    await again.signVote(vote(NOTAR, 3, expected));
    await again.signVote(vote(NOTAR, 4, expected));
    await again.close();
  }
});

test('opening writes all entries once more: a sync that failed may have left them in the memory of the system', async () => {
  await recordOf(3);
  const probe = await open(file, 'r');
  const handles = Object.getPrototypeOf(probe) as Record<
    'write' | 'datasync',
    (...args: unknown[]) => Promise<unknown>
  >;
  await probe.close();
  const { write, datasync } = handles;
  const written: unknown[] = [];
  let synced = 0;
  handles.write = function record(...args) {
    written.push(args.slice(2));
    return write.apply(this, args);
  };
  handles.datasync = function count(...args) {
    synced += written.length;
    return datasync.apply(this, args);
  };
  try {
    await (await LocalSigner.open(file, key, GENESIS)).close();
  } finally {
    Object.assign(handles, { write, datasync });
  }
  assert.equal(written, [[(1 + 1 + 3) * BLOCK_BYTES, 0]]); // header, floor, votes
  assert.is(synced, 1);
});

test('a signature that waits for the disk is not given when a copy is seen meanwhile, not at the end either', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  const waiting = rejects(signer.signVote(vote(NOTAR, 1)), 'COPIED');
  const observed = rejects(signer.observed(vote(NOTAR, 2)), 'COPIED');
  await signer.close();
  await Promise.all([waiting, observed]);
});

test('a failing disk stops it for good, loudly', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  const slots = Array.from({ length: 5_000 }, (_, i) => i + 1);
  await rm(directory, { recursive: true }); // the next rewrite has nowhere to go
  await rejects(Promise.all(slots.map((slot) => signer.signVote(vote(NOTAR, slot)))), 'RECORD_IO');
  await rejects(signer.signVote(vote(NOTAR, 9_999)), 'RECORD_IO');
  await rejects(signer.raiseFloor(1, 1), 'RECORD_IO');
  await signer.close();
  directory = await mkdtemp(join(tmpdir(), 'aitbc-signer-'));
});

test('a signature that the record lacks stops it for good, also after a restart', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  await signer.signVote(vote(NOTAR, 5));
  const waiting = signer.signVote(vote(NOTAR, 6));
  const seen = signer.observed(vote(NOTAR, 5, hashOf(99)));
  await rejects(waiting, 'COPIED');
  await rejects(seen, 'COPIED', /epoch 1, slot 5.*signer recover/);
  await rejects(signer.signVote(vote(NOTAR, 7)), 'COPIED');
  await rejects(signer.signProposal(proposal(8)), 'COPIED');
  await rejects(signer.listened(), 'COPIED');
  await signer.raiseFloor(1, 4);
  await signer.close();
  for (let restart = 0; restart < 2; restart++) await rejects(LocalSigner.open(file, key, GENESIS), 'COPIED', /slot 5/);
});

test('it knows its own signatures, whether they wait for the disk, were given, or lie below the floor', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  await signer.signVote(vote(NOTAR, 1));
  await signer.signVote(vote(SKIP, 1));
  await signer.signProposal(proposal(2));
  const waiting = signer.signVote(vote(NOTAR, 3));
  await signer.observed(vote(NOTAR, 3));
  await waiting;
  await signer.close();
  const again = await LocalSigner.open(file, key, GENESIS);
  for (const data of [vote(NOTAR, 1), vote(SKIP, 1), vote(NOTAR, 3)]) await again.observed(data);
  await again.observed(proposal(2));
  await again.raiseFloor(1, 3);
  await again.observed(vote(NOTAR, 2, hashOf(99)));
  await again.signVote(vote(NOTAR, 4));
  await rejects(again.observed({ ...proposal(5), parentSlot: 1 }), 'COPIED');
  await again.close();
});

test('it listens before the first signature when it is told to, and records nothing meanwhile', async () => {
  await recordOf(1);
  const signer = await LocalSigner.open(file, key, GENESIS, { listenMs: 5_000 });
  const error = await signer.signVote(vote(NOTAR, 2)).catch((reason: unknown) => reason);
  assert.is((error as SignerError).code, 'LISTENING');
  assert.is((error as SignerError).listenMs, 5_000);
  assert.ok((error as SignerError).isTransient);
  await rejects(signer.signVote(vote(NOTAR, 1)), 'LISTENING');
  await rejects(signer.signVote(vote(NOTAR, 1, hashOf(99))), 'REFUSED');
  await rejects(signer.observed(vote(NOTAR, 2)), 'COPIED');
  await signer.close();
});

test('after it has listened it signs', async () => {
  await recordOf(1);
  const signer = await LocalSigner.open(file, key, GENESIS, { listenMs: 5_000 });
  await signer.listened();
  await signer.signVote(vote(NOTAR, 2, hashOf(99)));
  await signer.close();
});

test('close waits for what was asked before and refuses what comes after', async () => {
  const signer = await LocalSigner.create(file, key, GENESIS);
  const asked = signer.signVote(vote(NOTAR, 1));
  await signer.close();
  assert.is((await asked).length, 64);
  await rejects(signer.signVote(vote(NOTAR, 1)), 'CLOSED');
  await rejects(signer.raiseFloor(1, 1), 'CLOSED');
  await signer.close();
});

test.run();
