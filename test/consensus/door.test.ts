// What the door lets in, what it drops and whom it blames. Signatures are real.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Simplex } from '../../src/consensus/core.ts';
import { Door } from '../../src/consensus/door.ts';
import { EarlyMessages } from '../../src/consensus/early.ts';
import type { BlockPort, BlockWait } from '../../src/consensus/ports.ts';
import type { Input } from '../../src/consensus/types.ts';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.ts';
import {
  type Block,
  headerHash,
  MAX_BLOCK_TRANSACTIONS,
  MAX_LATE_VOTES,
  type Proposal,
} from '../../src/primitives/block.ts';
import type { Certificate } from '../../src/primitives/consensus.ts';
import { FINAL, NOTAR, SKIP, type Vote } from '../../src/primitives/consensus.ts';
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

const door = suite('consensus door');
const block = makeBlock(1, GENESIS_BLOCK_HASH, 0);
const hash = headerHash(block.header);

function open({ compactHolds = true, complete = CARRIES_ALL.complete } = {}) {
  const core = new Simplex({ ...instance(undefined), restored: [] });
  core.step({ type: 'start' }, 0);
  const inputs: Input[] = [];
  const time = { now: 1_000_000 };
  let checks = 0;
  const opened = new Door({
    own: undefined,
    core,
    members: MEMBERS,
    previous: undefined,
    genesisHash: GENESIS_HASH,
    verify: async (asked) => {
      checks += asked.length;
      return verify(asked);
    },
    behind: () => undefined,
    early: new EarlyMessages(),
    blocks: { ...CARRIES_ALL, compactHolds: () => compactHolds, complete },
    evidence: async () => 'ignore',
    now: () => time.now,
    resendInterval: PARAMETERS.resendInterval,
    input: (input) => {
      inputs.push(input);
      core.step(input, 0);
    },
  });
  return { door: opened, core, inputs, time, checked: () => checks };
}

const ofVote = (value: Vote, attempt = 0) => GossipVote.serialize({ attempt, message: { selector: 0, value } });
const ofCertificate = (value: Certificate) => GossipVote.serialize({ attempt: 0, message: { selector: 1, value } });
const ofProposal = (proposal: Proposal) =>
  GossipProposal.serialize({ attempt: 0, proposal: compactProposal(proposal) });

door('a good vote goes in once, a known one costs no check', async () => {
  const { door, inputs, checked } = open();
  assert.is(await door.vote(ofVote(vote(0, NOTAR, 1, hash))), 'accept');
  assert.is(await door.vote(ofVote(vote(0, NOTAR, 1, hash))), 'ignore');
  assert.is(inputs.length, 1);
  assert.is(checked(), 1);
});

door('a known vote that is sent again goes on to others once an interval', async () => {
  const { door, inputs, time, checked } = open();
  const known = vote(0, NOTAR, 1, hash);
  await door.vote(ofVote(known));
  assert.is(await door.vote(ofVote(known, 5)), 'accept');
  assert.is(await door.vote(ofVote(known, 6)), 'ignore');
  assert.is(await door.vote(ofVote({ ...known, signature: new Uint8Array(64) }, 7)), 'ignore');
  time.now += PARAMETERS.resendInterval;
  assert.is(await door.vote(ofVote(known, 8)), 'accept');
  assert.is(inputs.length, 1);
  assert.is(checked(), 1);
});

door('of votes that come too late to count one tells that its member lives', async () => {
  const { door, core, checked } = open();
  for (const slot of [1, 2]) core.step({ type: 'certificate', certificate: certificate(FINAL, slot, hash) }, 0);
  assert.is(await door.vote(ofVote(vote(3, NOTAR, 1, hash))), 'accept');
  assert.is(await door.vote(ofVote(vote(3, NOTAR, 1, hash), 1)), 'ignore');
  assert.is(await door.vote(ofVote(vote(3, NOTAR, 2, hash), 2)), 'ignore');
  assert.is(checked(), 1);
});

door('copies that arrive together cost one check', async () => {
  const { door, checked } = open();
  const bytes = ofVote(vote(0, NOTAR, 1, hash));
  assert.equal(await Promise.all([door.vote(bytes), door.vote(bytes)]), ['accept', 'ignore']);
  assert.is(checked(), 1);
});

door('bad signatures, garbage and truncated bytes are blamed', async () => {
  const { door, inputs } = open();
  const good = vote(0, NOTAR, 1, hash);
  assert.is(await door.vote(ofVote({ ...good, member: 1 })), 'reject');
  assert.is(await door.vote(ofVote({ ...good, slot: 2 })), 'reject');
  assert.is(await door.vote(ofVote(good).slice(0, -1)), 'reject');
  assert.is(await door.vote(new Uint8Array(0)), 'reject');
  assert.is(await door.vote(Uint8Array.from({ length: 300 }, (_, index) => index)), 'reject');
  assert.is(await door.proposal(new Uint8Array(500), 'peer'), 'reject');
  assert.is(await door.vote(ofVote({ ...good, hash: new Uint8Array(32) })), 'reject', 'a NOTAR names a block');
  assert.is(inputs.length, 0);
});

door('what is far ahead or of another epoch is dropped without blame', async () => {
  const { door, checked } = open();
  assert.is(await door.vote(ofVote(vote(0, NOTAR, 1000, hash))), 'ignore');
  assert.is(await door.vote(ofVote({ ...vote(0, NOTAR, 1, hash), epoch: 2 })), 'ignore');
  assert.is(checked(), 0);
});

door('certificates are checked whole', async () => {
  const { door } = open();
  const good = certificate(NOTAR, 1, hash);
  const [first, second, third] = good.signatures as [Uint8Array, Uint8Array, Uint8Array];
  assert.is(await door.vote(ofCertificate({ ...good, signatures: [first, second, second] })), 'reject');
  assert.is(await door.vote(ofCertificate({ ...good, signatures: [first, third, second] })), 'reject');
  assert.is(await door.vote(ofCertificate(certificate(FINAL, 1, hash, [0, 1]))), 'reject');
  assert.is(await door.vote(ofCertificate(good)), 'accept');
  assert.is(await door.vote(ofCertificate(good)), 'ignore');
});

door('a proposal brings its certificates in before itself', async () => {
  const { door, inputs } = open();
  const parent = certificate(NOTAR, 1, hash);
  const child = makeBlock(2, hash, 1);
  child.body.justification.parentCertificate = parent;
  assert.is(await door.proposal(ofProposal(propose(1, 2, 1, child)), 'peer'), 'accept');
  assert.equal(
    inputs.map(({ type }) => type),
    ['certificate', 'proposal'],
  );
});

door('the certificate inside a block is checked even when nothing is learnt from it', async () => {
  const { door, core } = open();
  const parent = certificate(NOTAR, 1, hash);
  core.step({ type: 'certificate', certificate: parent }, 0);
  const childWith = (parentCertificate: Certificate) => {
    const child = makeBlock(2, hash, 1);
    child.body.justification.parentCertificate = parentCertificate;
    return ofProposal(propose(1, 2, 1, child));
  };
  const forged = parent.signatures.map(() => new Uint8Array(64));
  assert.is(await door.proposal(childWith({ ...parent, signatures: forged }), 'peer'), 'reject');
  core.step({ type: 'certificate', certificate: certificate(FINAL, 1, hash) }, 0);
  assert.is(await door.proposal(childWith({ ...parent, kind: FINAL, signatures: forged }), 'peer'), 'reject');
  assert.is(await door.proposal(childWith(certificate(NOTAR, 1, hash, [1, 2, 3])), 'peer'), 'accept');
});

door('a parent certificate made of known votes costs no check', async () => {
  const { door, core, checked } = open();
  const parent = certificate(NOTAR, 1, hash);
  core.step({ type: 'certificate', certificate: parent }, 0);
  const child = makeBlock(2, hash, 1);
  child.body.justification.parentCertificate = parent;
  assert.is(await door.proposal(ofProposal(propose(1, 2, 1, child)), 'peer'), 'accept');
  assert.is(checked(), 1, "the leader's signature");
});

door('a proposal far ahead, or higher than its slot allows, costs no check', async () => {
  const { door, checked } = open();
  assert.is(await door.proposal(ofProposal(propose(0, 401, 400, block)), 'peer'), 'ignore');
  assert.is(await door.proposal(ofProposal(propose(1, 2, 1, makeBlock(3, hash, 1))), 'peer'), 'ignore');
  assert.is(checked(), 0);
});

door('the Final that comes with a proposal far ahead is taken in', async () => {
  const { door, core, inputs } = open();
  const child = makeBlock(2, hash, 0);
  const attached = [certificate(FINAL, 400, hash)];
  assert.is(await door.proposal(ofProposal(propose(0, 401, 400, child, attached)), 'peer'), 'accept');
  assert.is(core.lastFinalSlot, 400);
  assert.is(inputs.at(-1)?.type, 'proposal');
});

door('so is the one inside its block', async () => {
  const { door, core } = open();
  const child = makeBlock(2, hash, 0);
  child.body.justification.parentCertificate = certificate(FINAL, 400, hash);
  assert.is(await door.proposal(ofProposal(propose(0, 401, 400, child)), 'peer'), 'accept');
  assert.is(core.lastFinalSlot, 400);
});

door('a proposal of another than the leader, or with another body, is blamed', async () => {
  assert.is(await open().door.proposal(ofProposal(propose(2, 1, 0, block)), 'peer'), 'reject');
  assert.is(await open({ compactHolds: false }).door.proposal(ofProposal(propose(0, 1, 0, block)), 'peer'), 'reject');
  assert.is(await open().door.proposal(ofProposal({ ...propose(0, 1, 0, block), parentSlot: 1 }), 'peer'), 'reject');
});

door('a certificate that travels with a proposal is checked even when nothing is learnt from it', async () => {
  const { door, core, inputs, checked } = open();
  const skip = certificate(SKIP, 1);
  core.step({ type: 'certificate', certificate: skip }, 0);
  const late = makeBlock(1, GENESIS_BLOCK_HASH, 1);
  const proposalWith = (...attached: Certificate[]) => ofProposal(propose(1, 2, 0, late, attached));
  const forged = { ...skip, signatures: skip.signatures.map(() => new Uint8Array(64)) };
  assert.is(
    await door.proposal(proposalWith(forged), 'peer'),
    'reject',
    'or whoever passes it on is blamed by the next',
  );
  assert.is(await door.proposal(proposalWith({ ...forged, slot: 1000 }), 'peer'), 'reject');
  assert.equal(inputs, []);
  const before = checked();
  assert.is(await door.proposal(proposalWith(skip), 'peer'), 'accept');
  assert.is(checked() - before, 1, "the leader's signature");
});

door('a forged vote under check does not keep out the one whose signature it carries', async () => {
  const { door } = open();
  const good = vote(0, NOTAR, 1, hash);
  assert.equal(await Promise.all([door.vote(ofVote({ ...good, slot: 2 })), door.vote(ofVote(good))]), [
    'reject',
    'accept',
  ]);
});

door('a clock that is set back does not keep votes from being passed on', async () => {
  const { door, time } = open();
  const known = vote(0, NOTAR, 1, hash);
  await door.vote(ofVote(known));
  assert.is(await door.vote(ofVote(known, 5)), 'accept');
  time.now -= 100 * PARAMETERS.resendInterval;
  assert.is(await door.vote(ofVote(known, 6)), 'accept');
});

/** Blocks that are complete when the test says so. */
function lacking() {
  const asked: string[] = [];
  const settle: ((block: Block | undefined) => void)[] = [];
  const signals: AbortSignal[] = [];
  const waits: BlockWait[] = [];
  const complete: BlockPort['complete'] = (_hash, _block, peer, wait) => {
    asked.push(peer);
    signals.push(wait.signal);
    waits.push(wait);
    return new Promise((resolve) => settle.push(resolve));
  };
  const turn = () => new Promise(setImmediate);
  return { ...open({ complete }), asked, signals, waits, settle, turn };
}

door('a proposal is passed on before its block is complete, and goes in when it is', async () => {
  const { door, inputs, asked, settle, turn } = lacking();
  assert.is(await door.proposal(ofProposal(propose(0, 1, 0, block)), 'first'), 'accept');
  assert.equal(asked, ['first']);
  assert.equal(inputs, []);
  settle[0]?.(block);
  await turn();
  assert.equal(
    inputs.map((input) => input.type === 'proposal' && input.proposal.block),
    [block],
  );
  assert.is(await door.proposal(ofProposal(propose(0, 1, 0, block)), 'second'), 'ignore');
});

door('while it is waited for, copies cost nothing and go nowhere', async () => {
  const { door, asked, checked } = lacking();
  const proposal = compactProposal(propose(0, 1, 0, block));
  const copy = (attempt: number) => GossipProposal.serialize({ attempt, proposal });
  assert.equal(await Promise.all([door.proposal(copy(0), 'a'), door.proposal(copy(1), 'b')]), ['accept', 'ignore']);
  assert.is(await door.proposal(copy(2), 'c'), 'ignore');
  assert.equal(asked, ['a'], 'nor is it asked for twice');
  assert.is(checked(), 2);
});

door('what nobody could complete may come again, not at once', async () => {
  const { door, inputs, asked, settle, turn, time } = lacking();
  const proposal = compactProposal(propose(0, 1, 0, block));
  const copy = (attempt: number) => GossipProposal.serialize({ attempt, proposal });
  await door.proposal(copy(0), 'a');
  settle[0]?.(undefined);
  await turn();
  assert.equal(inputs, []);
  assert.is(await door.proposal(copy(1), 'b'), 'ignore', 'or anybody could make all ask without end');
  time.now += PARAMETERS.resendInterval;
  assert.is(await door.proposal(copy(2), 'c'), 'accept');
  assert.equal(asked, ['a', 'c']);
});

door('what nobody completes goes on to others ever more rarely, though never for the last time', async () => {
  const { door, settle, turn, time } = lacking();
  const proposal = compactProposal(propose(0, 1, 0, block));
  const { resendInterval } = PARAMETERS;
  const acceptedIn = async (intervals: number) => {
    let accepted = 0;
    for (let quarter = 0; quarter < 4 * intervals; quarter++, time.now += resendInterval / 4) {
      const attempt = time.now;
      if ((await door.proposal(GossipProposal.serialize({ attempt, proposal }), 'peer')) === 'accept') accepted++;
      settle.at(-1)?.(undefined);
      await turn();
    }
    return accepted;
  };
  assert.is(await acceptedIn(32), 7, 'at 0, ½, 1½, 3½, 7½, 15½, 31½ intervals');
  assert.is(await acceptedIn(160), 10, 'then every 16th');
});

door('of one leader one is passed on again at a time', async () => {
  const { door, settle, turn, time } = lacking();
  // Member 0 leads every fourth slot.
  const proposals = [1, 5, 9, 13].map((slot) => compactProposal(propose(0, slot, 0, block)));
  const accepted = async (attempt: number) => {
    let count = 0;
    for (const proposal of proposals) {
      const verdict = await door.proposal(GossipProposal.serialize({ attempt, proposal }), 'peer');
      if (verdict === 'accept') count++;
      for (const resolve of settle) resolve(undefined);
      await turn();
    }
    return count;
  };
  assert.is(await accepted(0), 4);
  for (let attempt = 1; attempt <= 4; attempt++) {
    time.now += PARAMETERS.resendInterval / 2;
    assert.is(await accepted(attempt), 1);
  }
});

door('where many wait, one nearer to the front takes the place of the furthest', async () => {
  const { door, core, signals } = lacking();
  assert.is(core.front, 1);
  const verdict = (slot: number) => door.proposal(ofProposal(propose((slot - 1) % 4, slot, 0, block)), 'peer');
  for (const slot of [20, 21, 25, 22, 23, 24]) assert.is(await verdict(slot), 'accept');
  assert.is(await verdict(26), 'ignore');
  assert.is(await verdict(2), 'accept');
  assert.is(await verdict(3), 'accept');
  const ended = signals.map(({ aborted }) => aborted);
  assert.equal(ended, [false, false, true, false, false, true, false, false]);
});

door('whoever completes a block is told whether its slot is the one to be voted on now', async () => {
  const { door, core, waits } = lacking();
  for (const slot of [1, 2]) await door.proposal(ofProposal(propose(slot - 1, slot, 0, block)), 'peer');
  const atFront = () => waits.map((wait) => wait.isAtFront());
  assert.equal(atFront(), [true, false]);
  core.step({ type: 'certificate', certificate: certificate(SKIP, 1) }, 0);
  assert.equal(atFront(), [false, true]);
});

door('where two of a leader wait, one nearer to the front takes the place of the furthest', async () => {
  const { door, signals } = lacking();
  // Member 0 leads every fourth slot.
  const verdict = (slot: number) => door.proposal(ofProposal(propose(0, slot, 0, block)), 'peer');
  for (const slot of [5, 9]) assert.is(await verdict(slot), 'accept');
  assert.is(await verdict(13), 'ignore');
  assert.is(await verdict(1), 'accept', 'or an honest leader could be held up by what it proposed before');
  assert.equal(
    signals.map(({ aborted }) => aborted),
    [false, true, false],
  );
});

door('who signs its whole window at once does not fill the lines of those who pass it on', async () => {
  const { door, core, time } = open();
  // Complete at once: nothing waits, so that nothing but their size bounds them.
  const transactionIds = Array.from({ length: MAX_BLOCK_TRANSACTIONS }, () => GENESIS_BLOCK_HASH);
  const lateVotes = Array.from({ length: MAX_LATE_VOTES }, () => vote(1, NOTAR, 1, hash));
  const large = (slot: number, timestamp: number) => {
    const proposal = compactProposal(propose(0, slot, 0, makeBlock(1, GENESIS_BLOCK_HASH, 0, { timestamp })));
    const padded = { ...proposal.block, transactionIds, justification: { parentCertificate: null, lateVotes } };
    return GossipProposal.serialize({ attempt: 0, proposal: { ...proposal, block: padded } });
  };
  const signed: number[] = [];
  const accepted: number[] = [];
  // Member 0 leads every fourth slot.
  for (let slot = core.front; core.admission.isInWindow(slot); slot += 4) {
    for (const timestamp of [1, 2]) {
      const message = large(slot, timestamp);
      signed.push(message.length);
      if ((await door.proposal(message, 'peer')) === 'accept') accepted.push(message.length);
    }
  }
  const sum = (lengths: readonly number[]) => lengths.reduce((total, length) => total + length, 0);
  const { burst } = DEFAULT_RATE_LIMITS.gossip;
  assert.is(signed.length, 34);
  assert.ok(sum(signed) > (2 * burst) / 3, `${sum(signed)} bytes are signed, and messages may be twice as large`);
  assert.ok(sum(accepted) < burst / 3, `${sum(accepted)} bytes are passed on`);
  time.now += 10_000;
  assert.is(await door.proposal(large(61, 1), 'peer'), 'accept', 'nothing is kept out for good');
});

door('what no block can be is not looked at again', async () => {
  const { door, inputs, time } = open({ complete: () => undefined });
  const proposal = compactProposal(propose(0, 1, 0, block));
  for (const [attempt, verdict] of ['accept', 'ignore', 'ignore'].entries()) {
    assert.is(await door.proposal(GossipProposal.serialize({ attempt, proposal }), 'peer'), verdict);
    time.now += 100 * PARAMETERS.resendInterval;
  }
  assert.equal(inputs, []);
});

door('what waits at or below a Final keeps no other of its leader waiting', async () => {
  const { door, core, signals } = lacking();
  for (const slot of [1, 5]) await door.proposal(ofProposal(propose(0, slot, 0, block)), 'peer');
  core.step({ type: 'certificate', certificate: certificate(FINAL, 5, hash) }, 0);
  assert.is(core.lastFinalSlot, 5);
  const next = makeBlock(2, hash, 0);
  assert.is(await door.proposal(ofProposal(propose(0, 9, 5, next)), 'peer'), 'accept');
  assert.equal(
    signals.map(({ aborted }) => aborted),
    [true, true, false],
    'nor is it asked for any more',
  );
});

door('of a slot two proposals are taken in and passed on, whatever becomes of them', async () => {
  const { door, core, inputs, asked, settle, turn, time } = lacking();
  const blocks = [1, 2, 3].map((timestamp) => makeBlock(1, GENESIS_BLOCK_HASH, 0, { timestamp }));
  const verdicts = async (attempt: number) => {
    const all: string[] = [];
    for (const one of blocks) {
      const proposal = compactProposal(propose(0, 1, 0, one));
      all.push(await door.proposal(GossipProposal.serialize({ attempt, proposal }), 'peer'));
    }
    return all;
  };
  assert.equal(await verdicts(0), ['accept', 'accept', 'ignore']);
  for (const resolve of settle) resolve(undefined);
  await turn();
  time.now += PARAMETERS.resendInterval;
  assert.equal(await verdicts(1), ['accept', 'ignore', 'ignore'], 'again one after the other');
  time.now += PARAMETERS.resendInterval;
  assert.equal(await verdicts(2), ['ignore', 'accept', 'ignore']);
  assert.is(asked.length, 4);
  for (const [index, resolve] of settle.slice(2).entries()) resolve(blocks[index]);
  await turn();
  assert.is(inputs.length, 2, 'and when both are complete they contradict each other');
  const third = blocks[2] as Block;
  assert.not(core.admission.wantsProposal(propose(0, 1, 0, third), headerHash(third.header)));
});

door('a leader whose proposals wait for what nobody has keeps no other waiting', async () => {
  const { door, asked, settle, turn } = lacking();
  // Member 0 leads every fourth slot.
  const slots = [1, 5, 9];
  const verdicts: string[] = [];
  for (const slot of slots) verdicts.push(await door.proposal(ofProposal(propose(0, slot, 0, block)), 'peer'));
  assert.equal(verdicts, ['accept', 'accept', 'ignore']);
  const other = makeBlock(1, GENESIS_BLOCK_HASH, 1);
  assert.is(await door.proposal(ofProposal(propose(1, 2, 0, other)), 'peer'), 'accept');
  assert.is(asked.length, 3);
  settle[0]?.(undefined);
  await turn();
  assert.is(
    await door.proposal(ofProposal(propose(0, 9, 0, block)), 'peer'),
    'accept',
    'it was not forgotten for good',
  );
});

door('nothing is completed for a signature that does not hold, or a list that is not the header’s', async () => {
  const { door, asked } = lacking();
  const good = propose(0, 1, 0, block);
  assert.is(await door.proposal(ofProposal({ ...good, signature: new Uint8Array(64) }), 'peer'), 'reject');
  assert.equal(asked, []);
  const complete: BlockPort['complete'] = () => {
    throw new Error('it is to be completed');
  };
  const strict = open({ compactHolds: false, complete });
  assert.is(await strict.door.proposal(ofProposal(good), 'peer'), 'reject');
});

door('what has come too late for a vote is judged without its block', async () => {
  const { door, core, inputs, asked, settle, turn } = lacking();
  await door.proposal(ofProposal(propose(0, 1, 0, block)), 'peer');
  settle[0]?.(block);
  await turn();
  core.step({ type: 'certificate', certificate: certificate(FINAL, 1, hash) }, 0);
  const other = makeBlock(1, GENESIS_BLOCK_HASH, 0, { timestamp: 1 });
  assert.is(await door.proposal(ofProposal(propose(0, 1, 0, other)), 'peer'), 'ignore');
  assert.is(inputs.length, 2, 'it tells of the leader');
  assert.is(asked.length, 1);
});

door.run();
