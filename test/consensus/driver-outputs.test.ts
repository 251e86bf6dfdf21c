// What the driver does with each output of the core, and in what order: durable before sent, floor before pruned.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConsensusDriver } from '../../src/consensus/driver.ts';
import type { DriverDependencies } from '../../src/consensus/ports.ts';
import { headerHash, type Proposal } from '../../src/primitives/block.ts';
import { FINAL, NOTAR, proposalSigningBytes, SKIP, voteSigningBytes } from '../../src/primitives/consensus.ts';
import { evidenceKind } from '../../src/primitives/evidence.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { JournalRecord } from '../../src/primitives/journal.ts';
import { GossipProposal, GossipVote } from '../../src/primitives/wire.ts';
import { CARRIES_ALL, compactProposal, wholeProposal } from '../helpers/compact.ts';
import {
  certificate,
  GENESIS_BLOCK_HASH,
  GENESIS_HASH,
  instance,
  keyOf,
  MEMBERS,
  makeBlock,
  NOW,
  ONE_EPOCH,
  PARAMETERS,
  propose,
  verify,
  vote,
} from './fixtures.ts';

const outputs = suite('consensus driver, output by output');
const block = makeBlock(1, GENESIS_BLOCK_HASH, 0);
const hash = headerHash(block.header);
const LARGE = 64 * 1024 * 1024;

/** Whatever is asked of the rooms around, in order. */
class Rig {
  readonly log: string[] = [];
  readonly proposals: Proposal[] = [];
  readonly timers: { milliseconds: number; call: () => void; cancelled: boolean }[] = [];
  rotated: readonly Uint8Array[] = [];
  readonly driver: ConsensusDriver;

  constructor(self: number | undefined, changes: Partial<DriverDependencies> = {}) {
    const key = keyOf(self ?? 0);
    this.driver = new ConsensusDriver({
      instance: instance(self),
      epochs: ONE_EPOCH,
      genesisHash: GENESIS_HASH,
      verify,
      journal: this.journal(),
      signer: {
        signProposal: async (data) => key.sign(proposalSigningBytes(data, GENESIS_HASH)),
        signVote: async (data) => key.sign(voteSigningBytes(data, GENESIS_HASH)),
        raiseFloor: async (epoch, slot) => this.note(`floor ${epoch}/${slot}`),
        observed: async () => undefined,
        listened: async () => undefined,
      },
      blocks: {
        build: async () => ({ block, hash }),
        verify: async () => ({ verdict: 'valid' }),
        finalize: async () => this.note('finalize'),
        ...CARRIES_ALL,
      },
      peers: {
        isConnected: () => true,
        publishProposal: async (bytes) => {
          this.proposals.push(wholeProposal(GossipProposal.deserialize(bytes).proposal));
          this.note('proposal');
        },
        publishVote: async (bytes) => {
          const { message } = GossipVote.deserialize(bytes);
          if (message.selector === 2) throw new TypeError('the driver publishes no evidence');
          this.note(message.selector === 0 ? `vote ${message.value.kind}` : `certificate ${message.value.kind}`);
        },
        fetchBlock: () => this.note('fetch block'),
        fetchCertificates: (epoch, from, to) => this.note(`fetch certificates ${epoch}/${from}-${to}`),
        catchUp: () => this.note('behind'),
      },
      clock: {
        now: () => NOW,
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
        onBegin: () => undefined,
        onEvent: () => undefined,
        onEvidence: (found) => this.note(`evidence ${evidenceKind(found)} ${MEMBERS.indexOf(found.publicKey)}`),
        onRefused: ({ message }) => this.note(`refused ${message}`),
        onUnsent: ({ message }) => this.note(`unsent ${message}`),
        onFatal: ({ message }) => this.note(`fatal ${message}`),
      },
      ...changes,
    });
  }

  journal(changes: Partial<DriverDependencies['journal']> = {}): DriverDependencies['journal'] {
    const rotate = async (keep: readonly Uint8Array[]) => {
      this.rotated = keep;
      this.note('rotate');
    };
    return { restored: [], size: 0, append: async () => undefined, rotate, ...changes };
  }

  note(what: string): void {
    this.log.push(what);
  }
}

const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
};

outputs('a leader has its block built, signs it, and sends it when it is durable', async () => {
  let written: () => void = () => undefined;
  const disk = new Promise<void>((resolve) => {
    written = resolve;
  });
  const rig: Rig = new Rig(0, {
    journal: { restored: [], size: 0, append: () => disk, rotate: async () => undefined },
  });
  rig.driver.start();
  await settle();
  assert.equal(rig.log, [], 'the disk is not done');
  written();
  await settle();
  assert.equal(rig.log, ['proposal', `vote ${NOTAR}`]);
  const other = new Rig(3);
  other.driver.start();
  const [proposal] = rig.proposals as [Proposal];
  assert.is(
    await other.driver.onProposal(
      GossipProposal.serialize({ attempt: 0, proposal: compactProposal(proposal) }),
      'peer',
    ),
    'accept',
  );
  await settle();
  assert.equal(other.log, [`vote ${NOTAR}`]);
});

outputs('a commit raises the floor of the signer before the journal forgets', async () => {
  const journal = { restored: [], size: LARGE, append: async () => undefined };
  const rig: Rig = new Rig(3, {
    journal: {
      ...journal,
      rotate: async (keep) => {
        rig.rotated = keep;
        rig.note('rotate');
      },
    },
  });
  rig.driver.start();
  await rig.driver.onProposal(
    GossipProposal.serialize({ attempt: 0, proposal: compactProposal(propose(0, 1, 0, block)) }),
    'peer',
  );
  await settle();
  await rig.driver.onCertificates([certificate(SKIP, 2), certificate(FINAL, 1, hash)]);
  await settle();
  assert.equal(
    rig.log.filter((what) => !/^(vote|certificate)/.test(what)),
    ['finalize', 'floor 1/1', 'rotate'],
  );
  const kept = rig.rotated.map((bytes) => JournalRecord.deserialize(bytes)).map(({ value }) => value.slot);
  assert.equal(kept, [1, 2], 'the Final, and what is above it');
});

outputs('what the signer refuses costs the vote only', async () => {
  const rig: Rig = new Rig(3, {
    signer: {
      signProposal: async () => Promise.reject(new Error('a rule')),
      signVote: async () => Promise.reject(new Error('a rule')),
      raiseFloor: async () => undefined,
      observed: async () => undefined,
      listened: async () => undefined,
    },
  });
  rig.driver.start();
  rig.driver.input({ type: 'timer', timer: { kind: 'slot', slot: 1 } });
  await settle();
  assert.equal(rig.log, ['refused a rule']);
  await rig.driver.onCertificates([certificate(SKIP, 1)]);
  assert.is(rig.driver.core.front, 2);
});

outputs('a node that only follows signs nothing', async () => {
  const rig = new Rig(undefined, { signer: undefined });
  rig.driver.start();
  await rig.driver.onProposal(
    GossipProposal.serialize({ attempt: 0, proposal: compactProposal(propose(0, 1, 0, block)) }),
    'peer',
  );
  await rig.driver.onCertificates([certificate(FINAL, 1, hash)]);
  await settle();
  assert.equal(rig.log, ['finalize']);
});

for (const [name, changes] of [
  ['a journal that can not be written', { append: () => Promise.reject(new Error('the disk')) }],
  ['a journal that can not be rewritten', { size: LARGE, rotate: () => Promise.reject(new Error('the disk')) }],
] as const) {
  outputs(`${name} stops the node`, async () => {
    const journal = { restored: [], size: 0, append: async () => undefined, rotate: async () => undefined };
    const rig = new Rig(3, { journal: { ...journal, ...changes } });
    rig.driver.start();
    await rig.driver.onProposal(
      GossipProposal.serialize({ attempt: 0, proposal: compactProposal(propose(0, 1, 0, block)) }),
      'peer',
    );
    await rig.driver.onCertificates([certificate(FINAL, 1, hash)]);
    await settle();
    assert.equal(
      rig.log.filter((what) => what.startsWith('fatal')),
      ['fatal the disk'],
    );
    assert.is(await rig.driver.onVote(new Uint8Array()), 'ignore', 'and takes nothing more');
    assert.ok(rig.timers.every(({ cancelled }) => cancelled));
  });
}

outputs('two conflicting Finals stop the node, and both are named', async () => {
  const rig = new Rig(3);
  rig.driver.start();
  const other = sha256(Uint8Array.of(3));
  await rig.driver.onCertificates([certificate(FINAL, 5, hash), certificate(FINAL, 5, other)]);
  const said = rig.log.find((what) => what.startsWith('fatal')) ?? '';
  for (const one of [hash, other]) assert.ok(said.includes(Buffer.from(one).toString('hex')), said);
});

outputs('evidence, fetches and being behind are told to the rooms around', async () => {
  const rig = new Rig(undefined, { signer: undefined });
  rig.driver.start();
  for (const kind of [SKIP, FINAL] as const) {
    const value = vote(1, kind, 1, hash);
    await rig.driver.onVote(GossipVote.serialize({ attempt: 0, message: { selector: 0, value } }));
  }
  const proposal = propose(1, 2, 1, makeBlock(2, hash, 1));
  await rig.driver.onProposal(GossipProposal.serialize({ attempt: 0, proposal: compactProposal(proposal) }), 'peer');
  const far = makeBlock(500, hash, 1);
  const farHash = headerHash(far.header);
  await rig.driver.onCertificates([certificate(FINAL, 600, farHash)]);
  rig.driver.onBlock(farHash, far);
  assert.equal(rig.log, ['evidence SKIP_AND_FINAL 1', 'fetch certificates 1/1-1', 'fetch block', 'behind']);
  assert.is(await rig.driver.onCertificates([certificate(NOTAR, 601, hash, [0])]), false, 'below the quorum');
});

outputs('transactions that come together are one input; timers are given back and end with the driver', async () => {
  const builds: boolean[] = [];
  const rig = new Rig(0, {
    blocks: {
      build: async ({ allowEmpty }) => {
        builds.push(allowEmpty);
        return undefined;
      },
      verify: async () => ({ verdict: 'valid' }),
      finalize: async () => undefined,
      ...CARRIES_ALL,
    },
  });
  rig.driver.start();
  await settle();
  assert.equal(builds, [true], 'the first slot after genesis does not wait');
  const propose = rig.timers.find(({ milliseconds }) => milliseconds === PARAMETERS.messageDelay);
  propose?.call();
  for (let count = 0; count < 3; count++) rig.driver.onTransactions();
  await settle();
  assert.is(builds.length, 1, 'not before its time');
  const resend = rig.timers.find(({ milliseconds }) => milliseconds === 1.25 * PARAMETERS.resendInterval);
  assert.ok(resend, 'the spread is drawn');
  await rig.driver.stop();
  assert.ok(rig.timers.filter((timer) => timer !== propose).every(({ cancelled }) => cancelled));
  rig.driver.onTransactions();
  await settle();
  assert.is(builds.length, 1);
});

outputs.run();
