// Evidence: two signed messages of one validator that no honest validator signs both (docs/protocol.md §7). It proves
// itself: the key, what was signed, and both signatures, never a block. What both messages share stands once, and they
// have one order, so that two messages make one piece of evidence with one encoding and one id.

import { type CompositeType, ContainerType, type ValueOf } from '@chainsafe/ssz';
import { compareBytes, equalBytes } from './bytes.ts';
import { NOTAR, proposalSigningBytes, SKIP, VoteKindType, voteSigningBytes } from './consensus.ts';
import { verifyStrict } from './ed25519.ts';
import { type Hash, sha256, ZERO_HASH } from './hash.ts';
import type { SignatureCheck } from './signing.ts';
import { Bytes32, PublicKey, Signature, TaggedUnionType, Uint64 } from './ssz.ts';

/** What contradicts what, by name. The position in this list is the kind's number in databases: append only. */
export const EVIDENCE_KINDS = ['TWO_PROPOSE', 'TWO_NOTAR', 'TWO_FINAL', 'SKIP_AND_FINAL'] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** What one of two votes says by itself. `hash` is zero in a SKIP. */
export const SignedVote = new ContainerType(
  { kind: VoteKindType, hash: Bytes32, signature: Signature },
  { typeName: 'SignedVote' },
);
/** What one of two proposals says by itself. */
export const SignedProposal = new ContainerType(
  { hash: Bytes32, parentSlot: Uint64, signature: Signature },
  { typeName: 'SignedProposal' },
);

export const VotePair = new ContainerType({ first: SignedVote, second: SignedVote }, { typeName: 'VotePair' });
export const ProposalPair = new ContainerType(
  { first: SignedProposal, second: SignedProposal },
  { typeName: 'ProposalPair' },
);

export const MessagePair = new TaggedUnionType(['VOTES', 'PROPOSALS'], [VotePair, ProposalPair]) as CompositeType<
  MessagePair,
  MessagePair,
  MessagePair
>;
export type MessagePair =
  | { readonly selector: 0; value: ValueOf<typeof VotePair> }
  | { readonly selector: 1; value: ValueOf<typeof ProposalPair> };

export const Evidence = new ContainerType(
  { epoch: Uint64, validatorsRoot: Bytes32, publicKey: PublicKey, slot: Uint64, messages: MessagePair },
  { typeName: 'Evidence' },
);

export type SignedVote = ValueOf<typeof SignedVote>;
export type SignedProposal = ValueOf<typeof SignedProposal>;
export type Evidence = ValueOf<typeof Evidence>;

/** Two contradicting votes, in whatever order. */
export function votePair(one: SignedVote, other: SignedVote): MessagePair {
  const [first, second] = isBefore(SignedVote, one, other) ? [one, other] : [other, one];
  return { selector: 0, value: { first, second } };
}

/** Two contradicting proposals, in whatever order. */
export function proposalPair(one: SignedProposal, other: SignedProposal): MessagePair {
  const [first, second] = isBefore(SignedProposal, one, other) ? [one, other] : [other, one];
  return { selector: 1, value: { first, second } };
}

/**
 * What a member breaks that signs both votes in one slot.
 * @returns undefined when an honest member may
 */
export function votesContradict(
  one: Pick<SignedVote, 'kind' | 'hash'>,
  other: Pick<SignedVote, 'kind' | 'hash'>,
): EvidenceKind | undefined {
  if (one.kind !== other.kind) return one.kind === NOTAR || other.kind === NOTAR ? undefined : 'SKIP_AND_FINAL';
  if (one.kind === SKIP || equalBytes(one.hash, other.hash)) return undefined;
  return one.kind === NOTAR ? 'TWO_NOTAR' : 'TWO_FINAL';
}

/** Whether two proposals of one leader in one slot contradict each other: it signs one, for one block on one parent slot. */
export function proposalsContradict(
  one: Pick<SignedProposal, 'hash' | 'parentSlot'>,
  other: Pick<SignedProposal, 'hash' | 'parentSlot'>,
): boolean {
  return one.parentSlot !== other.parentSlot || !equalBytes(one.hash, other.hash);
}

/** @returns undefined when the two messages do not contradict each other. */
export function evidenceKind({ messages: { selector, value } }: Pick<Evidence, 'messages'>): EvidenceKind | undefined {
  if (selector === 0) return votesContradict(value.first, value.second);
  return proposalsContradict(value.first, value.second) ? 'TWO_PROPOSE' : undefined;
}

/**
 * What makes evidence worthless before its signatures are looked at.
 * @returns the rule it breaks, or undefined
 */
export function evidenceFault(evidence: Evidence): string | undefined {
  const { slot, messages } = evidence;
  if (slot < 1) return 'nobody signs slot 0';
  if (messages.selector === 0) {
    const { first, second } = messages.value;
    if (!isWellFormed(first) || !isWellFormed(second)) return 'a SKIP names no block, other votes do';
    if (!isBefore(SignedVote, first, second)) return 'the messages are not in order';
  } else {
    const { first, second } = messages.value;
    if (first.parentSlot >= slot || second.parentSlot >= slot) return 'a parent has a lower slot';
    if (!isBefore(SignedProposal, first, second)) return 'the messages are not in order';
  }
  return evidenceKind(evidence) === undefined ? 'the messages do not contradict each other' : undefined;
}

/** The two signatures; evidence without a fault proves the offence when both hold. */
export function evidenceChecks(evidence: Evidence, genesisHash: Hash): SignatureCheck[] {
  const { publicKey, messages, ...shared } = evidence;
  if (messages.selector === 0) {
    return [messages.value.first, messages.value.second].map((vote) => ({
      publicKey,
      message: voteSigningBytes({ ...vote, ...shared }, genesisHash),
      signature: vote.signature,
    }));
  }
  return [messages.value.first, messages.value.second].map((proposal) => ({
    publicKey,
    message: proposalSigningBytes({ ...proposal, ...shared }, genesisHash),
    signature: proposal.signature,
  }));
}

/**
 * Checks evidence whole, in portable JavaScript. Whether the key is a member of the set with that root, and in that
 * epoch, is for the caller to know.
 * @returns why it proves nothing, or undefined
 */
export function verifyEvidence(evidence: Evidence, genesisHash: Hash): string | undefined {
  const fault = evidenceFault(evidence);
  if (fault !== undefined) return fault;
  const hold = evidenceChecks(evidence, genesisHash).every(({ publicKey, message, signature }) =>
    verifyStrict(publicKey, message, signature),
  );
  return hold ? undefined : 'a signature does not hold';
}

export function evidenceId(evidence: Evidence): Hash {
  return sha256(Evidence.serialize(evidence));
}

function isWellFormed({ kind, hash }: SignedVote): boolean {
  return (kind === SKIP) === equalBytes(hash, ZERO_HASH);
}

/** The order of the two messages is that of their encodings, byte by byte. */
function isBefore<T>(type: { serialize(value: T): Uint8Array }, one: T, other: T): boolean {
  return compareBytes(type.serialize(one), type.serialize(other)) < 0;
}
