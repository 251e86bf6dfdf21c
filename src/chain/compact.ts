// Compact blocks: a block as it travels in a proposal, and the way back to the whole one. The header commits to the ids,
// and an id to its transaction, so whoever passes a compact block on has checked all of it; what it leaves out can only be
// the right bytes, whoever they come from.

import { SerializedList } from '@chainsafe/ssz';
import type { Block, CompactBlock } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import { MAX_GOSSIP_BYTES } from '../primitives/wire.ts';
import { listOf, transactionIds } from './body.ts';
import { checkBody } from './rules.ts';

/** ssz(SignedTransaction) by its id in hex. */
export type FindEncoded = (idHex: string) => Uint8Array | undefined;

/** What takes the place of the whole block where something is missing or it can not be one. */
export type Incomplete =
  /** of so many transactions in all */
  | { readonly missing: readonly Hash[]; readonly of: number }
  /** no block of the network is so large */
  | { readonly tooLarge: true };

/** Transactions carried in one proposal, at most (bytes): with all ids of the largest block and all certificates it fits a message. */
const MAX_CARRIED_BYTES = 512 * 1024;

/** @param mayLack whether peers may not have the transaction (id in hex) */
export function compactBlock({ header, body }: Block, mayLack: (idHex: string) => boolean): CompactBlock {
  const ids = transactionIds(body.transactions);
  const carried: Uint8Array[] = [];
  let bytes = 0;
  for (const [index, id] of ids.entries()) {
    if (!mayLack(toHex(id))) continue;
    const transaction = body.transactions.get(index);
    bytes += transaction.length;
    if (bytes > MAX_CARRIED_BYTES) break;
    carried.push(transaction);
  }
  return {
    header,
    justification: body.justification,
    transactionIds: [...ids],
    carried: SerializedList.fromArray(carried),
  };
}

/**
 * Whether the header commits to all that stands beside it, and no transaction is named twice, which would be asked for
 * in vain: no block with it is valid. Nothing that does not hold says anything about the hash.
 */
export function compactHolds({ header, justification, transactionIds: ids, carried }: CompactBlock): boolean {
  if (carried.length > ids.length || carriedBytes(carried) > MAX_CARRIED_BYTES) return false;
  if (checkBody(header, justification, ids) !== undefined) return false;
  if (new Set(ids.map(toHex)).size < ids.length) return false;
  let next = 0;
  for (const id of transactionIds(carried)) {
    while (next < ids.length && !equalBytes(ids[next] as Hash, id)) next++;
    if (next++ >= ids.length) return false;
  }
  return true;
}

/** What the transactions take by themselves: each stands behind an offset of four bytes. */
function carriedBytes({ bytes, length }: SerializedList): number {
  return bytes.length - 4 * length;
}

/** @param find where transactions may be that the block does not carry */
export function wholeBlock(compact: CompactBlock, find: FindEncoded): Block | Incomplete {
  const { header, justification, transactionIds: ids, carried } = compact;
  const carriedIds = transactionIds(carried);
  const transactions: Uint8Array[] = [];
  const missing: Hash[] = [];
  let bytes = 0;
  let next = 0;
  for (const id of ids) {
    const isCarried = next < carriedIds.length && equalBytes(carriedIds[next] as Hash, id);
    const transaction = isCarried ? carried.get(next++) : find(toHex(id));
    if (transaction === undefined) missing.push(id);
    else {
      bytes += transaction.length;
      transactions.push(transaction);
    }
    if (bytes > MAX_GOSSIP_BYTES) return { tooLarge: true };
  }
  if (missing.length > 0) return { missing, of: ids.length };
  return { header, body: { justification, transactions: listOf(transactions, ids) } };
}

/** @returns those of the transactions that were asked for, by id in hex; undefined when there are others among them */
export function onlyAsked(
  transactions: readonly Uint8Array[],
  ids: readonly Hash[],
): Map<string, Uint8Array> | undefined {
  const asked = new Set(ids.map(toHex));
  const found = new Map<string, Uint8Array>();
  for (const transaction of transactions) {
    const idHex = toHex(sha256(transaction));
    if (!asked.has(idHex)) return undefined;
    found.set(idHex, transaction);
  }
  return found;
}
