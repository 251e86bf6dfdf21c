// docs/protocol.md says what the code does: its types, codes and parameters are compared with those in use.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BitListType,
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
  OptionalType,
  type Type,
} from '@chainsafe/ssz';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Account, FeePool, STATE_NAMESPACES } from '../../src/primitives/account.ts';
import { Block, Body, CompactBlock, CompactProposal, Header, Justification } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { Certificate, ProposalData, Vote, VoteData } from '../../src/primitives/consensus.ts';
import { publicKeyOf } from '../../src/primitives/ed25519.ts';
import { Activity, EpochRange, EpochRecord, MemberActivity, RecentBlock } from '../../src/primitives/epoch.ts';
import {
  EVIDENCE_KINDS,
  Evidence,
  MessagePair,
  ProposalPair,
  SignedProposal,
  SignedVote,
  VotePair,
} from '../../src/primitives/evidence.ts';
import { Authority, Genesis, GenesisAccount, Staker } from '../../src/primitives/genesis.ts';
import {
  AddAuthority,
  Change,
  ParameterChange,
  PendingProposal,
  ProposalIndex,
  ProposalRecord,
  ProposalVote,
  RemoveAuthority,
  SetParameters,
  Upgrade,
} from '../../src/primitives/governance.ts';
import { toJson } from '../../src/primitives/json.ts';
import { PARAMETER_KEYS, Parameters } from '../../src/primitives/parameters.ts';
import { PeerBinding, SignedPeerBinding } from '../../src/primitives/peer-binding.ts';
import { RECEIPT_CODES, Receipt } from '../../src/primitives/receipt.ts';
import { DOMAINS } from '../../src/primitives/signing.ts';
import {
  EpochBoundary,
  SnapshotChunk,
  SnapshotOffer,
  SnapshotRequest,
  StateEntries,
  StateEntry,
} from '../../src/primitives/snapshot.ts';
import {
  AddressType,
  AmountType,
  EncodedListType,
  EnumType,
  TaggedUnionType,
  TextType,
  UintType,
} from '../../src/primitives/ssz.ts';
import {
  AddressRecord,
  Delegation,
  Offence,
  Payout,
  PayoutQueue,
  Pool,
  ProofOfPossession,
  StakeAccount,
  Supply,
  Unbonding,
  ValidatorRecord,
} from '../../src/primitives/staking.ts';
import { StateLeaf, StateProof } from '../../src/primitives/state-proof.ts';
import {
  GovernancePropose,
  GovernanceVote,
  KeyChange,
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
  CertifiedBlock,
  GossipProposal,
  GossipVote,
  Status,
  TransactionBatch,
  VoteMessage,
} from '../../src/primitives/wire.ts';
import { runJson } from '../cli/run-cli.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const page = suite('docs/protocol.md');
const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

function alternative(union: unknown, index: number): Type<unknown> {
  return (union as TaggedUnionType<Type<unknown>[]>).types[index] as Type<unknown>;
}

/** In the order of the page. */
const DEFINED: readonly (readonly [string, Type<unknown>])[] = Object.entries({
  Output,
  Transfer,
  MultiTransfer,
  ValidatorRegister,
  KeyChange,
  ValidatorUpdate,
  Stake,
  Unstake,
  Unjail,
  ReportEvidence,
  ParameterChange,
  AddAuthority,
  RemoveAuthority,
  SetParameters,
  Upgrade,
  Change,
  GovernancePropose,
  GovernanceVote,
  TransactionAction,
  Transaction,
  SignedTransaction,
  ProofOfPossession,
  Account,
  FeePool,
  EpochRecord,
  EpochRange,
  MemberActivity,
  RecentBlock,
  Activity,
  Pool,
  ValidatorRecord,
  AddressRecord,
  Delegation,
  Unbonding,
  StakeAccount,
  Payout,
  PayoutQueue,
  Offence,
  ProposalVote,
  ProposalRecord,
  PendingProposal,
  ProposalIndex,
  Supply,
  StateLeaf,
  StateProof,
  StateEntry,
  StateEntries,
  SnapshotChunk,
  Validator,
  Authority,
  Staker,
  GenesisAccount,
  Parameters,
  Genesis,
  Header,
  Justification,
  Body,
  Block,
  Receipt,
  VoteData,
  Vote,
  Certificate,
  ProposalData,
  SignedVote,
  SignedProposal,
  VotePair,
  ProposalPair,
  MessagePair,
  Evidence,
  TransactionBatch,
  VoteMessage,
  GossipVote,
  CompactBlock,
  CompactProposal,
  GossipProposal,
  Status,
  CertifiedBlock,
  BlockRange: alternative(BlocksRequest, 0),
  BlocksRequest,
  CertificatesRequest,
  PeerBinding,
  SignedPeerBinding,
  SnapshotOffer,
  EpochBoundary,
  OffersRequest: alternative(SnapshotRequest, 0),
  BoundariesRequest: alternative(SnapshotRequest, 1),
  ChunkRequest: alternative(SnapshotRequest, 2),
  SnapshotRequest,
});
const NAMES = new Map(DEFINED.map(([name, type]) => [type, name]));
/** Names that stand in tables of their own. */
const TABLES = new Map<readonly string[], string>([
  [RECEIPT_CODES, 'ReceiptCode'],
  [PARAMETER_KEYS, 'ParameterName'],
]);
const MAX_LINE = 120;

function nameOf(type: Type<unknown>): string {
  return NAMES.get(type) ?? expand(type);
}

function expand(type: Type<unknown>): string {
  if (type instanceof EnumType) return `Enum[${TABLES.get(type.names) ?? type.names.join(', ')}]`;
  if (type instanceof UintType) return `u${8 * type.byteLength}`;
  if (type instanceof AmountType) return 'Amount';
  if (type instanceof AddressType) return 'Address';
  if (type instanceof ByteVectorType) return `Bytes${type.lengthBytes}`;
  if (type instanceof TextType) return `Text[${type.limitBytes}]`;
  if (type instanceof ByteListType) return `Bytes[${type.limitBytes}]`;
  if (type instanceof BitListType) return `Bitlist[${type.limitBits}]`;
  if (type instanceof OptionalType) return `Optional[${nameOf(type.elementType)}]`;
  if (type instanceof EncodedListType) return `List[${nameOf(type.decoded)}, ${type.limit}]`;
  if (type instanceof ListCompositeType || type instanceof ListBasicType)
    return `List[${nameOf(type.elementType)}, ${type.limit}]`;
  if (type instanceof TaggedUnionType) {
    const alternatives = type.types.map(
      (each: Type<unknown>, index: number) => `${type.names[index]}: ${nameOf(each)}`,
    );
    const line = `Union[${alternatives.join(', ')}]`;
    return line.length <= MAX_LINE ? line : `Union[\n  ${alternatives.join(',\n  ')}\n]`;
  }
  throw new TypeError(`no notation for ${type.typeName}`);
}

function define(name: string, type: Type<unknown>): string {
  if (!(type instanceof ContainerType)) return `${name} = ${expand(type)}`;
  const fields = Object.entries(type.fields as Record<string, Type<unknown>>);
  return [name, ...fields.map(([field, fieldType]) => `  ${field} ${nameOf(fieldType)}`)].join('\n');
}

/** The rows of the table whose header begins with `first`, as lists of cells. */
function table(first: string): string[][] {
  const [, rest = ''] = text.split(`\n| ${first} |`);
  const lines = rest.split('\n').slice(2);
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

page('defines every type as it is', () => {
  const blocks = [...text.matchAll(/```ssz\n([\s\S]*?)\n```/g)].map(([, block]) => block);
  assert.is(blocks.join('\n\n'), DEFINED.map(([name, type]) => define(name, type)).join('\n\n'));
});

page('lists every domain', () => {
  const names = Object.values(DOMAINS).map(
    (domain) => `\`${Buffer.from(domain).toString('ascii').replace(/\0+$/, '')}\``,
  );
  assert.equal(
    table('Domain').map(([name]) => name),
    names,
  );
});

page('lists every namespace of the state', () => {
  assert.equal(
    table('Namespace').map(([namespace]) => namespace),
    Object.values(STATE_NAMESPACES).map(String),
  );
});

page('lists every receipt code with its number', () => {
  const rows = table('Code | Name');
  assert.equal(
    [...new Set(rows.map(([code, name]) => `${code} ${name}`))].sort(),
    RECEIPT_CODES.map((name, code) => `${code} \`${name}\``).sort(),
  );
});

page('lists every kind of evidence', () => {
  assert.equal(
    table('Evidence').map(([name]) => name),
    EVIDENCE_KINDS.map((name) => `\`${name}\``),
  );
});

page('gives the parameters of the devnet genesis, and those of one that is made without saying more', async () => {
  const devnet = parametersIn(new URL('../../networks/devnet/genesis.json', import.meta.url));
  const usual = await withTempDir(async (directory) => {
    const out = join(directory, 'genesis.json');
    const keys = [1, 2, 3, 4, 5].map((byte) => toHex(publicKeyOf(new Uint8Array(32).fill(byte))));
    const authorities = keys.flatMap((key) => ['--authority', key]);
    await runJson(['genesis', 'create', '--chain-id', 'ait-page', ...authorities, '--out', out]);
    return parametersIn(out);
  });
  assert.equal(Object.keys(toJson(Parameters, Parameters.defaultValue()) as object), Object.keys(devnet));
  assert.equal(
    table('Parameter').map(([name, , ...values]) => [name, ...values.slice(0, 2)]),
    Object.keys(devnet).map((name) => [`\`${name}\``, String(devnet[name]), String(usual[name])]),
  );
});

function parametersIn(file: string | URL): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(file, 'utf8')).parameters;
}

page.run();
