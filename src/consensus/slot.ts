// Everything one slot has seen: proposals, votes with their weight, certificates, and what this node signed in it.
// Bounded against members: two proposals of the leader and two different votes per member and kind are kept. Where two
// contradict each other, whoever gave the second is told.

import type { Proposal } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import {
  type Certificate,
  FINAL,
  NOTAR,
  SKIP,
  type Vote,
  type VoteData,
  type VoteKind,
} from '../primitives/consensus.ts';
import {
  type MessagePair,
  proposalPair,
  proposalsContradict,
  type SignedProposal,
  type SignedVote,
  votePair,
  votesContradict,
} from '../primitives/evidence.ts';
import type { Hash } from '../primitives/hash.ts';
import type { OwnProposal } from '../primitives/journal.ts';
import { votesOf } from './certificate.ts';

/** Two are evidence; more prove nothing further. */
const MAX_CONFLICTING = 2;

export interface ProposalEntry {
  readonly proposal: Proposal;
  readonly hash: Hash;
  readonly hashHex: string;
}

/** Votes of one kind for one hash. */
interface Tally {
  weight: number;
  readonly votes: Map<number, Vote>;
}

export interface Added {
  readonly fresh: boolean;
  /** with an earlier message of the same member */
  readonly contradiction: MessagePair | undefined;
}

/** By kind, the other kind that nobody signs in the same slot. */
const OPPOSITES: readonly (readonly VoteKind[])[] = [[], [FINAL], [SKIP]];

const NOTHING_NEW: Added = { fresh: false, contradiction: undefined };

export class Slot {
  readonly number: number;
  readonly proposals: ProposalEntry[] = [];
  readonly notars = new Map<string, Certificate>();
  skip: Certificate | undefined;
  final: Certificate | undefined;
  /** What this node has signed, or asked its signer to sign, in this slot. */
  ownProposal: OwnProposal | undefined;
  readonly ownVotes = new Map<number, VoteData>();
  /** A proposal of this slot waits for the clock. */
  clockTimerSet = false;

  /** the signed part of every proposal taken in; it stays when the blocks go */
  readonly #signedProposals: SignedProposal[] = [];
  /** by kind, then hash */
  readonly #tallies: readonly Map<string, Tally>[] = [new Map(), new Map(), new Map()];
  /** by kind, then member: the different votes of that member */
  readonly #byMember: readonly Map<number, Vote[]>[] = [new Map(), new Map(), new Map()];
  #closed = false;

  constructor(number: number) {
    this.number = number;
  }

  addProposal(entry: ProposalEntry): Added {
    const signed = signedPart(entry);
    if (this.knowsProposal(signed)) return NOTHING_NEW;
    const [earlier] = this.#signedProposals;
    this.#signedProposals.push(signed);
    if (!this.#closed) this.proposals.push(entry);
    return { fresh: true, contradiction: earlier && proposalPair(earlier, signed) };
  }

  /** Whether this proposal would tell nothing new: it was taken in, or two others were. */
  knowsProposal(proposal: Pick<SignedProposal, 'hash' | 'parentSlot'>): boolean {
    const known = this.#signedProposals;
    return known.length >= MAX_CONFLICTING || known.some((other) => !proposalsContradict(other, proposal));
  }

  /** Whether a proposal that is not known contradicts one that is. */
  contradictsProposal(proposal: Pick<SignedProposal, 'hash' | 'parentSlot'>): boolean {
    return this.#signedProposals.length > 0 && !this.knowsProposal(proposal);
  }

  addVote(vote: Vote, weight: number): Added {
    if (this.knowsVote(vote)) return NOTHING_NEW;
    const contradicted = this.#contradicted(vote);
    this.#earlier(vote.kind, vote.member).push(vote);
    const tally = this.#tally(vote.kind, toHex(vote.hash));
    tally.votes.set(vote.member, vote);
    tally.weight += weight;
    return { fresh: true, contradiction: contradicted && votePair(signedVote(contradicted), signedVote(vote)) };
  }

  /** Whether a vote that is not known contradicts one that is. */
  contradictsVote(vote: Vote): boolean {
    return !this.knowsVote(vote) && this.#contradicted(vote) !== undefined;
  }

  /** Whether a NOTAR is the first of its member in this slot, for the block that a quorum of NOTARs was for. */
  lacksNotar({ kind, member, hash }: Vote, quorum: number): boolean {
    if (kind !== NOTAR || this.#held(NOTAR, member).length > 0) return false;
    return (this.#tallies[NOTAR]?.get(toHex(hash))?.weight ?? 0) >= quorum;
  }

  /** The NOTARs for the block that a quorum of them is for. */
  notarVotes(quorum: number): Vote[] | undefined {
    for (const { weight, votes } of this.#tallies[NOTAR]?.values() ?? [])
      if (weight >= quorum) return [...votes.values()];
    return undefined;
  }

  /** Whether a certificate holds a vote that is not known and contradicts one that is. */
  contradictsCertificate(certificate: Certificate): boolean {
    const { kind, hash } = certificate;
    const others = [kind, ...opposites(kind)].flatMap((other) => [...(this.#tallies[other]?.keys() ?? [])]);
    const hashHex = toHex(hash);
    // Almost always: nobody has voted for anything that the certificate could contradict.
    if (others.every((other) => other === hashHex)) return false;
    return votesOf(certificate).some((vote) => this.contradictsVote(vote));
  }

  knowsVote({ kind, member, hash }: Vote): boolean {
    const earlier = this.#held(kind, member);
    return earlier.length >= MAX_CONFLICTING || earlier.some((vote) => equalBytes(vote.hash, hash));
  }

  /** Whether this very vote, signature included, is held. */
  holdsVote({ kind, member, hash, signature }: Vote): boolean {
    return this.#held(kind, member).some(
      (vote) => equalBytes(vote.hash, hash) && equalBytes(vote.signature, signature),
    );
  }

  /** Weight and votes gathered for (kind, hash). */
  tally(kind: number, hashHex: string): Readonly<Tally> {
    return this.#tally(kind, hashHex);
  }

  /** The certificate held for (kind, hash). */
  certificate(kind: number, hashHex: string): Certificate | undefined {
    if (kind === NOTAR) return this.notars.get(hashHex);
    return kind === SKIP ? this.skip : this.final;
  }

  setCertificate(certificate: Certificate): void {
    if (certificate.kind === NOTAR) this.notars.set(toHex(certificate.hash), certificate);
    else if (certificate.kind === SKIP) this.skip = certificate;
    else this.final = certificate;
  }

  get certificates(): Certificate[] {
    return [...this.notars.values(), this.skip, this.final].filter((certificate) => certificate !== undefined);
  }

  /** The slot is final: all that it is still good for is to tell who contradicts himself. */
  close(): void {
    this.#closed = true;
    this.proposals.length = 0;
    this.notars.clear();
    this.skip = undefined;
    this.final = undefined;
    this.ownProposal = undefined;
  }

  /** Whether the slot is settled by a certificate of its own. */
  get cleared(): boolean {
    return this.notars.size > 0 || this.skip !== undefined || this.final !== undefined;
  }

  /** The members whose votes of one kind are held. */
  voters(kind: VoteKind): number[] {
    return [...(this.#byMember[kind]?.keys() ?? [])];
  }

  get voteCount(): number {
    let count = 0;
    for (const byMember of this.#byMember) for (const votes of byMember.values()) count += votes.length;
    return count;
  }

  /** The votes of one member, for sending again. */
  votesOf(member: number): Vote[] {
    return this.#byMember.flatMap((votes) => votes.get(member) ?? []);
  }

  #earlier(kind: number, member: number): Vote[] {
    const byMember = this.#byMember[kind] as Map<number, Vote[]>;
    let votes = byMember.get(member);
    if (votes === undefined) {
      votes = [];
      byMember.set(member, votes);
    }
    return votes;
  }

  /** An earlier vote of the same member that contradicts this one; of the same kind if there is one. */
  #contradicted(vote: Vote): Vote | undefined {
    const { kind, member } = vote;
    return [kind, ...opposites(kind)]
      .flatMap((other) => this.#held(other, member))
      .find((earlier) => votesContradict(earlier, vote) !== undefined);
  }

  #held(kind: number, member: number): readonly Vote[] {
    return this.#byMember[kind]?.get(member) ?? [];
  }

  #tally(kind: number, hashHex: string): Tally {
    const tallies = this.#tallies[kind] as Map<string, Tally>;
    let tally = tallies.get(hashHex);
    if (tally === undefined) {
      tally = { weight: 0, votes: new Map() };
      tallies.set(hashHex, tally);
    }
    return tally;
  }
}

function opposites(kind: number): readonly VoteKind[] {
  return OPPOSITES[kind] ?? [];
}

function signedPart({ proposal, hash }: ProposalEntry): SignedProposal {
  return { hash, parentSlot: proposal.parentSlot, signature: proposal.signature };
}

function signedVote({ kind, hash, signature }: Vote): SignedVote {
  return { kind, hash, signature };
}
