// Which bindings of validators to peers are believed, kept and forgotten.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../src/crypto/keys.ts';
import { NetworkError } from '../../src/network/errors.ts';
import { identityPublicKey, peerIdOf } from '../../src/network/identity.ts';
import { PeerBindings } from '../../src/network/peer-bindings.ts';
import { NOTAR, type VoteData, voteSigningBytes } from '../../src/primitives/consensus.ts';
import { peerBindingSigningBytes, type SignedPeerBinding } from '../../src/primitives/peer-binding.ts';
import { seed } from './harness.ts';

const bindings = suite('network: peer bindings');

const GENESIS = new Uint8Array(32).fill(1);
const START = 1_000_000_000_000;
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const [a, b, stranger] = [1, 2, 3].map((number) => new KeyPair(seed(100 + number))) as [KeyPair, KeyPair, KeyPair];

function bind(key: KeyPair, number: number, time: number, genesis = GENESIS): SignedPeerBinding {
  const binding = { validator: key.publicKey, peer: identityPublicKey(seed(number)), time, addresses: [] };
  return { binding, signature: key.sign(peerBindingSigningBytes(binding, genesis)) };
}

function open() {
  const clock = { now: START };
  const book = new PeerBindings(GENESIS, () => clock.now);
  book.setMembers([a.publicKey, b.publicKey]);
  return { clock, book };
}

bindings('members say which peer they are; others have no say', () => {
  const { book } = open();
  const ofA = bind(a, 1, START);
  assert.equal(book.take([ofA, bind(stranger, 2, START)]), [ofA]);
  assert.equal(book.validatorOf(peerIdOf(seed(1))), a.publicKey);
  assert.is(book.validatorOf(peerIdOf(seed(2))), undefined);
  assert.equal([book.members, book.all.length], [2, 1]);
});

bindings('the later one holds, and the earlier peer is like others again', () => {
  const { book } = open();
  book.take([bind(a, 1, START)]);
  assert.equal(book.take([bind(a, 3, START + 9 * SECOND)]), [], 'so soon after the first it would only be noise');
  assert.equal(book.take([bind(a, 1, START), bind(a, 5, START - SECOND)]), [], 'known, and older');
  assert.is(book.take([bind(a, 4, START + 10 * SECOND)]).length, 1);
  assert.is(book.validatorOf(peerIdOf(seed(1))), undefined);
  assert.equal(book.validatorOf(peerIdOf(seed(4))), a.publicKey);
});

bindings('a peer that two validators name is that of the first, as long as that one says so', () => {
  const { clock, book } = open();
  const validator = () => book.validatorOf(peerIdOf(seed(1)));
  book.take([bind(b, 2, START)]);
  book.take([bind(a, 1, START)]);
  clock.now += 40 * SECOND;
  book.take([bind(b, 1, START + 10 * SECOND)]);
  assert.equal(validator(), a.publicKey, 'it was known for longer, but as another peer');
  book.take([bind(a, 1, START + 20 * SECOND)]);
  assert.equal(validator(), a.publicKey, 'who says it again keeps its turn');
  book.take([bind(a, 3, START + 30 * SECOND)]);
  assert.equal(validator(), b.publicKey);
  book.take([bind(a, 1, START + 40 * SECOND)]);
  assert.equal(validator(), b.publicKey);
});

bindings('old ones and ones from the future are not kept, and each is forgotten after an hour', () => {
  const { clock, book } = open();
  assert.equal(book.take([bind(a, 1, START - HOUR), bind(b, 2, START + 61 * SECOND)]), []);
  assert.is(book.take([bind(a, 1, START), bind(b, 2, START + 60 * SECOND)]).length, 2);
  clock.now += HOUR;
  assert.is(book.all.length, 1);
  assert.is(book.validatorOf(peerIdOf(seed(1))), undefined);
  assert.equal(book.validatorOf(peerIdOf(seed(2))), b.publicKey);
});

bindings('who is no member any more is no validator', () => {
  const { book } = open();
  book.take([bind(a, 1, START), bind(b, 2, START)]);
  book.setMembers([b.publicKey, stranger.publicKey]);
  assert.is(book.validatorOf(peerIdOf(seed(1))), undefined);
  assert.equal(book.validatorOf(peerIdOf(seed(2))), b.publicKey);
  assert.is(book.take([bind(stranger, 3, START)]).length, 1);
});

bindings('a bad signature, one of another network and a vote in its place are refused', () => {
  const { book } = open();
  const other = bind(a, 1, START);
  const { binding } = other;
  const vote: VoteData = { epoch: 1, validatorsRoot: GENESIS, kind: NOTAR, slot: 1, hash: GENESIS };
  const bad = [
    { binding, signature: b.sign(peerBindingSigningBytes(binding, GENESIS)) },
    { binding: { ...binding, peer: identityPublicKey(seed(2)) }, signature: other.signature },
    bind(a, 1, START, new Uint8Array(32).fill(2)),
    { binding, signature: a.sign(voteSigningBytes(vote, GENESIS)) },
  ];
  for (const one of bad) {
    assert.throws(
      () => book.take([one]),
      (error: unknown) => error instanceof NetworkError && error.code === 'MALFORMED',
    );
  }
  assert.is(book.all.length, 0);
  const good = bind(b, 2, START);
  assert.throws(() => book.take([good, ...bad]));
  assert.equal(book.take([good, good]), [good], 'what came with a bad one is news when somebody else tells it');
});

bindings.run();
