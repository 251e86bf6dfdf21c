// A signer behind a unix socket: what goes through, what is refused, and what becomes of requests when it is away.

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair, verifyNative } from '../../../../src/crypto/keys.ts';
import { SignerError } from '../../../../src/crypto/signer/errors.ts';
import { LocalSigner } from '../../../../src/crypto/signer/local-signer.ts';
import { RemoteSigner } from '../../../../src/crypto/signer/remote/remote-signer.ts';
import { SignerServer } from '../../../../src/crypto/signer/remote/server.ts';
import type { Signer } from '../../../../src/crypto/signer/signer.ts';
import { NOTAR, type VoteData, voteSigningBytes } from '../../../../src/primitives/consensus.ts';
import { encodeFrame } from '../../../../src/primitives/frame.ts';
import { peerBindingSigningBytes } from '../../../../src/primitives/peer-binding.ts';
import { encodeText } from '../../../../src/primitives/ssz.ts';
import { leaveSocket } from '../../../helpers/left-socket.ts';
import { withTimeout } from '../../../helpers/timeout.ts';

const PATIENCE_MS = 10_000;
const GENESIS = new Uint8Array(32).fill(1);
const remote = suite('remote signer');
const key = KeyPair.generate();
let directory = '';
let path = '';
const closing: (() => Promise<void>)[] = [];

remote.before.each(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aitbc-remote-'));
  path = join(directory, 'socket');
});
remote.after.each(async () => {
  for (let close = closing.pop(); close !== undefined; close = closing.pop()) await close();
  await rm(directory, { recursive: true });
});

function vote(slot: number, name = slot): VoteData {
  return { epoch: 1, validatorsRoot: GENESIS, kind: NOTAR, slot, hash: new Uint8Array(32).fill(name) };
}

async function serve(signer: Signer): Promise<SignerServer> {
  const server = await SignerServer.listen({ path, signer, genesisHash: GENESIS, onFailure: () => undefined });
  closing.push(() => server.close());
  return server;
}

async function local(listenMs = 0): Promise<LocalSigner> {
  const file = join(directory, 'record');
  await LocalSigner.create(file, key, GENESIS).then(
    (made) => made.close(),
    () => undefined,
  );
  const signer = await LocalSigner.open(file, key, GENESIS, { listenMs });
  closing.push(() => signer.close());
  return signer;
}

function client(publicKey = key.publicKey, genesisHash = GENESIS): RemoteSigner {
  const signer = new RemoteSigner({ path, publicKey, genesisHash, timeoutMs: 500 });
  closing.push(() => signer.close());
  return signer;
}

/** Asks for a vote until the signer can be reached. */
async function eventually(signer: Signer, slot: number): Promise<void> {
  const ask = async () => {
    for (;;) {
      try {
        return await signer.signVote(vote(slot));
      } catch (error) {
        assert.is((error as SignerError).code, 'UNREACHABLE');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  await withTimeout(ask(), PATIENCE_MS, `a vote in slot ${slot}`);
}

async function failure(asked: Promise<unknown>): Promise<SignerError> {
  const error = await withTimeout(asked, PATIENCE_MS, 'an answer').then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, SignerError);
  return error as SignerError;
}

remote('signs through the socket, and its errors come through as they are', async () => {
  await serve(await local());
  assert.is((await stat(path)).mode & 0o777, 0o600);
  const signer = client();
  const signatures = await Promise.all([1, 2, 3].map((slot) => signer.signVote(vote(slot))));
  signatures.forEach((signature, index) => {
    assert.ok(verifyNative(key.publicKey, voteSigningBytes(vote(index + 1), GENESIS), signature));
  });
  assert.match((await failure(signer.signVote(vote(1, 9)))).message, /one NOTAR a slot/);
  await signer.signProposal({ epoch: 1, validatorsRoot: GENESIS, slot: 4, hash: GENESIS, parentSlot: 3 });
  await signer.raiseFloor(1, 4);
  assert.is((await failure(signer.signVote(vote(4)))).code, 'REFUSED');
  await signer.observed(vote(4, 9));
  assert.is((await failure(signer.observed(vote(5)))).code, 'COPIED');
  assert.is((await failure(signer.signVote(vote(6)))).code, 'COPIED');
});

remote('listening is asked for through the socket too', async () => {
  await serve(await local(1234));
  const signer = client();
  const error = await failure(signer.signVote(vote(1)));
  assert.equal([error.code, error.listenMs, error.isTransient], ['LISTENING', 1234, true]);
  await signer.listened();
  await signer.signVote(vote(1));
});

remote('binds its own key to a peer, even while it listens, and no other key', async () => {
  const holder = await local(1234);
  await serve(holder);
  const binding = { validator: key.publicKey, peer: GENESIS, time: 5, addresses: [encodeText('/ip4/192.0.2.7/tcp/1')] };
  const signature = await client().signPeerBinding(binding);
  assert.ok(verifyNative(key.publicKey, peerBindingSigningBytes(binding, GENESIS), signature));
  for (const signer of [holder, client()]) {
    const foreign = signer.signPeerBinding({ ...binding, validator: KeyPair.generate().publicKey });
    assert.is((await failure(foreign)).code, signer === holder ? 'REFUSED' : 'UNREACHABLE');
  }
  await holder.close();
  assert.is((await failure(holder.signPeerBinding(binding))).code, 'CLOSED');
});

remote('a signer that is away fails requests soon, and is found again', async () => {
  const signer = client();
  assert.is((await failure(signer.signVote(vote(1)))).code, 'UNREACHABLE');
  const keyHolder = await local();
  const first = await serve(keyHolder);
  await eventually(signer, 1);
  await first.close();
  assert.is((await failure(signer.signVote(vote(2)))).code, 'UNREACHABLE');
  await serve(keyHolder);
  await eventually(signer, 2);
});

remote('closed while it connects again, it answers nothing and leaves the signer to the next', async () => {
  const keyHolder = await local();
  const first = await serve(keyHolder);
  const signer = client();
  await signer.signVote(vote(1));
  const cutOff = failure(signer.signVote(vote(2)));
  await first.close();
  assert.is((await cutOff).code, 'UNREACHABLE');
  await serve(keyHolder);
  const asked = failure(signer.signVote(vote(3)));
  await signer.close();
  assert.is((await asked).code, 'CLOSED');
  await eventually(client(), 4);
});

remote('a signer that hangs or talks nonsense is unreachable', async () => {
  const replies: (Uint8Array | undefined)[] = [
    undefined,
    encodeFrame(new Uint8Array(40).fill(7)),
    new Uint8Array(8).fill(255),
  ];
  const server = createServer((socket) => {
    const reply = replies.shift();
    socket.resume();
    socket.on('error', () => undefined);
    if (reply !== undefined) socket.write(reply);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  closing.push(() => new Promise((resolve) => server.close(() => resolve())));
  while (replies.length > 0) assert.is((await failure(client().signVote(vote(1)))).code, 'UNREACHABLE');
});

remote('a second node is turned away while the first is connected', async () => {
  await serve(await local());
  const [first, second] = [client(), client()];
  await first.signVote(vote(1));
  assert.match((await failure(second.signVote(vote(2)))).message, /another node/);
  await first.signVote(vote(2));
  await first.close();
  await eventually(client(), 3);
});

remote('another key or network is refused, and not for being out of reach', async () => {
  await serve(await local());
  assert.is((await failure(client(KeyPair.generate().publicKey).signVote(vote(1)))).code, 'OTHER_KEY');
  assert.is((await failure(client(key.publicKey, new Uint8Array(32)).signVote(vote(1)))).code, 'RECORD_FOREIGN');
  await client().signVote(vote(1));
});

remote('whoever sends garbage, too much, or nothing of the protocol is cut off; others are served', async () => {
  await serve(await local());
  for (const bytes of [
    new Uint8Array(64).fill(255),
    encodeFrame(new Uint8Array(3000)),
    encodeFrame(new Uint8Array(9)),
  ]) {
    const socket = connect(path);
    socket.on('error', () => undefined);
    socket.write(bytes);
    await withTimeout(
      new Promise((resolve) => socket.once('close', resolve)),
      PATIENCE_MS,
      'the end of the connection',
    );
  }
  await client().signVote(vote(1));
});

remote('a socket that a killed process left is replaced, one in use is not', async () => {
  const signer = await local();
  await serve(signer);
  const error = await SignerServer.listen({ path, signer, genesisHash: GENESIS, onFailure: () => undefined }).catch(
    (reason: NodeJS.ErrnoException) => reason,
  );
  assert.is((error as NodeJS.ErrnoException).code, 'EADDRINUSE');
  path = join(directory, 'stale');
  await leaveSocket(path);
  await serve(signer);
  await client().signVote(vote(1));
});

remote.run();
