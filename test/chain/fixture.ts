// What the chain tests share: a genesis with real keys, chains on real stores in temporary directories, and blocks
// built and finalized as consensus would.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chain } from '../../src/chain/chain.ts';
import type { BuiltBlock, FinalizedEvent } from '../../src/chain/types.ts';
import type { Verification } from '../../src/chain/verifier.ts';
import { KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import type { LedgerReader } from '../../src/ledger/accounts.ts';
import { addressOf } from '../../src/primitives/address.ts';
import type { Justification } from '../../src/primitives/block.ts';
import { BitArray, type Certificate, FINAL, NOTAR, type VoteKind } from '../../src/primitives/consensus.ts';
import { type Genesis, genesisHash } from '../../src/primitives/genesis.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import {
  encodeTransaction,
  type Transaction,
  type TransactionEnvelope,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';
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

/** Four validators, and as many rich accounts as asked for; `keyOf(1000 + i)` is the key of account i. */
export function makeGenesis({ accounts = 4, parameters = {} as Partial<Parameters> } = {}): Genesis {
  const validators = [0, 1, 2, 3]
    .map((number) => keyOf(number).publicKey)
    .sort(Buffer.compare)
    .map((publicKey) => ({ publicKey, address: addressOf(publicKey), weight: 1 }));
  return {
    chainId: new TextEncoder().encode('ait-test'),
    genesisTime: GENESIS_TIME,
    mode: 0,
    parameters: { ...PARAMETERS, ...parameters },
    validators,
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
  const { from, to, nonce = 0, amount = 1n, fee = 10_000n, validUntil = 0, memo = '' } = wish;
  const key = keyOf(1000 + from);
  const transaction: Transaction = {
    sender: key.publicKey,
    nonce,
    fee,
    validUntil,
    action: { selector: 0, value: { to, amount, memo: new TextEncoder().encode(memo) } },
  };
  const signature = key.sign(transactionSigningBytes(transaction, hashOf(genesis)));
  return encodeTransaction({ transaction, signature });
}

export function account(number: number): Uint8Array {
  return addressOf(keyOf(1000 + number).publicKey);
}

/** Shaped as a certificate; its signatures are checked before a block comes to the chain, not by it. */
export function certificate(hash: Hash, kind: VoteKind = FINAL, epoch = 1): Certificate {
  const bitmap = BitArray.fromBoolArray([true, true, true, false]);
  return { epoch, kind, slot: 1, hash, bitmap, signatures: [1, 2, 3].map((n) => new Uint8Array(64).fill(n)) };
}

export function justify(parent: Hash, height: number): Justification {
  return { parentCertificate: height === 1 ? null : certificate(parent, NOTAR), lateVotes: [] };
}

/** What the chain was given, for tests to look at and to change. */
class Surroundings {
  /** what the next blocks take their transactions from */
  readonly pool: TransactionEnvelope[] = [];
  /** the state for which transactions were last asked */
  selectedOn: LedgerReader | undefined;
  /** ids of transactions whose signatures were checked */
  readonly checked: string[] = [];
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
    return envelopes.map(({ signed: { transaction, signature }, idHex }) => {
      this.checked.push(idHex);
      return verifyNative(transaction.sender, transactionSigningBytes(transaction, this.#genesisHash), signature);
    });
  };
}

/** A chain on a real store in a directory of its own. */
export class Node {
  readonly chain: Chain;
  readonly store: ChainStore;
  readonly finalized: FinalizedEvent[] = [];
  readonly directory: string;
  readonly #surroundings: Surroundings;

  private constructor(chain: Chain, store: ChainStore, surroundings: Surroundings, directory: string) {
    this.chain = chain;
    this.store = store;
    this.directory = directory;
    this.#surroundings = surroundings;
    chain.on('finalized', (event) => this.finalized.push(event));
  }

  static async open(genesis: Genesis, directory?: string): Promise<Node> {
    const location = directory ?? (await mkdtemp(join(tmpdir(), 'aitbc-chain-')));
    const hash = hashOf(genesis);
    const store = await ChainStore.open(location, { hash });
    const surroundings = new Surroundings(hash);
    const { verifySignatures } = surroundings;
    const chain = await Chain.open({ genesis, store, transactions: surroundings, verifySignatures });
    return new Node(chain, store, surroundings, location);
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
  async build(
    envelopes: readonly TransactionEnvelope[],
    { parent = this.chain.head.hash, proposer = 0, delay = 1 } = {},
  ): Promise<BuiltBlock> {
    this.#surroundings.pool.splice(0, Number.POSITIVE_INFINITY, ...envelopes);
    const header = this.chain.block(parent)?.header ?? this.chain.head.header;
    const built = await this.chain.build({
      parent,
      timestamp: header.timestamp + delay,
      proposer: addressOf(keyOf(proposer).publicKey),
      epoch: 1,
      justification: justify(parent, header.height + 1),
    });
    if (built === undefined) throw new Error('a block was asked for, empty or not');
    return built;
  }

  /** Builds and finalizes one block on the head. */
  async grow(envelopes: readonly TransactionEnvelope[] = []): Promise<BuiltBlock> {
    const built = await this.build(envelopes);
    await this.chain.finalize(built.hash, certificate(built.hash));
    return built;
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
