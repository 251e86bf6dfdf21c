// Signatures that were found to hold, so that those which come again are not checked again: a vote is seen by consensus
// first, and then in certificates and late votes of blocks.

import { LRUCache } from 'lru-cache';
import { concatBytes, mapKey } from '../primitives/bytes.ts';
import { sha256 } from '../primitives/hash.ts';
import type { SignatureCheck } from '../primitives/signing.ts';

/** One verdict for each check, in order. */
export type VerifyChecks = (checks: readonly SignatureCheck[]) => Promise<readonly boolean[]>;

/** The votes of 512 members in 64 slots, twice as many as late votes reach back; about 10 MB. */
const MAX_REMEMBERED = 65_536;

/** Asks `verify` only for what it has not said to hold before. What does not hold is asked for each time. */
export function rememberVerified(verify: VerifyChecks, max = MAX_REMEMBERED): VerifyChecks {
  const held = new LRUCache<string, true>({ max });
  return async (checks) => {
    const keys = checks.map(keyOf);
    const verdicts = keys.map((key) => held.get(key) === true);
    const open = [...checks.keys()].filter((index) => verdicts[index] !== true);
    if (open.length === 0) return verdicts;
    const found = await verify(open.map((index) => checks[index] as SignatureCheck));
    for (const [position, index] of open.entries()) {
      if (found[position] !== true) continue;
      verdicts[index] = true;
      held.set(keys[index] as string, true);
    }
    return verdicts;
  };
}

/** Of the whole check: a signature that holds for one message and key says nothing about others. */
function keyOf({ publicKey, message, signature }: SignatureCheck): string {
  return mapKey(sha256(concatBytes(publicKey, signature, message)));
}
