// Evidence on its way through a node: what peers send is judged before it is kept or passed on, and what is held is
// announced to those who come.

import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { verifyNative } from '../../src/crypto/keys.ts';
import { EvidenceDesk } from '../../src/node/evidence.ts';
import { NOTAR } from '../../src/primitives/consensus.ts';
import { type Evidence, votePair } from '../../src/primitives/evidence.ts';
import { sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import { GossipVote } from '../../src/primitives/wire.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { GENESIS_HASH, MEMBERS, membersOf, vote } from '../consensus/fixtures.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const desk = suite('evidence desk');
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
const GENESIS = { epoch: 1, startHeight: 0 };
const [A, B] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))] as const;

function make(member: number, slot: number, epoch = 1): Evidence {
  const { publicKey } = MEMBERS.at(member);
  const electorate = { epoch, members: MEMBERS };
  const messages = votePair(vote(member, NOTAR, slot, A, electorate), vote(member, NOTAR, slot, B, electorate));
  return { epoch, validatorsRoot: MEMBERS.root, publicKey, slot, messages };
}

/** @param present how far the chain has come; the same four are the members of every epoch up to there */
async function withDesk(
  present: { epoch: number; startHeight: number },
  use: (parts: {
    desk: EvidenceDesk;
    store: ChainStore;
    sent: number[];
    told: number[];
    checks: () => number;
    tick(): void;
  }) => Promise<void>,
): Promise<void> {
  await withTempDir(async (directory) => {
    const store = await ChainStore.open(directory, { hash: GENESIS_HASH });
    const sent: number[] = [];
    const told: number[] = [];
    const timers: (() => void)[] = [];
    let checks = 0;
    const opened = new EvidenceDesk({
      store: store.evidence,
      members: (epoch) => (epoch <= present.epoch ? MEMBERS : undefined),
      present: () => present,
      genesisHash: GENESIS_HASH,
      verify: async (asked) => {
        checks += asked.length;
        return asked.map(({ publicKey, message, signature }) => verifyNative(publicKey, message, signature));
      },
      publish: async (bytes) => {
        const { message } = GossipVote.deserialize(bytes);
        if (message.selector !== 2) throw new TypeError('only evidence is published here');
        assert.not.ok(store.evidence.isWanted(message.value), 'stored before it is announced');
        sent.push(message.value.slot);
      },
      onNew: ({ evidence }) => told.push(evidence.slot),
      clock: {
        now: () => 5000,
        after: (_, call) => {
          timers.push(call);
          return () => undefined;
        },
      },
      logger: silentLogger(),
    });
    await use({ desk: opened, store, sent, told, checks: () => checks, tick: () => timers.shift()?.() });
    await opened.stop();
    await store.close();
  });
}

desk('good evidence is passed on once; copies that come together cost one check', () =>
  withDesk({ ...GENESIS }, async ({ desk: one, told, checks }) => {
    const verdicts = await Promise.all([one.judge(make(0, 1)), one.judge(make(0, 1)), one.judge(make(0, 1))]);
    assert.equal(verdicts.sort(), ['accept', 'ignore', 'ignore']);
    assert.is(await one.judge(make(0, 1)), 'ignore');
    assert.is(checks(), 2);
    assert.equal(told, [1]);
  }),
);

desk('what proves nothing is rejected, what is none of ours ignored, and neither is kept', () =>
  withDesk({ ...GENESIS }, async ({ desk: one, store, checks }) => {
    const good = make(0, 1);
    const same = votePair(vote(0, NOTAR, 1, A), vote(0, NOTAR, 1, A));
    assert.is(await one.judge({ ...good, messages: same }), 'reject');
    assert.is(checks(), 0);
    assert.is(await one.judge({ ...good, slot: 2 }), 'reject', 'the signatures are of another slot');
    assert.is(await one.judge({ ...good, epoch: 2 }), 'ignore');
    assert.is(await one.judge({ ...good, validatorsRoot: membersOf(3).root }), 'ignore');
    assert.is(await one.judge({ ...good, publicKey: ZERO_HASH }), 'ignore');
    assert.is(store.evidence.size, 0);
  }),
);

desk('what consensus finds is stored, told and published once', () =>
  withDesk({ ...GENESIS }, async ({ desk: one, sent, told }) => {
    one.found(make(0, 1));
    one.found(make(0, 1));
    await one.stop();
    assert.equal(sent, [1]);
    assert.equal(told, [1]);
  }),
);

desk('what is known and found over and over takes no memory', () =>
  withDesk({ ...GENESIS }, async ({ desk: one }) => {
    const evidence = make(0, 1);
    await one.judge(evidence);
    const used = async () => {
      await turn();
      gc();
      return process.memoryUsage().heapUsed;
    };
    const before = await used();
    for (let times = 0; times < 20_000; times++) one.found(evidence);
    assert.ok((await used()) - before < 1024 * 1024);
  }),
);

desk('a peer that comes hears of everything, four at a time', () =>
  withDesk({ ...GENESIS }, async ({ desk: one, sent, tick }) => {
    for (let slot = 1; slot <= 6; slot++) await one.judge(make(slot % 3, slot));
    one.peerCame({ id: 'a', height: 0 });
    assert.equal(sent, [6, 5, 4, 3]);
    one.peerCame({ id: 'b', height: 9 });
    assert.is(sent.length, 4, 'another peer makes it no faster');
    tick();
    assert.equal(sent.slice(4), [2, 1, 6, 5]);
    tick();
    assert.equal(sent.slice(8), [4, 3]);
    tick();
    tick();
    one.peerIsAt({ id: 'a', height: 8 });
    assert.is(sent.length, 10, 'then it is quiet');
  }),
);

desk('a peer that is behind hears of everything when it has come to the present epoch, once', () =>
  withDesk({ epoch: 3, startHeight: 24 }, async ({ desk: one, sent, tick }) => {
    for (const epoch of [1, 2, 3]) await one.judge(make(0, 10 + epoch, epoch));
    one.peerCame({ id: 'late', height: 0 });
    one.peerIsAt({ id: 'late', height: 23 });
    assert.equal(sent, [], 'it would ignore what it can not judge');
    one.peerIsAt({ id: 'late', height: 24 });
    assert.equal(sent, [13, 12, 11]);
    tick();
    for (const height of [0, 24, 25]) one.peerIsAt({ id: 'late', height });
    assert.is(sent.length, 3, 'however often it says so');
    one.peerLeft({ id: 'late' });
    one.peerIsAt({ id: 'late', height: 26 });
    assert.is(sent.length, 3);
    one.peerCame({ id: 'late', height: 26 });
    assert.is(sent.length, 6, 'what it had may be lost');
  }),
);

desk('who comes over a boundary after the others hears of what the new epoch has brought', () => {
  const present = { ...GENESIS };
  return withDesk(present, async ({ desk: one, sent, tick }) => {
    await one.judge(make(0, 11));
    one.peerCame({ id: 'slow', height: 11 });
    tick();
    Object.assign(present, { epoch: 2, startHeight: 12 });
    await one.judge(make(0, 21, 2));
    one.peerIsAt({ id: 'slow', height: 11 });
    assert.equal(sent, [11]);
    one.peerIsAt({ id: 'slow', height: 12 });
    assert.equal(sent, [11, 21], 'and not again of what it could judge before');
  });
});

desk.run();
