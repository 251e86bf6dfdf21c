// The head: how the newest finalized block is found when a database is opened, and which block may follow it.

import { type Header, headerHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { HeadRecord } from '../primitives/storage.ts';
import type { StateChanges } from '../state/overlay.ts';
import { heightId, META } from './buckets.ts';
import { StoreError } from './errors.ts';
import { assertGenesis } from './lock.ts';
import type { NewBlockRecord, Records } from './records.ts';

export interface StoredHead {
  readonly height: number;
  readonly hash: Hash;
  readonly header: Header;
}

export interface FinalizedBlock extends NewBlockRecord {
  /** what the block changed; `state.root` is the header's. The store keeps these arrays: they must not change. */
  readonly state: StateChanges;
}

/**
 * Headers whose links are checked on opening. LevelDB skips a damaged record of its log and goes on with the next;
 * a block lost that way leaves a gap among the newest headers.
 */
const LINKS_CHECKED_ON_OPEN = 1_024;

/**
 * @param location the database, for errors
 * @param base the block whose state came from a snapshot, if one did: blocks up to it need not be there
 * @returns undefined when the database is new
 * @throws {StoreError} WRONG_GENESIS, CORRUPT or IO
 */
export async function readHead(
  records: Records,
  base: HeadRecord | undefined,
  location: string,
  genesisHash: Hash,
): Promise<StoredHead | undefined> {
  const head = await records.head.get(META.head);
  const genesis = await records.genesis.get(META.genesis);
  if (head === undefined && genesis === undefined) return undefined;
  if (genesis !== undefined) assertGenesis(location, genesis, genesisHash);
  const header = head && (await records.headers.get(heightId(head.height)));
  if (genesis === undefined || head === undefined || header === undefined) {
    throw new StoreError('CORRUPT', `${location} lacks the record of its head or of its genesis`);
  }
  if (!equalBytes(headerHash(header), head.hash)) {
    throw new StoreError(
      'CORRUPT',
      `the stored header ${head.height} has not the hash ${toHex(head.hash)} of the head`,
    );
  }
  await records.checkLinks(Math.max(base?.height ?? 0, head.height + 1 - LINKS_CHECKED_ON_OPEN), head.height);
  return { ...head, header };
}

/** @throws {RangeError} on a block that is not the next one, or that contradicts itself */
export function assertFollows(head: StoredHead | undefined, finalized: FinalizedBlock): void {
  const { hash, block, receipts, transactionIds, state } = finalized;
  const height = head === undefined ? 0 : head.height + 1;
  if (block.header.height !== height) {
    throw new RangeError(`block ${block.header.height} cannot follow the head: ${height} is next`);
  }
  if (head !== undefined && !equalBytes(block.header.parent, head.hash)) {
    throw new RangeError(`block ${height} is no child of the head ${toHex(head.hash)}`);
  }
  if (!equalBytes(headerHash(block.header), hash)) {
    throw new RangeError(`block ${height} has not the hash ${toHex(hash)}`);
  }
  if (!equalBytes(block.header.stateRoot, state.root)) throw new RangeError(`block ${height} has another state root`);
  const transactions = block.body.transactions.length;
  if (receipts.length !== transactions || transactionIds.length !== transactions) {
    throw new RangeError(`block ${height} has ${transactions} transactions, but not as many ids and receipts`);
  }
}
