// Trust, from one validator set to the next: the last header of an epoch, under a Final of the epoch's set, commits the
// set of the next one. Whoever trusts one set comes so to a recent header without any block in between. Only a Final
// will do: a Notar can lose.

import { certificateChecks, malformedCertificate } from '../consensus/certificate.ts';
import { Members } from '../consensus/members.ts';
import type { VerifyChecks } from '../crypto/verified-signatures.ts';
import { type Header, headerHash } from '../primitives/block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { FINAL } from '../primitives/consensus.ts';
import { EpochRange } from '../primitives/epoch.ts';
import type { Hash } from '../primitives/hash.ts';
import type { EpochBoundary } from '../primitives/snapshot.ts';
import type { Validator } from '../primitives/validators.ts';
import { SyncError } from './errors.ts';

export interface TrustedEpoch {
  readonly epoch: number;
  /** of its set */
  readonly validatorsRoot: Hash;
  /** a block of it, or before it, that is trusted */
  readonly height: number;
}

/** A boundary with the set that vouches for it. */
export interface TrustedBoundary extends EpochBoundary {
  readonly validators: Validator[];
}

/**
 * A header does not say that it is its epoch's last one where the set stays the same: the state after it does.
 * @param range that state's entry under `epochRange.key()`
 * @throws {SyncError} WRONG_BOUNDARY
 */
export function assertEndsEpoch({ height, epoch }: Header, range: Uint8Array | undefined): void {
  if (range === undefined || EpochRange.deserialize(range).current !== epoch + 1) {
    throw new SyncError('WRONG_BOUNDARY', `block ${height} does not end epoch ${epoch}`);
  }
}

export class EpochWalk {
  readonly #genesisHash: Hash;
  readonly #verify: VerifyChecks;
  #at: TrustedEpoch;
  /** the last one that was seen; it stays until another root is committed */
  #set: Members | undefined;

  constructor(start: TrustedEpoch, { genesisHash, verify }: { genesisHash: Hash; verify: VerifyChecks }) {
    this.#at = start;
    this.#genesisHash = genesisHash;
    this.#verify = verify;
  }

  /** Of which the boundary comes next. */
  get epoch(): number {
    return this.#at.epoch;
  }

  /**
   * Takes the next boundary in.
   * @throws {SyncError} WRONG_BOUNDARY, BAD_CERTIFICATE; then nothing has changed
   */
  async step(boundary: EpochBoundary): Promise<TrustedBoundary> {
    const { header, certificate } = boundary;
    const { epoch, validatorsRoot, height } = this.#at;
    if (header.epoch !== epoch || header.height < height) {
      throw new SyncError(
        'WRONG_BOUNDARY',
        `block ${header.height} of epoch ${header.epoch} does not end epoch ${epoch}`,
      );
    }
    if (!equalBytes(header.validatorsRoot, validatorsRoot)) {
      throw new SyncError('WRONG_BOUNDARY', `epoch ${epoch} has another validator set`);
    }
    const set = this.#setOf(boundary);
    const malformed = malformedCertificate(certificate, set);
    if (malformed !== undefined) throw new SyncError('BAD_CERTIFICATE', malformed);
    if (
      certificate.kind !== FINAL ||
      certificate.epoch !== epoch ||
      !equalBytes(certificate.hash, headerHash(header))
    ) {
      throw new SyncError('BAD_CERTIFICATE', `no Final of block ${header.height}`);
    }
    const verdicts = await this.#verify(certificateChecks(certificate, set, this.#genesisHash));
    if (!verdicts.every((holds) => holds))
      throw new SyncError('BAD_CERTIFICATE', 'a Final whose signatures do not hold');
    return this.trust({ ...boundary, validators: [...set.list] });
  }

  /** Takes a boundary in that was checked before. */
  trust(boundary: TrustedBoundary): TrustedBoundary {
    const { header, validators } = boundary;
    if (this.#set === undefined || !equalBytes(this.#set.root, header.validatorsRoot))
      this.#set = new Members(validators);
    this.#at = { epoch: header.epoch + 1, validatorsRoot: header.nextValidatorsRoot, height: header.height + 1 };
    return boundary;
  }

  #setOf({ validators }: EpochBoundary): Members {
    const { epoch, validatorsRoot } = this.#at;
    const set = validators === null ? this.#set : new Members(validators);
    if (set === undefined || !equalBytes(set.root, validatorsRoot)) {
      throw new SyncError('WRONG_BOUNDARY', `not the validator set of epoch ${epoch}`);
    }
    return set;
  }
}
