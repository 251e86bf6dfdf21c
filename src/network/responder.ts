// Answers requests of peers. Each stream carries one request and its answer; what a peer sends is bounded in bytes and
// time, what it gets by its share, and a stream that breaks the protocol is reset and counted against the peer.

import type { Stream } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { asError } from '../primitives/errors.ts';
import { MAX_LENGTH_BYTES } from '../primitives/frame.ts';
import type { SignedPeerBinding } from '../primitives/peer-binding.ts';
import { Status } from '../primitives/wire.ts';
import { AnswersUnderway, promptly } from './answers.ts';
import { withDeadline } from './deadline.ts';
import { NetworkError } from './errors.ts';
import { FrameReader, writeFrame } from './frames.ts';
import type { Host } from './host.ts';
import {
  decodeBlocksRequest,
  decodeCertificatesRequest,
  decodePeerBindings,
  decodeSnapshotRequest,
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
import type { OffenceKind } from './offences.ts';
import { type ProtocolNames, REQUEST_PROTOCOLS, type RequestProtocol } from './protocols.ts';
import { RateLimiter, type RequestLimits, Shares } from './rate-limit.ts';

export interface ResponderContext {
  readonly names: ProtocolNames;
  readonly handlers: NetworkHandlers;
  readonly rateLimits: RequestLimits;
  /** the host that a connection comes from, as its share is counted; undefined for one that is not counted */
  readonly hostOf: (remote: Multiaddr) => string | undefined;
  /** whether the peer has passed the handshake as far as it can know */
  readonly isServed: (peer: string) => boolean;
  readonly logger: Logger;
  readonly observer: NetworkObserver | undefined;
  readonly onOffence: (peer: string, kind: OffenceKind, reason: string) => void;
  /** a peer told its status; called before ours is sent back */
  readonly onStatus: (peer: string, status: Status) => void;
  /** @throws {NetworkError} MALFORMED */
  readonly onValidators: (peer: string, bindings: readonly SignedPeerBinding[]) => void;
  /** aborts when the node stops */
  readonly lifetime: AbortSignal;
}

/** More than these are reset before they can be counted against the peer. */
const MAX_INBOUND_STREAMS = 32;
/** More than this node itself ever has to a peer, those that are ending included. */
const MAX_OUTBOUND_STREAMS = 16;
const MAX_STATUS_STREAMS = 4;
/** For a request to arrive, and for the peer to take in one message of the answer. */
const STEP_TIMEOUT_MS = 10_000;
/** A status stream stays open; a peer that has said nothing on it for so long has forgotten it. */
const STATUS_IDLE_MS = 10 * 60_000;
/** Status exchanges keep the connection, so they have a share of their own: eight times what a peer needs. */
const STATUS_LIMITS: RequestLimits = {
  requests: { burst: 16, perSecond: 8 },
  bytes: { burst: 16_384, perSecond: 8_192 },
};

interface Asker {
  readonly peer: string;
  readonly host: string | undefined;
}

type AnswerProtocol = Exclude<RequestProtocol, 'status'>;

export class Responder {
  readonly #host: Host;
  readonly #context: ResponderContext;
  readonly #shares: Shares;
  readonly #statusLimiter: RateLimiter;
  readonly #underway = new AnswersUnderway();

  constructor(host: Host, context: ResponderContext) {
    this.#host = host;
    this.#context = context;
    this.#shares = new Shares(context.rateLimits, () => performance.now());
    this.#statusLimiter = new RateLimiter(STATUS_LIMITS, () => performance.now());
  }

  /** Must be done before the host starts, or the first peers are told that nothing is spoken here. */
  async register(): Promise<void> {
    for (const protocol of REQUEST_PROTOCOLS) {
      await this.#host.handle(
        this.#context.names.request(protocol),
        (stream, { remotePeer, remoteAddr }) => {
          const asker = { peer: remotePeer.toString(), host: this.#context.hostOf(remoteAddr) };
          return protocol === 'status' ? this.#serveStatus(stream, asker) : this.#serve(protocol, stream, asker);
        },
        {
          maxInboundStreams: protocol === 'status' ? MAX_STATUS_STREAMS : MAX_INBOUND_STREAMS,
          maxOutboundStreams: MAX_OUTBOUND_STREAMS,
          // through a relay too, as far as it lets us
          runOnLimitedConnection: true,
        },
      );
    }
  }

  async unregister(): Promise<void> {
    await this.#host.unhandle(REQUEST_PROTOCOLS.map((protocol) => this.#context.names.request(protocol)));
  }

  async #serve(protocol: AnswerProtocol, stream: Stream, asker: Asker): Promise<void> {
    const { peer, host } = asker;
    let sent = 0;
    let end: (() => void) | undefined;
    let pieces: AsyncGenerator<Uint8Array, void> | undefined;
    try {
      this.#admit(asker);
      end = this.#underway.begin(peer, protocol, stream);
      const request = await this.#read(protocol, stream, STEP_TIMEOUT_MS);
      if (request === undefined) throw new NetworkError('RESET', 'the stream ended before a request');
      pieces = this.#answer(protocol, request, peer);
      for await (const chunk of promptly(pieces, this.#context.lifetime)) {
        if (sent > 0 && sent + chunk.length > MAX_ANSWER_BYTES) break;
        // before it is sent: whoever resets the stream meanwhile has had the work done
        this.#shares.charge(peer, host, chunk.length);
        await this.#step(protocol, STEP_TIMEOUT_MS, (signal) => writeFrame(stream, chunk, signal));
        sent += chunk.length;
      }
      await this.#step(protocol, STEP_TIMEOUT_MS, (signal) => stream.close({ signal }));
      this.#context.observer?.requestServed(protocol, 'inbound', 'ok', sent);
    } catch (error) {
      stream.abort(asError(error));
      this.#failed(protocol, peer, sent, error);
    } finally {
      // behind a piece that is still being worked on, which nobody wants any more
      await pieces?.return().catch(() => undefined);
      end?.();
    }
  }

  /** @throws {NetworkError} REFUSED, RATE_LIMITED */
  #admit({ peer, host }: Asker): void {
    if (!this.#context.isServed(peer)) throw new NetworkError('REFUSED', 'the peer has not passed the handshake');
    const lacking = this.#shares.whyNot(peer, host);
    if (lacking === 'peer') throw new NetworkError('RATE_LIMITED', 'the peer has used up its share');
    if (lacking === 'host') throw new NetworkError('REFUSED', 'peers on the same host have used up its share');
  }

  /** Exchange after exchange on one stream, for as long as the peer keeps it. */
  async #serveStatus(stream: Stream, { peer }: Asker): Promise<void> {
    try {
      for (let exchanges = 0; ; exchanges++) {
        const request = await this.#read('status', stream, STATUS_IDLE_MS);
        if (request === undefined && exchanges > 0) break;
        if (request === undefined) throw new NetworkError('RESET', 'the stream ended before a status');
        if (!this.#statusLimiter.admit(peer)) throw new NetworkError('RATE_LIMITED', 'the peer has used up its share');
        this.#context.onStatus(peer, decodeStatus(request));
        const answer = Status.serialize(this.#context.handlers.status());
        this.#statusLimiter.charge(peer, answer.length);
        await this.#step('status', STEP_TIMEOUT_MS, (signal) => writeFrame(stream, answer, signal));
        this.#context.observer?.requestServed('status', 'inbound', 'ok', answer.length);
      }
      await this.#step('status', STEP_TIMEOUT_MS, (signal) => stream.close({ signal }));
    } catch (error) {
      stream.abort(asError(error));
      this.#failed('status', peer, 0, error);
    }
  }

  async #read(protocol: RequestProtocol, stream: Stream, milliseconds: number): Promise<Uint8Array | undefined> {
    const frame = MAX_REQUEST_BYTES[protocol];
    const reader = new FrameReader(stream, { frame, total: frame + MAX_LENGTH_BYTES });
    try {
      return await this.#step(protocol, milliseconds, (signal) => reader.next(signal));
    } finally {
      reader.release();
    }
  }

  #step<T>(protocol: RequestProtocol, milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(milliseconds, `${protocol} stream of a peer`, this.#context.lifetime, work);
  }

  async *#answer(protocol: AnswerProtocol, request: Uint8Array, peer: string): AsyncGenerator<Uint8Array, void> {
    const { handlers } = this.#context;
    switch (protocol) {
      case 'blocks':
        yield* bounded(handlers.blocks(decodeBlocksRequest(request)));
        break;
      case 'certs':
        yield encodeCertificates(await handlers.certificates(decodeCertificatesRequest(request)));
        break;
      case 'txs':
        yield encodeTransactions(await handlers.transactions(decodeTransactionsRequest(request)));
        break;
      case 'snapshot':
        yield* bounded(handlers.snapshot(decodeSnapshotRequest(request)));
        break;
      case 'validators':
        this.#context.onValidators(peer, decodePeerBindings(request));
        break;
    }
  }

  #failed(protocol: RequestProtocol, peer: string, sent: number, error: unknown): void {
    const { logger, observer, onOffence } = this.#context;
    const code = error instanceof NetworkError ? error.code : undefined;
    observer?.requestServed(protocol, 'inbound', REFUSALS.has(code) ? 'refused' : 'failed', sent);
    if (code === undefined && !this.#context.lifetime.aborted) {
      logger.warn({ protocol, peer, err: error }, 'could not answer a request');
      return;
    }
    logger.debug({ protocol, peer, code, reason: asError(error).message }, 'request of a peer ended');
    const offence = code === undefined ? undefined : OFFENCES[code];
    if (offence !== undefined) onOffence(peer, offence, `its ${protocol} request: ${asError(error).message}`);
  }
}

const REFUSALS: ReadonlySet<NetworkError['code'] | undefined> = new Set(['RATE_LIMITED', 'REFUSED', 'BUSY'] as const);

/** A reset is no offence, nor is a stream that ends without a word: the peer gave up or went away. */
const OFFENCES: Partial<Record<NetworkError['code'], OffenceKind>> = {
  MALFORMED: 'violation',
  OVERSIZED: 'violation',
  TRUNCATED: 'violation',
  TIMEOUT: 'nuisance',
  RATE_LIMITED: 'nuisance',
};

async function* bounded(messages: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const message of messages) {
    if (message.length > MAX_CHUNK_BYTES) throw new RangeError(`a message of ${message.length} bytes cannot be sent`);
    yield message;
  }
}
