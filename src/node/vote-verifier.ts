// How this node checks the signatures of consensus: where they arrive when they are few, by the worker threads otherwise.

import { verifyNative } from '../crypto/keys.ts';
import type { VerifierPool } from '../crypto/verifier.ts';
import type { SignatureCheck } from '../primitives/signing.ts';

/** So few signatures are checked sooner on this thread than by the workers, and never wait behind transactions. */
const CHECKED_HERE = 4;

/** @returns one verdict for each check, in order. */
export function voteVerifier(
  pool: Pick<VerifierPool, 'verifyAll'>,
): (checks: readonly SignatureCheck[]) => Promise<readonly boolean[]> {
  return async (checks) =>
    checks.length > CHECKED_HERE
      ? pool.verifyAll(checks, 'urgent')
      : checks.map(({ publicKey, message, signature }) => verifyNative(publicKey, message, signature));
}
