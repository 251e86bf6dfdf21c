// The channels that a WebSocket client can subscribe to, and the JSON of their events. An event is written once, however
// many clients receive it.

import type { SerializedList } from '@chainsafe/ssz';
import { type Address, AddressError, addressKey, formatAddress, parseAddress } from '../../primitives/address.ts';
import { toHex } from '../../primitives/bytes.ts';
import { toJson } from '../../primitives/json.ts';
import { decodeTransaction, type TransactionAction } from '../../primitives/transaction.ts';
import { Validator } from '../../primitives/validators.ts';
import type { ConsensusEvent, ExecutedBlock } from '../dependencies.ts';
import { RpcProblem } from '../problems.ts';
import { headView, includedView } from '../views.ts';

/** Fed by finalized blocks. */
export type BlockChannel =
  | { readonly kind: 'new_blocks' | 'new_transactions' }
  | { readonly kind: 'account'; readonly key: string };
export type Channel = BlockChannel | { readonly kind: 'consensus_events' };

const PLAIN_CHANNELS = ['new_blocks', 'new_transactions', 'consensus_events'] as const;
const ACCOUNT_PREFIX = 'account:';

/**
 * @param name `new_blocks`, `new_transactions`, `consensus_events` or `account:<address>`.
 * @throws {RpcProblem}
 */
export function parseChannel(name: string): Channel {
  const kind = PLAIN_CHANNELS.find((plain) => plain === name);
  if (kind !== undefined) return { kind };
  if (!name.startsWith(ACCOUNT_PREFIX)) {
    throw new RpcProblem('INVALID_FIELD', `the channels are ${PLAIN_CHANNELS.join(', ')} and account:<address>`);
  }
  try {
    return { kind: 'account', key: addressKey(parseAddress(name.slice(ACCOUNT_PREFIX.length))) };
  } catch (error) {
    if (error instanceof AddressError) throw new RpcProblem('BAD_ADDRESS', error.message);
    throw error;
  }
}

/** Whether a client may ask for past events: where every block says something, so that none is read in vain. */
export function isResumable({ kind }: Channel): boolean {
  return kind === 'new_blocks' || kind === 'new_transactions';
}

/** The events of one finalized block, each written when first asked for. */
export class BlockEvents {
  readonly #block: ExecutedBlock;
  #head: string | undefined;
  readonly #transactions: (string | undefined)[] = [];
  #touched: Map<string, number[]> | undefined;

  constructor(block: ExecutedBlock) {
    this.#block = block;
  }

  get height(): number {
    return this.#block.block.header.height;
  }

  /** JSON texts of the events' `data`, in order. */
  of(channel: BlockChannel): string[] {
    const { hash, block } = this.#block;
    const { transactions } = block.body;
    switch (channel.kind) {
      case 'new_blocks':
        this.#head ??= JSON.stringify(headView(hash, block.header, transactions.length));
        return [this.#head];
      case 'new_transactions':
        return Array.from(transactions, (_, index) => this.#transaction(index));
      case 'account':
        this.#touched ??= touchedAccounts(transactions);
        return (this.#touched.get(channel.key) ?? []).map((index) => this.#transaction(index));
    }
  }

  #transaction(index: number): string {
    let text = this.#transactions[index];
    if (text === undefined) {
      text = JSON.stringify({ status: 'finalized', ...includedView({ block: this.#block, index }) });
      this.#transactions[index] = text;
    }
    return text;
  }
}

/** Positions of the transactions that an account sent or was named in. */
function touchedAccounts(transactions: SerializedList): Map<string, number[]> {
  const touched = new Map<string, number[]>();
  for (let index = 0; index < transactions.length; index++) {
    const { from, signed } = decodeTransaction(transactions.get(index));
    for (const key of new Set([from, ...namedIn(signed.transaction.action)].map(addressKey))) {
      const indexes = touched.get(key);
      if (indexes === undefined) touched.set(key, [index]);
      else indexes.push(index);
    }
  }
  return touched;
}

/** The accounts that an action names: those it pays, the validator it is about, the authority that comes or goes. */
function namedIn({ selector, value }: TransactionAction): readonly Address[] {
  switch (selector) {
    case 0:
      return [value.to];
    case 1:
      return value.outputs.map(({ to }) => to);
    case 4:
    case 5:
    case 6:
      return [value.validator];
    case 8:
      return 'address' in value.change.value ? [value.change.value.address] : [];
    default:
      return [];
  }
}

export function consensusEventJson(event: ConsensusEvent): string {
  const { type, epoch, slot, hash, height, evidence, validators } = event;
  return JSON.stringify({
    type,
    epoch,
    slot,
    ...(hash !== undefined && { hash: toHex(hash) }),
    ...(height !== undefined && { height }),
    ...(evidence !== undefined && {
      id: toHex(evidence.id),
      kind: evidence.kind,
      address: formatAddress(evidence.address),
    }),
    ...(validators !== undefined && {
      validators: validators.map((validator) => toJson(Validator, validator)),
    }),
  });
}
