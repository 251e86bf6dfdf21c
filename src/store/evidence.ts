// Proofs that validators have contradicted themselves, found or received by this node. They are few and bounded, so that
// all of them are held in memory too and read without waiting. Losing them costs no safety: peers have them as well.

import { mapKey, toHex } from '../primitives/bytes.ts';
import { EVIDENCE_KINDS, Evidence, type EvidenceKind, evidenceId, evidenceKind } from '../primitives/evidence.ts';
import type { Hash } from '../primitives/hash.ts';
import { PublicKey } from '../primitives/ssz.ts';
import { BUCKETS, bucketRange, heightId } from './buckets.ts';
import type { Database } from './database.ts';
import { StoreError, toStoreError } from './errors.ts';
import { Repository } from './repository.ts';

/**
 * Pieces kept against one validator in one epoch. One is enough to punish it for that epoch; the rest show people what
 * happened. With 512 validators, all of them faulty, it makes 3 MB.
 */
export const MAX_PER_VALIDATOR = 16;

export interface EvidenceRecord {
  readonly id: Hash;
  readonly kind: EvidenceKind;
  readonly evidence: Evidence;
}

export class EvidenceStore {
  readonly #db: Database;
  readonly #records: Repository<Evidence>;
  /** by offence: epoch, validator, slot and kind */
  readonly #held = new Map<string, EvidenceRecord>();
  /** how many are held, by epoch and validator */
  readonly #counts = new Map<string, number>();
  /** newest slot first */
  #list: readonly EvidenceRecord[] = [];
  /** One write after the other, so that the bounds hold. */
  #written: Promise<unknown> = Promise.resolve();

  private constructor(db: Database) {
    this.#db = db;
    this.#records = new Repository(db, BUCKETS.evidence, Evidence);
  }

  /** @throws {StoreError} IO or CORRUPT */
  static async open(db: Database): Promise<EvidenceStore> {
    const store = new EvidenceStore(db);
    try {
      for await (const bytes of db.values(bucketRange(BUCKETS.evidence))) {
        const evidence = store.#records.decode(bytes);
        if (evidence !== undefined) store.#hold(evidence);
      }
      store.#sort();
    } catch (error) {
      throw toStoreError(error, 'read the evidence');
    }
    return store;
  }

  get size(): number {
    return this.#list.length;
  }

  /** Whether it is of an offence that is not known yet, by a validator of whom not too many are. */
  isWanted(evidence: Evidence): boolean {
    return !this.#held.has(mapKey(offenceKey(evidence))) && this.#against(evidence) < MAX_PER_VALIDATOR;
  }

  /**
   * Resolves when it is durable, or is not wanted.
   * @param evidence without a fault, its signatures checked
   * @returns what was added, if it was
   * @throws {StoreError} IO
   */
  put(evidence: Evidence): Promise<EvidenceRecord | undefined> {
    const writing = this.#written.then(() => this.#put(evidence));
    this.#written = writing.catch(() => undefined);
    return writing;
  }

  /** Newest slot first, from the first or the one after `before` on. @returns undefined when there is no `before` */
  list(limit: number, before?: Hash): readonly EvidenceRecord[] | undefined {
    const idHex = before && toHex(before);
    const last = idHex === undefined ? -1 : this.#list.findIndex(({ id }) => toHex(id) === idHex);
    return idHex !== undefined && last === -1 ? undefined : this.#list.slice(last + 1, last + 1 + limit);
  }

  async #put(evidence: Evidence): Promise<EvidenceRecord | undefined> {
    if (!this.isWanted(evidence)) return undefined;
    const batch = this.#db.batch();
    this.#records.put(batch, offenceKey(evidence), evidence);
    try {
      await batch.write({ sync: true });
    } catch (error) {
      throw toStoreError(error, 'write evidence');
    }
    const record = this.#hold(evidence);
    this.#sort();
    return record;
  }

  #hold(evidence: Evidence): EvidenceRecord {
    const record = { id: evidenceId(evidence), kind: kindOf(evidence), evidence };
    this.#held.set(mapKey(offenceKey(evidence)), record);
    this.#counts.set(validatorKey(evidence), this.#against(evidence) + 1);
    return record;
  }

  #sort(): void {
    this.#list = [...this.#held.values()].sort(newestFirst);
  }

  #against(evidence: Evidence): number {
    return this.#counts.get(validatorKey(evidence)) ?? 0;
  }
}

/** @throws {StoreError} CORRUPT */
function kindOf(evidence: Evidence): EvidenceKind {
  const kind = evidenceKind(evidence);
  if (kind === undefined) throw new StoreError('CORRUPT', 'stored evidence does not contradict itself');
  return kind;
}

/** epoch ‖ public key ‖ slot ‖ kind, integers big-endian */
function offenceKey(evidence: Evidence): Uint8Array {
  const key = new Uint8Array(8 + PublicKey.lengthBytes + 8 + 1);
  key.set(heightId(evidence.epoch), 0);
  key.set(evidence.publicKey, 8);
  key.set(heightId(evidence.slot), 8 + PublicKey.lengthBytes);
  key[key.length - 1] = EVIDENCE_KINDS.indexOf(kindOf(evidence));
  return key;
}

function validatorKey({ epoch, publicKey }: Evidence): string {
  return `${epoch} ${mapKey(publicKey)}`;
}

function newestFirst({ evidence: a }: EvidenceRecord, { evidence: b }: EvidenceRecord): number {
  return b.epoch - a.epoch || b.slot - a.slot;
}
