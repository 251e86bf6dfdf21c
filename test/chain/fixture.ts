// What the chain tests share: a genesis with real keys, chains on real stores in temporary directories, and blocks
// built and finalized as consensus would.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chain } from '../../src/chain/chain.ts';
import type { Checkpoint } from '../../src/chain/checkpoint.ts';
import { ChainError } from '../../src/chain/errors.ts';
import type { ExecutedBlock } from '../../src/chain/tree.ts';
import type { BuiltBlock, FinalizedEvent } from '../../src/chain/types.ts';
import type { Verification } from '../../src/chain/verifier.ts';
import { assembleCertificate } from '../../src/consensus/certificate.ts';
import { Members } from '../../src/consensus/members.ts';
import { KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import type { LedgerReader } from '../../src/ledger/accounts.ts';
import { transactionChecks } from '../../src/primitives/action-signatures.ts';
import { type Address, addressOf } from '../../src/primitives/address.ts';
import { type Block, type Header, headerHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import {
  type Certificate,
  FINAL,
  NOTAR,
  type Vote,
  type VoteKind,
  voteSigningBytes,
} from '../../src/primitives/consensus.ts';
import type { EpochRecord } from '../../src/primitives/epoch.ts';
import { type Genesis, genesisHash } from '../../src/primitives/genesis.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import type { SignatureCheck } from '../../src/primitives/signing.ts';
import {
  encodeTransaction,
  type Transaction,
  type TransactionAction,
  type TransactionEnvelope,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';
import type { Validator } from '../../src/primitives/validators.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { EPOCH_PARAMETERS } from '../helpers/parameters.ts';

export const GENESIS_TIME = 1_760_000_000_000;
export const BALANCE = 1_000_000_000_000n;

const PARAMETERS: Parameters = {
  minFee: 1_000n,
  feePerByte: 1n,
  accountFee: 5_000n,
  maxBlockBytes: 1 << 20,
  blockTime: 1_000,
  minBlockInterval: 50,
  messageDelay: 250,
  executionAllowance: 200,
  timerCap: 60_000,
  resendInterval: 2_000,
  ...EPOCH_PARAMETERS,
};

export function keyOf(number: number): KeyPair {
  const seed = new Uint8Array(32).fill(1);
  new DataView(seed.buffer).setUint32(0, number);
  return new KeyPair(seed);
}

/** Four authorities, and as many rich accounts as asked for; `keyOf(1000 + i)` is the key of account i. */
export function makeGenesis({ accounts = 4, parameters = {} as Partial<Parameters> } = {}): Genesis {
  const authorities = [0, 1, 2, 3]
    .map((number) => keyOf(number).publicKey)
    .map((publicKey) => ({ publicKey, address: addressOf(publicKey) }))
    .sort((a, b) => Buffer.compare(a.address, b.address));
  return {
    chainId: new TextEncoder().encode('ait-test'),
    genesisTime: GENESIS_TIME,
    mode: 0,
    parameters: { ...PARAMETERS, ...parameters },
    authorities,
    stakers: [],
    accounts: Array.from({ length: accounts }, (_, i) => ({
      address: addressOf(keyOf(1000 + i).publicKey),
      balance: BALANCE,
    })),
  };
}

const hashes = new WeakMap<Genesis, Hash>();

/** The hash of a genesis, which may be large: made once. */
function hashOf(genesis: Genesis): Hash {
  const hash = hashes.get(genesis) ?? genesisHash(genesis);
  hashes.set(genesis, hash);
  return hash;
}

export interface Payment {
  from: number;
  to: Uint8Array;
  nonce?: number;
  amount?: bigint;
  fee?: bigint;
  validUntil?: number;
  memo?: string;
}

/** A signed transfer from account `from` of the genesis. */
export function pay(genesis: Genesis, wish: Payment): TransactionEnvelope {
  const { from, to, amount = 1n, memo = '' } = wish;
  const value = { to, amount, memo: new TextEncoder().encode(memo) };
  return send(genesis, keyOf(1000 + from), { selector: 0, value }, wish);
}

export interface Sending {
  nonce?: number;
  fee?: bigint;
  validUntil?: number;
}

/** A signed transaction of whoever has the key. */
export function send(
  genesis: Genesis,
  key: KeyPair,
  action: TransactionAction,
  { nonce = 0, fee = 10_000n, validUntil = 0 }: Sending = {},
): TransactionEnvelope {
  const transaction: Transaction = { sender: key.publicKey, nonce, fee, validUntil, action };
  const signature = key.sign(transactionSigningBytes(transaction, hashOf(genesis)));
  return encodeTransaction({ transaction, signature });
}

export function account(number: number): Uint8Array {
  return addressOf(keyOf(1000 + number).publicKey);
}

/** Keys that may be members' ones: of `keyOf` 0 … 31, and of the accounts 0 … 31. */
const KEYS = new Map(
  Array.from({ length: 32 }, (_, number) => [keyOf(number), keyOf(1000 + number)])
    .flat()
    .map((key) => [toHex(key.publicKey), key]),
);

/** Validator sets that a chain here has had, by their root. */
const SETS = new Map<string, Members>();

/** Makes the members of an epoch known, so that blocks of it can be certified. */
export function learn({ validators }: EpochRecord): void {
  const members = new Members(validators);
  SETS.set(toHex(members.root), members);
}

export function membersOf({ header }: Block): Members {
  const members = SETS.get(toHex(header.validatorsRoot));
  if (members === undefined) throw new Error('a block of a validator set that no chain here has had');
  return members;
}

/** Who may propose a child of this block: the one with key 0 if it is a member. */
function aMember({ nextValidatorsRoot }: Header): Address {
  const members = SETS.get(toHex(nextValidatorsRoot));
  if (members === undefined) throw new Error('a validator set that no chain here has had');
  const { publicKey } = keyOf(0);
  return members.at(members.indexOf(publicKey) ?? 0).address;
}

export interface Certifying {
  readonly kind?: VoteKind;
  /** the height by default */
  readonly slot?: number;
  /** as many as a quorum needs, the first ones, by default */
  readonly voters?: readonly number[];
  /** a block of the epoch and set that sign; the block itself by default */
  readonly as?: Block;
}

/** The signature of a member of the block's epoch under a vote for it. */
export function signVote(
  genesis: Genesis,
  block: Block,
  member: number,
  { kind = NOTAR, slot = block.header.height, as = block }: Omit<Certifying, 'voters'> = {},
): Vote {
  const { root, list } = membersOf(as);
  const vote = { epoch: as.header.epoch, kind, slot, hash: headerHash(block.header) };
  const key = KEYS.get(toHex((list[member] as Validator).publicKey)) as KeyPair;
  const signature = key.sign(voteSigningBytes({ ...vote, validatorsRoot: root }, hashOf(genesis)));
  return { ...vote, member, signature };
}

/** A certificate of a block, signed by members of its epoch. */
export function certify(genesis: Genesis, block: Block, options: Certifying = {}): Certificate {
  const { kind = FINAL, slot = block.header.height, as = block } = options;
  const members = membersOf(as);
  const { voters = quorumOf(members) } = options;
  const votes = voters.map((member) => [member, signVote(genesis, block, member, { kind, slot, as })] as const);
  return assembleCertificate(new Map(votes), members);
}

function quorumOf(members: Members): number[] {
  const voters: number[] = [];
  for (let weight = 0; weight < members.quorum; weight += members.weight(voters.length - 1)) voters.push(voters.length);
  return voters;
}

function holds({ publicKey, message, signature }: SignatureCheck): boolean {
  return verifyNative(publicKey, message, signature);
}

/** What the chain was given, for tests to look at and to change. */
class Surroundings {
  /** what the next blocks take their transactions from */
  readonly pool: TransactionEnvelope[] = [];
  /** the state for which transactions were last asked */
  selectedOn: LedgerReader | undefined;
  /** ids of transactions whose signatures were checked */
  readonly checked: string[] = [];
  /** how many signatures of consensus were checked */
  checkedVotes = 0;
  /** signatures are checked when it has resolved */
  gate: Promise<void> = Promise.resolve();
  readonly #genesisHash: Hash;

  constructor(hash: Hash) {
    this.#genesisHash = hash;
  }

  /** Nothing is found decoded: blocks are executed from their bytes. */
  readonly get = (): undefined => undefined;

  readonly select = ({ state }: { state: LedgerReader }): TransactionEnvelope[] => {
    this.selectedOn = state;
    return [...this.pool];
  };

  readonly verifySignatures = async (envelopes: readonly TransactionEnvelope[]): Promise<boolean[]> => {
    await this.gate;
    return envelopes.map((envelope) => {
      this.checked.push(envelope.idHex);
      const checks = transactionChecks(envelope, this.#genesisHash);
      return typeof checks !== 'string' && checks.every(holds);
    });
  };

  readonly verifyVotes = async (checks: readonly SignatureCheck[]): Promise<boolean[]> => {
    this.checkedVotes += checks.length;
    return checks.map(holds);
  };
}

export interface BuildWish {
  readonly parent?: Hash;
  /** as in `keyOf`; 0 by default, or the first member where that is none */
  readonly proposer?: number;
  /** ms after the parent */
  readonly delay?: number;
  /** a good one by default */
  readonly parentCertificate?: Certificate;
  readonly lateVotes?: readonly Vote[];
}

/** A chain on a real store in a directory of its own. */
export class Node {
  readonly #genesis: Genesis;
  readonly chain: Chain;
  readonly store: ChainStore;
  readonly finalized: FinalizedEvent[] = [];
  readonly directory: string;
  readonly #surroundings: Surroundings;

  private constructor(
    genesis: Genesis,
    chain: Chain,
    store: ChainStore,
    surroundings: Surroundings,
    directory: string,
  ) {
    this.#genesis = genesis;
    this.chain = chain;
    this.store = store;
    this.directory = directory;
    this.#surroundings = surroundings;
    chain.on('finalized', (event) => this.finalized.push(event));
  }

  static async open(genesis: Genesis, directory?: string, checkpoint?: Checkpoint): Promise<Node> {
    const location = directory ?? (await mkdtemp(join(tmpdir(), 'aitbc-chain-')));
    const hash = hashOf(genesis);
    const store = await ChainStore.open(location, { hash });
    const surroundings = new Surroundings(hash);
    const { verifySignatures, verifyVotes } = surroundings;
    const options = { genesis, genesisHash: hash, store, transactions: surroundings, verifySignatures, verifyVotes };
    const chain = await Chain.open({ ...options, checkpoint }).catch(async (error: unknown) => {
      await store.close();
      throw error;
    });
    learn(chain.epoch);
    return new Node(genesis, chain, store, surroundings, location);
  }

  certify(block: Block, options: Certifying = {}): Certificate {
    return certify(this.#genesis, block, options);
  }

  /** The state on which the last block was built. */
  get builtOn(): LedgerReader | undefined {
    return this.#surroundings.selectedOn;
  }

  /** Ids of the transactions whose signatures were checked since the last call. */
  takeChecked(): string[] {
    return this.#surroundings.checked.splice(0);
  }

  /** From here on signatures wait until the answer is called. */
  holdSignatures(): () => void {
    let open: () => void = () => undefined;
    this.#surroundings.gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  /** Builds a block of `envelopes` on `parent`, the head unless said otherwise. */
  async build(envelopes: readonly TransactionEnvelope[], wish: BuildWish = {}): Promise<BuiltBlock> {
    const { parent = this.chain.head.hash, delay = 1, lateVotes = [] } = wish;
    this.#surroundings.pool.splice(0, Number.POSITIVE_INFINITY, ...envelopes);
    const before = this.chain.block(parent) ?? (await this.store.blockByHash(parent))?.block;
    if (before === undefined) throw new Error('no such parent');
    const built = await this.chain.build({
      parent,
      timestamp: before.header.timestamp + delay,
      proposer: wish.proposer === undefined ? aMember(before.header) : addressOf(keyOf(wish.proposer).publicKey),
      parentCertificate: wish.parentCertificate ?? this.#certificateOf(before),
      lateVotes,
    });
    if (built === undefined) throw new Error('a block was asked for, empty or not');
    const { nextEpoch } = this.chain.executed(built.hash) as ExecutedBlock;
    if (nextEpoch !== undefined) learn(nextEpoch);
    return built;
  }

  /** Builds and finalizes one block on the head. */
  async grow(envelopes: readonly TransactionEnvelope[] = [], wish: BuildWish = {}): Promise<BuiltBlock> {
    const built = await this.build(envelopes, wish);
    await this.chain.finalize(built.hash, this.certify(built.block));
    return built;
  }

  /** What a child of this block carries: a Final of the last block of an epoch, a Notar of others. */
  #certificateOf(parent: Block): Certificate | undefined {
    if (parent.header.height === 0) return undefined;
    const isLast =
      this.chain.executed(headerHash(parent.header))?.nextEpoch !== undefined ||
      this.chain.epoch.startHeight === parent.header.height;
    return this.certify(parent, { kind: isLast ? FINAL : NOTAR });
  }

  async stop(): Promise<void> {
    await this.chain.stop();
    await this.store.close();
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** The reason why a block is not valid, 'valid' or 'missing parent'. */
export function verdict(verification: Verification): string {
  if (verification.valid) return 'valid';
  return 'missingParent' in verification ? 'missing parent' : verification.reason;
}

/** Runs `body` with nodes of one genesis and removes them afterwards. */
export async function withNodes(
  genesis: Genesis,
  count: number,
  body: (...nodes: Node[]) => Promise<void>,
): Promise<void> {
  const nodes: Node[] = [];
  try {
    for (let i = 0; i < count; i++) nodes.push(await Node.open(genesis));
    await body(...nodes);
  } finally {
    for (const node of nodes) await node.remove();
  }
}

/** The code of the ChainError that a promise is rejected with, or 'done'. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    if (error instanceof ChainError) return error.code;
    throw error;
  }
}

/** Has a chain verify a block that a quorum vouched for, as catching up does, and make it final. */
export async function applySynced(chain: Chain, block: Block, certificate: Certificate | undefined): Promise<void> {
  const hash = await chain.executeSynced(block, certificate);
  if (hash !== undefined) await chain.finalize(hash, certificate);
}
