// Vouched blocks on their way into the chain, in order: while one is made durable the next one is executed, and the
// signatures in those after it are checked. None of this asks who sent them.

import type { Block } from '../primitives/block.ts';
import type { Certificate } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { VouchedBlock } from './range.ts';

/** Blocks whose signatures are checked ahead: two of full size keep the workers busy, small ones come in dozens. */
const MAX_WAITING = 32;
/** Executed blocks that are not durable yet; each is one more state to look through. */
const MAX_UNFINISHED = 2;

export interface ApplierChain {
  /** Begins to check what can be checked without the blocks before. */
  prepare(block: Block): void;
  /** Executes a block whose parent is the head or was executed before; gives undefined when a snapshot went past it. */
  executeSynced(block: Block, certificate: Certificate | undefined): Promise<Hash | undefined>;
  /** Commits; a block that is already final is left as it is. */
  finalize(hash: Hash, certificate: Certificate | undefined): Promise<void>;
}

export interface ApplierOptions {
  readonly chain: ApplierChain;
  /** A block is durable. */
  readonly onApplied: (block: VouchedBlock) => void;
  /** A block that a valid Final vouches for does not execute, or can't be stored. */
  readonly onFailed: (error: unknown) => void;
  /** ms of a clock that is never set back */
  readonly now: () => number;
  /** what is under way is finished, nothing else is begun */
  readonly signal: AbortSignal;
}

export class Applier {
  readonly #o: ApplierOptions;
  readonly #waiting: VouchedBlock[] = [];
  /** each resolves when an executed block is durable, or that has failed */
  readonly #unfinished: Promise<void>[] = [];
  #running: Promise<void> | undefined;
  #hasFailed = false;
  #wake: () => void = () => undefined;
  #busyMs = 0;
  #busySince: number | undefined;

  constructor(options: ApplierOptions) {
    this.#o = options;
  }

  /** ms that this node has been at it, in all */
  get busyMs(): number {
    return this.#busyMs + (this.#busySince === undefined ? 0 : this.#o.now() - this.#busySince);
  }

  /** Resolves when there is room for another one. */
  async add(block: VouchedBlock): Promise<void> {
    if (this.#isOver) return;
    this.#o.chain.prepare(block.block);
    this.#waiting.push(block);
    this.#running ??= this.#run();
    while (this.#waiting.length >= MAX_WAITING && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves when all that was added is durable, or it has failed or been stopped. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  get #isOver(): boolean {
    return this.#hasFailed || this.#o.signal.aborted;
  }

  async #run(): Promise<void> {
    this.#busySince = this.#o.now();
    for (;;) {
      if (this.#isOver) this.#waiting.length = 0;
      const next = this.#waiting.shift();
      this.#wake();
      if (next !== undefined) await this.#execute(next);
      else if (this.#unfinished.length === 0) break;
      if (next === undefined || this.#unfinished.length >= MAX_UNFINISHED) await this.#unfinished.shift();
    }
    this.#busyMs = this.busyMs;
    this.#busySince = undefined;
    this.#running = undefined;
  }

  async #execute(next: VouchedBlock): Promise<void> {
    const { chain, onApplied } = this.#o;
    const { hash, block, certificate } = next;
    try {
      if ((await chain.executeSynced(block, certificate)) === undefined) return;
    } catch (error) {
      this.#fail(error);
      return;
    }
    const durable = chain.finalize(hash, certificate).then(
      () => onApplied(next),
      (error: unknown) => this.#fail(error),
    );
    this.#unfinished.push(durable);
  }

  #fail(error: unknown): void {
    if (!this.#isOver) this.#o.onFailed(error);
    this.#hasFailed = true;
  }
}
