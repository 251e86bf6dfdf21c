// Serves a signer to one node over a unix socket that only its owner may open. A second node is turned away: two nodes
// of one validator would propose against each other, and half of what they ask for would be refused.

import { createServer, type Server, type Socket } from 'node:net';
import { equalBytes, toHex } from '../../../primitives/bytes.ts';
import { FrameDecoder } from '../../../primitives/frame.ts';
import type { Hash } from '../../../primitives/hash.ts';
import { listenPrivately } from '../../../telemetry/private-socket.ts';
import { SignerError } from '../errors.ts';
import type { Signer } from '../signer.ts';
import {
  type Answer,
  type Call,
  DONE,
  failed,
  MAX_MESSAGE_BYTES,
  Request,
  responseFrame,
  VERSION,
} from './messages.ts';

/** Requests of a node that are worked on at once; more wait in the socket. */
const MAX_UNDER_WAY = 64;
/** A node says which key it means within this time (ms). */
const HELLO_TIMEOUT_MS = 5000;

export interface SignerServerOptions {
  /** of the socket; one that a killed process left behind is replaced */
  readonly path: string;
  readonly signer: Signer;
  readonly genesisHash: Hash;
  /** Each request that was not fulfilled. */
  readonly onFailure: (error: SignerError) => void;
}

export class SignerServer {
  readonly #o: SignerServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** the one that has said HELLO */
  #client: Socket | undefined;

  private constructor(options: SignerServerOptions) {
    this.#o = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** @throws an `EADDRINUSE` system error when another process serves there. */
  static async listen(options: SignerServerOptions): Promise<SignerServer> {
    const server = new SignerServer(options);
    await listenPrivately(server.#server, options.path);
    return server;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    const decoder = new FrameDecoder(MAX_MESSAGE_BYTES);
    let underWay = 0;
    const late = setTimeout(() => socket.destroy(), HELLO_TIMEOUT_MS);
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      clearTimeout(late);
      this.#sockets.delete(socket);
      if (this.#client === socket) this.#client = undefined;
    });
    socket.on('data', (bytes) => {
      try {
        for (const payload of decoder.push(bytes)) {
          const { id, call } = Request.deserialize(payload);
          if (call.selector === 0) clearTimeout(late);
          if (++underWay >= MAX_UNDER_WAY) socket.pause();
          this.#answer(socket, call).then((answer) => {
            if (--underWay < MAX_UNDER_WAY) socket.resume();
            if (!socket.destroyed) socket.write(responseFrame(id, answer));
          });
        }
      } catch {
        socket.destroy(); // no request of this protocol: nothing else on this stream can be trusted
      }
    });
  }

  /** Never rejects. */
  async #answer(socket: Socket, call: Call): Promise<Answer> {
    try {
      if (call.selector === 0) return this.#hello(socket, call.value);
      if (this.#client !== socket) throw new SignerError('UNREACHABLE', 'the first request says which key is meant');
      return await this.#do(call);
    } catch (error) {
      const failure = error instanceof SignerError ? error : new SignerError('RECORD_IO', String(error));
      this.#o.onFailure(failure);
      return failed(failure);
    }
  }

  #hello(socket: Socket, { version, publicKey, genesisHash }: Extract<Call, { selector: 0 }>['value']): Answer {
    const { signer } = this.#o;
    if (version !== VERSION) throw new SignerError('RECORD_FOREIGN', `this signer speaks version ${VERSION}`);
    if (!equalBytes(publicKey, signer.publicKey)) {
      const [wanted, held] = [toHex(publicKey), toHex(signer.publicKey)];
      throw new SignerError('OTHER_KEY', `the validator votes with ${wanted} in this epoch, this signer holds ${held}`);
    }
    if (!equalBytes(genesisHash, this.#o.genesisHash)) {
      throw new SignerError('RECORD_FOREIGN', 'this signer is of another network');
    }
    if (this.#client !== undefined && this.#client !== socket) {
      throw new SignerError('UNREACHABLE', 'another node is connected to this signer, and it serves one');
    }
    this.#client = socket;
    return DONE;
  }

  async #do(call: Exclude<Call, { selector: 0 }>): Promise<Answer> {
    const { signer } = this.#o;
    switch (call.selector) {
      case 1:
        return { selector: 1, value: await signer.signProposal(call.value) };
      case 2:
        return { selector: 1, value: await signer.signVote(call.value) };
      case 3:
        await signer.raiseFloor(call.value.epoch, call.value.slot);
        return DONE;
      case 4:
      case 5:
        await signer.observed(call.value);
        return DONE;
      case 6:
        await signer.listened();
        return DONE;
      case 7:
        return { selector: 1, value: await signer.signPeerBinding(call.value) };
    }
  }
}
