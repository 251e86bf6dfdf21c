// One WebSocket connection: its calls, its subscriptions, and the bounds on both. A client that does not read is told
// so and dropped; nothing is left out silently.

import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import type { Logger } from '../../telemetry/logger.ts';
import { parseJson } from '../body.ts';
import type { CountedCaller } from '../door.ts';
import { type Method, method } from '../handlers/method.ts';
import { type Call, type Dialect, failure, type JsonRpc } from '../json-rpc.ts';
import type { RpcLimits } from '../options.ts';
import { fieldProblem, parseParams } from '../params.ts';
import { RpcProblem } from '../problems.ts';
import { type BlockEvents, isResumable, parseChannel } from './channels.ts';
import { type BlockSource, BlockSubscription, type Outlet, Subscription } from './subscription.ts';

export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_TRY_LATER = 1013;
const CLOSE_FAILED = 1011;
export const CLOSE_TOO_SLOW = 4008;
/** A close reason has at most 123 bytes. */
const MAX_REASON_BYTES = 123;
/** For the client to answer a close before the connection is cut. */
const CLOSE_GRACE_MS = 2_000;
/** A client that catches up is sent the next block when fewer bytes wait. */
const LOW_WATER_BYTES = 256 * 1024;
const DRAIN_POLL_MS = 10;

export interface SessionParts {
  readonly jsonRpc: JsonRpc;
  readonly source: BlockSource;
  readonly limits: RpcLimits;
  readonly logger: Logger;
  /** called once, when the client is dropped for reading too slowly */
  onSlow(): void;
}

const channelsSchema = z.strictObject({
  channels: z.array(z.string()).min(1),
  from_height: z.int().min(0).optional(),
});

export class Session {
  readonly #socket: WebSocket;
  readonly #caller: CountedCaller;
  readonly #parts: SessionParts;
  readonly #dialect: Dialect;
  readonly #outlet: Outlet;
  readonly #subscriptions = new Map<string, Subscription>();
  #calls = 0;
  readonly #backlog: (string | undefined)[] = [];
  #alive = true;

  constructor(socket: WebSocket, caller: CountedCaller, parts: SessionParts) {
    this.#socket = socket;
    this.#caller = caller;
    this.#parts = parts;
    this.#dialect = {
      version: 'optional',
      silentNotifications: false,
      extraFields: ['from_height'],
      own: (call) => this.#ownMethod(call),
    };
    this.#outlet = {
      event: (subscription, height, data) => this.#event(subscription, height, data),
      drained: () => this.#drained(),
      end: (subscription, reason) => this.#end(subscription, reason),
      fail: (subscription, error) => {
        parts.logger.error({ err: error, channel: subscription.name }, 'subscription failed');
        this.#end(subscription, 'the node failed to read a block; its log says why');
      },
    };
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    // What the client did wrong is in the close code that ws sends; the connection closes next.
    socket.on('error', (error) => parts.logger.debug({ err: error }, 'WebSocket error'));
    socket.once('close', () => this.#clear());
  }

  /** Pings; a client that has not answered the last ping is cut off. */
  ping(): void {
    // An answer could not be heard.
    if (this.#socket.isPaused) return;
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
  }

  onBlock(events: BlockEvents): void {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription instanceof BlockSubscription) subscription.onBlock(events);
    }
  }

  onConsensus(height: number | undefined, data: string): void {
    const subscription = this.#subscriptions.get('consensus_events');
    if (subscription !== undefined) this.#event(subscription, height, data);
  }

  close(code: number, reason: string): void {
    this.#clear();
    this.#socket.close(code, reason.slice(0, MAX_REASON_BYTES));
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_GRACE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#alive = true;
    const text = isBinary ? undefined : String(data);
    if (this.#calls < this.#parts.limits.maxSocketCalls) {
      this.#begin(text);
      return;
    }
    // What was read from the network already, a few kilobytes, still comes.
    this.#backlog.push(text);
    this.#socket.pause();
  }

  #begin(text: string | undefined): void {
    this.#calls++;
    this.#answer(text)
      .catch((error: unknown) => {
        if (error instanceof RpcProblem) return failure(null, error);
        throw error;
      })
      .then((answer) => {
        if (answer !== undefined) this.#send(answer);
      })
      .catch((error: unknown) => {
        this.#parts.logger.error({ err: error }, 'WebSocket message failed');
        this.close(CLOSE_FAILED, 'the node failed');
      })
      .finally(() => this.#finish());
  }

  #finish(): void {
    this.#calls--;
    if (this.#backlog.length > 0) this.#begin(this.#backlog.shift());
    else if (this.#socket.isPaused) this.#socket.resume();
  }

  /** @throws {RpcProblem} */
  async #answer(text: string | undefined): Promise<string | undefined> {
    this.#caller.charge(1);
    if (text === undefined) throw new RpcProblem('INVALID_REQUEST', 'send JSON as text, not as a binary message');
    return this.#parts.jsonRpc.answer(parseJson(text), this.#caller, this.#dialect);
  }

  #ownMethod({ name, extra }: Call): Method | undefined {
    switch (name) {
      case 'subscribe':
        return channelsMethod(extra, (names, from) => this.#subscribe(names, from));
      case 'unsubscribe':
        return channelsMethod(extra, (names) => this.#unsubscribe(names));
      case 'ping':
        return method(z.strictObject({}), [], () => 'pong');
      default:
        return undefined;
    }
  }

  /** All or none. A channel that is subscribed already begins anew. */
  #subscribe(names: readonly string[], fromHeight: number | undefined): { channels: string[]; next_height: number } {
    const { source, limits } = this.#parts;
    const channels = names.map((name) => ({ name, channel: parseChannel(name) }));
    const rigid = channels.find(({ channel }) => !isResumable(channel));
    if (fromHeight !== undefined && rigid !== undefined) {
      throw fieldProblem('INVALID_FIELD', 'from_height', `${rigid.name} has no past to resume from`);
    }
    if (new Set([...this.#subscriptions.keys(), ...names]).size > limits.maxSubscriptions) {
      throw new RpcProblem('INVALID_REQUEST', `at most ${limits.maxSubscriptions} subscriptions for a connection`);
    }
    const next = fromHeight ?? source.head() + 1;
    for (const { name, channel } of channels) {
      this.#forget(name);
      if (channel.kind === 'consensus_events') {
        this.#subscriptions.set(name, new Subscription(name));
        continue;
      }
      const subscription = new BlockSubscription(name, channel, next, source, this.#outlet);
      this.#subscriptions.set(name, subscription);
      // After the answer to this call.
      setImmediate(() => subscription.begin());
    }
    return { channels: [...this.#subscriptions.keys()], next_height: next };
  }

  #unsubscribe(names: readonly string[]): { channels: string[] } {
    for (const name of names) {
      if (!this.#forget(name)) throw new RpcProblem('NOT_FOUND', 'there is no subscription to this channel');
    }
    return { channels: [...this.#subscriptions.keys()] };
  }

  #forget(name: string): boolean {
    const subscription = this.#subscriptions.get(name);
    if (subscription instanceof BlockSubscription) subscription.end();
    return this.#subscriptions.delete(name);
  }

  #clear(): void {
    this.#backlog.length = 0;
    for (const name of [...this.#subscriptions.keys()]) this.#forget(name);
  }

  #event(subscription: Subscription, height: number | undefined, data: string): void {
    const place = height === undefined ? '' : `"height":${height},`;
    const head = `{"jsonrpc":"2.0","method":"event","params":{"channel":${JSON.stringify(subscription.name)}`;
    if (!this.#send(`${head},"seq":${subscription.seq + 1},${place}"data":${data}}}`)) return;
    subscription.seq++;
    subscription.height = height;
  }

  /** Tells the client at which event a subscription ends. */
  #end(subscription: Subscription, reason: string): void {
    this.#send(droppedNotice([subscription], reason));
    this.#forget(subscription.name);
  }

  /** @returns false when the connection is closed or too slow to take it. */
  #send(text: string): boolean {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return false;
    if (socket.bufferedAmount > this.#parts.limits.maxSocketBufferBytes) {
      this.#dropSlow();
      return false;
    }
    socket.send(text);
    return true;
  }

  #dropSlow(): void {
    const subscriptions = [...this.#subscriptions.values()];
    const last = subscriptions.map(({ name, seq }) => `${name} ${seq}`).join(', ');
    this.#socket.send(droppedNotice(subscriptions, 'reads too slowly'));
    this.close(CLOSE_TOO_SLOW, `too slow; last seq: ${last}`);
    this.#parts.onSlow();
  }

  async #drained(): Promise<void> {
    const { socketStallMs } = this.#parts.limits;
    let waiting = this.#socket.bufferedAmount;
    let progress = performance.now();
    while (this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount > LOW_WATER_BYTES) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
      const now = performance.now();
      if (this.#socket.bufferedAmount < waiting) progress = now;
      else if (now - progress > socketStallMs) this.#dropSlow();
      waiting = this.#socket.bufferedAmount;
    }
  }
}

/** `params` is a list of channels, or an object; `from_height` may also stand beside it. */
function channelsMethod(
  extra: Call['extra'],
  handle: (names: readonly string[], fromHeight: number | undefined) => unknown,
): Method {
  return {
    sideBySide: false,
    call(_services, params) {
      const given = Array.isArray(params) ? { channels: params } : params;
      const merged = typeof given === 'object' ? { ...given, ...extra } : given;
      const { channels, from_height } = parseParams(channelsSchema, merged);
      return handle(channels, from_height);
    },
  };
}

function droppedNotice(subscriptions: readonly Subscription[], reason: string): string {
  const last = subscriptions.map(({ name, seq, height }) => ({ channel: name, seq, height }));
  return JSON.stringify({ jsonrpc: '2.0', method: 'dropped', params: { reason, last } });
}
