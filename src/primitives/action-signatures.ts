// Every signature of a transaction: the sender's, and those inside its action, which the ledger trusts. They are checked
// together, before a transaction enters a mempool or a block.

import { type Evidence, evidenceChecks, evidenceFault } from './evidence.ts';
import type { Hash } from './hash.ts';
import type { SignatureCheck } from './signing.ts';
import { possessionSigningBytes } from './staking.ts';
import { envelopeSigningBytes, type TransactionEnvelope } from './transaction.ts';

/** What is wrong with a transaction of which a signature does not hold; stable. */
export type SignatureFault =
  /** the sender's */
  | 'BAD_SIGNATURE'
  /** the proof of possession of a consensus key */
  | 'BAD_PROOF'
  /** evidence that proves nothing */
  | 'BAD_EVIDENCE';

export interface TransactionCheck extends SignatureCheck {
  /** what is wrong when it does not hold */
  readonly fault: SignatureFault;
}

/** The signatures that must all hold, the sender's first; or what is wrong before any of them is looked at. */
export function transactionChecks(
  envelope: TransactionEnvelope,
  genesisHash: Hash,
): readonly TransactionCheck[] | SignatureFault {
  const { transaction, signature } = envelope.signed;
  const own: TransactionCheck = {
    publicKey: transaction.sender,
    message: envelopeSigningBytes(envelope, genesisHash),
    signature,
    fault: 'BAD_SIGNATURE',
  };
  const { selector, value } = transaction.action;
  if (selector === 2) return [own, possessionCheck(envelope, value, genesisHash)];
  if (selector === 3 && value.key !== null) return [own, possessionCheck(envelope, value.key, genesisHash)];
  if (selector === 7) return withEvidence(own, value.evidence, genesisHash);
  return [own];
}

function possessionCheck(
  { from }: TransactionEnvelope,
  { publicKey, proof }: { readonly publicKey: Uint8Array; readonly proof: Uint8Array },
  genesisHash: Hash,
): TransactionCheck {
  const message = possessionSigningBytes(from, publicKey, genesisHash);
  return { publicKey, message, signature: proof, fault: 'BAD_PROOF' };
}

function withEvidence(
  own: TransactionCheck,
  evidence: Evidence,
  genesisHash: Hash,
): readonly TransactionCheck[] | SignatureFault {
  if (evidenceFault(evidence) !== undefined) return 'BAD_EVIDENCE';
  const checks = evidenceChecks(evidence, genesisHash);
  return [own, ...checks.map((check): TransactionCheck => ({ ...check, fault: 'BAD_EVIDENCE' }))];
}
