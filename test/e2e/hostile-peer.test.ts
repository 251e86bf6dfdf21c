// A peer that sends garbage to real nodes: on every topic and protocol, malformed, truncated, and well-formed but not true.
// Its score falls until it is out; the two honest nodes need each other for every block and go on.

import { randomBytes } from 'node:crypto';
import { SerializedList } from '@chainsafe/ssz';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type GossipTopic, REQUEST_PROTOCOLS } from '../../src/network/protocols.ts';
import { CompactProposal } from '../../src/primitives/block.ts';
import { BitArray, FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import { fromJson } from '../../src/primitives/json.ts';
import { SignedTransaction } from '../../src/primitives/transaction.ts';
import { GossipProposal, GossipVote, TransactionBatch } from '../../src/primitives/wire.ts';
import type { ConsensusView } from '../../src/rpc/handlers/consensus.ts';
import type { BanView, PeersView } from '../../src/rpc/handlers/node.ts';
import { startAttacker } from '../hostile/start.ts';
import { HostilePeer } from '../network/hostile-peer.ts';
import { TestDevnet } from './harness/devnet.ts';
import { forgetPeaks, largest } from './harness/memory.ts';
import { runJson } from './harness/program.ts';
import { eventually } from './harness/wait.ts';
import { finalizedBy, publishedWallet, type Wallet } from './harness/wallet.ts';

const BLOCK_TIME_MS = 250;
/** Buffers, garbage that is not collected yet, what the compiler makes of new paths; far less than a flood could fill. */
const GROWTH_BYTES = 192 * 1024 * 1024;

const hostile = suite('a hostile peer of real nodes');
let devnet: TestDevnet;
let alice: Wallet;

hostile.before(async () => {
  devnet = await TestDevnet.create(2, BLOCK_TIME_MS);
  await devnet.start();
  alice = await publishedWallet('alice', devnet.genesisHash, devnet.node(0).rpc);
});

hostile.after(() => devnet.close());

const garbage = () => Uint8Array.from(randomBytes(100));

hostile('garbage and truncated messages on every topic', () =>
  attack(async (send) => {
    const vote = GossipVote.serialize({ attempt: 0, message: { selector: 0, value: await futureVote() } });
    const batch = TransactionBatch.serialize(SerializedList.fromArray([honestTransaction()]));
    for (const topic of ['tx', 'block', 'vote'] as const) await send(topic, garbage());
    await send('vote', vote.subarray(0, vote.length - 1));
    await send('tx', batch.subarray(0, batch.length - 30));
    await send('block', (await untrueProposal()).subarray(0, 300));
    await send('vote', new Uint8Array(70_000));
  }),
);

hostile('messages in the right form whose signatures are not', () =>
  attack(async (send) => {
    const vote = await futureVote();
    await send('vote', GossipVote.serialize({ attempt: 0, message: { selector: 0, value: vote } }));
    const certificate = {
      ...vote,
      kind: FINAL,
      bitmap: BitArray.fromBoolArray([true, true]),
      signatures: [vote.signature, vote.signature],
    };
    await send('vote', GossipVote.serialize({ attempt: 0, message: { selector: 1, value: certificate } }));
    await send('block', await untrueProposal());
    const { transaction } = fromJson(SignedTransaction, alice.transfer(alice.address, 1n, { nonce: alice.nonce }).json);
    const forged = SignedTransaction.serialize({ transaction, signature: Uint8Array.from(randomBytes(64)) });
    await send('tx', TransactionBatch.serialize(SerializedList.fromArray([forged])));
  }),
);

for (const protocol of REQUEST_PROTOCOLS) {
  hostile(`bad requests on ${protocol}`, () =>
    attack(async (_, attacker, worse) => {
      const name = attacker.names.request(protocol);
      const victim = await addresses();
      await worse('garbage', async () => {
        await attacker.on(victim, name, (stream) => void stream.send(encodeFrame(garbage())));
      });
      await worse('a truncated message', async () => {
        await attacker.on(victim, name, async (stream) => {
          stream.send(Uint8Array.of(50, 1, 2, 3));
          await stream.close();
        });
      });
      await worse('an announcement of far too much', async () => {
        await attacker.on(victim, name, (stream) => void stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f)));
      });
    }),
  );
}

hostile('a peer that does not stop is banned: also after a restart, and until the operator lets it in', async () => {
  const attacker = await HostilePeer.start(devnet.genesisHash);
  const node = devnet.node(0);
  const peers = (...args: string[]) => runJson<BanView>(['peers', ...args, '--data-dir', node.directory]);
  const bans = async () => (await runJson<PeersView>(['peers', 'list', '--rpc', node.rpc.url])).bans;
  const isRefused = async () => {
    const [result] = await Promise.allSettled([attacker.connect(await addresses())]);
    // a connection that is refused may look open to who opened it until it has read the end
    const gone = () => attacker.host.getConnections().length === 0;
    await eventually('the connection ends', gone);
    return result.status === 'rejected' || (await score(attacker)) === undefined;
  };
  try {
    await attacker.connect(await addresses());
    await eventually('it is a peer', async () => (await score(attacker)) === 0);
    await eventually('it is out', async () => {
      await attacker.publish('tx', garbage());
      return (await score(attacker)) === undefined;
    });
    const [ban] = await bans();
    assert.equal([ban?.target, ban?.by, ban?.times], [attacker.id, 'node', 1]);
    assert.match(ban?.reason ?? '', /a message on topic tx/);
    assert.is((await peers('ban', attacker.id, '--for', '1h', '--reason', 'of the test')).by, 'operator');
    assert.ok(await isRefused());
    await goesOn();

    await node.stop();
    await node.start();
    await node.ready();
    assert.equal(
      (await bans()).map(({ target, by, reason }) => [target, by, reason]),
      [[attacker.id, 'operator', 'of the test']],
    );
    assert.ok(await isRefused());
    await peers('unban', attacker.id);
    assert.equal(await bans(), []);
    await attacker.connect(await addresses());
    await eventually('it is a peer again, with a clean slate', async () => (await score(attacker)) === 0);
    await goesOn();
  } finally {
    await attacker.stop();
  }
});

hostile('a peer that claims a great height and answers with what is no block is banned', async () => {
  const attacker = await HostilePeer.start(devnet.genesisHash);
  const finalizedHash = Uint8Array.from(randomBytes(32));
  try {
    await attacker.tellStatus({ genesisHash: devnet.genesisHash, finalizedHeight: 1_000_000, finalizedHash });
    await attacker.answer('blocks', async (stream) => {
      stream.send(encodeFrame(garbage()));
      await stream.close();
    });
    await attacker.connect(await addresses());
    const ban = await eventually('it is banned', async () => {
      const { bans } = await devnet.node(0).rpc.get<PeersView>('rpc/peers');
      return bans.find(({ target }) => target === attacker.id);
    });
    assert.match(ban.reason, /its answer to a blocks request/);
    await goesOn();
  } finally {
    await attacker.stop();
  }
});

for (const name of ['streams without end', 'requests without end', 'bad signatures', 'all it hears, again']) {
  hostile(`${name}, from a program of its own: it is banned, and the nodes go on and stay small`, async () => {
    const before = await largest(devnet.nodes, 'now');
    await forgetPeaks(devnet.nodes);
    const attacker = await startAttacker(name, devnet);
    try {
      for (const { rpc } of devnet.nodes) {
        await eventually('it is banned', async () => {
          const { bans } = await rpc.get<PeersView>('rpc/peers');
          return bans.some(({ target }) => target === attacker.id);
        });
      }
      await goesOn();
      const growth = (await largest(devnet.nodes, 'at most')) - before;
      assert.ok(growth < GROWTH_BYTES, `a node has grown by ${growth} bytes`);
    } finally {
      attacker.process.kill();
    }
  });
}

type Send = (topic: GossipTopic, bytes: Uint8Array) => Promise<void>;
type Worse = (what: string, act: () => Promise<void>) => Promise<void>;

/** With each thing sent the attacker's score must fall, and afterwards everything must go on. */
async function attack(act: (send: Send, attacker: HostilePeer, worse: Worse) => Promise<void>): Promise<void> {
  const attacker = await HostilePeer.start(devnet.genesisHash);
  try {
    await attacker.connect(await addresses());
    await eventually('it is a peer', async () => (await score(attacker)) === 0);
    const worse: Worse = async (what, deed) => {
      const before = (await score(attacker)) ?? 0;
      await deed();
      await eventually(`a lower score for ${what}`, async () => ((await score(attacker)) ?? -1000) < before);
    };
    const send: Send = (topic, bytes) =>
      worse(`${bytes.length} bytes on ${topic}`, () => attacker.publish(topic, bytes));
    await act(send, attacker, worse);
    await goesOn();
  } finally {
    await attacker.stop();
  }
}

async function score(attacker: HostilePeer): Promise<number | undefined> {
  return (await devnet.node(0).rpc.peers()).find(({ id }) => id === attacker.id)?.score;
}

async function addresses(): Promise<{ network: { addresses: string[] } }> {
  return { network: { addresses: (await devnet.node(0).rpc.networkInfo()).addresses } };
}

/** Both nodes are well, think well of each other, and finalize. */
async function goesOn(): Promise<void> {
  const { rpc } = devnet.node(0);
  const { height } = await finalizedBy(rpc, alice.transfer(alice.address, 1n));
  await devnet.agreeAt(height);
  const other = (await devnet.node(1).rpc.networkInfo()).peer_id;
  assert.is((await rpc.peers()).find(({ id }) => id === other)?.score, 0);
  for (const node of devnet.nodes) assert.is((await node.rpc.fetch('health')).status, 200);
}

/** Of a slot that nobody has come to yet; the signature is nobody's. */
async function futureVote() {
  const { epoch, slot } = await future();
  const hash = Uint8Array.from(randomBytes(32));
  return { epoch, kind: NOTAR, slot, hash, member: 0, signature: Uint8Array.from(randomBytes(64)) } as const;
}

async function untrueProposal(): Promise<Uint8Array> {
  const { epoch, slot } = await future();
  const proposal = { ...CompactProposal.defaultValue(), epoch, slot, parentSlot: slot - 1 };
  return GossipProposal.serialize({
    attempt: 0,
    proposal: { ...proposal, signature: Uint8Array.from(randomBytes(64)) },
  });
}

async function future(): Promise<{ epoch: number; slot: number }> {
  const { epoch, front_slot: front } = await devnet.node(0).rpc.get<ConsensusView>('rpc/consensus');
  return { epoch, slot: front + 40 };
}

function honestTransaction(): Uint8Array {
  const json = alice.transfer(alice.address, 1n, { nonce: alice.nonce }).json;
  return SignedTransaction.serialize(fromJson(SignedTransaction, json));
}

hostile.run();
