// Fetches the single blocks and certificates that consensus misses, from one peer after the other, until somebody has
// them or they are not needed any more. Catching up by ranges is the business of catch-up.ts.

import { setTimeout as sleep } from 'node:timers/promises';
import type { OffenceKind } from '../network/offences.ts';
import type { Block } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Certificate } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { BlocksRequest, CertificatesRequest } from '../primitives/wire.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Ask, Inquiry } from './inquiry.ts';
import { singleBlock } from './single-block.ts';

/** Rounds through the peers for one block; consensus asks again when it still needs it. */
const BLOCK_ROUNDS = 8;
/** A faulty leader can make every node ask for certificates that do not exist: each peer once, which is cheap. */
const CERTIFICATE_ROUNDS = 1;
/** Between two rounds (ms): the block may be on its way by gossip. */
const ROUND_PAUSE_MS = 150;
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

export class Fetcher {
  readonly #o: FetcherOptions;
  readonly #underway = new Set<string>();
  readonly #inquiry: Inquiry;

  constructor(options: FetcherOptions) {
    this.#o = options;
    const { network, logger } = options;
    this.#inquiry = new Inquiry({ peers: () => network.peers(), logger });
  }

  /** Ends what is under way; nothing is told after this. */
  stop(): void {
    this.#inquiry.stop();
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
    const { signal } = this.#inquiry;
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
      if (await this.#inquiry.askEveryone({ what, ask })) return true;
      await sleep(ROUND_PAUSE_MS, undefined, { signal: this.#inquiry.signal });
    }
    return false;
  }

  async #blockFrom(peer: string, hash: Hash, signal: AbortSignal): Promise<boolean> {
    const block = await singleBlock(this.#o, peer, hash, signal);
    if (block !== undefined) this.#o.onBlock(hash, block);
    return block !== undefined;
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
