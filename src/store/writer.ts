// Durable writes to the chain database: each is one batch, on the disk whole or not at all. After the first that failed
// nothing more is written: what the disk holds is then for the next start to find out.

import type { Batch, Database } from './database.ts';
import { type StoreError, toStoreError } from './errors.ts';

export class Writer {
  readonly #db: Database;
  #failure: StoreError | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /** @throws {StoreError} that of the first failed write */
  assertUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** @param doing for the error. @throws {StoreError} IO */
  async put(doing: string, fill: (batch: Batch) => void): Promise<void> {
    await this.write(doing, await this.fill(fill));
  }

  /** A batch holds memory of the database until it is written or closed, also when a value does not encode. */
  async fill(fill: (batch: Batch) => void): Promise<Batch> {
    const batch = this.#db.batch();
    try {
      fill(batch);
    } catch (error) {
      await batch.close();
      throw error;
    }
    return batch;
  }

  /** @param doing for the error. @throws {StoreError} IO */
  async write(doing: string, batch: Batch): Promise<void> {
    try {
      await batch.write({ sync: true });
    } catch (error) {
      this.#failure = toStoreError(error, `${doing}; nothing more is written until the database is opened again`);
      throw this.#failure;
    }
  }
}
