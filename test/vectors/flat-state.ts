// A state in its simplest form: every entry by its key in hex.

import type { LedgerState } from '../../src/ledger/accounts.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import type { JsonValue } from '../../src/primitives/json.ts';
import { recomputeRoot } from '../../src/state/recompute.ts';

export class FlatState implements LedgerState {
  readonly entries = new Map<string, Uint8Array>();

  get(key: Uint8Array): Uint8Array | undefined {
    return this.entries.get(toHex(key));
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.entries.set(toHex(key), value);
  }

  delete(key: Uint8Array): void {
    this.entries.delete(toHex(key));
  }

  root(): Hash {
    return recomputeRoot([...this.entries].map(([key, value]) => [fromHex(key), value] as const));
  }

  json(): JsonValue {
    return [...this.entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value: toHex(value) }));
  }
}
