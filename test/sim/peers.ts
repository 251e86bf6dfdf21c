// What a node's driver asks of its peers: to publish, to fetch what is missing, to catch up. Questions and answers are
// bytes that may be lost on the way, and nothing in an answer is believed that was not checked.

import { certificateChecks, malformedCertificate } from '../../src/consensus/certificate.ts';
import type { PeerPort } from '../../src/consensus/ports.ts';
import type { Message } from '../../src/consensus/types.ts';
import { type Block, headerHash } from '../../src/primitives/block.ts';
import { equalBytes, toHex } from '../../src/primitives/bytes.ts';
import { type Certificate, VOTE_KINDS } from '../../src/primitives/consensus.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import { CertificatesResponse, CertifiedBlock } from '../../src/primitives/wire.ts';
import { type VouchedBlock, vouchedRuns } from '../../src/sync/range.ts';
import { receivedBlocks } from '../../src/sync/received.ts';
import { decode, encode, makeEnvelope } from './gossip.ts';
import { InvariantViolation } from './invariants/violation.ts';
import { GENESIS_HASH, holds } from './keys.ts';
import type { SimNode } from './node.ts';
import { ChainAnswer } from './service.ts';

/** What is missing is asked for this often, with this pause (ms), as the node's fetcher does. */
const TRIES = 8;
const PAUSE = 200;
/** A hash, or a range. */
const QUESTION_BYTES = 32;

export class Peers implements PeerPort {
  readonly #node: SimNode;
  readonly #underway = new Set<string>();
  /** an answer of the chain is being written down */
  #applying = false;

  constructor(node: SimNode) {
    this.#node = node;
  }

  async publishProposal(bytes: Uint8Array): Promise<void> {
    this.#publish('block', bytes);
  }

  async publishVote(bytes: Uint8Array): Promise<void> {
    this.#publish('vote', bytes);
  }

  fetchBlock(hash: Hash): void {
    this.#askForBlock(hash, toHex(hash), (block) => this.#node.driver.onBlock(hash, block));
  }

  /** Of a proposal; undefined when nobody has it in time. */
  proposedBlock(hash: Hash, signal: AbortSignal): Promise<Block | undefined> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
      const what = `proposed ${toHex(hash)}`;
      if (this.#underway.has(what)) return resolve(undefined);
      this.#askForBlock(hash, what, resolve, () => resolve(undefined));
    });
  }

  isConnected(): boolean {
    return true;
  }

  fetchCertificates(epoch: number, from: number, to: number): void {
    this.#ask(
      `${epoch}/${from}-${to}`,
      (peer) => peer.service.certificates(epoch, from, to),
      async (bytes) => {
        const certificates = CertificatesResponse.deserialize(bytes);
        return certificates.length > 0 && (await this.#node.driver.onCertificates(certificates));
      },
    );
  }

  catchUp(): void {
    const { driver, chain, database } = this.#node;
    driver.onSynced(database.anchor);
    const from = database.height + 1;
    this.#ask(
      'chain',
      (peer) => peer.service.chain(from),
      async (bytes) => {
        const options = {
          head: { height: database.height, hash: database.top.hash },
          due: () => ({
            height: database.height + 1,
            epoch: database.epoch,
            end: database.epochEnd(database.epoch),
          }),
          holds: async (certificate: Certificate) => this.#certificateHolds(certificate),
        };
        const answer = { peer: 'neighbour', from: database.height + 1, bodyMatches: chain.bodyMatches };
        const received = receivedBlocks(split(bytes, database.height + 1), answer);
        // One answer after the other, as the node's catch-up does: on a slow disk they would pile up.
        if (this.#applying) return false;
        this.#applying = true;
        const before = database.height;
        try {
          for await (const run of vouchedRuns(received, options)) await this.#apply(run);
        } finally {
          this.#applying = false;
        }
        return database.height > before;
      },
    );
  }

  #askForBlock(hash: Hash, what: string, found: (block: Block) => void, over?: () => void): void {
    const hashHex = toHex(hash);
    this.#ask(
      what,
      (peer) => peer.service.block(hashHex),
      async (bytes) => {
        const { block } = CertifiedBlock.deserialize(bytes);
        if (!equalBytes(headerHash(block.header), hash) || !this.#node.chain.bodyMatches(block)) return false;
        found(block);
        return true;
      },
      over,
    );
  }

  #publish(topic: 'block' | 'vote', bytes: Uint8Array): void {
    const node = this.#node;
    if (!node.up) return;
    const envelope = makeEnvelope(topic, bytes);
    const { behaviour, liar, gossip } = node;
    node.world.trace.note(node.world.scheduler.now, node.id, envelope.word);
    if (behaviour === undefined) this.#release(decode(envelope).message);
    if (behaviour?.send === undefined) return gossip.publish(envelope);
    const { message, attempt } = decode(envelope);
    for (const to of node.world.neighbours(node.id)) {
      for (const lie of behaviour.send(message, to, liar)) gossip.send(to, encode(lie, attempt));
    }
  }

  #release(message: Message): void {
    const node = this.#node;
    node.world.note({ node: node.id, what: `sends ${nameOf(message)}`, ...subjectOf(message) });
    node.world.guard(() => node.released.check(message));
  }

  /** Asks one neighbour after the other until one answer is good. */
  #ask(
    what: string,
    question: (peer: SimNode) => Uint8Array | undefined,
    answer: (bytes: Uint8Array) => Promise<boolean>,
    over: () => void = () => undefined,
  ): void {
    if (this.#underway.has(what)) return;
    this.#node.work.fetches++;
    this.#underway.add(what);
    this.#askUntilAnswered(question, answer)
      .catch((error: unknown) => this.#node.world.fail(error))
      .finally(() => {
        this.#underway.delete(what);
        over();
      });
  }

  async #askUntilAnswered(
    question: (peer: SimNode) => Uint8Array | undefined,
    answer: (bytes: Uint8Array) => Promise<boolean>,
  ): Promise<void> {
    const { life } = this.#node;
    let answered = false;
    for (let tries = 0; tries < TRIES && !answered; tries++) {
      this.#request(question, (bytes) =>
        answer(bytes).then(
          (good) => {
            answered ||= good;
          },
          (error: unknown) => {
            if (error instanceof InvariantViolation) this.#node.world.fail(error);
            // Otherwise the peer's fault: the next one is asked.
          },
        ),
      );
      await life.sleep(PAUSE);
    }
  }

  #request(question: (peer: SimNode) => Uint8Array | undefined, answer: (bytes: Uint8Array) => void): void {
    const { world, id, life } = this.#node;
    const peer = world.node(world.random.pick(world.neighbours(id)));
    this.#node.meter(QUESTION_BYTES);
    world.network.send(id, peer.id, () => {
      const bytes = peer.up ? question(peer) : undefined;
      if (bytes === undefined) return;
      peer.meter(bytes.length);
      world.network.send(peer.id, id, () => life.alive && answer(bytes));
    });
  }

  #certificateHolds(certificate: Certificate): boolean {
    const { members } = this.#node.world.electorates.at(certificate.epoch);
    if (malformedCertificate(certificate, members) !== undefined) return false;
    return certificateChecks(certificate, members, GENESIS_HASH).every(holds);
  }

  async #apply(run: readonly VouchedBlock[]): Promise<void> {
    const { chain, driver, database } = this.#node;
    for (const { hash, block, certificate } of run) {
      if (database.find(toHex(hash)) !== undefined) continue;
      const { verdict } = await chain.verify(hash, block);
      if (verdict !== 'valid') {
        throw new InvariantViolation(
          'validity',
          `a Final vouches for block ${block.header.height}, which is ${verdict}`,
        );
      }
      await chain.commit(block, certificate);
      if (certificate !== undefined) {
        driver.onSynced({ slot: certificate.slot, hash, header: block.header, certificate });
      }
    }
  }
}

/** Blocks of an answer, from a height on. */
async function* split(bytes: Uint8Array, height: number): AsyncGenerator<Uint8Array> {
  for (const one of ChainAnswer.deserialize(bytes)) {
    if (one.block.header.height >= height) yield CertifiedBlock.serialize(one);
  }
}

function nameOf(message: Message): string {
  if (message.kind === 'proposal') return 'its proposal';
  if (message.kind === 'vote') return `its ${VOTE_KINDS[message.vote.kind]}`;
  return `a ${VOTE_KINDS[message.certificate.kind]} certificate`;
}

function subjectOf(message: Message): { slot: number; hash: Hash } {
  if (message.kind === 'proposal')
    return { slot: message.proposal.slot, hash: headerHash(message.proposal.block.header) };
  const { slot, hash } = message.kind === 'vote' ? message.vote : message.certificate;
  return { slot, hash };
}
