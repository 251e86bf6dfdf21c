// Vectors of evidence: each way in which a validator can contradict itself, and what looks like it and proves nothing.

import { genesisSet } from '../../src/ledger/genesis.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import {
  FINAL,
  NOTAR,
  proposalSigningBytes,
  SKIP,
  type VoteKind,
  voteSigningBytes,
} from '../../src/primitives/consensus.ts';
import { sign } from '../../src/primitives/ed25519.ts';
import { FIRST_EPOCH } from '../../src/primitives/epoch.ts';
import {
  Evidence,
  evidenceChecks,
  evidenceId,
  evidenceKind,
  type MessagePair,
  proposalPair,
  type SignedProposal,
  type SignedVote,
  votePair,
} from '../../src/primitives/evidence.ts';
import { type Hash, sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import { type JsonValue, toJson } from '../../src/primitives/json.ts';
import { validatorsRoot } from '../../src/primitives/validators.ts';
import { GENESIS, GENESIS_HASH, type Key, VALIDATORS } from './fixture.ts';

const SLOT = 5;
const ROOT = validatorsRoot(genesisSet(GENESIS));
const [OFFENDER] = VALIDATORS as readonly [Key];
const A = sha256(Uint8Array.of(1));
const B = sha256(Uint8Array.of(2));

function vote(kind: VoteKind, hash: Hash, slot = SLOT): SignedVote {
  const data = { epoch: FIRST_EPOCH, validatorsRoot: ROOT, kind, slot, hash };
  return { kind, hash, signature: sign(OFFENDER.seed, voteSigningBytes(data, GENESIS_HASH)) };
}

function proposal(hash: Hash, parentSlot: number): SignedProposal {
  const data = { epoch: FIRST_EPOCH, validatorsRoot: ROOT, slot: SLOT, hash, parentSlot };
  return { hash, parentSlot, signature: sign(OFFENDER.seed, proposalSigningBytes(data, GENESIS_HASH)) };
}

function evidence(messages: MessagePair, slot = SLOT): Evidence {
  return { epoch: FIRST_EPOCH, validatorsRoot: ROOT, publicKey: OFFENDER.publicKey, slot, messages };
}

/** With the second message first. */
function reversed({ messages, ...rest }: Evidence): Evidence {
  const { first, second } = messages.value;
  return { ...rest, messages: { ...messages, value: { first: second, second: first } } as MessagePair };
}

export const ACCEPTED_EVIDENCE: readonly Evidence[] = [
  evidence(proposalPair(proposal(A, 4), proposal(B, 4))),
  evidence(proposalPair(proposal(A, 4), proposal(A, 3))),
  evidence(votePair(vote(NOTAR, A), vote(NOTAR, B))),
  evidence(votePair(vote(FINAL, A), vote(FINAL, B))),
  evidence(votePair(vote(FINAL, A), vote(SKIP, ZERO_HASH))),
];
const [proposals, , notars] = ACCEPTED_EVIDENCE as readonly [Evidence, Evidence, Evidence];

const REFUSED: readonly (readonly [why: string, evidence: Evidence])[] = [
  ['the votes are not in order', reversed(notars)],
  ['the proposals are not in order', reversed(proposals)],
  ['one vote twice', evidence(votePair(vote(NOTAR, A), vote(NOTAR, A)))],
  ['one proposal twice', evidence(proposalPair(proposal(A, 4), proposal(A, 4)))],
  ['NOTAR and SKIP: an honest validator may sign both', evidence(votePair(vote(NOTAR, A), vote(SKIP, ZERO_HASH)))],
  ['NOTAR and FINAL of two blocks', evidence(votePair(vote(NOTAR, A), vote(FINAL, B)))],
  ['a SKIP that names a block', evidence(votePair(vote(SKIP, A), vote(FINAL, B)))],
  ['a NOTAR that names none', evidence(votePair(vote(NOTAR, ZERO_HASH), vote(NOTAR, B)))],
  ['slot 0', evidence(votePair(vote(NOTAR, A, 0), vote(NOTAR, B, 0)), 0)],
  ['a parent slot that is not below the slot', evidence(proposalPair(proposal(A, SLOT), proposal(B, 4)))],
  ['one vote was signed for another slot', evidence(votePair(vote(NOTAR, A), vote(NOTAR, B, SLOT + 1)))],
  ['the signatures are those of another slot', { ...notars, slot: SLOT + 1 }],
  ['the signatures are those of another validator', { ...notars, publicKey: (VALIDATORS[1] as Key).publicKey }],
];

export function evidenceVectors(): JsonValue {
  return {
    about:
      'Evidence against a validator of genesis.json. `signing_bytes` are those of the first and the second message. ' +
      'What is refused decodes, but proves nothing.',
    genesis_hash: toHex(GENESIS_HASH),
    seed: toHex(OFFENDER.seed),
    accepted: ACCEPTED_EVIDENCE.map((item) => ({
      kind: evidenceKind(item) ?? '',
      json: toJson(Evidence, item),
      signing_bytes: evidenceChecks(item, GENESIS_HASH).map(({ message }) => toHex(message)),
      ssz: toHex(Evidence.serialize(item)),
      id: toHex(evidenceId(item)),
    })),
    refused: REFUSED.map(([why, item]) => ({ why, ssz: toHex(Evidence.serialize(item)) })),
  };
}
