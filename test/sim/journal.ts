// A validator's consensus journal on a simulated disk: the real bytes, so that a crash leaves what a crash leaves, with
// the group commit of the real one. Besides, it can say what it durably holds.

import type { ConsensusJournal } from '../../src/consensus/ports.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { JournalRecord } from '../../src/primitives/journal.ts';
import { decodeJournal, encodeFileHeader, encodeFrame, SALT_BYTES } from '../../src/store/journal-format.ts';
import type { Disk, Write } from './disk.ts';
import type { Random } from './random.ts';

/** How often the driver finds its journal grown too large after a commit. */
const ROTATION_CHANCE = 0.2;

/** The file, which outlives crashes. */
export class JournalFile {
  salt: Uint8Array = new Uint8Array(SALT_BYTES);
  chunks: Buffer[] = [];
  size = 0;

  /** A new file in the place of the old one. */
  replace(salt: Uint8Array, records: readonly Uint8Array[]): void {
    const header = encodeFileHeader(salt);
    this.salt = salt;
    this.chunks = records.length === 0 ? [header] : [header, encodeFrame(salt, header.length, records)];
    this.size = this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
  }

  /** As the real journal opens: what a crash has cut short is dropped. */
  open(): Uint8Array[] {
    const bytes = Buffer.concat(this.chunks);
    const { salt, records, end } = decodeJournal(bytes, 'the simulated journal');
    this.salt = salt;
    this.chunks = [bytes.subarray(0, end)];
    this.size = end;
    return records;
  }
}

export interface SimJournalOptions {
  readonly file: JournalFile;
  readonly disk: Disk;
  readonly random: Random;
  /** the old content is gone */
  readonly onRotated: () => void;
}

export class SimJournal implements ConsensusJournal {
  readonly restored: readonly Uint8Array[];
  readonly #file: JournalFile;
  readonly #disk: Disk;
  readonly #random: Random;
  readonly #onRotated: () => void;
  readonly #held = new Set<string>();
  #group: Uint8Array[] | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor({ file, disk, random, onRotated }: SimJournalOptions) {
    this.#file = file;
    this.#disk = disk;
    this.#random = random;
    this.#onRotated = onRotated;
    if (file.size === 0) file.replace(this.#salt(), []);
    this.restored = file.open();
    this.#hold(this.restored);
  }

  /** Now and then so large that the driver rotates. */
  get size(): number {
    return this.#random.chance(ROTATION_CHANCE) ? Number.POSITIVE_INFINITY : this.#file.size;
  }

  append(record: Uint8Array): Promise<void> {
    if (this.#group !== undefined) this.#group.push(record);
    else {
      this.#group = [record];
      this.#written = this.#disk.write(this.#appendGroup(this.#group));
    }
    return this.#written;
  }

  rotate(keep: readonly Uint8Array[]): Promise<void> {
    this.#group = undefined;
    return this.#disk.write({
      complete: () => {
        this.#file.replace(this.#salt(), keep);
        this.#held.clear();
        this.#hold(keep);
        this.#onRotated();
      },
      tear: () => undefined, // the new file takes its name when it is whole
    });
  }

  /** @param label see `labels` */
  holds(label: string): boolean {
    return this.#held.has(label);
  }

  #appendGroup(records: Uint8Array[]): Write {
    const frame = () => encodeFrame(this.#file.salt, this.#file.size, records);
    return {
      begin: () => {
        if (this.#group === records) this.#group = undefined;
      },
      complete: () => {
        this.#file.push(frame());
        this.#hold(records);
      },
      tear: () => this.#file.push(this.#torn(frame())),
    };
  }

  /** A crash may leave the last frame in any way: cut short, or of full length with holes. */
  #torn(frame: Buffer): Buffer {
    const at = this.#random.integer(frame.length);
    const end = Math.min(frame.length, at + 1 + this.#random.integer(64));
    return this.#random.chance(0.5) ? frame.subarray(0, at) : frame.fill(0, at, end);
  }

  #hold(records: readonly Uint8Array[]): void {
    for (const record of records) for (const label of labels(JournalRecord.deserialize(record))) this.#held.add(label);
  }

  #salt(): Uint8Array {
    return Uint8Array.from({ length: SALT_BYTES }, () => this.#random.integer(256));
  }
}

interface Subject {
  readonly epoch: number;
  readonly slot: number;
  readonly hash: Uint8Array;
}
type VoteSubject = Subject & { readonly kind: number };

export const voteLabel = ({ epoch, kind, slot, hash }: VoteSubject) => `vote ${kind} ${epoch}/${slot} ${toHex(hash)}`;
export const proposalLabel = ({ epoch, slot, hash }: Subject) => `proposal ${epoch}/${slot} ${toHex(hash)}`;
export const certificateLabel = ({ epoch, kind, slot, hash }: VoteSubject) =>
  `certificate ${kind} ${epoch}/${slot} ${toHex(hash)}`;
export const blockLabel = (hash: Uint8Array) => `block ${toHex(hash)}`;

/** What a record vouches for. */
function labels({ selector, value }: JournalRecord): string[] {
  if (selector === 3) return [certificateLabel(value)];
  if (selector === 2) return [voteLabel(value)];
  const hash = headerHash(value.block.header);
  return selector === 0 ? [blockLabel(hash)] : [blockLabel(hash), proposalLabel({ ...value, hash })];
}
