// Fetches the single blocks and certificates that consensus misses, from one peer after the other, until somebody has
// them or they are not needed any more. Who is slow to answer keeps nobody else from being asked. Catching up by ranges
// is the business of catch-up.ts.

import { setTimeout as sleep } from 'node:timers/promises';
import { withDeadline } from '../network/deadline.ts';
import type { OffenceKind } from '../network/offences.ts';
import { type Block, headerHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Certificate } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import { type BlocksRequest, type CertificatesRequest, CertifiedBlock } from '../primitives/wire.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Rounds through the peers for one block; consensus asks again when it still needs it. */
const BLOCK_ROUNDS = 8;
/** A faulty leader can make every node ask for certificates that do not exist: each peer once, which is cheap. */
const CERTIFICATE_ROUNDS = 1;
/** Between two rounds (ms): the block may be on its way by gossip. */
const ROUND_PAUSE_MS = 150;
const REQUEST_TIMEOUT_MS = 3000;
/** A peer that has not answered for so long is left to it, and the next one is asked as well (ms). */
const PATIENCE_MS = 400;
/** Blocks fetched at once; consensus wants at most its window of them. */
const MAX_UNDERWAY = 128;

export interface FetcherNetwork {
  peers(): readonly { readonly id: string }[];
  requestBlocks(peer: string, request: BlocksRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
  requestCertificates(peer: string, request: CertificatesRequest, signal: AbortSignal): Promise<Certificate[]>;
  /** Counts against a peer what it answered. */
  report(peer: string, kind: OffenceKind, reason: string): void;
}

export interface FetcherOptions {
  readonly network: FetcherNetwork;
  /** Whether a body is the one its header commits to. */
  readonly bodyMatches: (block: Block) => boolean;
  readonly onBlock: (hash: Hash, block: Block) => void;
  /** @returns whether they were good */
  readonly onCertificates: (certificates: readonly Certificate[]) => Promise<boolean>;
  readonly logger: Logger;
}

/** Resolves with true when the peer had what is missing. */
type Ask = (peer: string, signal: AbortSignal) => Promise<boolean>;

export class Fetcher {
  readonly #o: FetcherOptions;
  readonly #underway = new Set<string>();
  readonly #stop = new AbortController();
  #firstPeer = 0;

  constructor(options: FetcherOptions) {
    this.#o = options;
  }

  /** Ends what is under way; nothing is told after this. */
  stop(): void {
    this.#stop.abort();
  }

  fetchBlock(hash: Hash): void {
    this.#once(`block ${toHex(hash)}`, BLOCK_ROUNDS, (peer, signal) => this.#blockFrom(peer, hash, signal));
  }

  /** The slots `from … to` of an epoch. */
  fetchCertificates(epoch: number, from: number, to: number): void {
    const request = { epoch, from, to };
    const what = `certificates ${epoch}/${from}-${to}`;
    this.#once(what, CERTIFICATE_ROUNDS, (peer, signal) => this.#certificatesFrom(peer, request, signal));
  }

  #once(what: string, rounds: number, ask: Ask): void {
    const { signal } = this.#stop;
    if (signal.aborted || this.#underway.has(what) || this.#underway.size >= MAX_UNDERWAY) return;
    this.#underway.add(what);
    this.#fromAnyone(what, rounds, ask)
      .then((found) => found || this.#o.logger.debug({ what }, 'no peer has what consensus misses'))
      .catch((error: unknown) => signal.aborted || this.#o.logger.error({ err: error, what }, 'could not fetch'))
      .finally(() => this.#underway.delete(what));
  }

  /** Rejects when this is stopped. */
  async #fromAnyone(what: string, rounds: number, ask: Ask): Promise<boolean> {
    for (let round = 0; round < rounds; round++) {
      if (await this.#askEveryone(what, ask)) return true;
      await sleep(ROUND_PAUSE_MS, undefined, { signal: this.#stop.signal });
    }
    return false;
  }

  /** One round: who is still to answer when somebody had it is not waited for. Rejects when this is stopped. */
  async #askEveryone(what: string, ask: Ask): Promise<boolean> {
    const { signal } = this.#stop;
    const over = new AbortController();
    const end = () => over.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    const answers: Promise<void>[] = [];
    const answerOf = async (id: string): Promise<void> => {
      try {
        const has = await withDeadline(REQUEST_TIMEOUT_MS, `${what} from ${id}`, over.signal, (limit) =>
          ask(id, limit),
        );
        if (has) over.abort();
      } catch (error) {
        if (!over.signal.aborted) this.#o.logger.debug({ err: error, peer: id, what }, 'a peer did not answer well');
      }
    };
    try {
      for (const { id } of this.#peersInTurn()) {
        const answer = answerOf(id);
        answers.push(answer);
        await Promise.race([answer, pause(PATIENCE_MS, over.signal)]);
        if (over.signal.aborted) break;
      }
      await Promise.all(answers);
    } finally {
      signal.removeEventListener('abort', end);
    }
    signal.throwIfAborted();
    return over.signal.aborted;
  }

  /** Every peer once, each time beginning with another. */
  #peersInTurn(): readonly { readonly id: string }[] {
    const peers = this.#o.network.peers();
    const first = peers.length === 0 ? 0 : this.#firstPeer++ % peers.length;
    return [...peers.slice(first), ...peers.slice(0, first)];
  }

  async #blockFrom(peer: string, hash: Hash, signal: AbortSignal): Promise<boolean> {
    for await (const bytes of this.#o.network.requestBlocks(peer, { selector: 1, value: [hash] }, signal)) {
      const block = decodeBlock(bytes);
      if (block === undefined || !equalBytes(headerHash(block.header), hash) || !this.#o.bodyMatches(block)) {
        const reason = 'its answer to a blocks request is not the block that was asked for';
        this.#o.network.report(peer, 'untrue', reason);
        throw new Error(reason);
      }
      this.#o.onBlock(hash, block);
      return true;
    }
    return false;
  }

  async #certificatesFrom(peer: string, request: CertificatesRequest, signal: AbortSignal): Promise<boolean> {
    const certificates = await this.#o.network.requestCertificates(peer, request, signal);
    // A peer that has nothing of the kind still sends its newest Final, which may be an old one.
    if (!certificates.some(({ slot }) => slot >= request.from)) return false;
    const areGood = await this.#o.onCertificates(certificates);
    if (!areGood)
      this.#o.network.report(peer, 'untrue', 'its answer to a certs request has a certificate that does not hold');
    return areGood;
  }
}

function decodeBlock(bytes: Uint8Array): Block | undefined {
  try {
    return CertifiedBlock.deserialize(bytes).block;
  } catch {
    return undefined;
  }
}

/** Ends early when the signal fires. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
