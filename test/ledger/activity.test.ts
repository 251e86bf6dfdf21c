import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_SLOTS_BETWEEN } from '../../src/ledger/activity.ts';
import { justificationFault } from '../../src/ledger/justification.ts';
import { newLateVotes } from '../../src/ledger/late-votes.ts';
import { activity } from '../../src/ledger/records.ts';
import { MAX_LATE_VOTES } from '../../src/primitives/block.ts';
import { FINAL, SKIP, Vote } from '../../src/primitives/consensus.ts';
import { LATE_VOTE_BLOCKS } from '../../src/primitives/epoch.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { LeaderSchedule } from '../../src/primitives/schedule.ts';
import { Chain, lateVote } from './epochs.ts';

const test = suite('activity');
const ENOUGH = 1 << 20;
const FOUR = { mode: 'poa', authorities: [0, 1, 2, 3] } as const;

function participated(chain: Chain): number[] {
  return activity.get(chain.state).members.map((member) => member.participated);
}

test('whose vote is in the certificate of the parent took part in it', () => {
  const chain = new Chain(FOUR);
  chain.add();
  assert.equal(participated(chain), [0, 0, 0, 0], 'nobody votes for genesis');
  chain.add({ voters: [0, 1, 3] });
  chain.add({ voters: [1, 2, 3] });
  assert.equal(participated(chain), [1, 2, 1, 2]);
  assert.is(activity.get(chain.state).blocks, 2);
});

test('a late vote counts once, for each of the blocks recorded last', () => {
  const chain = new Chain(FOUR);
  chain.add();
  const first = chain.newest;
  chain.add({ voters: [0, 1, 2] });
  assert.equal(newLateVotes(chain.state, [lateVote(first, 3)], ENOUGH), [lateVote(first, 3)]);
  chain.add({ lateVotes: [lateVote(first, 3)] });
  assert.equal(participated(chain), [2, 2, 2, 2]);
  assert.equal(newLateVotes(chain.state, [lateVote(first, 3)], ENOUGH), [], 'recorded');

  const second = chain.newest;
  assert.equal(newLateVotes(chain.state, [lateVote(second, 0)], ENOUGH), [], 'its certificate is not recorded yet');
  for (let blocks = 0; blocks < LATE_VOTE_BLOCKS; blocks++) chain.add({ voters: [0, 1, 2] });
  assert.is(newLateVotes(chain.state, [lateVote(second, 3)], ENOUGH).length, 1, 'in the block 33 above it');
  chain.add();
  assert.equal(newLateVotes(chain.state, [lateVote(second, 3)], ENOUGH), [], 'too old');
});

test('of candidates a block carries those that are new and right, oldest first, as many as there is room for', () => {
  const chain = new Chain(FOUR);
  chain.add();
  const blocks = [0, 1, 2].map(() => {
    const placed = chain.newest;
    chain.add({ voters: [0, 1] });
    return placed;
  });
  const [a, b, c] = blocks as [typeof chain.newest, typeof chain.newest, typeof chain.newest];
  const candidates = [
    lateVote(c, 3),
    lateVote(b, 3),
    lateVote(b, 3),
    lateVote(a, 2),
    lateVote(a, 0),
    lateVote(a, 4),
    { ...lateVote(a, 3), kind: FINAL },
    { ...lateVote(a, 3), kind: SKIP },
    { ...lateVote(a, 3), epoch: 2 },
    { ...lateVote(a, 3), slot: b.slot },
    { ...lateVote(a, 3), hash: sha256(Uint8Array.of(9)) },
  ];
  const all = [lateVote(a, 2), lateVote(b, 3), lateVote(c, 3)];
  assert.equal(newLateVotes(chain.state, candidates, ENOUGH), all);
  const bytes = Vote.serialize(lateVote(a, 2)).length;
  assert.equal(newLateVotes(chain.state, candidates, 2 * bytes), all.slice(0, 2));
  assert.equal(newLateVotes(chain.state, candidates, 2 * bytes - 1), all.slice(0, 1));
  assert.equal(newLateVotes(chain.state, candidates, -1), []);
  assert.ok(MAX_LATE_VOTES * bytes < ENOUGH);
});

test('leaders are credited for slots with a block, and with those missed between them', () => {
  const chain = new Chain(FOUR);
  const schedule = new LeaderSchedule(chain.epoch.validators);
  chain.add({ slots: 3 });
  chain.add({ slots: 1 });
  chain.add({ slots: 6 });
  chain.add();
  const proposed = [0, 0, 0, 0];
  const missed = [0, 0, 0, 0];
  for (let slot = 1; slot <= 10; slot++) {
    const count = [3, 4, 10].includes(slot) ? proposed : missed;
    const leader = schedule.leader(slot);
    count[leader] = (count[leader] as number) + 1;
  }
  const { members } = activity.get(chain.state);
  assert.equal(
    members.map((member) => [member.proposed, member.missed]),
    proposed.map((count, member) => [count, missed[member]]),
  );
});

test('for a gap of very many slots no leader is credited or blamed', () => {
  const countsOf = (gap: number) => {
    const chain = new Chain(FOUR);
    chain.add();
    chain.add({ slots: gap });
    chain.add();
    const { members } = activity.get(chain.state);
    return members.reduce((sum, member) => sum + member.missed + member.proposed, 0);
  };
  assert.is(countsOf(MAX_SLOTS_BETWEEN), 1 + MAX_SLOTS_BETWEEN);
  assert.is(countsOf(MAX_SLOTS_BETWEEN + 1), 1);
  assert.is(countsOf(Number.MAX_SAFE_INTEGER - 1), 1);
});

test('a proposer is credited for the weight above the quorum that its block records', () => {
  const chain = new Chain({ mode: 'poa', authorities: [0, 1, 2, 3, 4, 5, 6] });
  const recorded = () => activity.get(chain.state).members.map((member) => Number(member.recorded));
  const proposerOf = (slot: number) => new LeaderSchedule(chain.epoch.validators).leader(slot);
  const expected = [0, 0, 0, 0, 0, 0, 0];
  chain.add();
  const first = chain.newest;
  chain.add({ voters: [0, 1, 2, 3, 4] });
  assert.equal(recorded(), expected, 'five of seven are the quorum and no more');
  chain.add({ voters: [0, 1, 2, 3, 4, 5, 6], lateVotes: [lateVote(first, 5)] });
  expected[proposerOf(3)] = 3;
  assert.equal(recorded(), expected);
});

test('the certificate that leads over from the epoch before is credited to nobody', () => {
  const chain = new Chain({ ...FOUR, parameters: { epochDuration: 10_000 } });
  chain.finishEpoch();
  assert.is(chain.epoch.epoch, 2);
  chain.add();
  assert.equal(activity.get(chain.state).blocks, 0);
  chain.add({ voters: [0, 1, 2] });
  assert.equal(participated(chain), [1, 1, 1, 0]);
});

test('late votes of an epoch that is over are not carried', () => {
  const chain = new Chain({ ...FOUR, parameters: { epochDuration: 10_000 } });
  chain.add();
  const { newest } = chain;
  chain.finishEpoch({ voters: [0, 1, 2] });
  assert.equal(newLateVotes(chain.state, [lateVote(newest, 3)], ENOUGH), []);
  assert.equal(newLateVotes(chain.state, [{ ...lateVote(newest, 3), epoch: 2 }], ENOUGH), []);
});

test('a justification stands with the right certificate only', () => {
  const chain = new Chain({ ...FOUR, parameters: { epochDuration: 10_000 } });
  const header = () => ({ height: chain.height + 1, parent: chain.newest.hash });
  const faultOf = (change: object | null) => {
    const right = chain.certificate();
    const parentCertificate = change === null || right === null ? null : { ...right, ...change };
    return justificationFault(chain.state, header(), { parentCertificate, lateVotes: [] })?.reason;
  };
  assert.is(faultOf(null), undefined, 'genesis has no certificate');
  chain.add();
  const certificate = chain.certificate();
  chain.add();
  assert.is(faultOf({}), undefined);
  assert.is(faultOf({ kind: FINAL }), undefined);
  for (const wrong of [null, { kind: SKIP }, { epoch: 2 }, { epoch: 0 }, { hash: certificate?.hash }])
    assert.is(faultOf(wrong), 'PARENT_CERTIFICATE');
  chain.finishEpoch();
  assert.is(faultOf({}), undefined, 'final, of the epoch before');
  for (const wrong of [null, { kind: 0 }, { epoch: 2 }]) assert.is(faultOf(wrong), 'PARENT_CERTIFICATE');
});

test('a justification stands with right late votes only', () => {
  const chain = new Chain(FOUR);
  chain.add();
  const { newest } = chain;
  chain.add({ voters: [0, 1, 2] });
  const faultOf = (...lateVotes: Vote[]) => {
    const header = { height: chain.height + 1, parent: chain.newest.hash };
    return justificationFault(chain.state, header, { parentCertificate: chain.certificate(), lateVotes })?.reason;
  };
  const right = lateVote(newest, 3);
  assert.is(faultOf(right), undefined);
  assert.is(faultOf(right, right), 'LATE_VOTES');
  for (const wrong of [
    { ...right, kind: FINAL },
    { ...right, epoch: 0 },
    { ...right, member: 2 },
    { ...right, member: 4 },
    { ...right, slot: 2 },
    { ...right, hash: chain.newest.hash },
    lateVote(chain.newest, 3),
  ])
    assert.is(faultOf(wrong), 'LATE_VOTES');
});

test('a certificate of the genesis block, and one of another set, do not stand', () => {
  const chain = new Chain(FOUR);
  const smaller = new Chain({ mode: 'poa', authorities: [0, 1, 2] });
  smaller.add();
  const { newest } = smaller;
  const of = (height: number, state: Chain) =>
    justificationFault(
      state.state,
      { height, parent: newest.hash },
      {
        parentCertificate: smaller.certificate(),
        lateVotes: [],
      },
    )?.reason;
  assert.is(of(1, chain), 'PARENT_CERTIFICATE');
  chain.add();
  assert.is(of(2, chain), 'PARENT_CERTIFICATE');
  assert.is(of(2, smaller), undefined);
});

test.run();
