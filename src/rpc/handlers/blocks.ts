// get_head and get_block: the finalized chain, block by block.

import { z } from 'zod';
import { toHex } from '../../primitives/bytes.ts';
import type { StoredBlock } from '../dependencies.ts';
import { type BlockId, blockIdParam } from '../params.ts';
import { RpcProblem } from '../problems.ts';
import { type BlockView, blockView, type HeadView, headView } from '../views.ts';
import type { Services } from './method.ts';

export const headParams = z.strictObject({});

/** The newest finalized header. */
export async function getHead({ chain, blocks }: Pick<Services, 'chain' | 'blocks'>): Promise<HeadView> {
  const { hash, header } = chain.head;
  const head = await blocks.byHeight(header.height);
  // Of the block of a snapshot there is the header alone.
  return headView(hash, header, head?.block.body.transactions.length ?? null);
}

export const blockParams = z.strictObject({ height: blockIdParam });

/** @throws {RpcProblem} NOT_FOUND, NOT_HELD */
export async function getBlock(
  services: Pick<Services, 'chain' | 'blocks'>,
  { height: id }: z.output<typeof blockParams>,
): Promise<BlockView> {
  const block = await find(services, id);
  if (block !== undefined) return blockView(block);
  const { base, head } = services.chain;
  const height = 'hash' in id ? undefined : (id.height ?? head.header.height);
  if (height !== undefined && base !== undefined && height <= base) throw new RpcProblem('NOT_HELD', historyFrom(base));
  throw new RpcProblem(
    'NOT_FOUND',
    absence(id, head.header.height) + (base === undefined ? '' : `; ${historyFrom(base)}`),
  );
}

/** What a node says that began from a snapshot. */
export function historyFrom(base: number): string {
  return `this node began from a snapshot and has blocks and transactions from height ${base + 1} on: ask one that has them all`;
}

function find({ chain, blocks }: Pick<Services, 'chain' | 'blocks'>, id: BlockId): Promise<StoredBlock | undefined> {
  return 'hash' in id ? blocks.byHash(id.hash) : blocks.byHeight(id.height ?? chain.head.header.height);
}

function absence(id: BlockId, head: number): string {
  if ('hash' in id) return `no finalized block has the hash ${toHex(id.hash)}`;
  const height = id.height ?? head;
  return height > head
    ? `height ${height} is above the newest finalized height ${head}`
    : `this node has no block at height ${height}`;
}
