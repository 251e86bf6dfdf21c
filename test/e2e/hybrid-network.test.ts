// Authorities and stakers in one network of real processes, over many epochs: a newcomer is staked into the set and leaves
// it, governance changes parameters and authorities, a dead validator is jailed and comes back, and one that contradicts
// itself loses stake and seat.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { Members } from '../../src/consensus/members.ts';
import { addressOf, formatAddress, parseAddress } from '../../src/primitives/address.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { FINAL, voteSigningBytes } from '../../src/primitives/consensus.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { UNITS_PER_AIT } from '../../src/primitives/units.ts';
import { GossipVote } from '../../src/primitives/wire.ts';
import type { ConsensusView } from '../../src/rpc/handlers/consensus.ts';
import { HostilePeer } from '../network/hostile-peer.ts';
import { TestNode } from './harness/devnet.ts';
import { HybridNetwork, type Member, SELF_BOND, type ValidatorSet, validatorsOf } from './harness/hybrid.ts';
import { eventually } from './harness/wait.ts';

const hybrid = suite('a hybrid network');
let network: HybridNetwork;
/** two authorities, two stakers, one without a seat */
let first: Member;
let second: Member;
let staker: Member;
let faulty: Member;
let newcomer: Member;
/** by an authority to the newcomer */
const DELEGATED = 10_000n * UNITS_PER_AIT;
/** what the delegator had when it left */
let withoutPayout: bigint;

hybrid.before(async () => {
  network = await HybridNetwork.create(2, 2, 1);
  [first, second, staker, faulty, newcomer] = network.members as [Member, Member, Member, Member, Member];
  await network.start(network.members.slice(0, 4));
});

hybrid.after(() => network?.close());

const seatOf = ({ validators }: ValidatorSet, { address }: Member) =>
  validators.find((validator) => validator.address === address);
const weightOf = (set: ValidatorSet, member: Member) => seatOf(set, member)?.weight ?? 0;

/** The same block with the same state everywhere, some blocks from now. */
async function agree(members: readonly Member[]): Promise<void> {
  const height = ((await members[0]?.node.rpc.height()) ?? 0) + 3;
  const blocks = await Promise.all(
    members.map(({ node }) => eventually(`height ${height}`, () => node.rpc.block(height))),
  );
  assert.is(new Set(blocks.map(({ hash, state_root }) => `${hash} ${state_root}`)).size, 1);
}

hybrid('each class has half of the weight, and epochs follow each other', async () => {
  await network.untilSet('the third epoch', ({ epoch }) => epoch >= 3);
  const set = await validatorsOf(first.node);
  assert.equal(
    [first, second, staker, faulty].map((member) => weightOf(set, member)),
    [250_000, 250_000, 250_000, 250_000],
  );
  await agree([first, second, staker, faulty]);
});

hybrid('a newcomer syncs, registers, is staked by a delegator, enters the set and proposes', async () => {
  await network.start([newcomer]);
  await network.send(newcomer, 'validator', 'register', '--self-bond', '10000', '--commission', '10%');
  await network.send(first, 'stake', newcomer.address, String(DELEGATED / UNITS_PER_AIT));
  await network.untilSet('it has a seat', (set) => weightOf(set, newcomer) > 0);
  await eventually('it proposes', async () => {
    const { proposer } = await newcomer.node.rpc.block('latest');
    return proposer === newcomer.address;
  });
  const { staked } = await first.node.rpc.balance(first.address);
  assert.is(BigInt(staked), DELEGATED);
  await agree(network.members);
});

hybrid('a parameter changes on every node with the epoch for which it was voted', async () => {
  const { epoch: present } = await validatorsOf(first.node);
  const change = ['governance', 'propose', 'set-parameters', 'max_stakers=9', '--epoch', String(present + 3)];
  const { proposal } = await network.send(first, ...change);
  await approve(proposal, [first, second, staker, faulty]);
  await network.untilSet('the epoch', ({ epoch }) => epoch >= present + 3, newcomer.node);
  for (const { node } of network.members) {
    const answer = await eventually('the parameter', async () => {
      const { parameters } = await node.rpc.get<{ parameters: { max_stakers: number } }>('rpc/params');
      return parameters.max_stakers === 9 && parameters;
    });
    assert.is(answer.max_stakers, 9);
  }
  await agree(network.members);
});

hybrid('delegator and validator leave', async () => {
  await network.send(first, 'unstake', newcomer.address, 'all');
  await network.send(newcomer, 'unstake', newcomer.address, 'all');
  await network.untilSet('it has no seat', (set) => weightOf(set, newcomer) === 0);
  const { balance, unbonding } = await first.node.rpc.balance(first.address);
  assert.ok(BigInt(unbonding) >= DELEGATED);
  withoutPayout = BigInt(balance);
  await agree(network.members);
});

hybrid('who is not in the set has no say', async () => {
  const { epoch: present } = await validatorsOf(first.node);
  const change = ['governance', 'propose', 'set-parameters', 'max_stakers=8', '--epoch', String(present + 3)];
  await network.send(newcomer, ...change).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /NOT_ALLOWED/),
  );
});

hybrid('authorities are voted out and in', async () => {
  const decide = async (...what: string[]) => {
    const { proposal } = await network.send(first, 'governance', 'propose', ...what);
    const { validators } = await validatorsOf(first.node);
    await approve(
      proposal,
      network.members.filter((member) => validators.some(({ address }) => address === member.address)),
    );
  };
  await decide('remove-authority', second.address);
  await network.untilSet('it is out', (set) => weightOf(set, second) === 0);
  await agree(network.members);
  await decide('add-authority', second.address, toHex(second.key.publicKey));
  await network.untilSet('it is in again', (set) => weightOf(set, second) > 0);
  await agree(network.members);
});

hybrid('a dead validator is jailed, and comes back when it asks', async () => {
  await staker.node.kill();
  await network.untilSet('it is jailed', (set) => weightOf(set, staker) === 0);
  await staker.node.start();
  await staker.node.ready();
  await eventually(
    'its release',
    async () => {
      await network.send(staker, 'validator', 'unjail');
      return true;
    },
    120_000,
  );
  await network.untilSet('it has a seat again', (set) => weightOf(set, staker) > 0);
  await agree(network.members);
});

hybrid('one that contradicts itself is slashed and never comes back; the reporter is paid', async () => {
  await faulty.node.kill();
  const peer = await HostilePeer.start(network.genesisHash);
  const honest = [first, second, staker, newcomer];
  for (const { node } of honest) {
    await peer.connect({ network: { addresses: (await node.rpc.networkInfo()).addresses } });
  }
  const id = await eventually('evidence', async () => {
    await contradict(peer, faulty);
    const { evidence } = await first.node.rpc.get<ConsensusView>('rpc/consensus');
    return evidence.items[0]?.id;
  });
  await peer.stop();
  const before = BigInt((await first.node.rpc.balance(first.address)).balance);
  const stake = BigInt((await first.node.rpc.get<{ stake: string }>(`rpc/validators/${faulty.address}`)).stake);
  const { fee } = await network.send(first, 'validator', 'report', id);
  const view = await first.node.rpc.get<{ stake: string; status: string }>(`rpc/validators/${faulty.address}`);
  assert.is(view.status, 'TOMBSTONED');
  const slashed = stake - BigInt(view.stake);
  // An epoch may have ended since the stake was read, and have paid it some dust.
  const rewards = 10n ** 6n;
  assert.ok(slashed <= stake / 20n && slashed >= stake / 20n - rewards, `${slashed} is a twentieth of ${stake}`);
  assert.ok(slashed > 0n && stake >= SELF_BOND);
  assert.ok(
    BigInt((await first.node.rpc.balance(first.address)).balance) >=
      before + slashed / 20n - BigInt(fee ?? 0) - 10n ** 6n,
  );
  await network.untilSet('it has lost its seat', (set) => weightOf(set, faulty) === 0);
  await network.send(second, 'validator', 'report', id).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /ALREADY_PUNISHED/),
  );
  await agree(honest);
});

hybrid('who left is paid when the unbonding is over', async () => {
  const left = () => first.node.rpc.balance(first.address);
  await eventually('the payout', async () => BigInt((await left()).unbonding) === 0n, 200_000);
  const fees = UNITS_PER_AIT;
  assert.ok(BigInt((await left()).balance) >= withoutPayout + DELEGATED - fees);
  await agree([first, second, staker, newcomer]);
});

hybrid('before the epoch of an upgrade that this program does not speak every node stops and says so', async () => {
  const { epoch: present } = await validatorsOf(first.node);
  const { proposal } = await network.send(
    first,
    'governance',
    'propose',
    'upgrade',
    '2',
    '--epoch',
    String(present + 4),
  );
  await approve(proposal, [first, second, staker]);
  for (const { node } of [first, second, staker, newcomer]) {
    const { code, stderr } = await node.process.ended;
    assert.is(code, EXIT.upgradeRequired, node.tail);
    assert.match(`${stderr}${node.tail}`, /version 2 of the protocol/);
  }
  const again = new TestNode(first.node.directory, first.node.args, `${first.node.log}.again`);
  await again.start().then(
    () => assert.unreachable('it started all the same'),
    () => undefined,
  );
  assert.is((await again.process.ended).code, EXIT.upgradeRequired);
});

/** All vote yes. An epoch may end before the last of them, and the proposal pass without it. */
async function approve(proposal: number, voters: readonly Member[]): Promise<void> {
  for (const voter of voters) {
    await network.send(voter, 'governance', 'vote', String(proposal), 'yes').catch((error: Error) => {
      if (!error.message.includes('PROPOSAL_CLOSED')) throw error;
    });
  }
}

/** Two FINALs for two blocks in a slot that has not come. */
async function contradict(peer: HostilePeer, { key }: Member): Promise<void> {
  const { rpc } = first.node;
  const { epoch, front_slot: front } = await rpc.get<ConsensusView>('rpc/consensus');
  const { validators, epoch: present } = await rpc.validators();
  if (present !== epoch) return;
  const members = new Members(
    validators
      .map(({ public_key, address, weight }) => ({
        publicKey: fromHex(public_key),
        address: parseAddress(address),
        weight,
      }))
      .sort((a, b) => Buffer.compare(a.publicKey, b.publicKey)),
  );
  const member = members.indexOf(key.publicKey);
  if (member === undefined) throw new Error(`${formatAddress(addressOf(key.publicKey))} has no seat`);
  for (const seed of [1, 2]) {
    const data = {
      epoch,
      validatorsRoot: members.root,
      kind: FINAL,
      slot: front + 10,
      hash: sha256(Uint8Array.of(seed)),
    } as const;
    const signature = key.sign(voteSigningBytes(data, network.genesisHash));
    const value = { epoch, kind: FINAL, slot: data.slot, hash: data.hash, member, signature };
    await peer.publish('vote', GossipVote.serialize({ attempt: 0, message: { selector: 0, value } }));
  }
}

hybrid.run();
