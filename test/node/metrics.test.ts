// What the parts tell ends up in the numbers that operators read.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FinalizedEvent } from '../../src/chain/types.ts';
import { NodeMetrics } from '../../src/node/metrics.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import type { NetworkLevels } from '../../src/telemetry/metrics/network.ts';
import { account, makeGenesis, pay, withNodes } from '../chain/fixture.ts';

const metricsTest = suite('node metrics');
const genesis = makeGenesis();

/** Of a node that only follows. */
const FOLLOWER = {
  epoch: 1,
  weight: 0,
  totalWeight: 4,
  proposed: 0,
  missed: 0,
  participated: 0,
  blocks: 0,
  jailed: false,
  tombstoned: false,
};

const NETWORK: NetworkLevels = {
  peers: { good: 2, marked: 1, poor: 0 },
  bans: { node: 4, operator: 1 },
  privatePeers: 1,
  validators: { members: 4, bound: 3, connected: 2 },
  clockOffsetMs: -250,
};

function open() {
  const levels = { size: 3, bytes: 700, queue: 9, validator: FOLLOWER, network: NETWORK };
  const metrics = new NodeMetrics({
    build: { version: '1.2.3', commit: 'abc' },
    mempool: () => levels,
    network: () => levels.network,
    discovery: () => ({ knownPeers: 17, routingTable: 5 }),
    signatureQueue: () => levels.queue,
    validator: () => levels.validator,
  });
  const lines = async () => (await metrics.registry.metrics()).split('\n');
  /** The value of the line that begins so. */
  const value = async (name: string) => {
    const line = (await lines()).find((one) => one.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  };
  return { metrics, levels, lines, value };
}

metricsTest('levels are read when somebody looks', async () => {
  const { levels, value } = open();
  assert.is(await value('blockchain_mempool_size'), 3);
  assert.is(await value('blockchain_mempool_bytes'), 700);
  assert.is(await value('blockchain_network_peers'), 3);
  assert.is(await value('blockchain_network_peers_by_standing{standing="good"}'), 2);
  assert.is(await value('blockchain_network_peers_by_standing{standing="poor"}'), 0);
  assert.is(await value('blockchain_network_bans{by="node"}'), 4);
  assert.is(await value('blockchain_network_validators{state="bound"}'), 3);
  assert.is(await value('blockchain_network_clock_offset_seconds'), -0.25);
  levels.size = 4;
  assert.is(await value('blockchain_mempool_size'), 4);
  assert.is(await value('blockchain_network_known_peers'), 17);
  assert.is(await value('blockchain_network_routing_table_peers'), 5);
});

metricsTest('the validator of this node: weight, slots and votes of the epoch, jail', async () => {
  const { levels, value } = open();
  assert.is(await value('blockchain_consensus_epoch'), 1);
  assert.is(await value('blockchain_validator_weight_ratio'), 0);
  assert.is(await value('blockchain_validator_proposals_made_ratio'), 1, 'nothing was due');
  levels.validator = {
    ...FOLLOWER,
    epoch: 2,
    weight: 1,
    proposed: 3,
    missed: 1,
    participated: 9,
    blocks: 10,
    jailed: true,
  };
  assert.is(await value('blockchain_consensus_epoch'), 2);
  assert.is(await value('blockchain_validator_weight'), 1);
  assert.is(await value('blockchain_validator_weight_ratio'), 0.25);
  assert.is(await value('blockchain_validator_proposals_due'), 4);
  assert.is(await value('blockchain_validator_proposals_made'), 3);
  assert.is(await value('blockchain_validator_missed_slots'), 1);
  assert.is(await value('blockchain_validator_proposals_made_ratio'), 0.75);
  assert.is(await value('blockchain_validator_participation_ratio'), 0.9);
  assert.is(await value('blockchain_validator_jailed'), 1);
  assert.is(await value('blockchain_validator_tombstoned'), 0);
});

metricsTest('slots, their ends and the time to finality', async () => {
  const { metrics, value } = open();
  const hash = sha256(Uint8Array.of(1));
  metrics.consensus({ type: 'entered', slot: 1, leader: 0 });
  metrics.consensus({ type: 'entered', slot: 2, leader: 1 });
  metrics.consensus({ type: 'skipped', slot: 1 });
  metrics.consensus({ type: 'timedOut', slot: 1 });
  metrics.consensus({ type: 'proposed', slot: 2, hash, height: 1 });
  metrics.consensus({ type: 'notarized', slot: 2, hash });
  metrics.consensus({ type: 'invalid', hash, reason: 'no' });
  metrics.consensus({ type: 'finalized', slot: 2, hash });
  metrics.consensus({ type: 'finalized', slot: 2, hash });
  metrics.consensus({ type: 'finalized', slot: 3, hash: sha256(Uint8Array.of(2)) });
  assert.is(await value('blockchain_consensus_rounds'), 2);
  assert.is(await value('blockchain_consensus_skipped_slots_total'), 1);
  assert.is(await value('blockchain_consensus_timeouts_total'), 1);
  assert.is(
    await value('blockchain_consensus_finality_seconds_count'),
    1,
    'only where the proposal was seen, and once',
  );
});

metricsTest('finalized blocks, and how long their transactions took', async () => {
  await withNodes(genesis, 1, async (node) => {
    const { metrics, value } = open();
    const sent = [0, 1, 2].map((nonce) => pay(genesis, { from: 0, to: account(1), nonce }));
    for (const { idHex } of sent.slice(1)) metrics.submitted(idHex);
    await node.grow(sent);
    await node.grow();
    for (const event of node.finalized as FinalizedEvent[]) metrics.finalized(event);
    assert.is(await value('blockchain_blocks_total'), 2);
    assert.is(await value('blockchain_transactions_total'), 3);
    assert.is(await value('blockchain_height'), 2);
    assert.is(await value('blockchain_chain_commit_seconds_count'), 2);
    assert.is(await value('blockchain_mempool_finality_seconds_count'), 2, 'those that were submitted to this node');
  });
});

metricsTest('gossip by topic and verdict, refusals by code', async () => {
  const { metrics, value } = open();
  const { network } = metrics;
  network.gossipPublished('vote', 100);
  network.gossipReceived('tx', 100);
  network.gossipJudged('tx', 'accept');
  network.gossipJudged('tx', 'accept');
  network.gossipJudged('block', 'reject');
  network.requestServed('blocks', 'inbound', 'ok', 10);
  metrics.rejected('NONCE_TOO_LOW');
  assert.is(await value('blockchain_network_gossip_published_total{topic="vote"}'), 1);
  assert.is(await value('blockchain_network_gossip_received_total{topic="tx",result="accept"}'), 2);
  assert.is(await value('blockchain_network_gossip_received_total{topic="block",result="reject"}'), 1);
  assert.is(await value('blockchain_mempool_rejected_total{code="NONCE_TOO_LOW"}'), 1);
});

metricsTest('two nodes in one process count apart', async () => {
  const [one, other] = [open(), open()];
  one.metrics.rejected('X');
  assert.is(await other.value('blockchain_mempool_rejected_total{code="X"}'), undefined);
});

metricsTest.run();
