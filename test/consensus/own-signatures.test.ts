// What becomes of this node's own signatures: those it asks for, and those of its key that the network brings.

import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Simplex } from '../../src/consensus/core.ts';
import { Door, type Verdict } from '../../src/consensus/door.ts';
import { EarlyMessages } from '../../src/consensus/early.ts';
import { OwnSignatures } from '../../src/consensus/own-signatures.ts';
import { SignerError } from '../../src/crypto/signer/errors.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { FINAL, NOTAR, type ProposalData, type Vote, type VoteData } from '../../src/primitives/consensus.ts';
import { type MessagePair, proposalPair, votePair } from '../../src/primitives/evidence.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { GossipProposal, GossipVote } from '../../src/primitives/wire.ts';
import { CARRIES_ALL, compactProposal } from '../helpers/compact.ts';
import {
  certificate,
  GENESIS_BLOCK_HASH,
  GENESIS_HASH,
  instance,
  MEMBERS,
  makeBlock,
  PARAMETERS,
  propose,
  verify,
  vote,
} from './fixtures.ts';

const own = suite('own signatures');
const SELF = 3;
const block = makeBlock(1, GENESIS_BLOCK_HASH, SELF);
const hash = headerHash(block.header);
const FAR = 1_000_000;

/** A door with its core, a signer that answers as it is told, and timers that run when the test says so. */
function open() {
  const answers: (SignerError | undefined)[] = [];
  const told: (VoteData | ProposalData)[] = [];
  const failures: unknown[] = [];
  const timers: (() => void)[] = [];
  const state = { connected: true, asked: 0, listened: 0, lacks: false, evidence: 'ignore' as Verdict };
  const sign = async () => {
    state.asked++;
    const error = answers.shift();
    if (error !== undefined) throw error;
    return new Uint8Array(64);
  };
  const core = new Simplex({ ...instance(SELF), restored: [] });
  core.step({ type: 'start' }, 0);
  const signatures = new OwnSignatures({
    signer: {
      signVote: sign,
      signProposal: sign,
      raiseFloor: async () => undefined,
      observed: async (data) => {
        told.push(data);
        if (state.lacks) throw new SignerError('COPIED', 'unknown');
      },
      listened: async () => {
        state.listened++;
      },
    },
    isOpen: (epoch, slot) => epoch === core.epoch && slot > core.lastFinalSlot,
    isConnected: () => state.connected,
    after: (_, call) => timers.push(call),
    random: () => 0,
    onFailure: (error) => failures.push(error),
  });
  const door = new Door({
    core,
    own: { member: SELF, signatures },
    members: MEMBERS,
    previous: undefined,
    genesisHash: GENESIS_HASH,
    verify,
    evidence: async () => state.evidence,
    behind: () => undefined,
    early: new EarlyMessages(),
    blocks: CARRIES_ALL,
    now: () => 0,
    resendInterval: PARAMETERS.resendInterval,
    input: (input) => core.step(input, 0),
  });
  return { core, door, signatures, state, answers, told, failures, timers };
}

const ofVote = (value: Vote, attempt = 0) => GossipVote.serialize({ attempt, message: { selector: 0, value } });
const request = (slot: number): VoteData => ({ epoch: 1, validatorsRoot: MEMBERS.root, kind: NOTAR, slot, hash });
const slots = (told: readonly (VoteData | ProposalData)[]) => told.map(({ slot }) => slot);

own('the signer is told of every own vote that holds, wanted or not, and once', async () => {
  const { core, door, told } = open();
  for (const slot of [1, 2]) core.step({ type: 'certificate', certificate: certificate(FINAL, slot, hash) }, 0);
  assert.is(await door.vote(ofVote(vote(SELF, NOTAR, 1, hash))), 'accept'); // late, but it tells that its member lives
  assert.is(await door.vote(ofVote(vote(SELF, NOTAR, 3, hash))), 'accept');
  assert.is(await door.vote(ofVote(vote(SELF, NOTAR, 2, hash))), 'ignore');
  assert.is(await door.vote(ofVote(vote(SELF, NOTAR, FAR, hash))), 'ignore');
  assert.is(await door.vote(ofVote(vote(SELF, NOTAR, FAR, hash), 9)), 'ignore');
  await door.vote(ofVote(vote(0, NOTAR, FAR, hash)));
  assert.equal(slots(told), [1, 3, 2, FAR]);
});

own('a vote that is held already, as after this node has signed it, is no news', async () => {
  const { core, door, told } = open();
  core.step({ type: 'vote', vote: vote(SELF, NOTAR, 1, hash) }, 0);
  await door.vote(ofVote(vote(SELF, NOTAR, 1, hash), 1));
  await door.certificate(certificate(NOTAR, 1, hash, [0, 1, SELF]));
  assert.equal(told, []);
});

own('forged signatures are blamed and never told', async () => {
  const { door, core, told } = open();
  core.step({ type: 'vote', vote: vote(SELF, NOTAR, 1, hash) }, 0);
  const forged = { ...vote(0, NOTAR, 1, sha256(hash)), member: SELF };
  assert.is(await door.vote(ofVote(forged)), 'reject');
  assert.is(await door.vote(ofVote({ ...forged, slot: FAR })), 'reject');
  assert.is(await door.vote(ofVote({ ...vote(SELF, NOTAR, 1, hash), signature: forged.signature })), 'reject');
  const mixed = certificate(NOTAR, 2, hash, [0, 1, SELF]);
  mixed.signatures[2] = forged.signature;
  assert.is(await door.certificate(mixed), 'reject');
  const slot = [1, 2, 3, 4].find((number) => core.schedule.leader(number) === SELF) ?? 0;
  const proposal = { ...propose(0, slot, slot - 1, block) };
  assert.is(
    await door.proposal(GossipProposal.serialize({ attempt: 0, proposal: compactProposal(proposal) }), 'peer'),
    'reject',
  );
  assert.equal(told, []);
});

own(
  'own signatures in certificates and proposals are told, also of slots far ahead and of certificates of the chain',
  async () => {
    const { door, core, told } = open();
    await door.certificate(certificate(NOTAR, 2, hash, [0, 1, SELF]));
    await door.certificate(certificate(NOTAR, 3, hash, [0, 1, 2]));
    door.lookForSelf(certificate(FINAL, FAR, hash, [0, 1, SELF]));
    const slot = [101, 102, 103, 104].find((number) => core.schedule.leader(number) === SELF) ?? 0;
    const proposal = propose(SELF, slot, slot - 1, block);
    assert.is(
      await door.proposal(GossipProposal.serialize({ attempt: 0, proposal: compactProposal(proposal) }), 'peer'),
      'ignore',
    );
    assert.is(
      await door.proposal(GossipProposal.serialize({ attempt: 1, proposal: compactProposal(proposal) }), 'peer'),
      'ignore',
    );
    assert.equal(slots(told), [2, FAR, slot]);
  },
);

own('own signatures in evidence that holds are told, those of others and those of no proof are not', async () => {
  const { door, told, state } = open();
  const other = sha256(hash);
  const evidence = (member: number, slot: number, messages: MessagePair): Uint8Array => {
    const { publicKey } = MEMBERS.at(member);
    const value = { epoch: 1, validatorsRoot: MEMBERS.root, publicKey, slot, messages };
    return GossipVote.serialize({ attempt: 0, message: { selector: 2, value } });
  };
  const votes = (member: number, slot: number) =>
    evidence(member, slot, votePair(vote(member, NOTAR, slot, hash), vote(member, NOTAR, slot, other)));
  const one = propose(SELF, 7, 5, block);
  const two = propose(SELF, 7, 6, block);
  const proposals = evidence(
    SELF,
    7,
    proposalPair(
      { hash, parentSlot: one.parentSlot, signature: one.signature },
      { hash, parentSlot: two.parentSlot, signature: two.signature },
    ),
  );
  for (const verdict of ['reject', 'ignore'] as const) {
    state.evidence = verdict;
    assert.is(await door.vote(votes(SELF, 6)), verdict);
  }
  state.evidence = 'accept';
  assert.is(await door.vote(votes(0, 6)), 'accept');
  assert.equal(told, []);
  assert.is(await door.vote(votes(SELF, 6)), 'accept');
  assert.is(await door.vote(proposals), 'accept');
  assert.equal(slots(told), [6, 6, 7, 7]);
  assert.equal(
    told
      .map((data) => ('parentSlot' in data ? data.parentSlot : data.kind))
      .slice(2)
      .sort(),
    [5, 6],
  );
});

own('what the signer could not give is asked for again while it is of use', async () => {
  const { core, signatures, state, answers } = open();
  const used: number[] = [];
  const failing = () => new SignerError('UNREACHABLE', 'gone');
  answers.push(failing(), failing(), new SignerError('REFUSED', 'a rule'));
  for (const slot of [1, 2, 3]) signatures.sign(request(slot), () => used.push(slot));
  await turn();
  core.step({ type: 'certificate', certificate: certificate(FINAL, 1, hash) }, 0);
  answers.push(failing());
  for (let round = 0; round < 3; round++) {
    signatures.tryAgain();
    await turn();
  }
  assert.equal(used, [2]); // slot 1 is final, slot 3 was refused
  assert.is(state.asked, 3 + 2);
});

own('requests that wait are bounded; the newest stay', async () => {
  const { signatures, answers, state } = open();
  const used: number[] = [];
  for (let slot = 1; slot <= 1000; slot++) {
    answers.push(new SignerError('UNREACHABLE', 'gone'));
    signatures.sign(request(slot), () => used.push(slot));
  }
  await turn();
  state.asked = 0;
  signatures.tryAgain();
  await turn();
  assert.is(state.asked, 256);
  assert.is(used.at(-1), 1000);
});

own('a request that waits and is made again does not push others out', async () => {
  const { signatures, answers, state } = open();
  const used: number[] = [];
  answers.push(...Array.from({ length: 1001 }, () => new SignerError('UNREACHABLE', 'gone')));
  signatures.sign(request(1), () => used.push(1));
  for (let round = 0; round < 1000; round++) signatures.sign(request(2), () => used.push(2));
  await turn();
  state.asked = 0;
  signatures.tryAgain();
  await turn();
  assert.is(state.asked, 2);
  assert.equal(used, [1, 2]);
});

own('listening counts only while others are connected, and begins anew when the signer could not be told', async () => {
  const { signatures, state, answers, timers, door, failures } = open();
  const used: number[] = [];
  answers.push(new SignerError('LISTENING', 'first', { listenMs: 1000 }));
  signatures.sign(request(5), () => used.push(5));
  await turn();
  const step = async () => {
    timers.shift()?.();
    await turn();
  };
  await step();
  state.connected = false;
  for (let steps = 0; steps < 10; steps++) await step();
  state.connected = true;
  await step();
  state.lacks = true;
  await door.vote(ofVote(vote(SELF, NOTAR, 9, hash)));
  await turn();
  assert.is(failures.length, 2);
  for (let steps = 0; steps < 3; steps++) await step();
  assert.is(state.listened, 0);
  await step();
  assert.is(state.listened, 1);
  assert.equal(used, [5]);
  assert.is(timers.length, 0);
});

own.run();
