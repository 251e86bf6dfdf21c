// Answers requests of peers. Each stream carries one request and its answer; what a peer sends is bounded in bytes and
// time, what it gets by its share, and a stream that breaks the protocol is reset and counted against the peer.

import type { Stream } from '@libp2p/interface';
import type { Logger } from 'pino';
import { Status } from '../primitives/wire.ts';
import { withDeadline } from './deadline.ts';
import { asError, NetworkError } from './errors.ts';
import { FrameReader, writeFrame } from './frames.ts';
import type { Host } from './host.ts';
import {
  decodeBlocksRequest,
  decodeCertificatesRequest,
  decodeStatus,
  decodeTransactionsRequest,
  encodeCertificates,
  encodeTransactions,
  MAX_ANSWER_BYTES,
  MAX_CHUNK_BYTES,
  MAX_REQUEST_BYTES,
} from './messages.ts';
import type { NetworkHandlers } from './network.ts';
import type { NetworkObserver } from './observer.ts';
import { type ProtocolNames, REQUEST_PROTOCOLS, type RequestProtocol } from './protocols.ts';
import { RateLimiter, type RateLimits } from './rate-limit.ts';
import type { Offence } from './scoring.ts';

export interface ResponderContext {
  readonly names: ProtocolNames;
  readonly handlers: NetworkHandlers;
  readonly rateLimits: RateLimits;
  readonly logger: Logger;
  readonly observer: NetworkObserver | undefined;
  readonly onOffence: (peer: string, offence: Offence) => void;
  /** a peer told its status; called before ours is sent back */
  readonly onStatus: (peer: string, status: Status) => void;
  /** aborts when the node stops */
  readonly lifetime: AbortSignal;
}

/** Answers to one peer that may be under way on one protocol; each holds at most one message. */
const MAX_INBOUND_STREAMS = 4;
const MAX_OUTBOUND_STREAMS = 16;
/** For a request to arrive, and for the peer to take in one message of the answer. */
const STEP_TIMEOUT_MS = 10_000;
/** Status exchanges keep the connection, so they have a share of their own: eight times what a peer needs. */
const STATUS_LIMITS: RateLimits = { requests: { burst: 16, perSecond: 8 }, bytes: { burst: 16_384, perSecond: 8_192 } };

export class Responder {
  readonly #host: Host;
  readonly #context: ResponderContext;
  readonly #limiter: RateLimiter;
  readonly #statusLimiter: RateLimiter;

  constructor(host: Host, context: ResponderContext) {
    this.#host = host;
    this.#context = context;
    this.#limiter = new RateLimiter(context.rateLimits, () => performance.now());
    this.#statusLimiter = new RateLimiter(STATUS_LIMITS, () => performance.now());
  }

  /** Must be done before the host starts, or the first peers are told that nothing is spoken here. */
  async register(): Promise<void> {
    for (const protocol of REQUEST_PROTOCOLS) {
      await this.#host.handle(
        this.#context.names.request(protocol),
        (stream, connection) => this.#serve(protocol, stream, connection.remotePeer.toString()),
        { maxInboundStreams: MAX_INBOUND_STREAMS, maxOutboundStreams: MAX_OUTBOUND_STREAMS },
      );
    }
  }

  async unregister(): Promise<void> {
    await this.#host.unhandle(REQUEST_PROTOCOLS.map((protocol) => this.#context.names.request(protocol)));
  }

  async #serve(protocol: RequestProtocol, stream: Stream, peer: string): Promise<void> {
    const limiter = protocol === 'status' ? this.#statusLimiter : this.#limiter;
    let sent = 0;
    try {
      if (!limiter.admit(peer)) throw new NetworkError('RATE_LIMITED', 'the peer has used up its share');
      const request = await this.#read(protocol, stream, peer);
      for await (const chunk of this.#answer(protocol, request, peer)) {
        if (sent > 0 && sent + chunk.length > MAX_ANSWER_BYTES) break;
        await this.#step(`${protocol} answer to ${peer}`, (signal) => writeFrame(stream, chunk, signal));
        sent += chunk.length;
      }
      await this.#step(`${protocol} answer to ${peer}`, (signal) => stream.close({ signal }));
      this.#context.observer?.requestServed(protocol, 'inbound', 'ok', sent);
    } catch (error) {
      stream.abort(asError(error));
      this.#failed(protocol, peer, sent, error);
    } finally {
      limiter.charge(peer, sent);
    }
  }

  async #read(protocol: RequestProtocol, stream: Stream, peer: string): Promise<Uint8Array> {
    const max = MAX_REQUEST_BYTES[protocol];
    const reader = new FrameReader(stream, { frame: max, total: max + 4 });
    try {
      const request = await this.#step(`${protocol} request of ${peer}`, (signal) => reader.next(signal));
      if (request === undefined) throw new NetworkError('TRUNCATED', 'the stream ended before a request');
      return request;
    } finally {
      reader.release();
    }
  }

  #step<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(STEP_TIMEOUT_MS, what, this.#context.lifetime, work);
  }

  async *#answer(protocol: RequestProtocol, request: Uint8Array, peer: string): AsyncIterable<Uint8Array> {
    const { handlers } = this.#context;
    switch (protocol) {
      case 'status':
        this.#context.onStatus(peer, decodeStatus(request));
        yield Status.serialize(handlers.status());
        break;
      case 'blocks':
        yield* bounded(handlers.blocks(decodeBlocksRequest(request)));
        break;
      case 'certs':
        yield encodeCertificates(await handlers.certificates(decodeCertificatesRequest(request)));
        break;
      case 'txs':
        yield encodeTransactions(await handlers.transactions(decodeTransactionsRequest(request)));
        break;
    }
  }

  #failed(protocol: RequestProtocol, peer: string, sent: number, error: unknown): void {
    const { logger, observer, onOffence } = this.#context;
    const code = error instanceof NetworkError ? error.code : undefined;
    observer?.requestServed(protocol, 'inbound', code === 'RATE_LIMITED' ? 'refused' : 'failed', sent);
    if (code === undefined && !this.#context.lifetime.aborted) {
      logger.warn({ protocol, peer, err: error }, 'could not answer a request');
      return;
    }
    logger.debug({ protocol, peer, code, reason: asError(error).message }, 'request of a peer ended');
    const offence = code === undefined ? undefined : OFFENCES[code];
    if (offence !== undefined) onOffence(peer, offence);
  }
}

/** A reset is no offence: the peer gave up or went away. */
const OFFENCES: Partial<Record<NetworkError['code'], Offence>> = {
  MALFORMED: 'violation',
  OVERSIZED: 'violation',
  TRUNCATED: 'violation',
  TIMEOUT: 'nuisance',
  RATE_LIMITED: 'nuisance',
};

async function* bounded(blocks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const block of blocks) {
    if (block.length > MAX_CHUNK_BYTES) throw new RangeError(`a block of ${block.length} bytes cannot be sent`);
    yield block;
  }
}
