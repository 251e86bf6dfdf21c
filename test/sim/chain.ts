// A node's blocks: the finalized ones in its database, the executed ones above them in memory. Executing a block means to
// mix its transactions root into its parent's state root; the rules beside that are height, time, epoch and the votes
// that it records.

import { SerializedList } from '@chainsafe/ssz';
import type { BlockPort, BlockWait } from '../../src/consensus/ports.ts';
import {
  type Block,
  type CompactBlock,
  type Header,
  headerHash,
  justificationHash,
} from '../../src/primitives/block.ts';
import { concatBytes, equalBytes, toHex } from '../../src/primitives/bytes.ts';
import { type Certificate, FINAL, SKIP, type Vote, voteSigningBytes } from '../../src/primitives/consensus.ts';
import { type Hash, sha256Pair, ZERO_HASH } from '../../src/primitives/hash.ts';
import { MAX_TRANSACTION_BYTES } from '../../src/primitives/transaction.ts';
import { carryingAll, wholeOf } from '../helpers/compact.ts';
import type { BuildRequest } from './behaviour.ts';
import type { Database, Stored } from './database.ts';
import type { Disk } from './disk.ts';
import type { Electorates } from './electorates.ts';
import { GENESIS_HASH, holds } from './keys.ts';
import { Participation } from './participation.ts';

export interface ChainOptions {
  readonly database: Database;
  readonly disk: Disk;
  /** of the member that this node acts for */
  readonly proposer: Uint8Array;
  readonly electorates: Electorates;
  /** tells blocks of the same height apart */
  readonly mark: () => Hash;
  /** bytes of transactions in a block */
  readonly load: number;
  /** @param below the newest stored block below it */
  readonly onCommitted: (stored: Stored, below: Stored) => void;
  readonly wait: { build(): Promise<void>; verify(block: Block): Promise<void> };
  /** whether nothing waits to be put in a block */
  readonly isIdle: () => boolean;
  /** whether something is missing here of a proposal that carries all */
  readonly lacks: () => boolean;
  /** asks peers for the block of a proposal, as long as it is waited for */
  readonly fetch: (hash: Hash, signal: AbortSignal) => Promise<Block | undefined>;
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
    if (!this.#follows(block, parent)) return { verdict: 'invalid', reason: 'it breaks a rule' } as const;
    this.keep(block);
    return { verdict: 'valid' } as const;
  }

  /** One durable write for each block, the oldest first. */
  async finalize(hash: Hash, certificate: Certificate): Promise<void> {
    const { database } = this.#o;
    const path: Block[] = [];
    // Of a block that is stored already the Final is kept.
    for (let at = hash; path.length === 0 || database.find(toHex(at)) === undefined; ) {
      const block = this.find(toHex(at));
      if (block === undefined) throw new Error(`block ${toHex(at)} is final and was never executed here`);
      path.unshift(block);
      at = block.header.parent;
    }
    for (const block of path) await this.commit(block, block === path.at(-1) ? certificate : undefined);
  }

  bodyMatches({ header, body }: Block): boolean {
    return equalBytes(justificationHash(body.justification), header.justificationHash);
  }

  /** Honest blocks carry all that is in them, and headers commit to no transactions: a mark tells them apart. */
  compact(block: Block): CompactBlock {
    return carryingAll(block);
  }

  compactHolds(block: CompactBlock): boolean {
    return this.bodyMatches(wholeOf(block));
  }

  /** A node that lacks something knows the block only when somebody has sent all of it. */
  complete(hash: Hash, block: CompactBlock, _peer: string, { signal }: BlockWait): Block | Promise<Block | undefined> {
    const held = this.find(toHex(hash));
    if (held !== undefined) return held;
    const carriesAll = block.carried.length === block.transactionIds.length;
    return carriesAll && !this.#o.lacks() ? wholeOf(block) : this.#o.fetch(hash, signal);
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
        if (known !== undefined && equalBytes(known.hash, stored.hash)) return database.keepFinal(height, final);
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
  make({ parent, parentCertificate, lateVotes, timestamp }: Omit<BuildRequest, 'type'>): Block | undefined {
    const below = this.find(toHex(parent));
    if (below === undefined) return undefined;
    const { proposer, mark, load } = this.#o;
    const epoch = this.#epochAfter(below.header);
    const participation = new Participation(epoch, below, (hashHex) => this.find(hashHex));
    const late = participation.choose(lateVotes, parentCertificate ?? null);
    const change = { parent, proposer, timestamp, height: below.header.height + 1, transactionsRoot: mark() };
    const header = { ...emptyHeader(this.#roots(epoch, timestamp)), ...change };
    const block = assemble(header, below.header, parentCertificate, late);
    return load === 0 ? block : { ...block, body: { ...block.body, transactions: filler(load) } };
  }

  /** What a header of this time says of its epoch; one that has not begun here never ends. */
  #roots(epoch: number, timestamp: number): EpochRoots {
    const { database, electorates } = this.#o;
    const validatorsRoot = electorates.at(epoch).members.root;
    const isLast = epoch <= database.epoch && timestamp >= database.epochEnd(epoch);
    return {
      epoch,
      validatorsRoot,
      nextValidatorsRoot: isLast ? electorates.at(epoch + 1).members.root : validatorsRoot,
    };
  }

  #epochAfter(parent: Header): number {
    const { database } = this.#o;
    return parent.epoch <= database.epoch && database.isBoundary(parent) ? parent.epoch + 1 : parent.epoch;
  }

  #follows({ header, body }: Block, parent: Block): boolean {
    const { parentCertificate, lateVotes } = body.justification;
    const epoch = this.#epochAfter(parent.header);
    const roots = this.#roots(epoch, header.timestamp);
    const { members } = this.#o.electorates.at(epoch);
    return (
      header.height === parent.header.height + 1 &&
      header.timestamp > parent.header.timestamp &&
      header.epoch === epoch &&
      equalBytes(header.validatorsRoot, roots.validatorsRoot) &&
      equalBytes(header.nextValidatorsRoot, roots.nextValidatorsRoot) &&
      equalBytes(header.stateRoot, execute(parent.header, header)) &&
      certifies(parentCertificate, parent.header, epoch) &&
      new Participation(epoch, parent, (hashHex) => this.find(hashHex)).admit(body.justification) &&
      lateVotes.every((vote) => {
        if (vote.member >= members.size) return false;
        const message = voteSigningBytes({ ...vote, validatorsRoot: members.root }, GENESIS_HASH);
        return holds({ publicKey: members.at(vote.member).publicKey, message, signature: vote.signature });
      })
    );
  }
}

/** Whether a certificate may stand in a block of an epoch on this parent. Its signatures are checked at the door. */
function certifies(certificate: Certificate | null, parent: Header, epoch: number): boolean {
  if (certificate === null) return parent.height === 0;
  const isFirst = epoch !== parent.epoch;
  return (
    equalBytes(certificate.hash, headerHash(parent)) &&
    certificate.epoch === parent.epoch &&
    certificate.kind !== SKIP &&
    (!isFirst || certificate.kind === FINAL)
  );
}

export function genesisBlock(validatorsRoot: Hash, timestamp: number): Block {
  const roots = { epoch: 1, validatorsRoot, nextValidatorsRoot: validatorsRoot };
  return assemble({ ...emptyHeader(roots), timestamp }, undefined, undefined);
}

/** Transactions of so many bytes in all; what they say is not looked at here. */
function filler(bytes: number): SerializedList {
  const count = Math.ceil(bytes / MAX_TRANSACTION_BYTES);
  const transaction = new Uint8Array(Math.floor(bytes / count));
  return SerializedList.fromArray(Array.from({ length: count }, () => transaction));
}

/** Fills in what follows from the parent and the justification. */
export function assemble(
  header: Header,
  parent: Header | undefined,
  certificate: Certificate | undefined,
  lateVotes: Vote[] = [],
): Block {
  const justification = { parentCertificate: certificate ?? null, lateVotes };
  const stateRoot = parent === undefined ? ZERO_HASH : execute(parent, header);
  return {
    header: { ...header, stateRoot, justificationHash: justificationHash(justification) },
    body: { justification, transactions: SerializedList.empty() },
  };
}

type EpochRoots = Pick<Header, 'epoch' | 'validatorsRoot' | 'nextValidatorsRoot'>;

function emptyHeader(roots: EpochRoots): Header {
  return {
    height: 0,
    timestamp: 0,
    parent: ZERO_HASH,
    proposer: new Uint8Array(20),
    transactionsRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    justificationHash: ZERO_HASH,
    ...roots,
  };
}

function execute(parent: Header, { transactionsRoot }: Header): Hash {
  return sha256Pair(concatBytes(parent.stateRoot, transactionsRoot));
}
