// A validator that contradicts itself in every way, as a program of its own that holds the key of one of four: all
// honest nodes keep the same proofs, tell of them, still have them after a restart, and teach one that lost its database.

import { rm } from 'node:fs/promises';
import { SerializedList } from '@chainsafe/ssz';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { Members } from '../../src/consensus/members.ts';
import type { KeyPair } from '../../src/crypto/keys.ts';
import { readKeystore } from '../../src/crypto/keystore.ts';
import { genesisSet } from '../../src/ledger/genesis.ts';
import { dataPaths, keyFile } from '../../src/node/data-dir.ts';
import { formatAddress } from '../../src/primitives/address.ts';
import { type Block, Header, headerHash, justificationHash } from '../../src/primitives/block.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import {
  FINAL,
  NOTAR,
  proposalSigningBytes,
  SKIP,
  type VoteKind,
  voteSigningBytes,
} from '../../src/primitives/consensus.ts';
import { EVIDENCE_KINDS, Evidence, evidenceId, verifyEvidence } from '../../src/primitives/evidence.ts';
import { type Hash, sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import { LeaderSchedule } from '../../src/primitives/schedule.ts';
import { GossipProposal, GossipVote } from '../../src/primitives/wire.ts';
import type { ConsensusView, EvidenceView } from '../../src/rpc/handlers/consensus.ts';
import { compactProposal } from '../helpers/compact.ts';
import { HostilePeer } from '../network/hostile-peer.ts';
import { TestDevnet, type TestNode } from './harness/devnet.ts';
import { eventually } from './harness/wait.ts';

/** How far ahead of the front it speaks: honest nodes take in 64 slots. */
const AHEAD = 30;

const byzantine = suite('a validator that contradicts itself');
let devnet: TestDevnet;
let honest: readonly TestNode[];
let offender: Offender;

byzantine.before(async () => {
  devnet = await TestDevnet.create(4, 250);
  honest = devnet.nodes.slice(0, 3);
  await devnet.start(honest);
  offender = await Offender.join(devnet, 3);
});

byzantine.after(async () => {
  await offender?.peer.stop();
  await devnet.close();
});

/** The program: a peer with the key of a validator, whose own node does not run. */
class Offender {
  readonly peer: HostilePeer;
  readonly #key: KeyPair;
  readonly #members: Members;
  readonly #genesisHash: Hash;
  readonly #epoch: number;

  private constructor(peer: HostilePeer, key: KeyPair, { genesis, genesisHash }: TestDevnet, epoch: number) {
    this.peer = peer;
    this.#key = key;
    this.#members = new Members(genesisSet(genesis));
    this.#genesisHash = genesisHash;
    this.#epoch = epoch;
  }

  static async join(network: TestDevnet, index: number): Promise<Offender> {
    const key = await readKeystore(keyFile(network.node(index).directory, 'validator'));
    const peer = await HostilePeer.start(network.genesisHash);
    for (const { rpc } of honest) await peer.connect({ network: { addresses: (await rpc.networkInfo()).addresses } });
    await eventually('it is a peer of all', async () => {
      const lists = await Promise.all(honest.map(({ rpc }) => rpc.peers()));
      return lists.every((peers) => peers.some(({ id }) => id === peer.id));
    });
    // The first block after a genesis of long ago is the last of its epoch.
    const epoch = await eventually('an epoch that has just begun', async () => {
      const { height, epoch: present } = await network.node(0).rpc.head();
      return height > 1 && present;
    });
    return new Offender(peer, key, network, epoch);
  }

  get address(): string {
    return formatAddress(this.#members.at(this.#member).address);
  }

  get #member(): number {
    return this.#members.indexOf(this.#key.publicKey) ?? -1;
  }

  /** A slot from `slot` on that it leads. */
  ledFrom(slot: number): number {
    const schedule = new LeaderSchedule(this.#members.list);
    let led = slot;
    while (schedule.leader(led) !== this.#member) led++;
    return led;
  }

  async vote(kind: VoteKind, slot: number, hash: Hash): Promise<void> {
    const data = { epoch: this.#epoch, validatorsRoot: this.#members.root, kind, slot, hash };
    const signature = this.#key.sign(voteSigningBytes(data, this.#genesisHash));
    const value = { epoch: this.#epoch, kind, slot, hash, member: this.#member, signature };
    await this.peer.publish('vote', GossipVote.serialize({ attempt: 0, message: { selector: 0, value } }));
  }

  /** A block without transactions on a parent that nobody knows: it waits for its parent, and is passed on. */
  async propose(slot: number, stateRoot: Hash, height: number): Promise<void> {
    const justification = { parentCertificate: null, lateVotes: [] };
    const header = { ...Header.defaultValue(), height, epoch: this.#epoch, stateRoot };
    const block: Block = {
      header: { ...header, transactionsRoot: merkleRoot([]), justificationHash: justificationHash(justification) },
      body: { justification, transactions: SerializedList.empty() },
    };
    const parentSlot = slot - 1;
    const data = {
      epoch: this.#epoch,
      validatorsRoot: this.#members.root,
      slot,
      hash: headerHash(block.header),
      parentSlot,
    };
    const signature = this.#key.sign(proposalSigningBytes(data, this.#genesisHash));
    const proposal = { epoch: this.#epoch, slot, parentSlot, signature, block, certificates: [] };
    await this.peer.publish('block', GossipProposal.serialize({ attempt: 0, proposal: compactProposal(proposal) }));
  }
}

function consensus(node: TestNode): Promise<ConsensusView> {
  return node.rpc.get('rpc/consensus');
}

async function evidenceOf(node: TestNode): Promise<EvidenceView[]> {
  return (await consensus(node)).evidence.items;
}

function idsOf(items: readonly EvidenceView[]): string[] {
  return items.map(({ id }) => id).sort();
}

/** Everything that a subscriber of consensus_events is told about evidence. */
async function subscribe(
  node: TestNode,
): Promise<{ told: { id: string; kind: string; address: string }[]; end(): void }> {
  const told: { id: string; kind: string; address: string }[] = [];
  const socket = new WebSocket(`${node.rpc.url.replace('http', 'ws')}/ws`);
  let subscribed = false;
  socket.on('open', () => socket.send(JSON.stringify({ id: 1, method: 'subscribe', params: ['consensus_events'] })));
  socket.on('message', (data) => {
    const { method, params } = JSON.parse(String(data));
    if (method !== 'event') subscribed = true;
    else if (params.data.type === 'evidence') told.push(params.data);
  });
  await eventually('it is subscribed', () => subscribed);
  return { told, end: () => socket.close() };
}

let ids: string[] = [];

byzantine('all four kinds reach every honest node and its subscribers, and the chain goes on', async () => {
  const listeners = await Promise.all(honest.map(subscribe));
  const [a, b] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))];
  const { front_slot: front } = await consensus(devnet.node(0));
  const slot = front + AHEAD;
  const led = offender.ledFrom(slot);
  const { height } = await devnet.node(0).rpc.head();
  for (const hash of [a, b]) {
    await offender.vote(NOTAR, slot, hash);
    await offender.vote(FINAL, slot + 1, hash);
    await offender.propose(led, hash, height + 1);
  }
  await offender.vote(FINAL, slot + 2, a);
  await offender.vote(SKIP, slot + 2, ZERO_HASH);
  for (const [index, node] of honest.entries()) {
    const items = await eventually(`four pieces on node ${index}`, async () => {
      const found = await evidenceOf(node);
      return found.length === EVIDENCE_KINDS.length && found;
    });
    assert.equal(new Set(items.map(({ kind }) => kind)), new Set(EVIDENCE_KINDS));
    for (const item of items) {
      assert.is(item.address, offender.address);
      const proof = Evidence.deserialize(fromHex(item.ssz));
      assert.is(verifyEvidence(proof, devnet.genesisHash), undefined);
      assert.is(toHex(evidenceId(proof)), item.id);
    }
    ids = ids.length === 0 ? idsOf(items) : ids;
    assert.equal(idsOf(items), ids, 'the same everywhere');
    const { told } = listeners[index] as (typeof listeners)[number];
    await eventually('the subscribers know', () => told.length === EVIDENCE_KINDS.length);
    assert.equal(told.map(({ id }) => id).sort(), ids);
    assert.ok(told.every(({ address }) => address === offender.address));
  }
  for (const { end } of listeners) end();
  await goesOn();
});

byzantine('a restarted node still has it; one that lost its database is told again by its peers', async () => {
  const [, kept, wiped] = honest as readonly [TestNode, TestNode, TestNode];
  await kept.kill();
  await kept.start();
  assert.equal(idsOf(await evidenceOf(kept)), ids, 'at once');
  await wiped.stop();
  const { db, journal } = dataPaths(wiped.directory);
  for (const path of [db, journal]) await rm(path, { recursive: true });
  await wiped.start();
  await eventually('it has learned all', async () => (await evidenceOf(wiped)).length === ids.length);
  assert.equal(idsOf(await evidenceOf(wiped)), ids);
  await goesOn();
});

byzantine('pages and wrong parameters', async () => {
  const { rpc } = devnet.node(0);
  const first = await rpc.get<ConsensusView>('rpc/consensus?limit=3');
  assert.is(first.evidence.total, 4);
  assert.is(first.evidence.next, first.evidence.items[2]?.id);
  const rest = await rpc.get<ConsensusView>(`rpc/consensus?limit=3&before=${first.evidence.next}`);
  assert.is(rest.evidence.next, null);
  assert.equal(idsOf([...first.evidence.items, ...rest.evidence.items]), ids);
  const slots = [...first.evidence.items, ...rest.evidence.items].map(({ slot }) => slot);
  assert.equal(
    slots,
    [...slots].sort((x, y) => y - x),
    'newest first',
  );
  for (const query of ['limit=0', 'limit=101', 'limit=x']) {
    assert.is((await rpc.fetch(`rpc/consensus?${query}`)).status, 422, query);
  }
  assert.is((await rpc.fetch(`rpc/consensus?before=${'0'.repeat(64)}`)).status, 404);
});

async function goesOn(): Promise<void> {
  const before = await devnet.node(0).rpc.height();
  await devnet.agreeAt(before + 3, honest);
}

byzantine.run();
