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
  if (head === undefined) throw new Error(`the head at height ${header.height} has no block`);
  return headView(hash, header, head.block.body.transactions.length);
}

export const blockParams = z.strictObject({ height: blockIdParam });

/** @throws {RpcProblem} NOT_FOUND */
export async function getBlock(
  services: Pick<Services, 'chain' | 'blocks'>,
  { height: id }: z.output<typeof blockParams>,
): Promise<BlockView> {
  const block = await find(services, id);
  if (block !== undefined) return blockView(block);
  throw new RpcProblem('NOT_FOUND', absence(id, services.chain.head.header.height));
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
