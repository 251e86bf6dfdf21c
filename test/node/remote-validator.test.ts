// A validator whose key is in a signer process: what is asked for goes to the process with the key that the chain names
// for the epoch.

import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import { SignerError } from '../../src/crypto/signer/errors.ts';
import { LocalSigner } from '../../src/crypto/signer/local-signer.ts';
import { SignerServer } from '../../src/crypto/signer/remote/server.ts';
import { initializeState } from '../../src/ledger/genesis.ts';
import { currentEpoch, epochs, validators } from '../../src/ledger/records.ts';
import { newValidator } from '../../src/ledger/validator-record.ts';
import { consensusKeyIn, operatorOf, seatIn } from '../../src/node/own-validator.ts';
import { RemoteValidator } from '../../src/node/remote-validator.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { NOTAR, type VoteData, voteSigningBytes } from '../../src/primitives/consensus.ts';
import { genesisHash } from '../../src/primitives/genesis.ts';
import { STAKER } from '../../src/primitives/staking.ts';
import { Overlay } from '../../src/state/overlay.ts';
import { keyOf, makeGenesis } from '../chain/fixture.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { withTimeout } from '../helpers/timeout.ts';

const remote = suite('remote validator');
const PATIENCE_MS = 10_000;
const genesis = makeGenesis();
const GENESIS_HASH = genesisHash(genesis);
/** not in genesis */
const operator = addressOf(keyOf(70).publicKey);
const [first, second] = [keyOf(71), keyOf(72)];

function open() {
  const overlay = new Overlay({ get: () => undefined, getNode: () => undefined });
  initializeState(overlay, genesis);
  return overlay;
}

/** The record of the operator's validator. */
function register(state: Overlay, { publicKey }: KeyPair): void {
  validators.set(state, newValidator(publicKey, STAKER, 0), operator);
}

/** An epoch in which it is the only member, with this key. */
function seat(state: Overlay, epoch: number, { publicKey }: KeyPair): void {
  epochs.set(
    state,
    { ...currentEpoch(state), epoch, validators: [{ publicKey, address: operator, weight: 1 }] },
    epoch,
  );
}

function vote(epoch: number, slot: number): VoteData {
  return { epoch, validatorsRoot: GENESIS_HASH, kind: NOTAR, slot, hash: new Uint8Array(32).fill(slot) };
}

remote('the seat is that of the account, with the key that it has in the epoch', () => {
  const state = open();
  assert.is(consensusKeyIn(state, operator, 1), undefined);
  register(state, second);
  assert.equal(consensusKeyIn(state, operator, 1), second.publicKey, 'registered, without a seat');
  seat(state, 2, first);
  assert.equal(consensusKeyIn(state, operator, 2), first.publicKey, 'it has another key from the next epoch on');

  const { validators: set } = epochs.get(state, 2);
  assert.is(seatIn(set, { operator }), 0);
  assert.is(seatIn(set, { operator: addressOf(keyOf(0).publicKey) }), undefined);
  assert.is(seatIn(set, { publicKey: first.publicKey }), 0);
  assert.is(seatIn(set, { publicKey: second.publicKey }), undefined);
  const { validators: initial } = currentEpoch(state);
  assert.equal(initial[seatIn(initial, keyOf(1)) ?? -1]?.publicKey, keyOf(1).publicKey);

  assert.equal(operatorOf(state, { operator }), operator);
  assert.equal(operatorOf(state, keyOf(1)), addressOf(keyOf(1).publicKey));
  assert.is(operatorOf(state, keyOf(99)), undefined);
});

remote('it signs from when it is registered, and with another key when it has one', () =>
  withTempDir(async (directory) => {
    const path = join(directory, 'socket');
    const state = open();
    const keyIn = (epoch: number) => consensusKeyIn(state, operator, epoch);
    const validator = new RemoteValidator({ path, genesisHash: GENESIS_HASH, keyIn });
    const serve = async (key: KeyPair, name: string) => {
      const file = join(directory, name);
      await (await LocalSigner.create(file, key, GENESIS_HASH)).close();
      const signer = await LocalSigner.open(file, key, GENESIS_HASH, { listenMs: 0 });
      const server = await SignerServer.listen({ path, signer, genesisHash: GENESIS_HASH, onFailure: () => undefined });
      return () => server.close().then(() => signer.close());
    };
    const failure = async (asked: Promise<unknown>): Promise<SignerError> => {
      const answer = await asked.catch((error: unknown) => error);
      assert.instance(answer, SignerError);
      return answer as SignerError;
    };
    /** Connections are made again after a pause. */
    const signed = async (data: VoteData): Promise<Uint8Array> => {
      for (;;) {
        const answer = await validator.signVote(data).catch((error: SignerError) => error);
        if (answer instanceof Uint8Array) return answer;
        assert.is(answer.code, 'UNREACHABLE', answer.message);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const eventually = (data: VoteData) => withTimeout(signed(data), PATIENCE_MS, 'a signature');
    let stop = await serve(first, 'first');
    try {
      await validator.raiseFloor(1, 5);
      await validator.listened();
      assert.match((await failure(validator.signVote(vote(1, 6)))).message, /not registered/);
      register(state, first);
      await validator.raiseFloor(1, 5);
      assert.is((await failure(validator.signVote(vote(1, 5)))).code, 'REFUSED', 'at its floor');
      seat(state, 2, first);
      register(state, second);
      const bytes = (data: VoteData) => voteSigningBytes(data, GENESIS_HASH);
      const held = vote(2, 1);
      assert.ok(verifyNative(first.publicKey, bytes(held), await eventually(held)), 'no other key until it votes');

      seat(state, 3, second);
      const wrong = await failure(validator.signVote(vote(3, 1)));
      assert.equal([wrong.code, wrong.isTransient], ['OTHER_KEY', false]);
      await stop();
      stop = await serve(second, 'second');
      assert.ok(verifyNative(second.publicKey, bytes(vote(3, 2)), await eventually(vote(3, 2))));
    } finally {
      await validator.close();
      await stop();
    }
  }),
);

remote.run();
