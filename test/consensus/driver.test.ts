// What the driver makes of failures around the core: which cost a message and which stop the node.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConsensusDriver } from '../../src/consensus/driver.ts';
import type { DriverDependencies, DriverObserver } from '../../src/consensus/ports.ts';
import { FINAL, NOTAR, SKIP, voteSigningBytes } from '../../src/primitives/consensus.ts';
import { GossipVote } from '../../src/primitives/wire.ts';
import { CARRIES_ALL } from '../helpers/compact.ts';
import { withTimeout } from '../helpers/timeout.ts';
import {
  certificate,
  GENESIS_BLOCK_HASH,
  GENESIS_HASH,
  instance,
  keyOf,
  NOW,
  ONE_EPOCH,
  verify,
  vote,
} from './fixtures.ts';

const driver = suite('consensus driver');
const SELF = 3;

/** A driver with a quick disk and without timers. */
function build(changes: { observer?: Partial<DriverObserver>; peers?: Partial<DriverDependencies['peers']> } = {}) {
  let fail: (error: Error) => void = () => undefined;
  const fatal = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  const consensus = new ConsensusDriver({
    instance: instance(SELF),
    epochs: ONE_EPOCH,
    genesisHash: GENESIS_HASH,
    verify,
    journal: { restored: [], size: 0, append: async () => undefined, rotate: async () => undefined },
    signer: {
      signProposal: async () => new Uint8Array(64),
      signVote: async (data) => keyOf(SELF).sign(voteSigningBytes(data, GENESIS_HASH)),
      raiseFloor: async () => undefined,
      observed: async () => undefined,
      listened: async () => undefined,
    },
    blocks: {
      build: async () => undefined,
      verify: async () => ({ verdict: 'valid' }),
      finalize: async () => undefined,
      ...CARRIES_ALL,
    },
    peers: {
      publishProposal: async () => undefined,
      publishVote: async () => undefined,
      fetchBlock: () => undefined,
      fetchCertificates: () => undefined,
      catchUp: () => undefined,
      isConnected: () => true,
      ...changes.peers,
    },
    clock: { now: () => NOW, random: () => 0, after: () => () => undefined },
    observer: {
      onBegin: () => undefined,
      onEvent: () => undefined,
      onEvidence: () => undefined,
      onRefused: () => undefined,
      onUnsent: () => undefined,
      onFatal: fail,
      ...changes.observer,
    },
  });
  return { consensus, fatal };
}

const bytesOf = (member: number) =>
  GossipVote.serialize({ attempt: 0, message: { selector: 0, value: vote(member, SKIP, 1) } });

driver('a message that can not be sent costs that message only', async () => {
  let unsent: (error: Error) => void = () => undefined;
  const failure = new Promise<Error>((resolve) => {
    unsent = resolve;
  });
  const { consensus } = build({
    peers: { publishVote: () => Promise.reject(new Error('no network')) },
    observer: { onUnsent: (error) => unsent(error) },
  });
  consensus.start();
  consensus.input({ type: 'timer', timer: { kind: 'slot', slot: 1 } });
  assert.is((await withTimeout(failure, 5000, 'the failure')).message, 'no network');
  assert.is(await consensus.onVote(bytesOf(0)), 'accept');
  await consensus.stop();
});

driver('an output that was not executed stops the node', async () => {
  const { consensus, fatal } = build({
    observer: {
      onBegin: () => undefined,
      onEvent(event) {
        if (event.type === 'skipped') throw new Error('a listener broke');
      },
    },
  });
  consensus.start();
  await consensus.onCertificates([certificate(SKIP, 1)]);
  assert.is((await withTimeout(fatal, 5000, 'the end')).message, 'a listener broke');
  assert.is(await consensus.onVote(bytesOf(0)), 'ignore');
});

driver('nothing comes in before the start or after the stop', async () => {
  const { consensus } = build();
  assert.is(await consensus.onVote(bytesOf(0)), 'ignore');
  await consensus.onCertificates([
    certificate(NOTAR, 1, GENESIS_BLOCK_HASH),
    certificate(FINAL, 1, GENESIS_BLOCK_HASH),
  ]);
  assert.is(consensus.core.lastFinalSlot, 0);
  consensus.start();
  assert.is(await consensus.onVote(bytesOf(0)), 'accept');
  await consensus.stop();
  assert.is(await consensus.onVote(bytesOf(1)), 'ignore');
});

driver.run();
