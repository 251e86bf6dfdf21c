// What follows from certificates for blocks: a certified one is executed, and of the final ones the newest is committed
// once it is executed, one at a time, since each takes its ancestors along. The boundary's ends the epoch.

import { toHex } from '../primitives/bytes.ts';
import { type Certificate, FINAL } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { BlockTree } from './block-tree.ts';
import { isBoundary } from './boundary.ts';
import type { Execution } from './execution.ts';
import type { Slots } from './slots.ts';
import type { Anchor, Emit, InstanceConfig } from './types.ts';
import type { Witness } from './witness.ts';

export interface FinalizerOptions {
  readonly config: Pick<InstanceConfig, 'epoch' | 'epochEnd'>;
  readonly slots: Slots;
  readonly blocks: BlockTree;
  readonly execution: Execution;
  readonly witness: Witness;
  readonly emit: Emit;
}

export class Finalizer {
  readonly #o: FinalizerOptions;
  /** the Final that is being committed */
  #committing: Certificate | undefined;

  constructor(options: FinalizerOptions) {
    this.#o = options;
  }

  /** Whether the epoch's last block is known to be final. */
  get isEnding(): boolean {
    const { config, slots, blocks } = this.#o;
    const header = blocks.header(toHex(slots.lastFinal.hash));
    return header !== undefined && isBoundary(header, config);
  }

  /** A certified block is fetched if it is missing and executed when its parent is. */
  execute(certificate: Certificate): void {
    const { slots, execution, witness, emit } = this.#o;
    const status = execution.ensure(certificate.hash);
    if (status === 'invalid') {
      emit({ type: 'halt', reason: 'a certified block does not execute here', certificates: [certificate] });
    }
    if (status === 'lost' && certificate.kind === FINAL) {
      witness.haltOnFinals([slots.committed.certificate, certificate]);
    }
  }

  /** Commits the newest final block if it is executed and nothing else is being committed. */
  consider(): void {
    const { slots, blocks, witness, emit } = this.#o;
    const { hash, certificate } = slots.lastFinal;
    const hashHex = toHex(hash);
    if (certificate === undefined || blocks.isCommitted(hashHex) || this.#committing !== undefined) return;
    this.execute(certificate);
    if (!blocks.isValid(hashHex)) return;
    const branch = blocks.branch(hashHex);
    const astray = slots.finals.find((final) => !branch.has(toHex(final.hash)));
    if (astray !== undefined) return witness.haltOnFinals([astray, certificate]);
    this.#committing = certificate;
    emit({ type: 'finalize', hash, certificate });
  }

  /** The block that was to be committed is in the database. */
  onCommitted(hash: Hash): void {
    const certificate = this.#committing;
    this.#committing = undefined;
    const header = this.#o.blocks.header(toHex(hash));
    if (header === undefined || certificate === undefined) return;
    this.#commit({ slot: certificate.slot, hash, header, certificate });
  }

  /** Catch-up has brought the database to this block. */
  onSynced(anchor: Anchor): void {
    const { slots, blocks, witness } = this.#o;
    const { slot, hash, header, certificate } = anchor;
    if (header.height < blocks.committedHeight) return;
    const conflicting = slots.conflictingFinal(slot, hash);
    if (conflicting !== undefined) return witness.haltOnFinals([conflicting, certificate]);
    slots.finalize(anchor);
    this.#commit(anchor);
  }

  #commit(anchor: Anchor): void {
    const { config, slots, blocks, emit } = this.#o;
    const { hash, header, certificate } = anchor;
    blocks.commit(hash, header);
    slots.commit(anchor);
    if (certificate !== undefined && isBoundary(header, config)) emit({ type: 'epochEnded', certificate });
  }
}
