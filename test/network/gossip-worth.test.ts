// Who wastes gossip and who does not, by the minute and message by message, on a clock of the test.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type GossipJudged, GossipWorth } from '../../src/network/gossip-worth.ts';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.ts';

const worth = suite('network: what gossip is worth');

const VOTE = 200;
const BATCH = 128 * 1024;

/** A node at the height of its network, which has four members and a slot a second. */
class Victim {
  now = 0;
  excess = new Map<string, number>();
  readonly #worth = new GossipWorth(DEFAULT_RATE_LIMITS.waste, () => this.now);

  take(message: GossipJudged): void {
    if (!this.#worth.judged(message)) return;
    this.excess.set(message.peer, (this.excess.get(message.peer) ?? 0) + 1);
  }

  /** What a second brings of use, each message from whoever was first, and what `peer` wastes of it meanwhile. */
  second(useful: Usual, peer: string, wasted: Usual): void {
    for (let i = 0; i < 100; i++) {
      this.now += 10;
      this.#part(useful, i, 'other', 'accept');
      this.#part(wasted, i, peer, 'ignore');
    }
  }

  /** What is sent evenly over the second. */
  #part({ blocks = 0, votes = 0, batches = 0 }: Usual, i: number, peer: string, verdict: 'accept' | 'ignore'): void {
    const share = (count: number) => Math.floor(((i + 1) * count) / 100) - Math.floor((i * count) / 100);
    const send = (count: number, topic: GossipJudged['topic'], bytes: number) => {
      for (let sent = 0; sent < share(count); sent++) this.take({ peer, topic, bytes, verdict });
    };
    send(blocks, 'block', 100_000);
    send(votes, 'vote', VOTE);
    send(batches, 'tx', BATCH);
  }
}

interface Usual {
  readonly blocks?: number;
  readonly votes?: number;
  readonly batches?: number;
}
const SMALL: Usual = { blocks: 1, votes: 12 };
/** 512 members */
const LARGE: Usual = { blocks: 1, votes: 1024 };
const NOTHING: Usual = {};

worth('a flood of what is ignored counts within seconds, and goes on counting', () => {
  for (const [flood, seconds] of [
    [{ votes: 2_000 }, 10],
    [{ votes: 500 }, 30],
    [{ batches: 60 }, 15],
  ] as const) {
    const victim = new Victim();
    for (let second = 0; second < 60; second++) victim.second(SMALL, 'flooder', NOTHING);
    for (let second = 0; second < seconds; second++) victim.second(SMALL, 'flooder', flood);
    assert.ok((victim.excess.get('flooder') ?? 0) >= 100, `${JSON.stringify(flood)} is banned in ${seconds} s`);
    assert.is(victim.excess.size, 1);
  }
});

worth('a node may say again all that the network has to say, however large it is', () => {
  for (const network of [SMALL, LARGE, { blocks: 10, votes: 120, batches: 40 }]) {
    const victim = new Victim();
    for (let second = 0; second < 300; second++) victim.second(network, 'echo', network);
    assert.is(victim.excess.size, 0);
  }
});

worth('a relay that stood still passes on what it has missed, a half minute late', () => {
  for (const network of [SMALL, LARGE, { blocks: 10, votes: 120, batches: 40 }]) {
    const victim = new Victim();
    for (let second = 0; second < 120; second++) victim.second(network, 'late', NOTHING);
    const backlog = {
      blocks: 30 * (network.blocks ?? 0),
      votes: 30 * (network.votes ?? 0),
      batches: 30 * ('batches' in network ? network.batches : 0),
    };
    victim.second(network, 'late', backlog);
    for (let second = 0; second < 60; second++) victim.second(network, 'late', network);
    assert.is(victim.excess.size, 0);
  }
});

worth('a mempool of 100,000 transactions may be announced anew', () => {
  const victim = new Victim();
  for (let second = 0; second < 5; second++) victim.second(SMALL, 'announcer', NOTHING);
  victim.second(SMALL, 'announcer', { batches: 120 });
  assert.is(victim.excess.size, 0);
});

worth('a node that is behind, or on its own, blames nobody for what it can not judge', () => {
  const victim = new Victim();
  for (let second = 0; second < 120; second++) victim.second(NOTHING, 'peer', LARGE);
  assert.is(victim.excess.size, 0);
  // it takes part, and is cut off again: the others go on without it
  for (let second = 0; second < 60; second++) victim.second(LARGE, 'peer', NOTHING);
  for (let second = 0; second < 300; second++) victim.second(NOTHING, 'peer', LARGE);
  assert.is(victim.excess.size, 0);
});

worth('what is accepted, rejected or not judged wastes nothing', () => {
  const victim = new Victim();
  for (const verdict of ['accept', 'reject', 'unjudged'] as const) {
    victim.take({ peer: 'a', topic: 'block', bytes: 1, verdict: 'accept' });
    for (let i = 0; i < 100_000; i++) victim.take({ peer: 'a', topic: 'vote', bytes: VOTE, verdict });
  }
  assert.is(victim.excess.size, 0);
});

worth('a proposer alone takes part by what it proposes itself', () => {
  let now = 0;
  const own = new GossipWorth(10_000, () => now);
  const vote = { peer: 'a', topic: 'vote', bytes: 6_000 - 4_096, verdict: 'ignore' } as const;
  assert.equal([own.judged(vote), own.judged(vote)], [false, false]);
  own.published('block');
  assert.equal([own.judged(vote), own.judged(vote)], [false, true]);
  now = 60_000;
  own.published('block');
  assert.equal([own.judged(vote), own.judged(vote)], [true, true], 'half of the waste is left');
});

worth.run();
