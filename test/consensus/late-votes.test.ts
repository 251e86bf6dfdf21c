// NOTARs that come after their quorum, even after their block is final: kept for the blocks that record who took part.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { REMEMBERED_SLOTS } from '../../src/consensus/slots.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import { LATE_VOTE_BLOCKS } from '../../src/primitives/epoch.ts';
import { type Hash, sha256 } from '../../src/primitives/hash.ts';
import {
  Bench,
  certificate,
  GENESIS_BLOCK_HASH,
  MEMBERS,
  makeBlock,
  ofType,
  PARAMETERS,
  propose,
  vote,
} from './fixtures.ts';

const late = suite('late votes');

const LATE = 3;
const other = sha256(Uint8Array.of(9));

/** A follower that has committed blocks in the slots from 1 on, without the votes of the last member. */
function commit(slots: number): { bench: Bench; hashes: Hash[] } {
  const bench = new Bench(0);
  const hashes = [GENESIS_BLOCK_HASH];
  for (let slot = 1; slot <= slots; slot++) {
    const leader = (slot - 1) % MEMBERS.size;
    const block = makeBlock(slot, hashes[slot - 1] as Hash, leader);
    const hash = headerHash(block.header);
    hashes.push(hash);
    bench.executeAll(bench.propose(propose(leader, slot, slot - 1, block)));
    bench.certify(certificate(NOTAR, slot, hash), certificate(FINAL, slot, hash));
    bench.give({ type: 'committed', hash });
  }
  return { bench, hashes };
}

/** What the leader of the front is offered for its block. */
function offered(bench: Bench): [slot: number, member: number][] {
  bench.now += PARAMETERS.blockTime;
  const [build] = ofType(bench.give({ type: 'transactions' }), 'build');
  return (build?.lateVotes ?? []).map(({ slot, member }) => [slot, member]);
}

late('the first NOTAR of a member is wanted after its block is final, other late votes are not', () => {
  const { bench, hashes } = commit(3);
  const of = (slot: number) => hashes[slot] as Hash;
  const { core } = bench;
  // Told that it lives, so that only the vote itself can be of interest.
  bench.give({ type: 'vote', vote: vote(LATE, SKIP, 4) });
  assert.ok(core.admission.wantsVote(vote(LATE, NOTAR, 2, of(2))));
  assert.not(core.admission.wantsVote(vote(LATE, NOTAR, 2, other)), 'for a block that nobody notarized');
  assert.not(core.admission.wantsVote(vote(LATE, SKIP, 2)));
  assert.not(core.admission.wantsVote(vote(LATE, FINAL, 2, of(2))));
  assert.not(core.admission.wantsVote(vote(0, NOTAR, 2, of(2))), 'it is known');
  bench.give({ type: 'vote', vote: vote(LATE, NOTAR, 2, of(2)) });
  assert.ok(core.admission.remembersVote(vote(LATE, NOTAR, 2, of(2))));
  assert.not(core.admission.wantsVote(vote(LATE, NOTAR, 2, of(2))), 'once');
});

late('what is older than the slots that are remembered is not wanted', () => {
  const { bench, hashes } = commit(REMEMBERED_SLOTS + 2);
  bench.give({ type: 'vote', vote: vote(LATE, SKIP, REMEMBERED_SLOTS + 3) });
  assert.not(bench.core.admission.wantsVote(vote(LATE, NOTAR, 2, hashes[2])));
  assert.ok(bench.core.admission.wantsVote(vote(LATE, NOTAR, 3, hashes[3])));
});

late('a leader is offered the NOTARs of the blocks below, late ones among them', () => {
  const { bench, hashes } = commit(4);
  bench.give({ type: 'vote', vote: vote(LATE, NOTAR, 2, hashes[2]) });
  const votes = offered(bench);
  assert.ok(votes.some(([slot, member]) => slot === 2 && member === LATE));
  assert.equal([...new Set(votes.map(([slot]) => slot))], [4, 3, 2, 1], 'the newest first');
});

late('no more blocks than can be recorded are looked at', () => {
  const { bench } = commit(LATE_VOTE_BLOCKS + 8);
  const slots = offered(bench).map(([slot]) => slot);
  assert.is(new Set(slots).size, LATE_VOTE_BLOCKS);
  assert.is(Math.max(...slots), LATE_VOTE_BLOCKS + 8);
});

late.run();
