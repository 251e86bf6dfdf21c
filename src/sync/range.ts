// Takes blocks in order, whoever sent them, and believes none of them until a Final whose signatures hold stands
// at the end: then the hash links vouch for everything below. The last block of an epoch has a Final always, so that
// whoever applies each run before taking the next knows the members of every epoch when it comes; those of an earlier
// one, who may have nothing to lose any more, are not heard again.

import { CROWDED_TREE_BYTES } from '../chain/tree.ts';
import type { Block } from '../primitives/block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { type Certificate, FINAL } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import { SyncError } from './errors.ts';
import type { ReceivedBlock } from './received.ts';

/**
 * Blocks held while no Final vouches for them. An honest chain has one every few blocks, but a bad network can keep it
 * without for hours, and nobody who comes later must be stopped there. What they take in memory the next bound limits.
 */
export const MAX_UNVOUCHED = 2048;
/** The same in bytes: when so much waits for a Final honest leaders build empty blocks, others may be a few. */
export const MAX_UNVOUCHED_BYTES = 2 * CROWDED_TREE_BYTES;

export interface VouchedBlock {
  readonly hash: Hash;
  readonly block: Block;
  /** Final; undefined where a descendant's Final vouches for the block */
  readonly certificate: Certificate | undefined;
  /** who sent it */
  readonly peer: string;
}

/** What the next block to be applied is. */
export interface DueBlock {
  readonly height: number;
  readonly epoch: number;
  /** the first block at or after this time is its epoch's last; ms since 1970 */
  readonly end: number;
}

export interface RangeOptions {
  /** the block that the range must follow */
  readonly head: { readonly height: number; readonly hash: Hash };
  /** asked for every block: runs are applied meanwhile, and consensus may go on by itself */
  readonly due: () => DueBlock;
  /** whether it is a certificate of its epoch's members; of an epoch that has not begun for this node, none is */
  readonly holds: (certificate: Certificate) => Promise<boolean>;
}

/**
 * Yields runs of blocks, oldest first, each run ending with a block that has a Final.
 * Ends early where consensus has come past a boundary meanwhile: what is left is to be asked for anew.
 * @throws {SyncError} as soon as something is wrong; what was yielded before is good
 */
export async function* vouchedRuns(
  blocks: AsyncIterable<ReceivedBlock>,
  { head, due, holds }: RangeOptions,
): AsyncGenerator<VouchedBlock[]> {
  let run: VouchedBlock[] = [];
  let runBytes = 0;
  let parent = head;
  for await (const { hash, block, certificate, bytes, peer } of blocks) {
    const { header } = block;
    if (header.height !== parent.height + 1 || !equalBytes(header.parent, parent.hash)) {
      throw new SyncError('BROKEN_CHAIN', `block ${header.height} does not follow block ${parent.height}`);
    }
    const { height, epoch, end } = due();
    if (header.epoch !== epoch) {
      if (header.height < height) return; // no fault of the peer: consensus ended the epoch while this was on its way
      throw new SyncError(
        'WRONG_EPOCH',
        `block ${header.height} is of epoch ${header.epoch}, it is epoch ${epoch} now`,
      );
    }
    const final = await finalOf({ hash, epoch }, certificate, holds);
    if (final === undefined && header.timestamp >= end) {
      throw new SyncError('NO_FINAL', `block ${header.height} is the last of epoch ${epoch} and came without a Final`);
    }
    run.push({ hash, block, certificate: final, peer });
    runBytes += bytes;
    parent = { height: header.height, hash };
    if (final !== undefined) {
      yield run;
      run = [];
      runBytes = 0;
    } else if (run.length >= MAX_UNVOUCHED || runBytes >= MAX_UNVOUCHED_BYTES) {
      throw new SyncError('NO_FINAL', `${run.length} blocks without a Final after block ${head.height}`);
    }
  }
}

async function finalOf(
  { hash, epoch }: { readonly hash: Hash; readonly epoch: number },
  certificate: Certificate | null,
  holds: RangeOptions['holds'],
): Promise<Certificate | undefined> {
  if (certificate === null || certificate.kind !== FINAL) return undefined;
  if (!equalBytes(certificate.hash, hash)) throw new SyncError('BAD_CERTIFICATE', 'a Final of another block');
  if (certificate.epoch !== epoch) throw new SyncError('BAD_CERTIFICATE', 'a Final of another epoch than the block');
  if (!(await holds(certificate))) throw new SyncError('BAD_CERTIFICATE', 'a Final whose signatures do not hold');
  return certificate;
}
