// What signs for a validator: all that the node knows of it, so that the key may live in this process, in another one,
// or on another machine.

import type { ProposalData, VoteData } from '../../primitives/consensus.ts';
import type { PeerBinding } from '../../primitives/peer-binding.ts';

/**
 * Signs what does not contradict anything it signed before, by rules of its own (history.ts); the same request gets the
 * same signature again. A signature is given out only when the record of it would survive a crash.
 * Methods reject with `SignerError` (errors.ts).
 */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  signProposal(data: ProposalData): Promise<Uint8Array>;
  signVote(data: VoteData): Promise<Uint8Array>;
  /** Says to which peer the key belongs: no vote, so nothing is recorded, and it need not wait for LISTENING. */
  signPeerBinding(binding: PeerBinding): Promise<Uint8Array>;
  /** From now on nothing at or below is signed; durable when it resolves. A lower floor than the present changes nothing. */
  raiseFloor(epoch: number, slot: number): Promise<void>;
  /**
   * The network carries a valid signature of this key over `data`. When the record lacks it, the key is in use
   * elsewhere: the signer remembers that durably, signs nothing more, and rejects with COPIED.
   */
  observed(data: VoteData | ProposalData): Promise<void>;
  /** The network was listened to for as long as LISTENING asked for, and everything heard was told by `observed`. */
  listened(): Promise<void>;
  /** Waits for what was asked before. */
  close(): Promise<void>;
}
