// What goes into the consensus core and what comes out of it. Every input carries nothing but data; every output is
// a thing to do, executed in order by the driver (real time) or by the simulator (virtual time).

import type { Block, Header, Proposal } from '../primitives/block.ts';
import type { Certificate, ProposalData, Vote, VoteData } from '../primitives/consensus.ts';
import type { Evidence } from '../primitives/evidence.ts';
import type { Hash } from '../primitives/hash.ts';
import type { JournalRecord, OwnProposal } from '../primitives/journal.ts';
import type { Parameters } from '../primitives/parameters.ts';
import type { Members } from './members.ts';

/** A finalized block to build on: the epoch's slot 0, or the newest Final when a node starts in the middle of one. */
export interface Anchor {
  readonly slot: number;
  readonly hash: Hash;
  readonly header: Header;
  /** the Final; of slot 0 that of the epoch before, and undefined for genesis */
  readonly certificate: Certificate | undefined;
}

/** What begins an epoch's instance, as the chain knows it. */
export interface InstanceStart {
  readonly epoch: number;
  readonly members: Members;
  /** the set of the epoch before: its Final is in this epoch's first block; undefined in the first epoch */
  readonly previous?: Members | undefined;
  /** own member index; undefined for a node that only follows */
  readonly self: number | undefined;
  readonly parameters: Parameters;
  /** not the boundary of this epoch: then the epoch is over, and another instance goes on */
  readonly anchor: Anchor;
  /** the first block at or after this time (ms) is the epoch's boundary; Infinity when the set never changes */
  readonly epochEnd: number;
}

export interface InstanceConfig extends InstanceStart {
  /** what the journal held, oldest first; of other epochs it is of no use here */
  readonly restored: readonly JournalRecord[];
}

export type BlockVerdict =
  | 'valid'
  /** it breaks a rule, here and on every honest node */
  | 'invalid'
  /** another block of its height or below is committed: fine for a block that was only notarized */
  | 'lost'
  /** it can't be executed for now: to be tried again */
  | 'postponed';

export type Timer =
  /** patience with the leader of a slot */
  | { readonly kind: 'slot'; readonly slot: number }
  /** the own proposal's minimum interval or heartbeat */
  | { readonly kind: 'propose'; readonly slot: number }
  /** a proposal's timestamp comes within reach of this node's clock */
  | { readonly kind: 'clock'; readonly slot: number }
  /** the network may be stalled: send again what others may have missed */
  | { readonly kind: 'resend' };

export type Input =
  | { readonly type: 'start' }
  /** a leader's proposal; its signature holds, and its certificates were given as inputs before it */
  | { readonly type: 'proposal'; readonly proposal: Proposal; readonly hash: Hash }
  /** a vote whose signature holds; also this node's own, after signing */
  | { readonly type: 'vote'; readonly vote: Vote }
  /** a certificate whose signatures hold */
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  /** a block asked for by `fetchBlock`; its body matches its header */
  | { readonly type: 'block'; readonly block: Block; readonly hash: Hash }
  /** the own proposal, signed */
  | { readonly type: 'signedProposal'; readonly proposal: Proposal }
  /** answer to `verify` */
  | { readonly type: 'verdict'; readonly hash: Hash; readonly verdict: BlockVerdict; readonly reason?: string }
  /** answer to `build`; undefined: nothing to put in a block, or it can't be built now */
  | { readonly type: 'built'; readonly slot: number; readonly block: { block: Block; hash: Hash } | undefined }
  /** new transactions wait in the mempool */
  | { readonly type: 'transactions' }
  | { readonly type: 'timer'; readonly timer: Timer }
  /** `finalize` is durable in the database */
  | { readonly type: 'committed'; readonly hash: Hash }
  /** catch-up has brought the database to this finalized block */
  | { readonly type: 'synced'; readonly anchor: Anchor };

export type Output =
  /** must be durable before any later output leaves the node; signing may run beside it */
  | { readonly type: 'persist'; readonly record: JournalRecord }
  /** sign, then give the vote back as an input */
  | { readonly type: 'signVote'; readonly data: VoteData; readonly member: number }
  /** sign, then give it back as `signedProposal` */
  | { readonly type: 'signProposal'; readonly data: ProposalData; readonly own: OwnProposal }
  /** `again`: sent before, others may have missed it */
  | { readonly type: 'broadcast'; readonly message: Message; readonly again: boolean }
  /** `spread`: add a random part to `delay` so that nodes do not act in step */
  | { readonly type: 'setTimer'; readonly timer: Timer; readonly delay: number; readonly spread: number }
  /** build a block on `parent`; of the first block of an epoch the certificate is its Final; `allowEmpty` false: only if there are transactions for it */
  | {
      readonly type: 'build';
      readonly slot: number;
      readonly parent: Hash;
      readonly parentCertificate: Certificate | undefined;
      /** NOTARs known of the newest notarized slots up to the parent's: it is for the chain to say which it records */
      readonly lateVotes: readonly Vote[];
      readonly timestamp: number;
      readonly allowEmpty: boolean;
    }
  /** execute a block whose parent is executed */
  | { readonly type: 'verify'; readonly hash: Hash; readonly block: Block }
  | { readonly type: 'fetchBlock'; readonly hash: Hash }
  | { readonly type: 'fetchCertificates'; readonly from: number; readonly to: number }
  /** commit this block and its ancestors; `certificate` is its Final */
  | { readonly type: 'finalize'; readonly hash: Hash; readonly certificate: Certificate }
  /** finalized blocks may be missing, and too many to wait for one by one: catch up by ranges */
  | { readonly type: 'behind' }
  /** a member has signed two messages that no honest member signs both; may come again for the same two */
  | { readonly type: 'evidence'; readonly evidence: Evidence }
  /** the boundary block is Final: this instance is over */
  | { readonly type: 'epochEnded'; readonly certificate: Certificate }
  /** two conflicting certificates, or a certified block that does not execute: stop, keep both, say so */
  | { readonly type: 'halt'; readonly reason: string; readonly certificates: readonly Certificate[] }
  | { readonly type: 'event'; readonly event: ConsensusEvent };

/** Adds to what a step asks for. */
export type Emit = (output: Output) => void;

export type Message =
  | { readonly kind: 'proposal'; readonly proposal: Proposal }
  | { readonly kind: 'vote'; readonly vote: Vote }
  | { readonly kind: 'certificate'; readonly certificate: Certificate };

/** The front and what has been heard of it; members by index. */
export interface Round {
  readonly slot: number;
  readonly leader: number;
  /** members whose votes in this slot are held */
  readonly voters: Readonly<Record<'notar' | 'skip' | 'final', readonly number[]>>;
  /** members that have signed nothing for a while */
  readonly silent: readonly number[];
}

/** How much a core keeps in memory, for those who watch over it. */
export interface Held {
  readonly slots: number;
  readonly votes: number;
  readonly proposals: number;
  readonly blocks: number;
  /** blocks asked for */
  readonly wanted: number;
}

/** What an onlooker may want to know; nothing depends on these. */
export type ConsensusEvent =
  | { readonly type: 'entered'; readonly slot: number; readonly leader: number }
  | { readonly type: 'proposed'; readonly slot: number; readonly hash: Hash; readonly height: number }
  | { readonly type: 'notarized'; readonly slot: number; readonly hash: Hash }
  | { readonly type: 'skipped'; readonly slot: number }
  | { readonly type: 'timedOut'; readonly slot: number }
  | { readonly type: 'invalid'; readonly hash: Hash; readonly reason: string }
  | { readonly type: 'finalized'; readonly slot: number; readonly hash: Hash };
