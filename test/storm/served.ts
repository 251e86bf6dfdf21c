// What a node serves when a storm is over: its whole chain and the balances of all accounts, in the words of the checker.

import type { BlockView } from '../../src/rpc/views.ts';
import { inParallel } from '../e2e/harness/wait.ts';
import type { ServedBlock, ServedChain, ServedTransaction } from './checker.ts';
import type { Victim } from './victim.ts';

const AT_ONCE = 8;

/** As the API writes it. */
interface TransactionJson {
  readonly nonce: number;
  readonly fee: string;
  readonly action: { readonly to?: string; readonly amount?: string; readonly outputs?: ServedTransaction['outputs'] };
}

/** From height 1 to `end`. */
export async function servedBlocks({ rpc }: Victim, end: number): Promise<ServedBlock[]> {
  const heights = Array.from({ length: end }, (_, index) => index + 1);
  return inParallel(heights, AT_ONCE, async (height) => servedBlock(await rpc.block(height)));
}

/** @param addresses of all accounts that there are. */
export async function servedChain(
  victim: Victim,
  blocks: readonly ServedBlock[],
  addresses: readonly string[],
): Promise<ServedChain> {
  const accounts = await inParallel(addresses, AT_ONCE, (address) => victim.rpc.balance(address));
  return {
    node: victim.index,
    blocks,
    balances: new Map(accounts.map(({ address, balance, nonce }) => [address, { balance, nonce }])),
  };
}

/** Of everyone who ever sent or was paid. */
export function addressesIn(blocks: readonly ServedBlock[]): string[] {
  const transactions = blocks.flatMap((block) => block.transactions);
  return [...new Set(transactions.flatMap(({ from, outputs }) => [from, ...outputs.map(({ to }) => to)]))];
}

function servedBlock({ height, hash, parent_hash, state_root, transactions, receipts }: BlockView): ServedBlock {
  return {
    height,
    hash,
    parent: parent_hash,
    stateRoot: state_root,
    transactions: transactions.map(({ tx_hash, from, transaction }, index) => {
      const { nonce, fee, action } = transaction as unknown as TransactionJson;
      const { to, amount, outputs } = action;
      const receipt = receipts[index];
      if (receipt?.tx_hash !== tx_hash) throw new Error(`block ${height}: receipt ${index} is of ${receipt?.tx_hash}`);
      const paid = outputs ?? (to === undefined || amount === undefined ? [] : [{ to, amount }]);
      return { hash: tx_hash, from, nonce, fee, code: receipt.code, outputs: paid };
    }),
  };
}
