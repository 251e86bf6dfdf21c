// Two copies of one validator's key at work in one network of real drivers and signers, in virtual time: the careful
// copy hears the other before it signs anything, stops for good, and never contradicts it.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConsensusDriver } from '../../src/consensus/driver.ts';
import { LocalSigner } from '../../src/crypto/signer/local-signer.ts';
import type { Signer } from '../../src/crypto/signer/signer.ts';
import { type Block, headerHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import type { Evidence } from '../../src/primitives/evidence.ts';
import { CARRIES_ALL } from '../helpers/compact.ts';
import { Random } from '../sim/random.ts';
import {
  GENESIS_BLOCK,
  GENESIS_BLOCK_HASH,
  GENESIS_HASH,
  instance,
  keyOf,
  makeBlock,
  NOW,
  ONE_EPOCH,
  verify,
} from './fixtures.ts';

const copies = suite('two copies of one key');
const SEEDS = 3;
/** The member whose key has two copies. */
const COPIED = 3;
const LISTEN_MS = 4_000;

interface Copy {
  readonly driver: ConsensusDriver;
  readonly member: number;
  readonly signer: Signer;
  readonly stops: string[];
  readonly evidence: Evidence[];
  /** signatures that its signer gave */
  given: number;
}

class Network {
  readonly #random: Random;
  readonly #directory: string;
  readonly #blocks = new Map<string, Block>([[toHex(GENESIS_BLOCK_HASH), GENESIS_BLOCK]]);
  readonly #queue: { at: number; call: () => unknown }[] = [];
  readonly nodes: Copy[] = [];
  #now = 0;
  /** calls of signers that are under way: time stands still for the disk */
  #busy = 0;

  constructor(seed: number, directory: string) {
    this.#random = new Random(seed);
    this.#directory = directory;
  }

  record(name: string): string {
    return join(this.#directory, name);
  }

  /** Starts a validator with the record of that name, made when it is not there. */
  async add(member: number, name: string, listenMs: number): Promise<Copy> {
    const key = keyOf(member);
    const file = this.record(name);
    await LocalSigner.create(file, key, GENESIS_HASH).then(
      (signer) => signer.close(),
      () => undefined,
    );
    const signer = await LocalSigner.open(file, key, GENESIS_HASH, { listenMs });
    const parts = { member, signer, stops: [] as string[], evidence: [] as Evidence[], given: 0 };
    const node: Copy = Object.assign(parts, { driver: this.#driver(parts) });
    this.nodes.push(node);
    node.driver.start();
    return node;
  }

  #driver(node: Omit<Copy, 'driver'>): ConsensusDriver {
    const { member, signer } = node;
    const give = (asked: Promise<Uint8Array>) => {
      asked.then(
        () => node.given++,
        () => undefined,
      );
      return this.#track(asked);
    };
    const driver: ConsensusDriver = new ConsensusDriver({
      instance: instance(member),
      epochs: ONE_EPOCH,
      genesisHash: GENESIS_HASH,
      verify,
      journal: { restored: [], size: 0, append: async () => undefined, rotate: async () => undefined },
      signer: {
        signProposal: (data) => give(signer.signProposal(data)),
        signVote: (data) => give(signer.signVote(data)),
        raiseFloor: (epoch, slot) => signer.raiseFloor(epoch, slot),
        observed: (data) => this.#track(signer.observed(data)),
        listened: () => this.#track(signer.listened()),
      },
      blocks: {
        build: async ({ parent, timestamp, allowEmpty }) => {
          if (!allowEmpty) return undefined;
          const { height } = (this.#blocks.get(toHex(parent)) ?? GENESIS_BLOCK).header;
          const block = makeBlock(height + 1, parent, member, { timestamp });
          const hash = headerHash(block.header);
          this.#blocks.set(toHex(hash), block);
          return { block, hash };
        },
        verify: async () => ({ verdict: 'valid' }),
        finalize: async () => undefined,
        ...CARRIES_ALL,
      },
      peers: {
        publishProposal: async (bytes) => this.#send(node, (other) => other.onProposal(bytes, 'peer')),
        publishVote: async (bytes) => this.#send(node, (other) => other.onVote(bytes)),
        fetchBlock: (hash) => {
          const block = this.#blocks.get(toHex(hash));
          if (block !== undefined) this.#later(this.#random.between(20, 100), () => driver.onBlock(hash, block));
        },
        fetchCertificates: (_, from, to) => {
          const source = this.nodes.find((other) => other.member !== member);
          const held = source?.driver.core.certificates(from, to) ?? [];
          this.#later(this.#random.between(20, 100), () => driver.onCertificates(held));
        },
        catchUp: () => undefined,
        isConnected: () => true,
      },
      clock: {
        now: () => NOW + Math.floor(this.#now),
        random: () => this.#random.next(),
        after: (milliseconds, call) => this.#later(milliseconds, call),
      },
      observer: {
        onBegin: () => undefined,
        onEvent: () => undefined,
        onEvidence: (evidence) => node.evidence.push(evidence),
        onRefused: (error) => node.stops.push('code' in error ? String(error.code) : error.message),
        onUnsent: () => undefined,
        onFatal: (error) => assert.unreachable(error.message),
      },
    });
    return driver;
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    this.#busy++;
    return promise.finally(() => this.#busy--);
  }

  #send(from: Omit<Copy, 'driver'>, deliver: (driver: ConsensusDriver) => unknown): void {
    for (const { driver, signer } of this.nodes) {
      if (signer !== from.signer) this.#later(this.#random.between(20, 120), () => deliver(driver));
    }
  }

  #later(milliseconds: number, call: () => unknown): () => void {
    const event = { at: this.#now + milliseconds, call };
    this.#queue.push(event);
    return () => {
      const index = this.#queue.indexOf(event);
      if (index >= 0) this.#queue.splice(index, 1);
    };
  }

  async run(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = this.#queue.reduce<{ at: number; call: () => unknown } | undefined>(
        (first, event) => (first === undefined || event.at < first.at ? event : first),
        undefined,
      );
      if (next === undefined || next.at > end) break;
      this.#queue.splice(this.#queue.indexOf(next), 1);
      this.#now = next.at;
      await next.call();
      do await turn();
      while (this.#busy > 0);
    }
    this.#now = end;
  }

  async close(): Promise<void> {
    for (const { driver, signer } of this.nodes) {
      await driver.stop();
      await signer.close();
    }
  }
}

async function inNetwork(seed: number, use: (network: Network, random: Random) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'aitbc-copies-'));
  const network = new Network(seed, directory);
  try {
    for (const member of [0, 1, 2]) await network.add(member, `member-${member}`, 0);
    await use(network, new Random(seed + 1000));
  } finally {
    await network.close();
    await rm(directory, { recursive: true });
  }
}

copies('a careful copy of a validator at work signs nothing, stops for good, and gives no evidence', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await inNetwork(seed, async (network, random) => {
      const first = await network.add(COPIED, 'first', 0);
      await network.run(random.between(0, 4000));
      await cp(network.record('first'), network.record('second'));
      await network.run(random.between(0, 4000));
      const second = await network.add(COPIED, 'second', LISTEN_MS);
      await network.run(3 * LISTEN_MS);
      assert.ok(first.given > 5, `seed ${seed}: the validator is at work`);
      assert.not(first.stops.includes('COPIED'), `seed ${seed}: and goes on`);
      assert.is(second.given, 0, `seed ${seed}`);
      assert.ok(second.stops.includes('COPIED'), `seed ${seed}`);
      for (const { evidence } of network.nodes) assert.equal(evidence, [], `seed ${seed}`);
      await second.signer.close();
      const reopened = LocalSigner.open(network.record('second'), keyOf(COPIED), GENESIS_HASH);
      assert.is(
        await reopened.then(
          () => '',
          (error: { code: string }) => error.code,
        ),
        'COPIED',
      );
    });
  }
});

copies('of two careful copies that start at the same moment one stops before it signs', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await inNetwork(seed, async (network) => {
      const both = [await network.add(COPIED, 'first', LISTEN_MS), await network.add(COPIED, 'second', LISTEN_MS)];
      await network.run(4 * LISTEN_MS);
      const stopped = both.filter(({ stops }) => stops.includes('COPIED'));
      assert.is(stopped.length, 1, `seed ${seed}`);
      assert.equal(
        stopped.map(({ given }) => given),
        [0],
        `seed ${seed}`,
      );
      for (const { evidence } of network.nodes) assert.equal(evidence, [], `seed ${seed}`);
    });
  }
});

copies('copies that do not listen are noticed all the same', async () => {
  await inNetwork(1, async (network) => {
    const first = await network.add(COPIED, 'first', 0);
    await network.run(5000);
    await cp(network.record('first'), network.record('second'));
    const second = await network.add(COPIED, 'second', 0);
    await network.run(20_000);
    assert.ok([first, second].some(({ stops }) => stops.includes('COPIED')));
  });
});

copies('a validator that lost its journal and its chain knows its own votes when they come back', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await inNetwork(seed, async (network, random) => {
      const before = await network.add(COPIED, 'first', 0);
      await network.run(random.between(500, 4000));
      await before.driver.stop();
      await before.signer.close();
      network.nodes.splice(network.nodes.indexOf(before), 1);
      const after = await network.add(COPIED, 'first', seed % 2 === 0 ? LISTEN_MS : 0);
      await network.run(3 * LISTEN_MS);
      assert.not(after.stops.includes('COPIED'), `seed ${seed}`);
      assert.ok(after.given > 5, `seed ${seed}: it signs again, ${after.given}`);
      for (const { evidence } of network.nodes) assert.equal(evidence, [], `seed ${seed}`);
    });
  }
});

copies.run();
