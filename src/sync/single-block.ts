// One block by its hash from one peer: what comes is the block that was asked for, or counts against who sent it.

import type { OffenceKind } from '../network/offences.ts';
import { type Block, headerHash } from '../primitives/block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { BlocksRequest } from '../primitives/wire.ts';
import { decodeCertifiedBlock } from './received.ts';

export interface BlockSource {
  readonly network: {
    requestBlocks(peer: string, request: BlocksRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
    /** Counts against a peer what it answered. */
    report(peer: string, kind: OffenceKind, reason: string): void;
  };
  /** Whether a body is the one its header commits to. */
  readonly bodyMatches: (block: Block) => boolean;
}

/**
 * @returns undefined when the peer does not have it
 * @throws {NetworkError}, or an error when the answer is something else
 */
export async function singleBlock(
  { network, bodyMatches }: BlockSource,
  peer: string,
  hash: Hash,
  signal: AbortSignal,
): Promise<Block | undefined> {
  for await (const bytes of network.requestBlocks(peer, { selector: 1, value: [hash] }, signal)) {
    const block = decodeCertifiedBlock(bytes)?.block;
    if (block !== undefined && equalBytes(headerHash(block.header), hash) && bodyMatches(block)) return block;
    const reason = 'its answer to a blocks request is not the block that was asked for';
    network.report(peer, 'untrue', reason);
    throw new Error(reason);
  }
  return undefined;
}
