// A node's blocks: the finalized ones in a simulated database, the executed ones above them in memory. Executing a
// block means to mix its transactions root into its parent's state root; the rules beside that are height and time.

import { SerializedList } from '@chainsafe/ssz';
import type { BlockPort } from '../../src/consensus/ports.ts';
import type { Anchor } from '../../src/consensus/types.ts';
import { type Block, type Header, headerHash, justificationHash } from '../../src/primitives/block.ts';
import { concatBytes, equalBytes, toHex } from '../../src/primitives/bytes.ts';
import type { Certificate } from '../../src/primitives/consensus.ts';
import { type Hash, sha256Pair, ZERO_HASH } from '../../src/primitives/hash.ts';
import { MAX_TRANSACTION_BYTES } from '../../src/primitives/transaction.ts';
import type { CertifiedBlock } from '../../src/primitives/wire.ts';
import type { BuildRequest } from './behaviour.ts';
import type { Disk } from './disk.ts';

export interface Stored {
  readonly hash: Hash;
  readonly block: Block;
  /** its Final, if one was known when it was stored */
  readonly final: Certificate | undefined;
}

/** The database, which outlives crashes. */
export class Database {
  readonly #blocks: Stored[];
  readonly #heights = new Map<string, number>();

  constructor(genesis: Block) {
    this.#blocks = [{ hash: headerHash(genesis.header), block: genesis, final: undefined }];
    this.#heights.set(toHex(headerHash(genesis.header)), 0);
  }

  get top(): Stored {
    return this.#blocks.at(-1) as Stored;
  }

  get height(): number {
    return this.#blocks.length - 1;
  }

  at(height: number): Stored | undefined {
    return this.#blocks[height];
  }

  find(hashHex: string): Stored | undefined {
    return this.at(this.#heights.get(hashHex) ?? -1);
  }

  push(stored: Stored): void {
    this.#heights.set(toHex(stored.hash), this.#blocks.length);
    this.#blocks.push(stored);
  }

  /** Where consensus starts: the newest block that has a Final. */
  get anchor(): Anchor {
    const { hash, block, final } = this.#blocks.findLast(
      (stored, height) => stored.final !== undefined || height === 0,
    ) as Stored;
    return { slot: final?.slot ?? 0, hash, header: block.header, certificate: final };
  }

  /** Blocks from a height on, up to the newest that has a Final. */
  from(height: number, count: number): CertifiedBlock[] {
    const end = this.#blocks.findLastIndex(({ final }) => final !== undefined);
    return this.#blocks
      .slice(height, Math.min(end + 1, height + count))
      .map(({ block, final }) => ({ block, certificate: final ?? null }));
  }
}

export interface ChainOptions {
  readonly database: Database;
  readonly disk: Disk;
  /** of the member that this node acts for */
  readonly proposer: Uint8Array;
  readonly validatorsRoot: Hash;
  /** tells blocks of the same height apart */
  readonly mark: () => Hash;
  /** bytes of transactions in a block */
  readonly load: number;
  /** @param below the newest stored block below it */
  readonly onCommitted: (stored: Stored, below: Stored) => void;
  readonly wait: { build(): Promise<void>; verify(block: Block): Promise<void> };
  /** whether nothing waits to be put in a block */
  readonly isIdle: () => boolean;
  /** a liar's builder */
  readonly build: ((request: BuildRequest) => Block | undefined) | undefined;
}

export class SimChain implements BlockPort {
  readonly #o: ChainOptions;
  readonly #executed = new Map<string, Block>();

  constructor(options: ChainOptions) {
    this.#o = options;
  }

  async build(request: BuildRequest) {
    await this.#o.wait.build();
    if (!request.allowEmpty && this.#o.isIdle()) return undefined;
    const block = this.#o.build === undefined ? this.make(request) : this.#o.build(request);
    if (block === undefined) return undefined;
    this.keep(block);
    return { block, hash: headerHash(block.header) };
  }

  async verify(hash: Hash, block: Block) {
    await this.#o.wait.verify(block);
    const { height } = block.header;
    const stored = this.#o.database.at(height);
    if (stored !== undefined) return { verdict: equalBytes(stored.hash, hash) ? 'valid' : 'lost' } as const;
    const parent = this.find(toHex(block.header.parent));
    if (parent === undefined) return { verdict: 'postponed' } as const;
    if (!follows(block.header, parent.header)) return { verdict: 'invalid', reason: 'it breaks a rule' } as const;
    this.keep(block);
    return { verdict: 'valid' } as const;
  }

  /** One durable write for each block, the oldest first. */
  async finalize(hash: Hash, certificate: Certificate): Promise<void> {
    const { database } = this.#o;
    const path: Block[] = [];
    for (let at = hash; database.find(toHex(at)) === undefined; at = (path[0] as Block).header.parent) {
      const block = this.#executed.get(toHex(at));
      if (block === undefined) throw new Error(`block ${toHex(at)} is final and was never executed here`);
      path.unshift(block);
    }
    for (const block of path) await this.commit(block, block === path.at(-1) ? certificate : undefined);
  }

  bodyMatches({ header, body }: Block): boolean {
    return equalBytes(justificationHash(body.justification), header.justificationHash);
  }

  /** A block of the height above the newest stored one. */
  async commit(block: Block, final: Certificate | undefined): Promise<void> {
    const { database, disk, onCommitted } = this.#o;
    const stored = { hash: headerHash(block.header), block, final };
    await disk.write({
      complete: () => {
        const { height } = block.header;
        // Catch-up may have been quicker; that it stored another block is for the invariants to see.
        const known = database.at(height);
        if (known !== undefined && equalBytes(known.hash, stored.hash)) return;
        onCommitted(stored, database.at(height - 1) ?? database.top);
        database.push(stored);
      },
      tear: () => undefined, // a batch is written as a whole or not at all
    });
    for (const [hashHex, { header }] of this.#executed) {
      if (header.height < database.height) this.#executed.delete(hashHex);
    }
  }

  /** A block executed or stored here. */
  find(hashHex: string): Block | undefined {
    return this.#executed.get(hashHex) ?? this.#o.database.find(hashHex)?.block;
  }

  keep(block: Block): void {
    this.#executed.set(toHex(headerHash(block.header)), block);
  }

  /** A valid block, unless the parent is unknown here. */
  make({ parent, parentCertificate, timestamp }: Omit<BuildRequest, 'type'>): Block | undefined {
    const header = this.find(toHex(parent))?.header;
    if (header === undefined) return undefined;
    const { proposer, validatorsRoot, mark, load } = this.#o;
    const change = { parent, proposer, timestamp, height: header.height + 1, transactionsRoot: mark() };
    const block = assemble({ ...emptyHeader(validatorsRoot), ...change }, header, parentCertificate);
    return load === 0 ? block : { ...block, body: { ...block.body, transactions: filler(load) } };
  }
}

export function genesisBlock(validatorsRoot: Hash, timestamp: number): Block {
  return assemble({ ...emptyHeader(validatorsRoot), timestamp }, undefined, undefined);
}

/** Transactions of so many bytes in all; what they say is not looked at here. */
function filler(bytes: number): SerializedList {
  const count = Math.ceil(bytes / MAX_TRANSACTION_BYTES);
  const transaction = new Uint8Array(Math.floor(bytes / count));
  return SerializedList.fromArray(Array.from({ length: count }, () => transaction));
}

/** Fills in what follows from the parent and the justification. */
export function assemble(header: Header, parent: Header | undefined, certificate: Certificate | undefined): Block {
  const justification = { parentCertificate: certificate ?? null, lateVotes: [] };
  const stateRoot = parent === undefined ? ZERO_HASH : execute(parent, header);
  return {
    header: { ...header, stateRoot, justificationHash: justificationHash(justification) },
    body: { justification, transactions: SerializedList.empty() },
  };
}

function emptyHeader(validatorsRoot: Hash): Header {
  return {
    height: 0,
    epoch: 1,
    timestamp: 0,
    parent: ZERO_HASH,
    proposer: new Uint8Array(20),
    transactionsRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    validatorsRoot,
    nextValidatorsRoot: validatorsRoot,
    justificationHash: ZERO_HASH,
  };
}

function follows(header: Header, parent: Header): boolean {
  return (
    header.height === parent.height + 1 &&
    header.timestamp > parent.timestamp &&
    equalBytes(header.stateRoot, execute(parent, header))
  );
}

function execute(parent: Header, { transactionsRoot }: Header): Hash {
  return sha256Pair(concatBytes(parent.stateRoot, transactionsRoot));
}
