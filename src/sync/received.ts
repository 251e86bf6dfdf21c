// What a peer answers to a request for a range of blocks, as far as it can be judged by itself: each message is a block,
// each block follows the one before and has the body that its header commits to. Whether any of it is final is another
// question.

import { type Block, headerHash } from '../primitives/block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Certificate } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import { CertifiedBlock } from '../primitives/wire.ts';
import { SyncError } from './errors.ts';

export interface ReceivedBlock {
  readonly hash: Hash;
  readonly block: Block;
  /** as it came, not checked */
  readonly certificate: Certificate | null;
  /** of the message */
  readonly bytes: number;
  /** who sent it */
  readonly peer: string;
}

export interface AnswerOptions {
  readonly peer: string;
  /** height of the first block that was asked for */
  readonly from: number;
  /** whether a body is the one its header commits to */
  readonly bodyMatches: (block: Block) => boolean;
}

/**
 * @param answer ssz(CertifiedBlock), as the peer sent them
 * @throws {SyncError} WRONG_BLOCK, BROKEN_CHAIN; what was yielded before contradicts itself in nothing
 */
export async function* receivedBlocks(
  answer: AsyncIterable<Uint8Array>,
  { peer, from, bodyMatches }: AnswerOptions,
): AsyncGenerator<ReceivedBlock> {
  let height = from;
  let parent: Hash | undefined;
  for await (const message of answer) {
    const decoded = decodeCertifiedBlock(message);
    if (decoded === undefined) throw new SyncError('WRONG_BLOCK', 'an answer that is no block');
    const { block, certificate } = decoded;
    const { header } = block;
    if (header.height !== height || (parent !== undefined && !equalBytes(header.parent, parent))) {
      throw new SyncError('BROKEN_CHAIN', `block ${header.height} does not follow block ${height - 1}`);
    }
    if (!bodyMatches(block)) throw new SyncError('WRONG_BLOCK', `block ${header.height} came with another body`);
    const hash = headerHash(header);
    yield { hash, block, certificate, bytes: message.length, peer };
    parent = hash;
    height += 1;
  }
}

/** @returns undefined for bytes that are none */
export function decodeCertifiedBlock(bytes: Uint8Array): CertifiedBlock | undefined {
  try {
    return CertifiedBlock.deserialize(bytes);
  } catch {
    return undefined;
  }
}
