// Vectors of genesis, blocks and consensus messages: two blocks that follow from the genesis of the fixture.

import { SerializedList } from '@chainsafe/ssz';
import { encodedTransactions, receiptsRoot, transactionsRoot } from '../../src/chain/body.ts';
import { genesisBlock } from '../../src/chain/genesis.ts';
import { Members } from '../../src/consensus/members.ts';
import { beginBlock, endBlock } from '../../src/ledger/block.ts';
import { executeTransaction } from '../../src/ledger/execute.ts';
import { genesisSet, initializeState } from '../../src/ledger/genesis.ts';
import { checkTransaction } from '../../src/ledger/rules.ts';
import {
  type Block,
  Body,
  CompactBlock,
  CompactProposal,
  Header,
  headerHash,
  Justification,
  justificationHash,
} from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import {
  BitArray,
  Certificate,
  FINAL,
  NOTAR,
  type ProposalData,
  ProposalData as ProposalDataType,
  proposalSigningBytes,
  SKIP,
  Vote,
  type VoteData,
  VoteData as VoteDataType,
  type VoteKind,
  voteSigningBytes,
} from '../../src/primitives/consensus.ts';
import { sign } from '../../src/primitives/ed25519.ts';
import { FIRST_EPOCH } from '../../src/primitives/epoch.ts';
import { Genesis } from '../../src/primitives/genesis.ts';
import { type Hash, ZERO_HASH } from '../../src/primitives/hash.ts';
import { type JsonValue, toJson } from '../../src/primitives/json.ts';
import { Receipt } from '../../src/primitives/receipt.ts';
import { LeaderSchedule } from '../../src/primitives/schedule.ts';
import { Validator, validatorsRoot } from '../../src/primitives/validators.ts';
import { compactProposal } from '../helpers/compact.ts';
import { GENESIS, GENESIS_HASH, type Key, VALIDATORS } from './fixture.ts';
import { FlatState } from './flat-state.ts';
import { FIRST_BLOCK_TRANSACTIONS } from './transaction-vectors.ts';

const SET = genesisSet(GENESIS);
const ROOT = validatorsRoot(SET);
const MEMBERS = new Members(SET);
const SCHEDULE = new LeaderSchedule(SET);
const EPOCH = FIRST_EPOCH;

interface Step {
  readonly block: Block;
  readonly hash: Hash;
  readonly receipts: readonly Receipt[];
  readonly state: JsonValue;
}

function member(index: number): Key {
  const key = VALIDATORS[index];
  if (key === undefined) throw new RangeError(`no validator ${index}`);
  return key;
}

function voteData(kind: VoteKind, slot: number, hash: Hash): VoteData {
  return { epoch: EPOCH, validatorsRoot: ROOT, kind, slot, hash };
}

function vote(data: VoteData, index: number): Vote {
  const { epoch, kind, slot, hash } = data;
  const signature = sign(member(index).seed, voteSigningBytes(data, GENESIS_HASH));
  return { epoch, kind, slot, hash, member: index, signature };
}

function certificate(data: VoteData, members: readonly number[]): Certificate {
  const { epoch, kind, slot, hash } = data;
  const bitmap = BitArray.fromBitLen(VALIDATORS.length);
  for (const index of members) bitmap.set(index, true);
  return { epoch, kind, slot, hash, bitmap, signatures: members.map((index) => vote(data, index).signature) };
}

/** Block 0, block 1 with three transactions in slot 1, and an empty block 2 in slot 3, after slot 2 was skipped. */
function chain(): [Step, Step, Step] {
  const state = new FlatState();
  initializeState(state, GENESIS);
  const { block, hash } = genesisBlock(GENESIS, { get: () => undefined, getNode: () => undefined });
  const steps: Step[] = [{ block, hash, receipts: [], state: state.json() }];

  const follow = (
    slot: number,
    timestamp: number,
    envelopes: readonly (typeof FIRST_BLOCK_TRANSACTIONS)[number][],
    parentCertificate: Certificate | null,
  ) => {
    const parent = steps[steps.length - 1] as Step;
    const height = parent.block.header.height + 1;
    const proposer = member(SCHEDULE.leader(slot)).address;
    const justification = { parentCertificate, lateVotes: [] };
    const context = beginBlock(state, { header: { height, timestamp, parent: parent.hash, proposer }, justification });
    const receipts = envelopes.map((envelope) => {
      const reason = checkTransaction(state, envelope, context);
      if (reason !== undefined) throw new Error(`a transaction of the vectors is invalid: ${reason}`);
      return executeTransaction(state, envelope, context);
    });
    endBlock(state, context);
    const header: Header = {
      height,
      epoch: EPOCH,
      timestamp,
      parent: parent.hash,
      proposer,
      transactionsRoot: transactionsRoot(envelopes.map(({ id }) => id)),
      receiptsRoot: receiptsRoot(receipts),
      stateRoot: state.root(),
      validatorsRoot: ROOT,
      nextValidatorsRoot: ROOT,
      justificationHash: justificationHash(justification),
    };
    const body = { justification, transactions: encodedTransactions(envelopes) };
    steps.push({ block: { header, body }, hash: headerHash(header), receipts, state: state.json() });
  };

  follow(1, GENESIS.genesisTime + 1_000, FIRST_BLOCK_TRANSACTIONS, null);
  const first = steps[1] as Step;
  follow(3, GENESIS.genesisTime + 2_250, [], certificate(voteData(NOTAR, 1, first.hash), [1, 2, 3]));
  return steps as [Step, Step, Step];
}

const STEPS = chain();

export function genesisVectors(): JsonValue {
  const [zero] = STEPS;
  return {
    about: 'A genesis, its hash, and block 0 that follows from it.',
    json: toJson(Genesis, GENESIS),
    ssz: toHex(Genesis.serialize(GENESIS)),
    genesis_hash: toHex(GENESIS_HASH),
    validators: SET.map((validator) => toJson(Validator, validator)),
    validators_ssz: SET.map((validator) => toHex(Validator.serialize(validator))),
    validators_root: toHex(ROOT),
    state: zero.state,
    state_root: toHex(zero.block.header.stateRoot),
    header: toJson(Header, zero.block.header),
    header_ssz: toHex(Header.serialize(zero.block.header)),
    hash: toHex(zero.hash),
  };
}

export function blockVectors(): JsonValue {
  const [, ...blocks] = STEPS;
  return {
    about:
      'Blocks 1 and 2 on the genesis of genesis.json. `state` is the whole flat state after the block, ' +
      'whose root is `state_root` in the header; receipts are in the order of the transactions.',
    blocks: blocks.map(({ block, hash, receipts, state }) => ({
      header: toJson(Header, block.header),
      header_ssz: toHex(Header.serialize(block.header)),
      hash: toHex(hash),
      justification: toJson(Justification, block.body.justification),
      justification_ssz: toHex(Justification.serialize(block.body.justification)),
      transaction_ids: Array.from(block.body.transactions, (_, index) =>
        toHex(FIRST_BLOCK_TRANSACTIONS[index]?.id ?? ZERO_HASH),
      ),
      body_ssz: toHex(Body.serialize(block.body)),
      receipts: receipts.map((receipt) => toJson(Receipt, receipt)),
      receipts_ssz: receipts.map((receipt) => toHex(Receipt.serialize(receipt))),
      state,
    })),
  };
}

function voteVector(data: VoteData, index: number): JsonValue {
  const signed = vote(data, index);
  return {
    seed: toHex(member(index).seed),
    data: toJson(VoteDataType, data),
    data_ssz: toHex(VoteDataType.serialize(data)),
    signing_bytes: toHex(voteSigningBytes(data, GENESIS_HASH)),
    vote: toJson(Vote, signed),
    vote_ssz: toHex(Vote.serialize(signed)),
  };
}

function certificateVector(data: VoteData, members: readonly number[]): JsonValue {
  const value = certificate(data, members);
  return { members: [...members], certificate: toJson(Certificate, value), ssz: toHex(Certificate.serialize(value)) };
}

export function consensusVectors(): JsonValue {
  const [, first, second] = STEPS;
  const skips = [certificate(voteData(SKIP, 2, ZERO_HASH), [0, 2, 3])];
  const data: ProposalData = { epoch: EPOCH, validatorsRoot: ROOT, slot: 3, hash: second.hash, parentSlot: 1 };
  const leader = member(SCHEDULE.leader(3));
  const signature = sign(leader.seed, proposalSigningBytes(data, GENESIS_HASH));
  const proposal = { epoch: EPOCH, slot: 3, parentSlot: 1, signature, block: second.block, certificates: skips };
  return {
    about:
      'Consensus messages of the validators of genesis.json, of equal weight: three are a quorum. ' +
      'Slot 1 holds block 1, slot 2 was skipped, slot 3 holds block 2.',
    genesis_hash: toHex(GENESIS_HASH),
    validators_root: toHex(ROOT),
    quorum: MEMBERS.quorum,
    leaders_of_slots_1_to_20: Array.from({ length: 20 }, (_, index) => SCHEDULE.leader(index + 1)),
    votes: [
      voteVector(voteData(NOTAR, 1, first.hash), 0),
      voteVector(voteData(SKIP, 2, ZERO_HASH), 2),
      voteVector(voteData(FINAL, 1, first.hash), 3),
    ],
    certificates: [
      certificateVector(voteData(NOTAR, 1, first.hash), [1, 2, 3]),
      certificateVector(voteData(SKIP, 2, ZERO_HASH), [0, 2, 3]),
      certificateVector(voteData(FINAL, 1, first.hash), [0, 1, 2, 3]),
    ],
    proposal: {
      seed: toHex(leader.seed),
      data: toJson(ProposalDataType, data),
      data_ssz: toHex(ProposalDataType.serialize(data)),
      signing_bytes: toHex(proposalSigningBytes(data, GENESIS_HASH)),
      signature: toHex(signature),
      ssz: toHex(CompactProposal.serialize(compactProposal(proposal))),
    },
  };
}

/** One compact block from its parts; what it carries by position in the block. */
function compactVector(name: string, ids: readonly Hash[], carried: readonly number[]): JsonValue {
  const [, { block }] = STEPS;
  const { header, body } = block;
  const transactions = carried.map((position) => body.transactions.get(position));
  const compact: CompactBlock = {
    header,
    justification: body.justification,
    transactionIds: [...ids],
    carried: SerializedList.fromArray(transactions),
  };
  return { name, carried: [...carried], transaction_ids: ids.map(toHex), ssz: toHex(CompactBlock.serialize(compact)) };
}

export function compactVectors(): JsonValue {
  const [, first] = STEPS;
  const ids = FIRST_BLOCK_TRANSACTIONS.map(({ id }) => id);
  const [a, b, c] = ids as [Hash, Hash, Hash];
  return {
    about:
      'Block 1 of blocks.json as proposals may carry it, and as they may not. `carried` are positions in the block; ' +
      'the header and the justification are those of the block.',
    hash: toHex(first.hash),
    good: [
      compactVector('nothing is carried', ids, []),
      compactVector('the first and the last are', ids, [0, 2]),
      compactVector('all are', ids, [0, 1, 2]),
    ],
    bad: [
      compactVector('ids in another order', [b, a, c], []),
      compactVector('an id is missing', [a, b], []),
      compactVector('one that is not in the list', [a, b], [2]),
      compactVector('carried in another order', ids, [2, 0]),
      compactVector('one carried twice', ids, [1, 1]),
    ],
  };
}
