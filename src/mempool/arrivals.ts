// Transactions whose signatures are being checked: concurrent submissions of one share its result, and the nonces
// that follow one are not refused for a gap before it is decided.

import type { TransactionEnvelope } from '../primitives/transaction.ts';
import { senderKey } from './pool.ts';
import type { AddResult } from './results.ts';

export interface Arriving {
  readonly envelope: TransactionEnvelope;
  readonly result: Promise<AddResult>;
  readonly resolve: (result: AddResult) => void;
  readonly reject: (error: unknown) => void;
}

export class Arrivals {
  readonly #byId = new Map<string, Arriving>();
  /** How many arrive, by sender and nonce: anybody can send rubbish in another's name, so there may be several. */
  readonly #byNonce = new Map<string, number>();

  get size(): number {
    return this.#byId.size;
  }

  get(idHex: string): Arriving | undefined {
    return this.#byId.get(idHex);
  }

  has(sender: string, nonce: number): boolean {
    return this.#byNonce.has(nonceKey(sender, nonce));
  }

  begin(envelope: TransactionEnvelope): Arriving {
    const arriving = pending(envelope);
    this.#byId.set(envelope.idHex, arriving);
    this.#count(envelope, 1);
    return arriving;
  }

  end({ envelope }: Arriving): void {
    this.#byId.delete(envelope.idHex);
    this.#count(envelope, -1);
  }

  #count(envelope: TransactionEnvelope, change: 1 | -1): void {
    const key = nonceKey(senderKey(envelope), envelope.signed.transaction.nonce);
    const count = (this.#byNonce.get(key) ?? 0) + change;
    if (count === 0) this.#byNonce.delete(key);
    else this.#byNonce.set(key, count);
  }
}

function nonceKey(sender: string, nonce: number): string {
  return `${sender}/${nonce}`;
}

function pending(envelope: TransactionEnvelope): Arriving {
  let resolve: Arriving['resolve'] | undefined;
  let reject: Arriving['reject'] | undefined;
  const result = new Promise<AddResult>((onResult, onError) => {
    resolve = onResult;
    reject = onError;
  });
  if (resolve === undefined || reject === undefined) throw new Error('a promise runs its executor at once');
  return { envelope, result, resolve, reject };
}
