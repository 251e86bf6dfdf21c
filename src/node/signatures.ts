// How this node checks signatures: votes where they arrive when they are few, everything else by the worker threads.

import type { SignatureCheck } from '../consensus/certificate.ts';
import { verifyNative } from '../crypto/keys.ts';
import type { VerifierPool } from '../crypto/verifier.ts';
import type { Hash } from '../primitives/hash.ts';
import { envelopeSigningBytes, type TransactionEnvelope } from '../primitives/transaction.ts';

/** So few signatures are checked sooner on this thread than by the workers, and never wait behind transactions. */
const CHECKED_HERE = 4;

export class Signatures {
  readonly #pool: VerifierPool;
  readonly #genesisHash: Hash;

  constructor(pool: VerifierPool, genesisHash: Hash) {
    this.#pool = pool;
    this.#genesisHash = genesisHash;
  }

  /** Of votes, proposals and certificates. Bound before use: handed out as a function. */
  readonly ofConsensus = async (checks: readonly SignatureCheck[]): Promise<boolean[]> =>
    checks.length > CHECKED_HERE
      ? this.#pool.verifyAll(checks, 'urgent')
      : checks.map(({ publicKey, message, signature }) => verifyNative(publicKey, message, signature));

  readonly ofTransactions = (envelopes: readonly TransactionEnvelope[]): Promise<boolean[]> =>
    this.#pool.verifyAll(
      envelopes.map((envelope) => ({
        publicKey: envelope.signed.transaction.sender,
        message: envelopeSigningBytes(envelope, this.#genesisHash),
        signature: envelope.signed.signature,
      })),
    );

  /** The same, but what is known to be good already is not checked again. */
  async ofUnknown(
    envelopes: readonly TransactionEnvelope[],
    isKnown: (idHex: string) => boolean,
  ): Promise<readonly boolean[]> {
    const unknown = envelopes.filter(({ idHex }) => !isKnown(idHex));
    if (unknown.length === 0) return envelopes.map(() => true);
    const verdicts = await this.ofTransactions(unknown);
    const bad = new Set(unknown.filter((_, index) => verdicts[index] !== true).map(({ idHex }) => idHex));
    return envelopes.map(({ idHex }) => !bad.has(idHex));
  }
}
