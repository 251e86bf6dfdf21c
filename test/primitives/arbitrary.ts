// Random values of any SSZ type of the protocol, and the list of those types: every property test walks it.

import {
  BitArray,
  BitListType,
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
  OptionalType,
  SerializedList,
  type Type,
} from '@chainsafe/ssz';
import * as fc from 'fast-check';
import { Account, FeePool } from '../../src/primitives/account.ts';
import {
  Block,
  Body,
  CompactBlock,
  CompactProposal,
  Header,
  Justification,
  Proposal,
} from '../../src/primitives/block.ts';
import { Certificate, ProposalData, Vote, VoteData } from '../../src/primitives/consensus.ts';
import { Activity, EpochRange, EpochRecord, MemberActivity, RecentBlock } from '../../src/primitives/epoch.ts';
import { Evidence } from '../../src/primitives/evidence.ts';
import { Authority, Genesis, GenesisAccount, Staker } from '../../src/primitives/genesis.ts';
import { Change, ParameterChange, ProposalIndex, ProposalRecord } from '../../src/primitives/governance.ts';
import { Parameters } from '../../src/primitives/parameters.ts';
import { PeerBindings } from '../../src/primitives/peer-binding.ts';
import { Receipt } from '../../src/primitives/receipt.ts';
import {
  AmountType,
  EncodedListType,
  encodeText,
  TaggedUnionType,
  TextType,
  UintType,
} from '../../src/primitives/ssz.ts';
import {
  AddressList,
  AddressRecord,
  Delegation,
  Offence,
  OffenceList,
  Payout,
  PayoutQueue,
  Pool,
  ProofOfPossession,
  StakeAccount,
  Supply,
  Unbonding,
  ValidatorRecord,
} from '../../src/primitives/staking.ts';
import { StateProof } from '../../src/primitives/state-proof.ts';
import {
  GovernancePropose,
  GovernanceVote,
  MultiTransfer,
  Output,
  ReportEvidence,
  SignedTransaction,
  Stake,
  Transaction,
  TransactionAction,
  Transfer,
  Unjail,
  Unstake,
  ValidatorRegister,
  ValidatorUpdate,
} from '../../src/primitives/transaction.ts';
import { Validator } from '../../src/primitives/validators.ts';
import {
  BlocksRequest,
  CertificatesRequest,
  CertificatesResponse,
  CertifiedBlock,
  GossipProposal,
  GossipVote,
  Status,
  TransactionBatch,
  TransactionsRequest,
  TransactionsResponse,
  VoteMessage,
} from '../../src/primitives/wire.ts';

/** Every type that is signed, hashed or shown to people, by name. */
export const TYPES: Readonly<Record<string, Type<unknown>>> = {
  Account,
  Activity,
  AddressList,
  AddressRecord,
  Authority,
  Block,
  Body,
  Certificate,
  CertificatesRequest,
  CertificatesResponse,
  CertifiedBlock,
  Change,
  CompactBlock,
  CompactProposal,
  Delegation,
  EpochRange,
  EpochRecord,
  Evidence,
  FeePool,
  Genesis,
  GenesisAccount,
  GossipProposal,
  GossipVote,
  GovernancePropose,
  GovernanceVote,
  Header,
  Justification,
  MemberActivity,
  MultiTransfer,
  Offence,
  OffenceList,
  Output,
  ParameterChange,
  Parameters,
  Payout,
  PayoutQueue,
  PeerBindings,
  Pool,
  ProofOfPossession,
  Proposal,
  ProposalData,
  ProposalRecord,
  Receipt,
  RecentBlock,
  ReportEvidence,
  SignedTransaction,
  Stake,
  StakeAccount,
  Staker,
  StateProof,
  Status,
  Supply,
  Transaction,
  TransactionAction,
  TransactionBatch,
  TransactionsRequest,
  TransactionsResponse,
  Transfer,
  Unbonding,
  Unjail,
  Unstake,
  Validator,
  ValidatorRecord,
  ValidatorRegister,
  ValidatorUpdate,
  Vote,
  VoteData,
  VoteMessage,
};

/** Types that people never see and that have no JSON form. */
export const BINARY_TYPES: Readonly<Record<string, Type<unknown>>> = { BlocksRequest, ProposalIndex };

/** Longer lists show nothing that three items do not. */
const MAX_ITEMS = 3;

export function arbitraryOf(type: Type<unknown>): fc.Arbitrary<unknown> {
  if (type instanceof UintType) return fc.oneof(fc.integer({ min: 0, max: type.max }), fc.constantFrom(0, type.max));
  if (type instanceof AmountType) return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  if (type instanceof ByteVectorType) return bytes(type.lengthBytes, type.lengthBytes);
  if (type instanceof TextType) return text(type.limitBytes);
  if (type instanceof ByteListType) return bytes(0, type.limitBytes);
  if (type instanceof BitListType) return bits(type.limitBits);
  if (type instanceof OptionalType) return fc.option(arbitraryOf(type.elementType), { nil: null });
  if (type instanceof EncodedListType) {
    const { decoded, limit } = type;
    return fc
      .array(arbitraryOf(decoded), { maxLength: Math.min(limit, MAX_ITEMS) })
      .map((items) => SerializedList.fromArray(items.map((item) => decoded.serialize(item))));
  }
  if (type instanceof ListCompositeType || type instanceof ListBasicType) {
    return fc.array(arbitraryOf(type.elementType), { maxLength: Math.min(type.limit, MAX_ITEMS) });
  }
  if (type instanceof TaggedUnionType) {
    const alternatives = type.types.map((alternative: Type<unknown>, selector: number) =>
      arbitraryOf(alternative).map((value) => ({ selector, value })),
    );
    return fc.oneof(...alternatives);
  }
  if (type instanceof ContainerType) {
    const fields = Object.entries(type.fields as Record<string, Type<unknown>>);
    return fc.record(Object.fromEntries(fields.map(([name, field]) => [name, arbitraryOf(field)])), {
      noNullPrototype: true,
    });
  }
  throw new TypeError(`no arbitrary for ${type.typeName}`);
}

function bytes(minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength, size: 'max' }).map((array) => Uint8Array.from(array));
}

function bits(limit: number): fc.Arbitrary<BitArray> {
  return fc.array(fc.boolean(), { maxLength: Math.min(limit, 20) }).map((list) => BitArray.fromBoolArray(list));
}

function text(limitBytes: number): fc.Arbitrary<Uint8Array> {
  return fc
    .string({ unit: 'binary', maxLength: limitBytes })
    .map((string) => encodeText(string.toWellFormed()))
    .filter((encoded) => encoded.length <= limitBytes);
}
