// Everything one slot has seen: proposals, votes with their weight, certificates, and what this node signed in it.
// Bounded against members: two proposals of the leader and two different votes per member and kind are kept.

import type { Proposal } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import {
  type Certificate,
  certificateMembers,
  FINAL,
  NOTAR,
  SKIP,
  type Vote,
  type VoteData,
  type VoteKind,
} from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { OwnProposal } from '../primitives/journal.ts';
import type { Evidence } from './types.ts';

/** Two are evidence; more prove nothing further. */
export const MAX_CONFLICTING = 2;

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

export type Added = { readonly fresh: boolean; readonly evidence: Evidence | undefined };

const NOTHING_NEW: Added = { fresh: false, evidence: undefined };

export class Slot {
  readonly number: number;
  readonly proposals = new Map<string, ProposalEntry>();
  readonly notars = new Map<string, Certificate>();
  skip: Certificate | undefined;
  final: Certificate | undefined;
  /** What this node has signed, or asked its signer to sign, in this slot. */
  ownProposal: OwnProposal | undefined;
  readonly ownVotes = new Map<number, VoteData>();
  /** The slot's timer is set once. */
  timerSet = false;
  /** A proposal of this slot waits for the clock. */
  clockTimerSet = false;

  /** by kind, then hash */
  readonly #tallies: readonly Map<string, Tally>[] = [new Map(), new Map(), new Map()];
  /** by kind, then member: the different votes of that member */
  readonly #byMember: readonly Map<number, Vote[]>[] = [new Map(), new Map(), new Map()];

  constructor(number: number) {
    this.number = number;
  }

  addProposal(entry: ProposalEntry, leader: number): Added {
    if (this.proposals.has(entry.hashHex) || this.proposals.size >= MAX_CONFLICTING) return NOTHING_NEW;
    const [first] = this.proposals.values();
    this.proposals.set(entry.hashHex, entry);
    const evidence: Evidence | undefined = first && {
      kind: 'PROPOSE',
      member: leader,
      first: first.proposal,
      second: entry.proposal,
    };
    return { fresh: true, evidence };
  }

  addVote(vote: Vote, weight: number): Added {
    const earlier = this.#earlier(vote.kind, vote.member);
    const hashHex = toHex(vote.hash);
    if (earlier.length >= MAX_CONFLICTING || earlier.some(({ hash }) => toHex(hash) === hashHex)) return NOTHING_NEW;
    const contradicted = earlier[0] ?? this.#opposite(vote)[0];
    earlier.push(vote);
    const tally = this.#tally(vote.kind, hashHex);
    tally.votes.set(vote.member, vote);
    tally.weight += weight;
    const evidence: Evidence | undefined = contradicted && {
      kind: 'VOTE',
      member: vote.member,
      first: contradicted,
      second: vote,
    };
    return { fresh: true, evidence };
  }

  knowsVote(vote: Vote): boolean {
    const earlier = this.#byMember[vote.kind]?.get(vote.member) ?? [];
    return earlier.length >= MAX_CONFLICTING || earlier.some(({ hash }) => toHex(hash) === toHex(vote.hash));
  }

  /** Whether this very vote, signature included, is held. */
  holdsVote({ kind, member, hash, signature }: Vote): boolean {
    const held = this.#byMember[kind]?.get(member) ?? [];
    return held.some((vote) => equalBytes(vote.hash, hash) && equalBytes(vote.signature, signature));
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

  /** Whether the slot is settled by a certificate of its own. */
  get cleared(): boolean {
    return this.notars.size > 0 || this.skip !== undefined || this.final !== undefined;
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

  /** SKIP and FINAL of one member in one slot contradict each other. */
  #opposite({ kind, member }: Vote): readonly Vote[] {
    const other: VoteKind | undefined = kind === SKIP ? FINAL : kind === FINAL ? SKIP : undefined;
    return other === undefined ? [] : (this.#byMember[other]?.get(member) ?? []);
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

/** The votes that a certificate is made of. */
export function votesOf(certificate: Certificate): Vote[] {
  const { epoch, kind, slot, hash } = certificate;
  return certificateMembers(certificate).map((member, position) => ({
    epoch,
    kind,
    slot,
    hash,
    member,
    signature: certificate.signatures[position] as Uint8Array,
  }));
}
