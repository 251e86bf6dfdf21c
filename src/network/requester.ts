// Asks peers, each no more than it grants. A peer that answers with anything else than the protocol allows is counted
// against, and so is one that lets requests lie; whether the answer is true is for the caller to check.

import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Certificate } from '../primitives/consensus.ts';
import { PeerBindings, type SignedPeerBinding } from '../primitives/peer-binding.ts';
import { SnapshotRequest } from '../primitives/snapshot.ts';
import {
  BlocksRequest,
  CertificatesRequest,
  MAX_BLOCKS_PER_REQUEST,
  Status,
  TransactionsRequest,
} from '../primitives/wire.ts';
import { NetworkError } from './errors.ts';
import { type Course, exchange, openStream } from './exchange.ts';
import type { Host } from './host.ts';
import { decodeCertificates, decodeTransactions, MAX_CHUNK_BYTES, snapshotMessages } from './messages.ts';
import type { NetworkObserver } from './observer.ts';
import type { OffenceKind } from './offences.ts';
import type { ProtocolNames, RequestProtocol } from './protocols.ts';
import { type Errand, type RequestEnd, Restraint } from './restraint.ts';
import { ANSWER_TIMEOUT_MS, Silence } from './silence.ts';
import { StatusChannel } from './status-channel.ts';

export interface RequesterContext {
  readonly names: ProtocolNames;
  readonly observer: NetworkObserver | undefined;
  readonly onOffence: (peer: string, kind: OffenceKind, reason: string) => void;
}

export class Requester {
  readonly #host: Host;
  readonly #context: RequesterContext;
  readonly #restraint = new Restraint(() => performance.now());
  readonly #silence = new Silence(() => performance.now());

  constructor(host: Host, context: RequesterContext) {
    this.#host = host;
    this.#context = context;
    host.addEventListener('peer:disconnect', ({ detail }) => {
      const peer = detail.toString();
      this.#restraint.gone(peer, notConnected(peer));
    });
  }

  async *blocks(peer: string, request: BlocksRequest, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    let count = 0;
    const errand: Errand = { protocol: 'blocks', haste: request.selector === 0 ? 'patient' : 'urgent' };
    const encoded = BlocksRequest.serialize(request);
    for await (const block of this.#exchange(errand, peer, encoded, MAX_CHUNK_BYTES, signal)) {
      count += 1;
      if (count > MAX_BLOCKS_PER_REQUEST) throw this.#violation(peer, 'more blocks than were asked for');
      yield block;
    }
  }

  async *snapshot(peer: string, request: SnapshotRequest, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const most = snapshotMessages(request);
    let count = 0;
    const errand: Errand = { protocol: 'snapshot', haste: 'patient' };
    const encoded = SnapshotRequest.serialize(request);
    for await (const message of this.#exchange(errand, peer, encoded, MAX_CHUNK_BYTES, signal)) {
      count += 1;
      if (count > most) throw this.#violation(peer, 'a longer answer than was asked for');
      yield message;
    }
  }

  async certificates(peer: string, request: CertificatesRequest, signal: AbortSignal): Promise<Certificate[]> {
    const bytes = await this.#only('certs', peer, CertificatesRequest.serialize(request), MAX_CHUNK_BYTES, signal);
    return this.#decoded(peer, decodeCertificates, bytes);
  }

  async transactions(peer: string, ids: Uint8Array[], signal: AbortSignal): Promise<Uint8Array[]> {
    const bytes = await this.#only('txs', peer, TransactionsRequest.serialize(ids), MAX_CHUNK_BYTES, signal);
    return this.#decoded(peer, decodeTransactions, bytes);
  }

  /** Tells the peer; resolves when it has taken it in. @param bindings at most MAX_BINDINGS_PER_REQUEST */
  async tellValidators(peer: string, bindings: SignedPeerBinding[], signal: AbortSignal): Promise<void> {
    const errand: Errand = { protocol: 'validators', haste: 'patient' };
    const answer = this.#exchange(errand, peer, PeerBindings.serialize(bindings), 0, signal);
    for await (const _ of answer) throw this.#violation(peer, 'an answer where there is none');
  }

  /** A channel to keep for all status exchanges with the peer. */
  statusChannel(peer: string): StatusChannel {
    return new StatusChannel(async (signal) => {
      const connection = this.#connection(peer);
      return { stream: await openStream(connection, this.#context.names.request('status'), signal), connection };
    });
  }

  /** @throws {NetworkError} */
  async status(peer: string, channel: StatusChannel, ours: Status, signal: AbortSignal) {
    let outcome: 'ok' | 'failed' = 'failed';
    try {
      const answer = await channel.exchange(ours, signal);
      outcome = 'ok';
      this.#silence.statusCame(answer.connection, answer.sentAt);
      return answer;
    } catch (error) {
      this.#blame(peer, error);
      throw error;
    } finally {
      this.#context.observer?.requestServed(
        'status',
        'outbound',
        outcome,
        outcome === 'ok' ? (Status.fixedSize ?? 0) : 0,
      );
    }
  }

  /** The answer of a protocol that answers with exactly one message, at once. */
  async #only(protocol: RequestProtocol, peer: string, request: Uint8Array, maxFrame: number, signal: AbortSignal) {
    let answer: Uint8Array | undefined;
    for await (const payload of this.#exchange({ protocol, haste: 'urgent' }, peer, request, maxFrame, signal)) {
      if (answer !== undefined) throw this.#violation(peer, `a second answer to a ${protocol} request`);
      answer = payload;
    }
    if (answer === undefined) throw this.#violation(peer, `no answer to a ${protocol} request`);
    return answer;
  }

  async *#exchange(
    errand: Errand,
    peer: string,
    request: Uint8Array,
    maxFrame: number,
    parent: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const { protocol } = errand;
    const name = this.#context.names.request(protocol);
    const question = { what: `${protocol} answer of ${peer}`, protocol: name, request, maxFrame };
    // who is not there is not waited for
    this.#connection(peer);
    const ended = await this.#restraint.turn(peer, errand, parent);
    let end: RequestEnd = 'neither';
    let received = 0;
    let outcome: 'ok' | 'failed' = 'failed';
    try {
      const course: Course = { peer, connection: this.#connection(peer), since: 0, bytes: 0, isReset: false };
      try {
        for await (const payload of exchange(course, question, parent)) {
          end = 'answered';
          received += payload.length;
          yield payload;
        }
      } catch (error) {
        end = end === 'neither' && isRefusal(course, error) ? 'refused' : 'neither';
        if (isGivenUp(error, parent)) this.#judge(course, protocol);
        throw error;
      }
      end = 'answered';
      outcome = 'ok';
    } catch (error) {
      this.#blame(peer, error);
      throw error;
    } finally {
      if (end === 'answered') this.#silence.answered(peer);
      ended(end);
      this.#context.observer?.requestServed(protocol, 'outbound', outcome, received);
    }
  }

  /** A request was given up; a peer that has let it lie pays for it. */
  #judge(course: Course, protocol: RequestProtocol): void {
    const verdict = this.#silence.givenUp(course);
    if (verdict === 'excused') return;
    const kind = verdict === 'often' ? 'unanswered' : 'nuisance';
    this.#context.onOffence(course.peer, kind, `it is there and has not answered a ${protocol} request`);
  }

  #connection(peer: string): Connection {
    const open = this.#host.getConnections(peerIdFromString(peer)).filter(({ status }) => status === 'open');
    // a direct one carries more than one through a relay
    const connection = open.find(({ limits }) => limits === undefined) ?? open[0];
    if (connection === undefined) throw notConnected(peer);
    return connection;
  }

  #decoded<T>(peer: string, decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T {
    try {
      return decode(bytes);
    } catch (error) {
      this.#blame(peer, error);
      throw error;
    }
  }

  #violation(peer: string, message: string): NetworkError {
    const error = new NetworkError('MALFORMED', message);
    this.#blame(peer, error);
    return error;
  }

  #blame(peer: string, error: unknown): void {
    if (!(error instanceof NetworkError)) return;
    if (error.code === 'MALFORMED' || error.code === 'OVERSIZED' || error.code === 'TRUNCATED') {
      this.#context.onOffence(peer, 'violation', `its answer: ${error.message}`);
    }
  }
}

function notConnected(peer: string): NetworkError {
  return new NetworkError('NOT_CONNECTED', `no connection to ${peer}`);
}

/**
 * Of a request of which nothing has come. A peer that is asked for too much says so at once; one that says it after so
 * long had no time, and to wait for that was pause enough.
 */
function isRefusal({ connection, since, isReset }: Course, error: unknown): boolean {
  if (!(error instanceof NetworkError) || error.code !== 'RESET') return false;
  return isReset && connection.status === 'open' && performance.now() - since < ANSWER_TIMEOUT_MS;
}

function isGivenUp(error: unknown, parent: AbortSignal): boolean {
  return error === parent.reason || (error instanceof NetworkError && error.code === 'TIMEOUT');
}
