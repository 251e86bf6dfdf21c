// Blocks on their way from several peers at once: ranges that follow each other, each from another peer, read in order and
// kept until they are known to be good. Who is slow or fails costs only its range, which somebody else is asked for; no
// more is fetched ahead than has room.

import { MAX_ANSWER_BYTES } from '../network/messages.ts';
import type { Logger } from '../telemetry/logger.ts';
import { SyncError } from './errors.ts';
import { RangeRequest, type RangeRequestOptions } from './range-request.ts';
import type { ReceivedBlock } from './received.ts';
import type { Sources, SyncPeer } from './sources.ts';

const BLOCKS_PER_REQUEST = 64;
/** One to each peer: what they send together is more than can be executed meanwhile. */
const MAX_REQUESTS = 8;
/** What may be there that is not read yet, answers under way counted as full. The next block has room always. */
export const WINDOW_BYTES = MAX_REQUESTS * MAX_ANSWER_BYTES;
/** The same in blocks: empty ones take more memory than bytes on the wire. */
const WINDOW_BLOCKS = 1024;
/** While blocks are there, room is looked for once in so many of them: who could fill it is not asked for nothing. */
const FILLED_EVERY = 16;
/** When the next block has not come for so long (ms), and nothing else from its peer, another one is asked as well. */
export const PATIENCE_MS = 2000;

export interface BlockWindowOptions extends RangeRequestOptions {
  readonly sources: Pick<Sources, 'setAside' | 'hasNone'>;
  /** Peers that say to have the block after a height, in the order in which to ask them. */
  readonly serving: (height: number) => readonly SyncPeer[];
  /** A peer's answer contradicts itself. */
  readonly onLie: (peer: string, error: SyncError) => void;
  readonly logger: Logger;
}

interface Gap {
  readonly from: number;
  readonly count: number;
}

export class BlockWindow {
  readonly #o: BlockWindowOptions;
  /** by height, above `#released` */
  readonly #held = new Map<number, ReceivedBlock>();
  readonly #requests = new Set<RangeRequest>();
  readonly #ends = new Set<Promise<void>>();
  /** of held blocks that were not read yet */
  #bytesAhead = 0;
  /** blocks up to this height are not needed any more */
  #released: number;
  /** height of the block that is read next */
  #position: number;
  /** Requests at once: one more after each answer, so that a slow line is not asked for more than it carries in time. */
  #width = 1;
  #isClosed = false;
  #wake: () => void = () => undefined;

  /** @param height of the chain's head */
  constructor(height: number, options: BlockWindowOptions) {
    this.#o = options;
    this.#released = height;
    this.#position = height + 1;
  }

  /** The blocks after those that were released, in order, as they come; ends when nobody has the next one. */
  async *blocks(): AsyncGenerator<ReceivedBlock> {
    this.#bytesAhead = [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (this.#position = this.#released + 1; ; ) {
      const block = await this.#next();
      if (block === undefined) return;
      this.#position += 1;
      this.#bytesAhead -= block.bytes;
      yield block;
    }
  }

  /** What was read and not released. */
  unreleased(): ReceivedBlock[] {
    const heights = Array.from({ length: this.#position - this.#released - 1 }, (_, i) => this.#released + 1 + i);
    return heights.flatMap((height) => this.#held.get(height) ?? []);
  }

  /** The blocks up to a height are final here. */
  release(height: number): void {
    for (; this.#released < height; this.#released++) this.#drop(this.#released + 1);
  }

  /** What a peer has sent is fetched anew, from others. */
  forget(peer: string): void {
    for (const [height, block] of this.#held) if (block.peer === peer) this.#drop(height);
    for (const request of this.#requests) if (request.peer === peer) this.#cancel(request);
  }

  /** Everything is fetched anew. */
  clear(): void {
    this.#held.clear();
    this.#bytesAhead = 0;
    for (const request of this.#requests) this.#cancel(request);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const request of this.#requests) request.cancel();
    this.#wake();
    await Promise.all(this.#ends);
  }

  async #next(): Promise<ReceivedBlock | undefined> {
    for (;;) {
      if (this.#position % FILLED_EVERY === 0 || !this.#held.has(this.#position)) this.#fill();
      if (this.#isClosed) return undefined;
      const block = this.#held.get(this.#position);
      if (block !== undefined || this.#requests.size === 0) return block;
      await this.#change();
    }
  }

  /** Until a block comes or a request ends, or it is time to ask somebody else. */
  async #change(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    clearTimeout(timer);
  }

  #fill(): void {
    if (this.#isClosed) return;
    while (this.#requests.size < this.#width && this.#begin()) {
      // one more is under way
    }
    if (this.#requests.size < MAX_REQUESTS && this.#isStalled()) {
      const peer = this.#free(this.#position);
      if (peer !== undefined) this.#request(peer, { from: this.#position, count: BLOCKS_PER_REQUEST });
    }
  }

  /** @returns whether there was a range to ask somebody for */
  #begin(): boolean {
    for (const gap of this.#gaps()) {
      if (gap.from > this.#position && !this.#mayGoAhead(gap)) return false;
      const peer = this.#free(gap.from);
      if (peer === undefined) continue;
      this.#request(peer, gap);
      return true;
    }
    return false;
  }

  /** Blocks that are neither here nor on their way. */
  *#gaps(): Generator<Gap> {
    const end = this.#position + WINDOW_BLOCKS;
    const isMissing = (height: number) => !this.#held.has(height) && !this.#isUnderway(height);
    for (let from = this.#position; from < end; ) {
      let count = 0;
      while (count < BLOCKS_PER_REQUEST && isMissing(from + count)) count++;
      if (count > 0) yield { from, count };
      from += Math.max(count, 1);
    }
  }

  #isUnderway(height: number): boolean {
    for (const request of this.#requests) if (request.isAbout(height)) return true;
    return false;
  }

  /** Where the next block comes from nobody, what is above it is of no use. */
  #mayGoAhead({ from }: Gap): boolean {
    const expected = this.#bytesAhead + (this.#requests.size + 1) * MAX_ANSWER_BYTES;
    const hasRoom = expected <= WINDOW_BYTES && from < this.#position + WINDOW_BLOCKS;
    return hasRoom && (this.#held.has(this.#position) || this.#isUnderway(this.#position));
  }

  /** Who has the block and nothing to do. */
  #free(height: number): SyncPeer | undefined {
    const busy = new Set([...this.#requests].map(({ peer }) => peer));
    return this.#o.serving(height - 1).find(({ id }) => !busy.has(id));
  }

  /** Whether those who were asked for the next block leave it at that. */
  #isStalled(): boolean {
    if (this.#held.has(this.#position)) return false;
    const asked = [...this.#requests].filter((request) => request.isAbout(this.#position));
    const since = this.#o.clock() - PATIENCE_MS;
    return asked.length > 0 && asked.every(({ heardAt }) => heardAt <= since);
  }

  #request({ id, height }: SyncPeer, gap: Gap): void {
    const request = new RangeRequest(this.#o, { peer: id, newest: height, ...gap });
    this.#requests.add(request);
    const end = this.#take(request).finally(() => {
      this.#requests.delete(request);
      this.#ends.delete(end);
      this.#outrun();
      this.#fill();
      this.#wake();
    });
    this.#ends.add(end);
  }

  async #take(request: RangeRequest): Promise<void> {
    const { peer, from } = request;
    try {
      await request.run((block) => this.#hold(block));
      if (request.next === from) this.#o.sources.hasNone(peer, from);
      else this.#width = Math.min(this.#width + 1, MAX_REQUESTS);
    } catch (error) {
      if (!request.isCancelled) this.#failed(peer, error);
    }
  }

  #hold(block: ReceivedBlock): void {
    const { height } = block.block.header;
    if (height <= this.#released || this.#held.has(height)) return;
    this.#held.set(height, block);
    if (height >= this.#position) this.#bytesAhead += block.bytes;
    this.#wake();
  }

  #failed(peer: string, error: unknown): void {
    if (error instanceof SyncError) {
      this.#o.onLie(peer, error);
      this.forget(peer);
      return;
    }
    this.#o.logger.warn({ peer, reason: String(error) }, 'a peer did not help to catch up');
    this.#o.sources.setAside(peer);
    this.#width = Math.max(1, this.#width >> 1);
  }

  /** Ends those of whom nothing is to come any more that others have not sent: they are slow. */
  #outrun(): void {
    for (const request of this.#requests) {
      if (!this.#isOutrun(request)) continue;
      this.#cancel(request);
      this.#o.sources.setAside(request.peer);
    }
  }

  #isOutrun({ next, to }: RangeRequest): boolean {
    for (let height = next; height <= to; height++) {
      if (height > this.#released && !this.#held.has(height)) return false;
    }
    return next <= to;
  }

  #cancel(request: RangeRequest): void {
    this.#requests.delete(request);
    request.cancel();
  }

  #drop(height: number): void {
    const block = this.#held.get(height);
    if (block === undefined) return;
    this.#held.delete(height);
    if (height >= this.#position) this.#bytesAhead -= block.bytes;
  }
}
