// A chain in memory for the RPC server to show: real genesis, ledger, state, proofs and mempool; only consensus is the
// test's own word. Blocks are made and finalized when a test says so.

import { EventEmitter } from 'node:events';
import { Registry } from 'prom-client';
import WebSocket from 'ws';
import { encodedTransactions, receiptsRoot, transactionsRoot } from '../../src/chain/body.ts';
import { executeValid } from '../../src/chain/executor.ts';
import { genesisBlock } from '../../src/chain/genesis.ts';
import { KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import { electorateOf } from '../../src/ledger/electorate.ts';
import { genesisSet } from '../../src/ledger/genesis.ts';
import { currentEpoch } from '../../src/ledger/records.ts';
import type { MempoolHead } from '../../src/mempool/admission.ts';
import { Mempool } from '../../src/mempool/mempool.ts';
import { SignatureChecks } from '../../src/mempool/signatures.ts';
import { type Address, addressOf, formatAddress } from '../../src/primitives/address.ts';
import { type Block, headerHash, justificationHash } from '../../src/primitives/block.ts';
import { equalBytes, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { BitArray, FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { FIRST_EPOCH } from '../../src/primitives/epoch.ts';
import { type Genesis, genesisHash } from '../../src/primitives/genesis.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import { toJson } from '../../src/primitives/json.ts';
import {
  encodeTransaction,
  SignedTransaction,
  type Transaction,
  type TransactionAction,
  type TransactionEnvelope,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';
import type { Validator } from '../../src/primitives/validators.ts';
import type {
  Ban,
  ChainReader,
  ConsensusEvent,
  ConsensusSource,
  Faucet,
  FinalizedEvent,
  Health,
  Peer,
  RpcDependencies,
  RpcEvents,
} from '../../src/rpc/dependencies.ts';
import { DEFAULT_LIMITS, type RpcLimits } from '../../src/rpc/options.ts';
import { RpcServer } from '../../src/rpc/server.ts';
import type { Overlay } from '../../src/state/overlay.ts';
import { prove } from '../../src/state/proof.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { createRpcMetrics } from '../../src/telemetry/metrics/rpc.ts';
import { EPOCH_PARAMETERS } from '../helpers/parameters.ts';
import { withTimeout } from '../helpers/timeout.ts';

export const GENESIS_TIME = 1_700_000_000_000;
export const FUNDS = 1_000_000_000_000n;
export const FEE = 100_000n;

export function key(seed: number): KeyPair {
  return new KeyPair(new Uint8Array(32).fill(seed));
}

export const alice = key(1);
export const bob = key(2);
export const carol = key(3);
const bank = key(4);
const validator = key(5);

export function addressText(pair: KeyPair): string {
  return formatAddress(addressOf(pair.publicKey));
}

export const genesis: Genesis = {
  chainId: utf8('ait-test'),
  genesisTime: GENESIS_TIME,
  mode: 0,
  parameters: {
    minFee: 1_000n,
    feePerByte: 10n,
    accountFee: 10_000n,
    maxBlockBytes: 1024 * 1024,
    blockTime: 1000,
    minBlockInterval: 50,
    messageDelay: 250,
    executionAllowance: 250,
    timerCap: 20_000,
    resendInterval: 1000,
    ...EPOCH_PARAMETERS,
  },
  authorities: [{ publicKey: validator.publicKey, address: addressOf(validator.publicKey) }],
  stakers: [],
  accounts: [alice, bob, bank].map(({ publicKey }) => ({ address: addressOf(publicKey), balance: FUNDS })),
};
export const networkHash = genesisHash(genesis);

export interface Draft {
  from?: KeyPair;
  to?: Address;
  amount?: bigint;
  nonce?: number;
  fee?: bigint;
  memo?: string;
  validUntil?: number;
}

export function transfer(draft: Draft = {}): TransactionEnvelope {
  const { to = addressOf(bob.publicKey), amount = 5n, memo = '', ...rest } = draft;
  return sign({ selector: 0, value: { to, amount, memo: utf8(memo) } }, rest);
}

export function sign(
  action: TransactionAction,
  { from = alice, nonce = 0, fee = FEE, validUntil = 0 }: Omit<Draft, 'to' | 'amount' | 'memo'>,
  network: Hash = networkHash,
): TransactionEnvelope {
  const transaction: Transaction = { sender: from.publicKey, nonce, fee, validUntil, action };
  const signature = from.sign(transactionSigningBytes(transaction, network));
  return encodeTransaction({ transaction, signature });
}

/** What a client posts for it. */
export function json(envelope: TransactionEnvelope): Record<string, unknown> {
  return toJson(SignedTransaction, envelope.signed) as Record<string, unknown>;
}

interface Executed extends FinalizedEvent {
  readonly overlay: Overlay;
}

export class TestChain implements ChainReader {
  readonly events = new EventEmitter<RpcEvents>();
  readonly mempool: Mempool;
  readonly blocks: Executed[] = [];
  /** reads of blocks, for tests that watch them */
  reads = 0;
  missing: number | undefined;
  /** as of a node that began from a snapshot: blocks up to it are not there */
  base: number | undefined;

  readonly genesisHash: Hash;

  /** @param from the network's genesis */
  constructor(from: Genesis = genesis) {
    this.genesisHash = genesisHash(from);
    const { hash, block, overlay } = genesisBlock(from, { get: () => undefined, getNode: () => undefined });
    this.blocks.push({ hash, block, overlay, receipts: [], envelopes: [], certificate: undefined });
    this.mempool = new Mempool({
      head: () => this.#headOf(this.#newest),
      verify: new SignatureChecks({
        genesisHash: this.genesisHash,
        verifyAll: async (checks) =>
          checks.map(({ publicKey, message, signature }) => verifyNative(publicKey, message, signature)),
      }).check,
    });
    this.mempool.on('dropped', (envelope, reason) => this.events.emit('dropped', envelope, reason));
  }

  #headOf({ overlay, block }: Executed): MempoolHead {
    return { state: overlay, timestamp: block.header.timestamp, parameters: currentEpoch(overlay).parameters };
  }

  get #newest(): Executed {
    return this.blocks[this.blocks.length - 1] as Executed;
  }

  get head() {
    const { hash, block } = this.#newest;
    return { hash, header: block.header };
  }

  async blockByHeight(height: number) {
    this.reads++;
    await new Promise((resolve) => setImmediate(resolve));
    return height === this.missing || height <= (this.base ?? -1) ? undefined : this.blocks[height];
  }

  async blockByHash(hash: Hash) {
    return this.blocks.find((block) => equalBytes(block.hash, hash));
  }

  async transaction(id: Hash) {
    for (const { block, envelopes } of this.blocks) {
      const index = envelopes.findIndex((envelope) => equalBytes(envelope.id, id));
      if (index !== -1) return { height: block.header.height, index };
    }
    return undefined;
  }

  state() {
    return { reader: this.#newest.overlay, header: this.head.header };
  }

  prove(stateKey: Uint8Array) {
    const { overlay } = this.#newest;
    return { ...this.head, value: overlay.get(stateKey), proof: prove(overlay, stateKey) };
  }

  /** A block of what waits in the mempool, executed on the head; the next slot's leader has made it, and all vote. */
  build(): Executed {
    const { overlay: state, certificate: parentCertificate } = this.#newest;
    const { hash: parent, header: last } = this.head;
    const epoch = currentEpoch(state);
    const height = last.height + 1;
    const slot = height - epoch.startHeight;
    const timestamp = last.timestamp + 1000;
    const justification = { parentCertificate: parentCertificate ?? null, lateVotes: [] };
    const { root, schedule } = electorateOf(epoch);
    const proposer = (epoch.validators[schedule.leader(slot)] as Validator).address;
    const frame = { header: { height, timestamp, parent, proposer }, justification };
    const selected = this.mempool.select({ state, maxBytes: 1_000_000, timestamp });
    const { envelopes, receipts, overlay } = executeValid(state, selected, frame);
    const block: Block = {
      header: {
        ...frame.header,
        epoch: epoch.epoch,
        transactionsRoot: transactionsRoot(envelopes.map(({ id }) => id)),
        receiptsRoot: receiptsRoot(receipts),
        stateRoot: overlay.root,
        validatorsRoot: root,
        nextValidatorsRoot: electorateOf(currentEpoch(overlay)).root,
        justificationHash: justificationHash(justification),
      },
      body: { justification, transactions: encodedTransactions(envelopes) },
    };
    const hash = headerHash(block.header);
    const certificate = {
      epoch: epoch.epoch,
      kind: FINAL,
      slot,
      hash,
      bitmap: BitArray.fromBoolArray(epoch.validators.map(() => true)),
      signatures: epoch.validators.map(() => new Uint8Array(64).fill(7)),
    };
    return { hash, block, overlay, receipts, envelopes, certificate };
  }

  notarize(executed: Executed): void {
    this.events.emit('notarized', executed);
  }

  finalize(executed: Executed): void {
    this.blocks.push(executed);
    this.mempool.onFinalized(executed.envelopes, this.#headOf(executed));
    this.events.emit('finalized', executed);
  }

  /** Builds and finalizes so many blocks. */
  produce(count = 1): void {
    for (let i = 0; i < count; i++) this.finalize(this.build());
  }

  consensus(event: ConsensusEvent): void {
    this.events.emit('consensus', event);
  }
}

export interface TestNode {
  readonly chain: TestChain;
  readonly server: RpcServer;
  readonly registry: Registry;
  readonly http: string;
  readonly ws: string;
  health: Health;
}

export interface NodeOptions {
  readonly limits?: Partial<RpcLimits>;
  readonly timeoutMs?: number;
  readonly faucet?: 'none';
  readonly port?: number;
  readonly wsPort?: number;
  readonly genesis?: Genesis;
  readonly override?: Partial<RpcDependencies>;
}

export const PEER: Peer = {
  id: '12D3KooWPeer',
  isPrivate: false,
  addresses: ['/ip4/127.0.0.1/tcp/9000'],
  direction: 'outbound',
  client: 'aitbc-node/0.1.0',
  height: 3,
  hash: undefined,
  score: -10,
  offences: [{ kind: 'rejected', reason: 'a message on topic vote', times: 1, at: GENESIS_TIME }],
  validator: genesisSet(genesis)[0]?.publicKey,
  oldestHeight: 0,
  latencyMs: 1.5,
  connectedAt: GENESIS_TIME,
};

export const BAN: Ban = {
  target: '192.0.2.7',
  by: 'operator',
  reason: 'asked for',
  since: GENESIS_TIME,
  until: GENESIS_TIME + 60_000,
  times: 0,
};

export const CONSENSUS: ConsensusSource = {
  epoch: FIRST_EPOCH,
  members: genesisSet(genesis),
  round: { slot: 8, leader: 0, voters: { notar: [0], skip: [], final: [] }, silent: [0] },
  lastFinalSlot: 7,
  quorum: 1,
  evidence: { size: 0, list: (_limit, before) => (before === undefined ? [] : undefined) },
};

/** Runs `use` against a started server, and stops it. */
export async function withNode(options: NodeOptions, use: (node: TestNode) => Promise<void>): Promise<void> {
  const network = options.genesis ?? genesis;
  const chain = new TestChain(network);
  const registry = new Registry();
  const state = { health: { healthy: true, ready: true, reasons: [] } as Health };
  const faucet: Faucet = {
    async give(to) {
      const amount = 1_000n;
      const nonce = chain.mempool.nextNonce(addressOf(bank.publicKey));
      const envelope = transfer({ from: bank, to, amount, nonce });
      return { envelope, amount, result: await chain.mempool.add(envelope) };
    },
  };
  const dependencies: RpcDependencies = {
    identity: { genesis: network, genesisHash: chain.genesisHash, version: '0.1.0', commit: 'abc1234' },
    chain,
    mempool: chain.mempool,
    network: {
      peerId: '12D3KooWSelf',
      addresses: ['/ip4/127.0.0.1/tcp/9001'],
      isPrivate: () => false,
      peers: () => [PEER],
      bans: () => [BAN],
    },
    consensus: CONSENSUS,
    health: {
      health: () => state.health,
      syncStatus: () => ({
        ...{ head: 1, target: 2, peers: 1, phase: 'blocks', progress: 0.5 },
        ...{ blocksPerSecond: 12.5, bytesPerSecond: undefined, etaSeconds: undefined },
      }),
    },
    ...(options.faucet !== 'none' && { faucet }),
    events: chain.events,
    logger: silentLogger(),
    metrics: createRpcMetrics(registry),
    ...options.override,
  };
  const server = new RpcServer(dependencies, {
    host: '127.0.0.1',
    port: options.port ?? 0,
    wsPort: options.wsPort ?? 0,
    timeoutMs: options.timeoutMs ?? 5_000,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  });
  await server.start();
  const node = Object.assign(state, {
    chain,
    server,
    registry,
    http: `http://127.0.0.1:${server.ports.rpc}`,
    ws: `ws://127.0.0.1:${server.ports.ws}`,
  });
  try {
    await use(node);
  } finally {
    await withTimeout(server.stop(), 5_000, 'the server stops');
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any;
}

export async function get(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await withTimeout(fetch(url, init), 5_000, url);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  return get(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: raw ? (body as BodyInit) : JSON.stringify(body),
  });
}

/** A WebSocket client that keeps what it receives, in order. */
export class Client {
  readonly socket: WebSocket;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every shape.
  readonly messages: any[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      this.#waiting?.();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  static async open(url: string): Promise<Client> {
    const socket = new WebSocket(url);
    const client = new Client(socket);
    await withTimeout(
      new Promise<void>((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      }),
      5_000,
      `open ${url}`,
    );
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first so many messages, as soon as they are there. */
  async first(count: number): Promise<Client['messages']> {
    const arrived = (async () => {
      while (this.messages.length < count) {
        await new Promise<void>((resolve) => {
          this.#waiting = resolve;
        });
      }
    })();
    await withTimeout(arrived, 5_000, `${count} messages, ${this.messages.length} came`);
    return this.messages.slice(0, count);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

export function hex(envelope: TransactionEnvelope): string {
  return toHex(envelope.bytes);
}

export { NOTAR };
