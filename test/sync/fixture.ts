// What the sync tests share: a chain of real blocks that a real node has built, certificates that its validators have
// signed, and peers that serve what a test tells them to.

import { setTimeout as sleep } from 'node:timers/promises';
import { assembleCertificate, certificateChecks, malformedCertificate } from '../../src/consensus/certificate.ts';
import { Members } from '../../src/consensus/members.ts';
import { KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import { genesisSet } from '../../src/ledger/genesis.ts';
import type { Block } from '../../src/primitives/block.ts';
import { type Certificate, FINAL, type VoteKind, voteSigningBytes } from '../../src/primitives/consensus.ts';
import { genesisHash } from '../../src/primitives/genesis.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import { type BlocksRequest, type CertificatesRequest, CertifiedBlock } from '../../src/primitives/wire.ts';
import type { CatchUp } from '../../src/sync/catch-up.ts';
import { account, keyOf, makeGenesis, Node, pay } from '../chain/fixture.ts';

export const GENESIS = makeGenesis();
export const GENESIS_HASH = genesisHash(GENESIS);
export const MEMBERS = new Members(genesisSet(GENESIS));

/** Keys of the validators by their member index. */
const KEYS = [0, 1, 2, 3].map((number) => keyOf(number)).sort((a, b) => Buffer.compare(a.publicKey, b.publicKey));

/** A certificate with signatures of these members; the slot is the block's height unless said otherwise. */
export function sign(
  hash: Hash,
  slot: number,
  { kind = FINAL as VoteKind, voters = [0, 1, 2] as readonly number[] } = {},
): Certificate {
  const message = voteSigningBytes({ epoch: 1, validatorsRoot: MEMBERS.root, kind, slot, hash }, GENESIS_HASH);
  const votes = voters.map((member) => {
    const signature = (KEYS[member] as KeyPair).sign(message);
    return [member, { epoch: 1, kind, slot, hash, member, signature }] as const;
  });
  return assembleCertificate(new Map(votes), MEMBERS);
}

/** The same with one signature by nobody of the set. */
export function forge(certificate: Certificate): Certificate {
  const [, ...rest] = certificate.signatures;
  return { ...certificate, signatures: [new KeyPair(new Uint8Array(32).fill(99)).sign(certificate.hash), ...rest] };
}

/** As the node does it. */
export async function holds(certificate: Certificate): Promise<boolean> {
  return (
    malformedCertificate(certificate, MEMBERS) === undefined &&
    certificateChecks(certificate, MEMBERS, GENESIS_HASH).every((check) =>
      verifyNative(check.publicKey, check.message, check.signature),
    )
  );
}

/** A head is never too old. */
export const TRUSTING = { checkpoint: undefined, refusal: () => undefined, doubt: () => undefined };

export interface SampleBlock {
  readonly hash: Hash;
  readonly block: Block;
}

/** Blocks 1 … `length`, the odd ones with a transfer. */
export async function buildChain(length: number): Promise<SampleBlock[]> {
  const source = await Node.open(GENESIS);
  try {
    const blocks: SampleBlock[] = [];
    for (let height = 1, parent = source.chain.head.hash; height <= length; height++) {
      const transfers = height % 2 === 1 ? [pay(GENESIS, { from: 0, to: account(1), nonce: (height - 1) / 2 })] : [];
      const built = await source.build(transfers, { parent });
      blocks.push(built);
      parent = built.hash;
    }
    return blocks;
  } finally {
    await source.remove();
  }
}

/** What a peer sends of a block. */
export function encode({ block, hash }: SampleBlock, certified: 'final' | 'bare' | Certificate): Uint8Array {
  const certificate = certified === 'bare' ? null : certified === 'final' ? sign(hash, block.header.height) : certified;
  return CertifiedBlock.serialize({ block, certificate });
}

export async function* stream(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Never answers; gives up with the signal's reason. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

export type BlocksAnswer = (request: BlocksRequest, signal: AbortSignal) => AsyncIterable<Uint8Array>;

export interface TestPeer {
  readonly id: string;
  height: number;
  /** 0 unless said otherwise */
  readonly oldestHeight?: number;
  readonly blocks?: BlocksAnswer;
  /** ssz(SignedTransaction) of those that it has */
  readonly transactions?: (ids: readonly Uint8Array[], signal: AbortSignal) => Promise<Uint8Array[]>;
  readonly certificates?: (request: CertificatesRequest, signal: AbortSignal) => Promise<Certificate[]>;
}

/** Resolves when catch-up has come as far as it could. @param isEnough when to stop waiting before that */
export async function caughtUp(catchUp: Pick<CatchUp, 'status'>, isEnough = () => false): Promise<void> {
  await until('catch-up to end', () => !catchUp.status.syncing || isEnough());
}

/** @param what for the error when it never holds */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(5);
  }
}

/** Peers, and the ids of those that were asked, in order. */
export class TestNetwork {
  readonly list: TestPeer[];
  readonly asked: string[] = [];
  readonly requests: BlocksRequest[] = [];
  /** what was held against peers: who and for what kind of offence */
  readonly reports: string[] = [];

  constructor(...peers: TestPeer[]) {
    this.list = peers;
  }

  peers(): (TestPeer & { readonly oldestHeight: number })[] {
    return this.list.map((peer) => ({ ...peer, oldestHeight: peer.oldestHeight ?? 0 }));
  }

  requestBlocks(id: string, request: BlocksRequest, signal: AbortSignal): AsyncIterable<Uint8Array> {
    this.requests.push(request);
    return this.#ask(id).blocks?.(request, signal) ?? stream();
  }

  async requestCertificates(id: string, request: CertificatesRequest, signal: AbortSignal): Promise<Certificate[]> {
    return this.#ask(id).certificates?.(request, signal) ?? [];
  }

  report(id: string, kind: string): void {
    this.reports.push(`${id}: ${kind}`);
  }

  async requestTransactions(id: string, ids: Uint8Array[], signal: AbortSignal): Promise<Uint8Array[]> {
    return this.#ask(id).transactions?.(ids, signal) ?? [];
  }

  #ask(id: string): TestPeer {
    this.asked.push(id);
    const peer = this.list.find((one) => one.id === id);
    if (peer === undefined) throw new Error(`no peer ${id}`);
    return peer;
  }
}

/** Serves ranges of `blocks` as an honest peer does. @param isFinal heights that have a Final; others come bare */
export function rangeOf(
  blocks: readonly SampleBlock[],
  isFinal: (height: number) => boolean = () => true,
  { most = Number.POSITIVE_INFINITY } = {},
): BlocksAnswer {
  return async function* (request) {
    if (request.selector !== 0) return;
    const { from, count } = request.value;
    for (const one of blocks.slice(from - 1, from - 1 + Math.min(count, most))) {
      yield encode(one, isFinal(one.block.header.height) ? 'final' : 'bare');
    }
  };
}
