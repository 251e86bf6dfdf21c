// Completes the compact blocks of proposals: what this node does not hold is fetched by id, and the whole block by its
// hash where that does not help. Every piece is checked against the header, so it does not matter whose answer it is, and
// no peer is needed for it that others could not take the place of.

import { setTimeout as sleep } from 'node:timers/promises';
import { type FindEncoded, type Incomplete, onlyAsked, wholeBlock } from '../chain/compact.ts';
import type { BlockWait } from '../consensus/ports.ts';
import { RateLimiter, type RequestLimits } from '../network/rate-limit.ts';
import type { Block, CompactBlock } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { MAX_TRANSACTIONS_PER_REQUEST } from '../primitives/wire.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Inquiry } from './inquiry.ts';
import { type BlockSource, singleBlock } from './single-block.ts';

const MEBIBYTE = 1024 * 1024;

/** Where more than this part of the transactions is missing, the block as a whole costs less than to ask for them. */
const LARGEST_PART_MISSING = 0.5;
/** A faulty leader can make every node ask for what does not exist: so many peers of each node, twice a round. */
const MAX_PEERS_ASKED = 8;
/** In the first all may lack the same, and say so at once: the peer that sent the proposal may be waiting for it too. */
const ROUNDS = 3;
/** Between two rounds (ms): a few hops, and the requests of those who are nearer to the leader. */
const ROUND_PAUSE_MS = 250;
/** What a round trip around the world takes; who needs more is not waited for alone (ms). */
const PATIENCE_MS = 250;
/**
 * What is asked of one peer, and what it answers: together a third of what it grants, so that faulty leaders do not use up
 * what this node needs of it otherwise. The proposal that can be voted on now has a share of its own: a faulty leader's two take 12 requests of it, and
 * while its slot lasts enough comes back for the next one's.
 */
const SHARES = {
  front: { requests: { burst: 14, perSecond: 7 }, bytes: { burst: 7 * MEBIBYTE, perSecond: 4 * MEBIBYTE } },
  others: { requests: { burst: 6, perSecond: 3 }, bytes: { burst: 3 * MEBIBYTE, perSecond: MEBIBYTE } },
} satisfies Record<string, RequestLimits>;

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

/** A proposal on its way to be complete. */
interface Draft {
  readonly hash: Hash;
  readonly hashHex: string;
  readonly wait: BlockWait;
  /** how it stands now: other ways may lead to the block meanwhile */
  attempt(): Block | Incomplete;
  /** by id in hex */
  add(transactions: ReadonlyMap<string, Uint8Array>): void;
}

export class Completion {
  readonly #o: CompletionOptions;
  readonly #inquiry: Inquiry;
  readonly #front = new RateLimiter(SHARES.front, () => performance.now());
  readonly #others = new RateLimiter(SHARES.others, () => performance.now());

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
   * @returns undefined when no block can be so large; when it was to be fetched and nobody has it, later
   */
  complete(
    hash: Hash,
    compact: CompactBlock,
    peer: string,
    wait: BlockWait,
  ): Block | undefined | Promise<Block | undefined> {
    const draft = this.#draft(hash, compact, wait);
    const block = draft.attempt();
    if (isWhole(block)) return block;
    if ('tooLarge' in block) return undefined;
    return this.#fetch(draft, peer).catch((error: unknown) => {
      if (!this.#inquiry.signal.aborted) this.#o.logger.error({ err: error }, 'a proposal could not be completed');
      return undefined;
    });
  }

  #draft(hash: Hash, compact: CompactBlock, wait: BlockWait): Draft {
    const { held, find } = this.#o;
    const fetched = new Map<string, Uint8Array>();
    const present = (idHex: string) => fetched.get(idHex) ?? find(idHex);
    let missing: readonly Hash[] = [];
    return {
      hash,
      hashHex: toHex(hash),
      wait,
      attempt: () => {
        const block = held(hash);
        if (block !== undefined) return block;
        // There are thousands of ids, and many attempts.
        missing = missing.filter((id) => present(toHex(id)) === undefined);
        if (missing.length > 0) return { missing, of: compact.transactionIds.length };
        const result = wholeBlock(compact, present);
        if ('missing' in result) missing = result.missing;
        return result;
      },
      add: (transactions) => {
        for (const [idHex, transaction] of transactions) fetched.set(idHex, transaction);
      },
    };
  }

  async #fetch(draft: Draft, peer: string): Promise<Block | undefined> {
    const { signal } = this.#inquiry;
    for (let round = 1; ; round++) {
      const block = (await this.#byTransactions(draft, peer)) ?? (await this.#byHash(draft, peer));
      const { hashHex } = draft;
      this.#o.logger.debug({ block: hashHex, round, found: block !== undefined }, 'a proposal was not complete');
      if (block !== undefined || round === ROUNDS || draft.wait.signal.aborted) return block;
      await sleep(ROUND_PAUSE_MS, undefined, { signal });
    }
  }

  /** Several peers may have a part of them each. */
  async #byTransactions(draft: Draft, first: string): Promise<Block | undefined> {
    const { network, onFetched } = this.#o;
    const before = draft.attempt();
    if (isWhole(before)) return before;
    if (!isWorthAsking(before)) return undefined;
    let block: Block | undefined;
    await this.#inquiry.askEveryone({
      what: `transactions of block ${draft.hashHex}`,
      first,
      most: MAX_PEERS_ASKED,
      until: draft.wait.signal,
      patience: PATIENCE_MS,
      ask: async (peer, signal) => {
        // What has come by gossip meanwhile need not be asked for.
        const present = draft.attempt();
        const share = this.#shareOf(draft);
        if ('missing' in present && share.admit(peer)) {
          const ids = present.missing.slice(0, MAX_TRANSACTIONS_PER_REQUEST);
          const answer = await network.requestTransactions(peer, ids, signal);
          for (const { length } of answer) share.charge(peer, length);
          const found = onlyAsked(answer, ids);
          if (found === undefined) network.report(peer, 'untrue', 'transactions that were not asked for');
          else if (found.size > 0) onFetched([...found.values()]);
          draft.add(found ?? new Map());
        }
        const after = draft.attempt();
        if (isWhole(after)) block = after;
        return block !== undefined;
      },
    });
    return block;
  }

  async #byHash(draft: Draft, first: string): Promise<Block | undefined> {
    let found: Block | undefined;
    await this.#inquiry.askEveryone({
      what: `block ${draft.hashHex} of a proposal`,
      first,
      most: MAX_PEERS_ASKED,
      until: draft.wait.signal,
      ask: async (peer, signal) => {
        const share = this.#shareOf(draft);
        if (!share.admit(peer)) return false;
        const block = await singleBlock(this.#o, peer, draft.hash, signal);
        if (block !== undefined) share.charge(peer, block.body.transactions.bytes.length);
        found ??= block;
        return block !== undefined;
      },
    });
    return found;
  }

  /** Its slot may come to the front, and be passed, while it waits. */
  #shareOf({ wait }: Draft): RateLimiter {
    return wait.isAtFront() ? this.#front : this.#others;
  }
}

function isWhole(block: Block | Incomplete): block is Block {
  return 'header' in block;
}

function isWorthAsking(block: Incomplete): boolean {
  if ('tooLarge' in block) return false;
  const { missing, of } = block;
  return missing.length <= LARGEST_PART_MISSING * of && missing.length <= MAX_TRANSACTIONS_PER_REQUEST;
}
