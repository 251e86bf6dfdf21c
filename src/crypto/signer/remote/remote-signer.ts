// A signer in another process of this machine, reached over a unix socket. It may be away: then requests fail with
// UNREACHABLE at once or within a bounded time, and the connection is made again when something is asked for.

import { connect, type Socket } from 'node:net';
import {
  type ProposalData,
  proposalSigningBytes,
  type VoteData,
  voteSigningBytes,
} from '../../../primitives/consensus.ts';
import { FrameDecoder } from '../../../primitives/frame.ts';
import type { Hash } from '../../../primitives/hash.ts';
import { type PeerBinding, peerBindingSigningBytes } from '../../../primitives/peer-binding.ts';
import { verifyNative } from '../../keys.ts';
import { SignerError } from '../errors.ts';
import type { Signer } from '../signer.ts';
import { type Answer, type Call, failureOf, MAX_MESSAGE_BYTES, Response, requestFrame, VERSION } from './messages.ts';

/** A signer that takes longer is of no use: a slot is over by then (ms). */
const ANSWER_TIMEOUT_MS = 3000;
/** Between two attempts to connect, doubled each time up to the longest (ms). */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** Requests that wait for an answer; a slot has four. */
const MAX_PENDING = 512;

export interface RemoteSignerOptions {
  /** of the unix socket */
  readonly path: string;
  /** the validator's; a signer with another key is refused */
  readonly publicKey: Uint8Array;
  readonly genesisHash: Hash;
  readonly timeoutMs?: number;
}

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: SignerError) => void;
  readonly timer: NodeJS.Timeout;
}

/** One connection: numbers its requests and gives each its answer, or an error within the time allowed. */
class Connection {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, Pending>();
  readonly #decoder = new FrameDecoder(MAX_MESSAGE_BYTES);
  #nextId = 0;

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('error', () => undefined); // 'close' follows, and says enough
    socket.on('close', () => this.#fail('the connection to the signer was closed'));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  call(call: Call): Promise<Answer> {
    if (!this.isOpen) return Promise.reject(unreachable('the connection to the signer was closed'));
    if (this.#pending.size >= MAX_PENDING) return Promise.reject(unreachable('too many requests wait for the signer'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.close(`the signer gave no answer within ${this.#timeoutMs} ms`),
        this.#timeoutMs,
      );
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.write(requestFrame(id, call));
    });
  }

  close(reason: string): void {
    this.#fail(reason);
    this.#socket.destroy();
  }

  #read(bytes: Uint8Array): void {
    try {
      for (const payload of this.#decoder.push(bytes)) {
        const { id, answer } = Response.deserialize(payload);
        const pending = this.#pending.get(id);
        if (pending === undefined) continue;
        clearTimeout(pending.timer);
        this.#pending.delete(id);
        pending.resolve(answer);
      }
    } catch (error) {
      this.close(`the signer sent what is no answer: ${(error as Error).message}`);
    }
  }

  #fail(reason: string): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, timer } of pending) {
      clearTimeout(timer);
      reject(unreachable(reason));
    }
  }
}

export class RemoteSigner implements Signer {
  readonly publicKey: Uint8Array;
  readonly #o: RemoteSignerOptions;
  readonly #timeoutMs: number;
  #connecting: Promise<Connection> | undefined;
  #connection: Connection | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  /** no attempt to connect before (ms, of `performance.now`) */
  #notBefore = 0;
  #lastFailure = '';
  #closed = false;

  constructor(options: RemoteSignerOptions) {
    this.#o = options;
    this.publicKey = options.publicKey;
    this.#timeoutMs = options.timeoutMs ?? ANSWER_TIMEOUT_MS;
  }

  signProposal(value: ProposalData): Promise<Uint8Array> {
    return this.#sign({ selector: 1, value }, proposalSigningBytes(value, this.#o.genesisHash));
  }

  signVote(value: VoteData): Promise<Uint8Array> {
    return this.#sign({ selector: 2, value }, voteSigningBytes(value, this.#o.genesisHash));
  }

  signPeerBinding(value: PeerBinding): Promise<Uint8Array> {
    return this.#sign({ selector: 7, value }, peerBindingSigningBytes(value, this.#o.genesisHash));
  }

  async raiseFloor(epoch: number, slot: number): Promise<void> {
    await this.#call({ selector: 3, value: { epoch, slot } });
  }

  async observed(data: VoteData | ProposalData): Promise<void> {
    await this.#call('parentSlot' in data ? { selector: 4, value: data } : { selector: 5, value: data });
  }

  async listened(): Promise<void> {
    await this.#call({ selector: 6, value: 0 });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection?.close('the signer was closed');
    await this.#connecting?.catch(() => undefined);
  }

  /** Others would blame this node for a signature that does not hold. */
  async #sign(call: Call, message: Uint8Array): Promise<Uint8Array> {
    const answer = await this.#call(call);
    if (answer.selector === 1 && verifyNative(this.publicKey, message, answer.value)) return answer.value;
    throw new SignerError('RECORD_FOREIGN', `the signer at ${this.#o.path} gave a signature that does not hold`);
  }

  async #call(call: Call): Promise<Answer> {
    this.#refuseIfClosed();
    const connection = this.#connection?.isOpen ? this.#connection : await this.#connect();
    return accepted(await connection.call(call));
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new SignerError('CLOSED', 'the signer was closed');
  }

  #connect(): Promise<Connection> {
    if (this.#connecting !== undefined) return this.#connecting;
    if (performance.now() < this.#notBefore) return Promise.reject(unreachable(this.#lastFailure));
    this.#connecting = this.#open()
      .catch((error: SignerError) => {
        this.#lastFailure = error.message;
        this.#notBefore = performance.now() + this.#pauseMs;
        this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
        throw error;
      })
      .finally(() => {
        this.#connecting = undefined;
      });
    return this.#connecting;
  }

  async #open(): Promise<Connection> {
    const { path, genesisHash } = this.#o;
    const connection = new Connection(await connected(path, this.#timeoutMs), this.#timeoutMs);
    try {
      const value = { version: VERSION, publicKey: this.publicKey, genesisHash };
      accepted(await connection.call({ selector: 0, value }));
      this.#refuseIfClosed();
    } catch (error) {
      connection.close('no connection came of it');
      throw error;
    }
    this.#connection = connection;
    this.#pauseMs = FIRST_PAUSE_MS;
    return connection;
  }
}

function connected(path: string, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (reason: string) => {
      socket.destroy();
      reject(unreachable(`the signer at ${path} can not be reached: ${reason}`));
    };
    const timer = setTimeout(() => fail('it does not answer'), timeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      fail(error.message);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

function accepted(answer: Answer): Answer {
  if (answer.selector === 2) throw failureOf(answer.value);
  return answer;
}

function unreachable(reason: string): SignerError {
  return new SignerError('UNREACHABLE', reason);
}
