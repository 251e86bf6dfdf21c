// Where trust begins: at this node's own head, or at a checkpoint that its operator has given it. Validators who have
// their stake back may sign whatever they like about the past, so that on pos and hybrid a head which is too old says
// nothing about the present any more, and neither does what follows it.

import type { Checkpoint } from '../chain/checkpoint.ts';
import { withDeadline } from '../network/deadline.ts';
import type { Header } from '../primitives/block.ts';
import { headerHash } from '../primitives/block.ts';
import { equalBytes, fromHex } from '../primitives/bytes.ts';
import type { ConsensusMode } from '../primitives/genesis.ts';
import type { BlocksRequest } from '../primitives/wire.ts';
import type { TrustedEpoch } from './epoch-walk.ts';
import { SyncError } from './errors.ts';
import { decodeCertifiedBlock } from './received.ts';

/** In place of a checkpoint: an old head is good enough, whoever signs what follows it. */
export const UNSAFE = 'unsafe';

export interface TrustOptions {
  readonly mode: ConsensusMode;
  readonly checkpoint: Checkpoint | typeof UNSAFE | undefined;
  readonly head: () => Header;
  /** at the head */
  readonly present: () => { readonly epoch: number; readonly unbondingPeriod: number };
  readonly requestBlocks: (peer: string, request: BlocksRequest, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** ms since 1970 */
  readonly clock: { now(): number };
}

const REQUEST_TIMEOUT_MS = 10_000;

/** @param text `height:hash` or `unsafe`, as the setting has it; undefined where it is not set */
export function parseCheckpoint(text: string | undefined): TrustOptions['checkpoint'] {
  if (text === undefined || text === UNSAFE) return text;
  const [height, hash] = text.split(':') as [string, string];
  return { height: Number(height), hash: fromHex(hash) };
}

/** How long a header can be trusted (ms): well before stake that was there comes free. */
export function trustPeriod(unbondingPeriod: number): number {
  return Math.floor((2 * unbondingPeriod) / 3);
}

export class Trust {
  readonly #o: TrustOptions;
  /** of the checkpoint's block, once somebody has sent it */
  #header: Header | undefined;

  constructor(options: TrustOptions) {
    this.#o = options;
  }

  /** Why nothing here can be trusted, for the operator; undefined when something can. */
  refusal(): string | undefined {
    if (!this.#isTooOld(this.#o.head().timestamp) || this.checkpoint !== undefined) return undefined;
    return (
      'the newest block of this node is too old to trust who validated then: set checkpoint to the height and hash of a ' +
      'recent final block from a source you trust (unsafe, in its place, believes them all the same)'
    );
  }

  /**
   * Why nothing that members of the present epoch sign can be followed as it comes, for the operator. Below a checkpoint
   * neither: what was fetched on the way may be young and forged, as long as it has not led there.
   */
  doubt(): string | undefined {
    const { checkpoint } = this;
    if (checkpoint === undefined) return this.refusal();
    return `the blocks up to the checkpoint at height ${checkpoint.height} have not come yet`;
  }

  /**
   * The epoch whose validator set is trusted.
   * @param peer who is asked for the checkpoint's header
   * @throws {SyncError} WRONG_BLOCK when it answers with another one
   * @throws {Error} when it has it not, or it is too old as well
   */
  async start(peer: string, signal: AbortSignal): Promise<TrustedEpoch> {
    const { checkpoint } = this;
    if (checkpoint === undefined) return this.atHead();
    this.#header ??= await this.#fetch(checkpoint, peer, signal);
    return this.atCheckpoint(this.#header);
  }

  atHead(): TrustedEpoch {
    const { height, nextValidatorsRoot } = this.#o.head();
    return { epoch: this.#o.present().epoch, validatorsRoot: nextValidatorsRoot, height };
  }

  /**
   * @param header with the hash of the checkpoint
   * @throws {Error} when the checkpoint names another height, or is too old
   */
  atCheckpoint({ epoch, validatorsRoot, height, timestamp }: Header): TrustedEpoch {
    const { checkpoint } = this.#o;
    const said = checkpoint === UNSAFE ? undefined : checkpoint?.height;
    if (said !== height) throw new Error(`the block of the checkpoint has height ${height}, not ${said}`);
    if (this.#isTooOld(timestamp)) throw new Error(`the checkpoint at height ${height} is too old: set a recent one`);
    return { epoch, validatorsRoot, height };
  }

  /** The one that was given, while the head is below it. */
  get checkpoint(): Checkpoint | undefined {
    const { checkpoint } = this.#o;
    if (checkpoint === UNSAFE || checkpoint === undefined) return undefined;
    return checkpoint.height > this.#o.head().height ? checkpoint : undefined;
  }

  #isTooOld(timestamp: number): boolean {
    const { mode, checkpoint, present, clock } = this.#o;
    return mode !== 'poa' && checkpoint !== UNSAFE && clock.now() - timestamp > trustPeriod(present().unbondingPeriod);
  }

  #fetch({ hash }: Checkpoint, peer: string, signal: AbortSignal): Promise<Header> {
    const request: BlocksRequest = { selector: 1, value: [hash] };
    return withDeadline(REQUEST_TIMEOUT_MS, `the checkpoint from ${peer}`, signal, async (limit) => {
      for await (const bytes of this.#o.requestBlocks(peer, request, limit)) {
        const header = decodeCertifiedBlock(bytes)?.block.header;
        if (header === undefined || !equalBytes(headerHash(header), hash)) {
          throw new SyncError('WRONG_BLOCK', 'another block than the one that was asked for');
        }
        return header;
      }
      throw new Error('it has not the block of the checkpoint');
    });
  }
}
