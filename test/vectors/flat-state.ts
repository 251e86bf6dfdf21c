// A state in its simplest form: every entry by its key in hex.

import type { LedgerState } from '../../src/ledger/accounts.ts';
import { equalBytes, fromHex, toHex } from '../../src/primitives/bytes.ts';
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

  /** What is other than in an earlier copy of the entries, by key; null for what is gone. */
  changesSince(earlier: ReadonlyMap<string, Uint8Array>): JsonValue {
    const keys = [...new Set([...this.entries.keys(), ...earlier.keys()])].sort();
    return keys.flatMap((key) => {
      const [before, after] = [earlier.get(key), this.entries.get(key)];
      if (before !== undefined && after !== undefined && equalBytes(before, after)) return [];
      return [{ key, value: after === undefined ? null : toHex(after) }];
    });
  }

  json(): JsonValue {
    return [...this.entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value: toHex(value) }));
  }
}
