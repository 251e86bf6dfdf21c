// How the driver goes from one epoch to the next: in which order, what is dropped, what waits, and what a node does that
// has missed it.

import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConsensusDriver } from '../../src/consensus/driver.ts';
import { Members } from '../../src/consensus/members.ts';
import type { DriverDependencies } from '../../src/consensus/ports.ts';
import type { InstanceStart } from '../../src/consensus/types.ts';
import { type Block, headerHash, type Proposal } from '../../src/primitives/block.ts';
import { equalBytes } from '../../src/primitives/bytes.ts';
import {
  type Certificate,
  FINAL,
  NOTAR,
  type ProposalData,
  proposalSigningBytes,
  SKIP,
  type Vote,
  type VoteData,
  voteSigningBytes,
} from '../../src/primitives/consensus.ts';
import { JournalRecord } from '../../src/primitives/journal.ts';
import { GossipProposal, GossipVote } from '../../src/primitives/wire.ts';
import { CARRIES_ALL, compactProposal, wholeProposal } from '../helpers/compact.ts';
import {
  certificate,
  GENESIS_BLOCK,
  GENESIS_BLOCK_HASH,
  GENESIS_HASH,
  keyOf,
  MEMBERS,
  makeBlock,
  membersOf,
  NOW,
  PARAMETERS,
  propose,
  verify,
  vote,
} from './fixtures.ts';

const handover = suite('hand-over between epochs');

/** Keys 0 to 3 vote in the first epoch, 2 to 6 in the second. */
const SECOND = { epoch: 2, members: new Members(membersOf(7).list.slice(2)) };
const LEAVES = 0;
const STAYS = 3;
const COMES = 6;

const boundary = makeBlock(1, GENESIS_BLOCK_HASH, 0, { nextValidatorsRoot: SECOND.members.root });
const boundaryHash = headerHash(boundary.header);
const boundaryFinal = certificate(FINAL, 1, boundaryHash);
const first = firstBlock(boundaryFinal);
const firstProposal = propose(0, 1, 0, first, [], SECOND);

function firstBlock(parentCertificate: Certificate): Block {
  const { address } = SECOND.members.at(0);
  const changes = { epoch: 2, proposer: address, validatorsRoot: SECOND.members.root };
  const { header, body } = makeBlock(2, boundaryHash, 0, changes);
  return { header, body: { ...body, justification: { parentCertificate, lateVotes: [] } } };
}

function startOf(epoch: 1 | 2, key: number): InstanceStart {
  const members = epoch === 1 ? MEMBERS : SECOND.members;
  const genesis = { slot: 0, hash: GENESIS_BLOCK_HASH, header: GENESIS_BLOCK.header, certificate: undefined };
  const ended = { slot: 0, hash: boundaryHash, header: boundary.header, certificate: boundaryFinal };
  return {
    epoch,
    members,
    previous: epoch === 1 ? undefined : MEMBERS,
    self: members.indexOf(keyOf(key).publicKey),
    parameters: PARAMETERS,
    anchor: epoch === 1 ? genesis : ended,
    epochEnd: epoch === 1 ? boundary.header.timestamp : Number.POSITIVE_INFINITY,
  };
}

/** A driver that writes down what it asks of the rooms around it. */
class Rig {
  readonly log: string[] = [];
  readonly sent: (Vote | Proposal | Certificate)[] = [];
  readonly timers: { milliseconds: number; call: () => void; cancelled: boolean }[] = [];
  rotated: readonly Uint8Array[] | undefined;
  checks = 0;
  now = NOW;
  readonly driver: ConsensusDriver;

  constructor(key: number, changes: Partial<DriverDependencies> = {}, restored: readonly JournalRecord[] = []) {
    const pair = keyOf(key);
    this.driver = new ConsensusDriver({
      instance: startOf(1, key),
      epochs: {
        present: async () => startOf(2, key),
        boundaryFinal: async (epoch) => (epoch === 1 ? boundaryFinal : undefined),
      },
      genesisHash: GENESIS_HASH,
      verify: (checks) => {
        this.checks += checks.length;
        return verify(checks);
      },
      journal: this.journal(restored),
      signer: {
        signProposal: async (data: ProposalData) => pair.sign(proposalSigningBytes(data, GENESIS_HASH)),
        signVote: async (data: VoteData) => pair.sign(voteSigningBytes(data, GENESIS_HASH)),
        raiseFloor: async (epoch, slot) => this.note(`floor ${epoch}/${slot}`),
        observed: async () => undefined,
        listened: async () => undefined,
      },
      blocks: {
        build: async ({ parentCertificate }) => {
          this.note(`build on ${parentCertificate?.epoch}/${parentCertificate?.slot}`);
          return parentCertificate && { block: firstBlock(parentCertificate), hash: headerHash(first.header) };
        },
        verify: async () => ({ verdict: 'valid' }),
        finalize: async () => this.note('finalize'),
        ...CARRIES_ALL,
      },
      peers: {
        isConnected: () => true,
        publishProposal: async (bytes) => {
          this.sent.push(wholeProposal(GossipProposal.deserialize(bytes).proposal));
        },
        publishVote: async (bytes) => {
          const { message } = GossipVote.deserialize(bytes);
          if (message.selector !== 2) this.sent.push(message.value);
        },
        fetchBlock: () => this.note('fetch block'),
        fetchCertificates: () => undefined,
        catchUp: () => this.note('catch up'),
      },
      clock: {
        now: () => this.now,
        random: () => 0.5,
        after: (milliseconds, call) => {
          const timer = { milliseconds, call, cancelled: false };
          this.timers.push(timer);
          return () => {
            timer.cancelled = true;
          };
        },
      },
      observer: {
        onBegin: ({ epoch }) => this.note(`begin ${epoch}`),
        onEvent: () => undefined,
        onEvidence: () => undefined,
        onRefused: ({ message }) => this.note(`refused ${message}`),
        onUnsent: () => undefined,
        onFatal: ({ message }) => this.note(`fatal ${message}`),
      },
      ...changes,
    });
    this.driver.start();
  }

  journal(restored: readonly JournalRecord[]): DriverDependencies['journal'] {
    return {
      restored: restored.map((record) => JournalRecord.serialize(record)),
      size: 0,
      append: async () => undefined,
      rotate: async (keep) => {
        this.rotated = keep;
        this.note('rotate');
      },
    };
  }

  note(what: string): void {
    this.log.push(what);
  }

  /** Until the last block of the first epoch is final here. */
  async end(): Promise<void> {
    await this.driver.onProposal(ofProposal(propose(0, 1, 0, boundary)), 'peer');
    await settle();
    await this.driver.onCertificates([boundaryFinal]);
    await settle();
  }

  resend(): void {
    const timer = this.timers.findLast(({ milliseconds }) => milliseconds === 1.25 * PARAMETERS.resendInterval);
    timer?.call();
  }

  /** Kinds of the votes sent in an epoch. */
  votes(epoch: number): number[] {
    return this.sent.flatMap((one) => ('member' in one && one.epoch === epoch ? [one.kind] : []));
  }
}

const ofProposal = (proposal: Proposal) =>
  GossipProposal.serialize({ attempt: 0, proposal: compactProposal(proposal) });
const ofVote = (value: Vote) => GossipVote.serialize({ attempt: 0, message: { selector: 0, value } });
const settle = async () => {
  for (let turns = 0; turns < 10; turns++) await turn();
};

handover('the old epoch goes when its last block is durable: first the signer forgets, then the journal', async () => {
  const rig = new Rig(STAYS);
  await rig.end();
  assert.equal(rig.log, ['begin 1', 'finalize', 'floor 2/0', 'rotate', 'begin 2']);
  assert.equal(rig.rotated, []);
  assert.is(rig.driver.core.epoch, 2);
});

handover('nothing goes before the last block is durable', async () => {
  let written: () => void = () => undefined;
  const disk = new Promise<void>((resolve) => {
    written = resolve;
  });
  const rig: Rig = new Rig(STAYS, {
    blocks: {
      build: async () => undefined,
      verify: async () => ({ verdict: 'valid' }),
      finalize: () => disk,
      ...CARRIES_ALL,
    },
  });
  await rig.end();
  assert.equal(rig.log, ['begin 1']);
  written();
  await settle();
  assert.equal(rig.log, ['begin 1', 'floor 2/0', 'rotate', 'begin 2']);
});

handover('timers of the old epoch die, and so do messages of it', async () => {
  const rig = new Rig(STAYS);
  const old = [...rig.timers];
  await rig.end();
  assert.ok(old.length > 0 && old.every(({ cancelled }) => cancelled));
  const before = rig.checks;
  for (const kind of [NOTAR, SKIP, FINAL] as const) {
    assert.is(await rig.driver.onVote(ofVote(vote(0, kind, 2, boundaryHash))), 'ignore');
  }
  assert.is(await rig.driver.onProposal(ofProposal(propose(1, 2, 1, boundary)), 'peer'), 'ignore');
  assert.ok(await rig.driver.onCertificates([certificate(SKIP, 2)]));
  assert.is(rig.checks, before, 'and cost no check');
  assert.not(rig.log.includes('catch up'));
});

handover('a block that is built when its epoch has ended is not proposed', async () => {
  let built: () => void = () => undefined;
  const rig: Rig = new Rig(LEAVES, {
    blocks: {
      build: () =>
        new Promise((resolve) => {
          built = () => resolve({ block: boundary, hash: boundaryHash });
        }),
      verify: async () => ({ verdict: 'valid' }),
      finalize: async () => undefined,
      ...CARRIES_ALL,
    },
  });
  await rig.end();
  rig.sent.length = 0;
  built();
  await settle();
  assert.equal(rig.sent, []);
});

handover('who leads the first slot builds on the last block, with its Final in the new block', async () => {
  const rig = new Rig(2);
  await rig.end();
  rig.now += PARAMETERS.blockTime;
  rig.driver.onTransactions();
  await settle();
  assert.ok(rig.log.includes('build on 1/1'));
  const proposal = rig.sent.find((one): one is Proposal => 'block' in one && one.epoch === 2);
  assert.equal(proposal?.block.body.justification.parentCertificate, boundaryFinal);
  assert.is(proposal?.parentSlot, 0);
});

handover('members leave, stay and come', async () => {
  for (const [key, before, after] of [
    [LEAVES, [NOTAR, FINAL], []],
    [STAYS, [NOTAR], [NOTAR]],
    [COMES, [], [NOTAR]],
  ] as const) {
    const rig = new Rig(key);
    await rig.end();
    assert.is(await rig.driver.onProposal(ofProposal(firstProposal), 'peer'), 'accept');
    await settle();
    assert.equal(rig.votes(1), before.slice(0, 1), `key ${key} in the first epoch`);
    assert.equal(rig.votes(2), after, `key ${key} in the second epoch`);
  }
});

handover('the first block is judged under both sets: its Final under the old one', async () => {
  const rig = new Rig(STAYS);
  await rig.end();
  const asSecond = certificate(FINAL, 1, boundaryHash, [0, 1, 2], { epoch: 1, members: membersOf(5) });
  const weak = certificate(FINAL, 1, boundaryHash, [0, 1]);
  const notar = certificate(NOTAR, 1, boundaryHash);
  for (const wrong of [asSecond, weak, notar]) {
    const proposal = propose(0, 1, 0, firstBlock(wrong), [], SECOND);
    assert.is(await rig.driver.onProposal(ofProposal(proposal), 'peer'), 'reject');
  }
  const another = propose(0, 1, 0, firstBlock(certificate(FINAL, 1, boundaryHash, [1, 2, 3])), [], SECOND);
  assert.is(await rig.driver.onProposal(ofProposal(another), 'peer'), 'accept', 'whichever quorum it has');
});

handover('a node that lacks the Final learns it from the first block, and votes for that', async () => {
  let written: () => void = () => undefined;
  const rig: Rig = new Rig(STAYS, {
    blocks: {
      build: async () => undefined,
      verify: async () => ({ verdict: 'valid' }),
      finalize: () =>
        new Promise((resolve) => {
          written = resolve;
        }),
      ...CARRIES_ALL,
    },
  });
  await rig.driver.onProposal(ofProposal(propose(0, 1, 0, boundary)), 'peer');
  await settle();
  const verdict = rig.driver.onProposal(ofProposal(firstProposal), 'peer');
  await settle();
  const early = rig.driver.onVote(ofVote(vote(0, NOTAR, 1, headerHash(first.header), SECOND)));
  await settle();
  assert.is(rig.driver.core.epoch, 1);
  written();
  await settle();
  assert.is(rig.driver.core.epoch, 2);
  assert.is(await verdict, 'accept');
  assert.is(await early, 'accept');
  assert.equal(rig.votes(2), [NOTAR]);
  assert.not(rig.log.includes('catch up'));
});

handover('the first block of an epoch that has not ended so is its sender’s fault', async () => {
  const rig = new Rig(STAYS);
  const weak = propose(0, 1, 0, firstBlock(certificate(FINAL, 1, boundaryHash, [0, 1])), [], SECOND);
  assert.is(await rig.driver.onProposal(ofProposal(weak), 'peer'), 'reject');
  assert.is(rig.driver.core.epoch, 1);
});

handover('what waits for the next epoch is bounded, and let go when the driver stops', async () => {
  const rig: Rig = new Rig(STAYS, {
    epochs: { present: () => new Promise(() => undefined), boundaryFinal: async () => undefined },
  });
  await rig.end();
  const verdicts: string[] = [];
  const votes = Array.from({ length: 2100 }, (_, slot) => ({ ...vote(0, SKIP, 1, undefined, SECOND), slot }));
  for (const one of votes) void rig.driver.onVote(ofVote(one)).then((verdict) => verdicts.push(verdict));
  await settle();
  assert.is(verdicts.length, 2100 - 2048);
  void rig.driver.stop();
  await settle();
  assert.equal(
    verdicts.filter((verdict) => verdict !== 'ignore'),
    [],
  );
  assert.is(verdicts.length, 2100);
});

handover('messages of a later epoch ask for catching up, rarely, and are not looked at', async () => {
  const rig = new Rig(STAYS);
  const later = ofVote(vote(0, SKIP, 1, undefined, SECOND));
  for (let count = 0; count < 3; count++) assert.is(await rig.driver.onVote(later), 'ignore');
  const final = GossipVote.serialize({
    attempt: 0,
    message: { selector: 1, value: certificate(SKIP, 1, undefined, [0, 1, 2, 3], SECOND) },
  });
  assert.is(await rig.driver.onVote(final), 'ignore');
  assert.is(rig.checks, 0);
  const asked = () => rig.log.filter((what) => what === 'catch up').length;
  assert.is(asked(), 1);
  rig.now += PARAMETERS.resendInterval;
  await rig.driver.onVote(later);
  assert.is(asked(), 2);
});

handover('a chain that was synced past the epoch goes on where it is', async () => {
  const firstHash = headerHash(first.header);
  const final = certificate(FINAL, 3, firstHash, [0, 1, 2, 3], SECOND);
  const anchor = { slot: 3, hash: firstHash, header: first.header, certificate: final };
  const rig: Rig = new Rig(STAYS, {
    epochs: { present: async () => ({ ...startOf(2, STAYS), anchor }), boundaryFinal: async () => undefined },
  });
  rig.driver.onSynced(anchor);
  await settle();
  assert.equal(rig.log, ['begin 1', 'floor 2/3', 'rotate', 'begin 2']);
  assert.is(rig.driver.core.lastFinalSlot, 3);
  rig.driver.onSynced({ slot: 1, hash: boundaryHash, header: boundary.header, certificate: boundaryFinal });
  assert.is(rig.driver.core.lastFinalSlot, 3, 'what lies before it changes nothing');
});

handover('what is synced while the next epoch begins is not lost', async () => {
  const rig = new Rig(STAYS);
  const firstHash = headerHash(first.header);
  rig.driver.onSynced({ slot: 1, hash: boundaryHash, header: boundary.header, certificate: boundaryFinal });
  const final = certificate(FINAL, 3, firstHash, [0, 1, 2, 3], SECOND);
  rig.driver.onSynced({ slot: 3, hash: firstHash, header: first.header, certificate: final });
  await settle();
  assert.is(rig.driver.core.epoch, 2);
  assert.is(rig.driver.core.lastFinalSlot, 3);
});

handover('slot 0 of the epoch after this one is a block of this one, in the slot that its Final names', async () => {
  const rig = new Rig(STAYS);
  const firstHash = headerHash(first.header);
  rig.driver.onSynced({ slot: 1, hash: boundaryHash, header: boundary.header, certificate: boundaryFinal });
  await settle();
  const final = certificate(FINAL, 3, firstHash, [0, 1, 2, 3], SECOND);
  rig.driver.onSynced({ slot: 0, hash: firstHash, header: first.header, certificate: final });
  assert.is(rig.driver.core.epoch, 2);
  assert.is(rig.driver.core.lastFinalSlot, 3);
});

handover('while the new epoch stands still everybody tells stragglers how the old one ended', async () => {
  for (const key of [STAYS, LEAVES]) {
    const rig = new Rig(key);
    await rig.end();
    const tells = async () => {
      rig.sent.length = 0;
      rig.resend();
      await settle();
      return rig.sent.some((one) => 'bitmap' in one && one.epoch === 1 && equalBytes(one.hash, boundaryHash));
    };
    assert.not(await tells(), 'it has just begun');
    assert.ok(await tells());
    const firstHash = headerHash(first.header);
    await rig.driver.onProposal(ofProposal(firstProposal), 'peer');
    await rig.driver.onCertificates([certificate(FINAL, 1, firstHash, [0, 1, 2, 3], SECOND)]);
    await settle();
    await tells();
    assert.not(await tells(), 'it has a Final of its own');
  }
});

handover('who asks for certificates of an epoch that is over is answered with its last Final', async () => {
  const rig = new Rig(STAYS);
  assert.equal(await rig.driver.certificates(2, 1, 9), []);
  await rig.end();
  assert.equal(await rig.driver.certificates(1, 7, 9), [boundaryFinal]);
  assert.equal(await rig.driver.certificates(0, 1, 9), []);
  await rig.driver.onCertificates([certificate(SKIP, 1, undefined, [0, 1, 2, 3], SECOND)]);
  assert.equal(
    (await rig.driver.certificates(2, 1, 9)).map(({ epoch, slot }) => [epoch, slot]),
    [
      [1, 1],
      [2, 1],
    ],
  );
});

handover('signatures that the signer could not give are not asked for again in the next epoch', async () => {
  const asked: string[] = [];
  const rig: Rig = new Rig(STAYS, {
    signer: {
      signProposal: () => Promise.reject(new Error('away')),
      signVote: ({ epoch, slot }) => {
        asked.push(`${epoch}/${slot}`);
        return Promise.reject(Object.assign(new Error('away'), { isTransient: true }));
      },
      raiseFloor: async () => undefined,
      observed: async () => undefined,
      listened: async () => undefined,
    },
  });
  await rig.end();
  await rig.driver.onProposal(ofProposal(firstProposal), 'peer');
  await settle();
  assert.equal(asked, ['1/1', '2/1']);
  rig.resend();
  await settle();
  assert.equal(asked, ['1/1', '2/1', '2/1']);
});

handover('what the journal knows of a later epoch outlives the loss of the database', async () => {
  const own = { epoch: 2, validatorsRoot: SECOND.members.root, kind: SKIP, slot: 1, hash: new Uint8Array(32) } as const;
  const old = { epoch: 1, validatorsRoot: MEMBERS.root, kind: SKIP, slot: 1, hash: new Uint8Array(32) } as const;
  const records: JournalRecord[] = [
    { selector: 2, value: old },
    { selector: 2, value: own },
  ];
  const rig = new Rig(STAYS, {}, records);
  await rig.end();
  assert.equal(rig.votes(2), [SKIP], 'it is told again');
  assert.equal(
    rig.rotated?.map((bytes) => JournalRecord.deserialize(bytes).value.epoch),
    [2],
  );
});

handover('a chain that knows no next epoch stops the node', async () => {
  for (const present of [async () => startOf(1, STAYS), () => Promise.reject(new Error('the program is too old'))]) {
    const rig = new Rig(STAYS, { epochs: { present, boundaryFinal: async () => undefined } });
    await rig.end();
    assert.match(
      rig.log.at(-1) ?? '',
      /^fatal (epoch 1 is over, and the chain knows no next one|the program is too old)/,
    );
    assert.is(await rig.driver.onVote(ofVote(vote(0, SKIP, 2))), 'ignore');
    assert.ok(rig.timers.every(({ cancelled }) => cancelled));
  }
});

handover('a driver that is stopped on the way begins no other epoch', async () => {
  let go: (start: InstanceStart) => void = () => undefined;
  const rig: Rig = new Rig(STAYS, {
    epochs: {
      present: () =>
        new Promise((resolve) => {
          go = resolve;
        }),
      boundaryFinal: async () => undefined,
    },
  });
  await rig.end();
  const stopped = rig.driver.stop();
  go(startOf(2, STAYS));
  await stopped;
  assert.not(rig.log.includes('begin 2'));
});

handover.run();
