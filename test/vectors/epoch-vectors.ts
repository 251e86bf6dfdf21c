// Vectors of a hybrid chain through three ends of epochs: a registration, stakes, a proposal that passes, evidence, a
// validator that is jailed, late votes, rewards, a payout. The blocks follow from the genesis and the scenes below.

import { receiptsRoot, transactionsRoot } from '../../src/chain/body.ts';
import { genesisBlock } from '../../src/chain/genesis.ts';
import { beginBlock, endBlock } from '../../src/ledger/block.ts';
import { executeTransaction } from '../../src/ledger/execute.ts';
import { initializeState } from '../../src/ledger/genesis.ts';
import { justificationFault } from '../../src/ledger/justification.ts';
import { currentEpoch } from '../../src/ledger/records.ts';
import { checkTransaction } from '../../src/ledger/rules.ts';
import { Header, headerHash, Justification, justificationHash } from '../../src/primitives/block.ts';
import { compareBytes, equalBytes, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { BitArray, type Certificate, FINAL, NOTAR, type Vote, voteSigningBytes } from '../../src/primitives/consensus.ts';
import { sign } from '../../src/primitives/ed25519.ts';
import type { EpochRecord } from '../../src/primitives/epoch.ts';
import { type Evidence, votePair } from '../../src/primitives/evidence.ts';
import { CONSENSUS_MODES, Genesis, genesisHash } from '../../src/primitives/genesis.ts';
import { PARAMETER_NAMES } from '../../src/primitives/parameters.ts';
import { type Hash, sha256 } from '../../src/primitives/hash.ts';
import { type JsonValue, toJson } from '../../src/primitives/json.ts';
import { Receipt } from '../../src/primitives/receipt.ts';
import { LeaderSchedule } from '../../src/primitives/schedule.ts';
import { possessionSigningBytes } from '../../src/primitives/staking.ts';
import {
  encodeTransaction,
  SignedTransaction,
  type TransactionAction,
  type TransactionEnvelope,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';
import { Validator, validatorsRoot } from '../../src/primitives/validators.ts';
import { ALICE, BOB, GENESIS, type Key, keyOf } from './fixture.ts';
import { FlatState } from './flat-state.ts';

const AIT = 1_000_000_000n;
const SECOND = 1_000;
const [ANNA, BERT] = [keyOf(31), keyOf(32)] as const;
/** Stakers; the second contradicts itself, the third is away. */
const [CARL, DORA, EMIL] = [keyOf(41), keyOf(42), keyOf(43)] as const;
const ALICE_VOTES = keyOf(21);
const VOTERS = [ANNA, BERT, CARL, DORA, EMIL, ALICE_VOTES];

function byAddress(a: { address: Uint8Array }, b: { address: Uint8Array }): number {
  return compareBytes(a.address, b.address);
}

const HYBRID: Genesis = {
  chainId: utf8('ait-epochs'),
  genesisTime: 1_700_000_000_000,
  mode: CONSENSUS_MODES.indexOf('hybrid'),
  parameters: {
    ...GENESIS.parameters,
    epochDuration: 100 * SECOND,
    evidenceWindow: 200 * SECOND,
    unbondingPeriod: 400 * SECOND,
    votingPeriod: 100 * SECOND,
    minSelfBond: 10n * AIT,
    minStake: AIT,
    targetBonded: 100n * AIT,
    authorityShare: 400_000,
    epochReward: 7n * AIT,
  },
  authorities: [ANNA, BERT].map(({ publicKey, address }) => ({ publicKey, address })).sort(byAddress),
  stakers: [CARL, DORA, EMIL]
    .map(({ publicKey, address }, index) => ({
      publicKey,
      address,
      commission: 100_000 * index,
      selfBond: BigInt(30 + 10 * index) * AIT,
    }))
    .sort(byAddress),
  accounts: [ALICE, BOB, ANNA, BERT, CARL, DORA, EMIL].map(({ address }) => ({ address, balance: 100n * AIT })),
};
const HYBRID_HASH = genesisHash(HYBRID);

const nonces = new Map<Key, number>();

function send(from: Key, action: TransactionAction): TransactionEnvelope {
  const nonce = nonces.get(from) ?? 0;
  nonces.set(from, nonce + 1);
  const transaction = { sender: from.publicKey, nonce, fee: 20_000n, validUntil: 0, action };
  const signature = sign(from.seed, transactionSigningBytes(transaction, HYBRID_HASH));
  return encodeTransaction({ transaction, signature });
}

function voterOf({ publicKey }: Validator): Key {
  const key = VOTERS.find((one) => equalBytes(one.publicKey, publicKey));
  if (key === undefined) throw new RangeError('no key of a member');
  return key;
}

/** By members of an epoch, given by position. */
function vote(epoch: EpochRecord, kind: Vote['kind'], slot: number, hash: Hash, member: number): Vote {
  const set = epoch.validators;
  const data = { epoch: epoch.epoch, validatorsRoot: validatorsRoot(set), kind, slot, hash };
  const signature = sign(voterOf(set[member] as Validator).seed, voteSigningBytes(data, HYBRID_HASH));
  return { epoch: epoch.epoch, kind, slot, hash, member, signature };
}

function certificate(epoch: EpochRecord, kind: Vote['kind'], slot: number, hash: Hash, absent: readonly Key[]): Certificate {
  const bitmap = BitArray.fromBitLen(epoch.validators.length);
  const signatures: Uint8Array[] = [];
  for (const [member, validator] of epoch.validators.entries()) {
    if (absent.includes(voterOf(validator))) continue;
    bitmap.set(member, true);
    signatures.push(vote(epoch, kind, slot, hash, member).signature);
  }
  return { epoch: epoch.epoch, kind, slot, hash, bitmap, signatures };
}

/** What happens in one block. */
interface Scene {
  /** ms after its parent */
  readonly after?: number;
  /** slots skipped before it */
  readonly skipped?: number;
  /** whose votes are not in the certificate of the parent */
  readonly absent?: readonly Key[];
  /** whose NOTAR for the parent's parent comes now */
  readonly late?: readonly Key[];
  readonly transactions?: (epoch: EpochRecord) => TransactionEnvelope[];
}

interface Made {
  readonly header: Header;
  readonly hash: Hash;
  readonly slot: number;
  readonly justification: Justification;
  readonly envelopes: readonly TransactionEnvelope[];
  readonly receipts: readonly Receipt[];
  readonly nextSet: readonly Validator[];
  /** of the state */
  readonly changes: JsonValue;
}

function doraContradictsItself(epoch: EpochRecord): Evidence {
  const member = epoch.validators.findIndex(({ publicKey }) => equalBytes(publicKey, DORA.publicKey));
  const [one, other] = [1, 2].map((byte) => vote(epoch, NOTAR, 3, sha256(Uint8Array.of(byte)), member));
  const shared = { epoch: epoch.epoch, validatorsRoot: validatorsRoot(epoch.validators), slot: 3 };
  return { ...shared, publicKey: DORA.publicKey, messages: votePair(one as Vote, other as Vote) };
}

const YES: TransactionAction = { selector: 9, value: { proposal: 1, choice: 1 } };
const AWAY = [EMIL];
const QUIET: Scene = { absent: AWAY };

const SCENES: readonly Scene[] = [
  {
    transactions: () => [
      send(ALICE, {
        selector: 2,
        value: {
          publicKey: ALICE_VOTES.publicKey,
          commission: 50_000,
          selfBond: 20n * AIT,
          proof: sign(
            ALICE_VOTES.seed,
            possessionSigningBytes(ALICE.address, ALICE_VOTES.publicKey, HYBRID_HASH),
          ),
        },
      }),
      send(BOB, { selector: 4, value: { validator: ALICE.address, amount: 15n * AIT + 1n } }),
      send(BOB, { selector: 4, value: { validator: DORA.address, amount: 10n * AIT } }),
    ],
  },
  {
    absent: [EMIL, DORA],
    transactions: () => [
      send(ANNA, {
        selector: 8,
        value: {
          epoch: 0,
          change: {
            selector: 2,
            value: { changes: [{ parameter: PARAMETER_NAMES.indexOf('authorityShare'), value: 340_000n }] },
          },
        },
      }),
      send(BOB, YES),
    ],
  },
  { absent: AWAY, late: [DORA], transactions: () => [ANNA, BERT, CARL, DORA].map((key) => send(key, YES)) },
  { absent: AWAY, skipped: 2, transactions: () => [send(BOB, { selector: 5, value: { validator: DORA.address, amount: 4n * AIT } })] },
  {
    absent: AWAY,
    transactions: (epoch) => [send(BOB, { selector: 7, value: { evidence: doraContradictsItself(epoch) } })],
  },
  ...Array.from({ length: 6 }, () => QUIET),
  {
    ...QUIET,
    after: 100 * SECOND,
    // Too late for the epoch that ends here.
    transactions: () => [send(CARL, { selector: 3, value: { key: null, commission: 1_000_000 } })],
  },
  {},
  { after: 100 * SECOND },
  {},
  { after: 100 * SECOND },
  { transactions: () => [send(EMIL, { selector: 6, value: { validator: EMIL.address } })] },
];

function chain(): readonly [zero: { readonly header: Header; readonly hash: Hash; readonly state: JsonValue }, Made[]] {
  nonces.clear();
  const state = new FlatState();
  initializeState(state, HYBRID);
  const { block, hash } = genesisBlock(HYBRID, { get: () => undefined, getNode: () => undefined });
  const zero = { header: block.header, hash, state: state.json() };
  const made: Made[] = [];
  let before: { epoch: EpochRecord; header: Header; hash: Hash; slot: number } | undefined;
  let older: { hash: Hash; slot: number } | undefined;
  for (const { after = SECOND, skipped = 0, absent = [], late = [], transactions } of SCENES) {
    const epoch = currentEpoch(state);
    const parent = before ?? { epoch, header: zero.header, hash: zero.hash, slot: 0 };
    const isFirst = parent.epoch.epoch !== epoch.epoch;
    const slot = (isFirst ? 0 : parent.slot) + 1 + skipped;
    const kind = isFirst ? FINAL : NOTAR;
    const lateVotes = late.map((key) => {
      const member = epoch.validators.findIndex(({ publicKey }) => equalBytes(publicKey, key.publicKey));
      if (older === undefined) throw new RangeError('no block to be late for');
      return vote(epoch, NOTAR, older.slot, older.hash, member);
    });
    const parentCertificate =
      before === undefined ? null : certificate(parent.epoch, kind, parent.slot, parent.hash, absent);
    const justification = { parentCertificate, lateVotes };
    const height = parent.header.height + 1;
    const timestamp = parent.header.timestamp + after;
    const leader = epoch.validators[new LeaderSchedule(epoch.validators).leader(slot)] as Validator;
    const frame = { height, timestamp, parent: parent.hash, proposer: leader.address };
    const fault = justificationFault(state, frame, justification);
    if (fault !== undefined) throw new Error(`block ${height}: ${fault.detail}`);
    const entries = new Map(state.entries);
    const context = beginBlock(state, { header: frame, justification });
    const envelopes = transactions?.(epoch) ?? [];
    const receipts = envelopes.map((envelope) => {
      const reason = checkTransaction(state, envelope, context);
      if (reason !== undefined) throw new Error(`a transaction of block ${height} is invalid: ${reason}`);
      return executeTransaction(state, envelope, context);
    });
    const next = endBlock(state, context);
    const header: Header = {
      ...frame,
      epoch: epoch.epoch,
      transactionsRoot: transactionsRoot(envelopes.map(({ id }) => id)),
      receiptsRoot: receiptsRoot(receipts),
      stateRoot: state.root(),
      validatorsRoot: validatorsRoot(epoch.validators),
      nextValidatorsRoot: validatorsRoot(next.validators),
      justificationHash: justificationHash(justification),
    };
    const hash = headerHash(header);
    const changes = state.changesSince(entries);
    made.push({ header, hash, slot, justification, envelopes, receipts, nextSet: next.validators, changes });
    older = before;
    before = { epoch, header, hash, slot };
  }
  return [zero, made];
}

export function epochVectors(): JsonValue {
  const [zero, blocks] = chain();
  return {
    about:
      'A chain from a hybrid genesis through three ends of epochs. `slot` is the one in which a block is certified, `next_set` the set of the ' +
      'next block, whose root the header names, `changes` the entries of the state that differ from those after the parent, null for deleted ones.',
    genesis: toJson(Genesis, HYBRID),
    genesis_hash: toHex(HYBRID_HASH),
    state: zero.state,
    header: toJson(Header, zero.header),
    hash: toHex(zero.hash),
    blocks: blocks.map(({ header, hash, slot, justification, envelopes, receipts, nextSet, changes }) => ({
      header: toJson(Header, header),
      hash: toHex(hash),
      slot,
      justification: toJson(Justification, justification),
      transactions: envelopes.map(({ signed }) => toJson(SignedTransaction, signed)),
      receipts: receipts.map((receipt) => toJson(Receipt, receipt)),
      next_set: nextSet.map((validator) => toJson(Validator, validator)),
      changes,
    })),
  };
}
