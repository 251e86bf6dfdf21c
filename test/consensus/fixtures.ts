// A consensus core by itself: validators with real keys, and helpers that make the messages of the others.

import { SerializedList } from '@chainsafe/ssz';
import { Admission } from '../../src/consensus/admission.ts';
import { BlockTree } from '../../src/consensus/block-tree.ts';
import { assembleCertificate } from '../../src/consensus/certificate.ts';
import { Simplex } from '../../src/consensus/core.ts';
import { Execution } from '../../src/consensus/execution.ts';
import { Justification } from '../../src/consensus/justification.ts';
import { Members } from '../../src/consensus/members.ts';
import type { EpochPort } from '../../src/consensus/ports.ts';
import { Silence } from '../../src/consensus/silence.ts';
import { Slots } from '../../src/consensus/slots.ts';
import type { Emit, Input, InstanceConfig, InstanceStart, Output } from '../../src/consensus/types.ts';
import { Witness } from '../../src/consensus/witness.ts';
import { KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { type Block, headerHash, type Proposal } from '../../src/primitives/block.ts';
import { compareBytes, equalBytes } from '../../src/primitives/bytes.ts';
import {
  type Certificate,
  proposalSigningBytes,
  SKIP,
  type Vote,
  type VoteKind,
  voteSigningBytes,
} from '../../src/primitives/consensus.ts';
import { evidenceKind, verifyEvidence } from '../../src/primitives/evidence.ts';
import { type Hash, sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import { LeaderSchedule } from '../../src/primitives/schedule.ts';
import type { SignatureCheck } from '../../src/primitives/signing.ts';
import { EPOCH_PARAMETERS } from '../helpers/parameters.ts';

export const GENESIS_HASH = sha256(Uint8Array.of(7));
export const NOW = 1_700_000_000_000;

/** As on the devnet, except that transactions are free. */
export const PARAMETERS: Parameters = {
  minFee: 0n,
  feePerByte: 0n,
  accountFee: 0n,
  maxBlockBytes: 1 << 20,
  blockTime: 1000,
  minBlockInterval: 100,
  messageDelay: 250,
  executionAllowance: 250,
  timerCap: 16_000,
  resendInterval: 1500,
  ...EPOCH_PARAMETERS,
};

const keys = Array.from({ length: 7 }, (_, index) => new KeyPair(new Uint8Array(32).fill(index + 1))).sort((a, b) =>
  compareBytes(a.publicKey, b.publicKey),
);

export function membersOf(count: number, weights: readonly number[] = []): Members {
  return new Members(
    keys.slice(0, count).map(({ publicKey }, index) => ({
      publicKey,
      address: addressOf(publicKey),
      weight: weights[index] ?? 1,
    })),
  );
}

export function keyOf(member: number): KeyPair {
  return keys[member] as KeyPair;
}

/** The key of a member of a set of these keys. */
export function keyIn(members: Members, member: number): KeyPair {
  return keys.find(({ publicKey }) => equalBytes(publicKey, members.at(member).publicKey)) as KeyPair;
}

export const MEMBERS = membersOf(4);

export function makeBlock(
  height: number,
  parent: Hash,
  proposer: number,
  changes: Partial<Block['header']> = {},
): Block {
  return {
    header: {
      height,
      epoch: 1,
      timestamp: NOW + height,
      parent,
      proposer: MEMBERS.at(proposer).address,
      transactionsRoot: ZERO_HASH,
      receiptsRoot: ZERO_HASH,
      stateRoot: ZERO_HASH,
      validatorsRoot: MEMBERS.root,
      nextValidatorsRoot: MEMBERS.root,
      justificationHash: ZERO_HASH,
      ...changes,
    },
    body: { justification: { parentCertificate: null, lateVotes: [] }, transactions: SerializedList.empty() },
  };
}

export const GENESIS_BLOCK = makeBlock(0, ZERO_HASH, 0);
export const GENESIS_BLOCK_HASH = headerHash(GENESIS_BLOCK.header);

/** The first two blocks. With equal weights the leaders take turns by index: slot 1 is member 0's. */
export const block1 = makeBlock(1, GENESIS_BLOCK_HASH, 0);
export const hash1 = headerHash(block1.header);
export const block2 = makeBlock(2, hash1, 1);
export const hash2 = headerHash(block2.header);

/** What a core or a driver begins with at genesis. @param self undefined for a node that only follows */
export function instance(self: number | undefined): InstanceStart {
  return {
    epoch: 1,
    members: MEMBERS,
    self,
    parameters: PARAMETERS,
    anchor: { slot: 0, hash: GENESIS_BLOCK_HASH, header: GENESIS_BLOCK.header, certificate: undefined },
    epochEnd: Number.POSITIVE_INFINITY,
  };
}

export async function verify(checks: readonly SignatureCheck[]): Promise<boolean[]> {
  return checks.map(({ publicKey, message, signature }) => verifyNative(publicKey, message, signature));
}

/** Who votes in an epoch. */
export interface Electorate {
  readonly epoch: number;
  readonly members: Members;
}
const FIRST: Electorate = { epoch: 1, members: MEMBERS };

export function vote(
  member: number,
  kind: VoteKind,
  slot: number,
  hash: Hash = ZERO_HASH,
  { epoch, members } = FIRST,
): Vote {
  const data = { epoch, validatorsRoot: members.root, kind, slot, hash: kind === SKIP ? ZERO_HASH : hash };
  const signature = keyIn(members, member).sign(voteSigningBytes(data, GENESIS_HASH));
  return { epoch, kind, slot, hash: data.hash, member, signature };
}

export function certificate(
  kind: VoteKind,
  slot: number,
  hash?: Hash,
  voters: readonly number[] = [0, 1, 2],
  electorate = FIRST,
): Certificate {
  const votes = voters.map((member) => [member, vote(member, kind, slot, hash, electorate)] as const);
  return assembleCertificate(new Map(votes), electorate.members);
}

export function propose(
  leader: number,
  slot: number,
  parentSlot: number,
  block: Block,
  attached: Certificate[] = [],
  { epoch, members } = FIRST,
): Proposal {
  const data = { epoch, validatorsRoot: members.root, slot, hash: headerHash(block.header), parentSlot };
  const signature = keyIn(members, leader).sign(proposalSigningBytes(data, GENESIS_HASH));
  return { epoch, slot, parentSlot, signature, block, certificates: attached };
}

/** For drivers whose epoch does not end. */
export const ONE_EPOCH: EpochPort = {
  present: () => Promise.reject(new Error('there is one epoch')),
  boundaryFinal: async () => undefined,
};

/** A core with a clock, and everything it has asked for. */
export class Bench {
  readonly core: Simplex;
  now = NOW;
  outputs: Output[] = [];

  constructor(
    self: number | undefined,
    changes: Partial<InstanceConfig> = {},
    start: 'started' | 'not started' = 'started',
  ) {
    this.core = new Simplex({ ...instance(self), restored: [], ...changes });
    if (start === 'started') this.give({ type: 'start' });
  }

  /** @returns the outputs of this input alone. */
  give(input: Input): Output[] {
    const outputs = this.core.step(input, this.now);
    this.outputs.push(...outputs);
    return outputs;
  }

  propose(proposal: Proposal): Output[] {
    return this.give({ type: 'proposal', proposal, hash: headerHash(proposal.block.header) });
  }

  certify(...certificates: Certificate[]): Output[] {
    return certificates.flatMap((one) => this.give({ type: 'certificate', certificate: one }));
  }

  /** Says that every block asked about is valid, until nothing more is asked. */
  executeAll(outputs: Output[]): Output[] {
    const verify = outputs.filter((output) => output.type === 'verify');
    return verify.flatMap(({ hash }) => {
      const next = this.give({ type: 'verdict', hash, verdict: 'valid' });
      return [...next, ...this.executeAll(next)];
    });
  }
}

/** What the rules of a core share, without the core; what they ask for is in `outputs`. */
export function parts(self: number | undefined, changes: Partial<InstanceConfig> = {}) {
  const config: InstanceConfig = { ...instance(self), restored: [], ...changes };
  const outputs: Output[] = [];
  const emit: Emit = (output) => outputs.push(output);
  const schedule = new LeaderSchedule(config.members.list);
  const slots = new Slots(config.anchor);
  const blocks = new BlockTree(config.anchor.hash, config.anchor.header);
  const silence = new Silence(config.members);
  const shared = { config, schedule, slots, blocks, silence, execution: new Execution(blocks, emit), emit };
  const justification = new Justification(shared);
  return { ...shared, justification, admission: new Admission(shared), witness: new Witness(shared), outputs };
}

/** Kinds and slots of the votes that outputs ask the signer for. */
export function votesIn(outputs: readonly Output[]): [kind: number, slot: number][] {
  return outputs.flatMap((output) =>
    output.type === 'signVote' ? [[output.data.kind, output.data.slot] as [number, number]] : [],
  );
}

export function ofType<T extends Output['type']>(outputs: readonly Output[], type: T): Extract<Output, { type: T }>[] {
  return outputs.filter((output): output is Extract<Output, { type: T }> => output.type === type);
}

/** Kind, member and slot of the evidence that outputs tell of; all of it must prove itself. */
export function evidenceIn(outputs: readonly Output[]): [kind: string, member: number, slot: number][] {
  return ofType(outputs, 'evidence').map(({ evidence }) => {
    const fault = verifyEvidence(evidence, GENESIS_HASH);
    if (fault !== undefined) throw new Error(`evidence that proves nothing: ${fault}`);
    return [evidenceKind(evidence) ?? '', MEMBERS.indexOf(evidence.publicKey) ?? -1, evidence.slot];
  });
}
