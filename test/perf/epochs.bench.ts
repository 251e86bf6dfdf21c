// What epochs cost: recording a block's votes, ending an epoch, and the bytes that votes take in a block. Run with
// `node --import tsx test/perf/epochs.bench.ts`. Prints; it is no part of the tests.

import { beginBlock, endBlock } from '../../src/ledger/block.ts';
import { initializeState } from '../../src/ledger/genesis.ts';
import { activity, currentEpoch, epochs } from '../../src/ledger/records.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { Justification } from '../../src/primitives/block.ts';
import { compareBytes } from '../../src/primitives/bytes.ts';
import { BitArray, NOTAR } from '../../src/primitives/consensus.ts';
import { Activity, EpochRecord } from '../../src/primitives/epoch.ts';
import { CONSENSUS_MODES, type Genesis } from '../../src/primitives/genesis.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { quorumOf } from '../../src/primitives/validators.ts';
import { Overlay } from '../../src/state/overlay.ts';
import { NOW, PARAMETERS } from '../ledger/build.ts';
import { MapSource } from '../state/map-source.ts';
import { cpuMicroseconds, median, report } from './cpu.ts';

const BLOCKS = 400;
/** of an epoch, where boundaries are measured */
const EPOCH_BLOCKS = 4;
const BLOCK_TIME = 1_000;
const AIT = 1_000_000_000n;
const SIGNATURE = new Uint8Array(64);
const FAR = 1_000_000_000;

function operator(index: number) {
  const publicKey = sha256(Uint8Array.of(index, index >> 8));
  return { publicKey, address: addressOf(publicKey) };
}

/** Half authorities, half stakers, and more stakers who get no seat. */
function genesisOf(members: number, unseated: number, epochDuration: number): Genesis {
  const ordered = Array.from({ length: members + unseated }, (_, index) => operator(index));
  const byAddress = <T extends { address: Uint8Array }>(list: T[]) =>
    list.sort((a, b) => compareBytes(a.address, b.address));
  const seats = members >> 1;
  const stakers = ordered.slice(members - seats).map((one, index) => ({
    ...one,
    commission: 50_000,
    selfBond: BigInt(2_000 - index) * AIT,
  }));
  return {
    chainId: new Uint8Array(0),
    genesisTime: NOW,
    mode: CONSENSUS_MODES.indexOf('hybrid'),
    parameters: { ...PARAMETERS, epochDuration, maxStakers: seats, epochReward: AIT, blockTime: 1 },
    authorities: byAddress(ordered.slice(0, members - seats)),
    stakers: byAddress(stakers),
    accounts: stakers.map(({ address, selfBond }) => ({ address, balance: selfBond })),
  };
}

/** Blocks in which `present` members' votes are in the certificate and the others' come a block late. */
function run(genesis: Genesis, present: (members: number) => number) {
  const store = new MapSource();
  const first = new Overlay(store);
  initializeState(first, genesis);
  first.seal();
  store.write(first.changes);
  const begin: number[] = [];
  const end: number[] = [];
  const seal: number[] = [];
  let justificationBytes = 0;
  let previous: { epoch: number; slot: number; hash: Uint8Array } | undefined;
  let parent: { epoch: number; slot: number; hash: Uint8Array } | undefined;
  for (let height = 1; height <= BLOCKS; height++) {
    const overlay = new Overlay(store);
    const { epoch, validators } = currentEpoch(overlay);
    const voters = parent?.epoch === epoch ? present(validators.length) : validators.length;
    const bitmap = BitArray.fromBitLen(validators.length);
    for (let member = 0; member < voters; member++) bitmap.set(member, true);
    const signatures = Array.from({ length: voters }, () => SIGNATURE);
    const late = validators.length - present(validators.length);
    const placed = previous;
    const justification: Justification = {
      parentCertificate: parent === undefined ? null : { ...parent, kind: NOTAR, bitmap, signatures },
      lateVotes:
        placed === undefined || placed.epoch !== epoch || parent?.epoch !== epoch
          ? []
          : Array.from({ length: late }, (_, index) => {
              return { ...placed, kind: NOTAR, member: validators.length - 1 - index, signature: SIGNATURE };
            }),
    };
    justificationBytes = Justification.serialize(justification).length;
    const hash = sha256(Uint8Array.of(1, height, height >> 8));
    const header = { height, timestamp: NOW + height * BLOCK_TIME, parent: hash, proposer: operator(0).address };
    let context: ReturnType<typeof beginBlock> | undefined;
    begin.push(
      cpuMicroseconds(() => {
        context = beginBlock(overlay, { header, justification });
      }),
    );
    const begun = context;
    if (begun !== undefined) end.push(cpuMicroseconds(() => endBlock(overlay, begun)));
    seal.push(cpuMicroseconds(() => overlay.seal()));
    store.write(overlay.changes);
    previous = parent;
    parent = { epoch, slot: parent?.epoch === epoch ? parent.slot + 1 : 1, hash };
  }
  return { store, begin, end, seal, justificationBytes };
}

/** Of one value for each block those of the blocks that end epochs. */
const boundaries = (values: readonly number[]) => values.filter((_, index) => (index + 1) % EPOCH_BLOCKS === 0);
const all = (members: number) => members;
const quorum = (members: number) => quorumOf(members);

for (const members of [4, 100, 512]) {
  const genesis = genesisOf(members, 0, FAR);
  const full = run(genesis, all);
  const late = run(genesis, quorum);
  report(`beginBlock, ${members} members, all in the certificate`, median(full.begin), 'µs CPU');
  report(`beginBlock, ${members} members, a third of them late`, median(late.begin), 'µs CPU');
  report(`endBlock within an epoch, ${members} members`, median(full.end), 'µs CPU');
  report(`seal, nothing but the activity, ${members} members`, median(full.seal), 'µs CPU');
  report(`justification, ${members} members, all in the certificate`, full.justificationBytes, 'bytes');
  report(`justification, ${members} members, a third of them late`, late.justificationBytes, 'bytes');
  report(`Activity, ${members} members`, Activity.serialize(activity.get(full.store)).length, 'bytes');
  report(`EpochRecord, ${members} members`, EpochRecord.serialize(epochs.get(full.store, 1)).length, 'bytes');
}
for (const [members, unseated] of [
  [100, 0],
  [100, 900],
  [512, 0],
] as const) {
  const { end, seal } = run(genesisOf(members, unseated, EPOCH_BLOCKS * BLOCK_TIME), all);
  report(`boundary, ${members} members, ${unseated} other candidates`, median(boundaries(end)) / 1000, 'ms CPU');
  report('seal after it', median(boundaries(seal)) / 1000, 'ms CPU');
}
