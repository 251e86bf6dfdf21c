// Completes the compact blocks of proposals: what this node does not hold is fetched by id, and the whole block by its
// hash where that does not help. Every piece is checked against the header, so it does not matter whose answer it is, and
// no peer is needed for it that others could not take the place of.

import { type FindEncoded, onlyAsked, wholeBlock } from '../chain/compact.ts';
import type { Block, CompactBlock } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { MAX_TRANSACTIONS_PER_REQUEST } from '../primitives/wire.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Inquiry } from './inquiry.ts';
import { type BlockSource, singleBlock } from './single-block.ts';

/** Where more than this part of the transactions is missing, the block as a whole costs less than to ask for them. */
const LARGEST_PART_MISSING = 0.5;
/** A faulty leader can make every node ask for what does not exist: so many peers of each node, twice. */
const MAX_PEERS_ASKED = 8;
/** What a round trip around the world takes; who needs more is not waited for alone (ms). */
const PATIENCE_MS = 250;

export interface CompletionOptions extends BlockSource {
  readonly network: BlockSource['network'] & {
    peers(): readonly { readonly id: string }[];
    requestTransactions(peer: string, ids: Uint8Array[], signal: AbortSignal): Promise<Uint8Array[]>;
  };
  /** a block that this node holds already */
  readonly held: (hash: Hash) => Block | undefined;
  /** ssz(SignedTransaction) of those that this node holds */
  readonly find: FindEncoded;
  /** Transactions that had to be asked for: others may propose them again, and ask for them. */
  readonly onFetched: (transactions: readonly Uint8Array[]) => void;
  readonly logger: Logger;
}

export class Completion {
  readonly #o: CompletionOptions;
  readonly #inquiry: Inquiry;

  constructor(options: CompletionOptions) {
    this.#o = options;
    const { network, logger } = options;
    this.#inquiry = new Inquiry({ peers: () => network.peers(), logger });
  }

  /** Ends what is under way: nothing more is found. */
  stop(): void {
    this.#inquiry.stop();
  }

  /**
   * The whole block: at once when nothing is missing. The promise never rejects.
   * @param compact to all of which the header commits
   * @param peer who has sent it, and may hold what is missing
   * @returns undefined when nobody has what is missing, or no block is so large
   */
  complete(hash: Hash, compact: CompactBlock, peer: string): Block | Promise<Block | undefined> {
    const { held, find, logger } = this.#o;
    const known = held(hash);
    if (known !== undefined) return known;
    const block = wholeBlock(compact, find);
    if ('tooLarge' in block) return Promise.resolve(undefined);
    if (!('missing' in block)) return block;
    return this.#fetch(hash, compact, { missing: block.missing, peer }).catch((error: unknown) => {
      if (!this.#inquiry.signal.aborted) logger.error({ err: error }, 'a proposal could not be completed');
      return undefined;
    });
  }

  async #fetch(
    hash: Hash,
    compact: CompactBlock,
    { missing, peer }: { missing: readonly Hash[]; peer: string },
  ): Promise<Block | undefined> {
    const { logger } = this.#o;
    const counts = { transactions: compact.transactionIds.length, missing: missing.length };
    const isLarge = missing.length > LARGEST_PART_MISSING * counts.transactions;
    const canAsk = missing.length <= MAX_TRANSACTIONS_PER_REQUEST;
    const block = isLarge || !canAsk ? undefined : await this.#byTransactions(compact, missing, peer);
    const whole = block ?? (await this.#byHash(hash, peer));
    const by = block !== undefined ? 'transactions' : whole !== undefined ? 'hash' : 'nobody';
    logger.debug({ block: toHex(hash), ...counts, by }, 'a proposal was not complete');
    return whole;
  }

  /** Several peers may have a part of them each. */
  async #byTransactions(compact: CompactBlock, missing: readonly Hash[], first: string): Promise<Block | undefined> {
    const { network, find, onFetched } = this.#o;
    const fetched = new Map<string, Uint8Array>();
    const findAll: FindEncoded = (idHex) => fetched.get(idHex) ?? find(idHex);
    let block: Block | undefined;
    await this.#inquiry.askEveryone({
      what: `${missing.length} transactions of a proposal`,
      first,
      most: MAX_PEERS_ASKED,
      patience: PATIENCE_MS,
      ask: async (peer, signal) => {
        // What has come by gossip meanwhile need not be asked for.
        const ids = missing.filter((id) => findAll(toHex(id)) === undefined);
        const answer = ids.length === 0 ? [] : await network.requestTransactions(peer, ids, signal);
        const found = onlyAsked(answer, ids);
        if (found === undefined) network.report(peer, 'untrue', 'transactions that were not asked for');
        for (const [idHex, transaction] of found ?? []) fetched.set(idHex, transaction);
        const whole = wholeBlock(compact, findAll);
        if ('missing' in whole) return false;
        block = 'tooLarge' in whole ? undefined : whole;
        return true;
      },
    });
    if (fetched.size > 0) onFetched([...fetched.values()]);
    return block;
  }

  async #byHash(hash: Hash, first: string): Promise<Block | undefined> {
    let found: Block | undefined;
    await this.#inquiry.askEveryone({
      what: `block ${toHex(hash)} of a proposal`,
      first,
      most: MAX_PEERS_ASKED,
      ask: async (peer, signal) => {
        const block = await singleBlock(this.#o, peer, hash, signal);
        found ??= block;
        return block !== undefined;
      },
    });
    return found;
  }
}
