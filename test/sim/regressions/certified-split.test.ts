// A certified split: half of the honest nodes hold the Notar of a slot, the other half its Skip, and neither knows of
// the other certificate. Both are valid; once the network heals, both must be kept and served, and the chain goes on.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../../src/consensus/types.ts';
import { headerHash } from '../../../src/primitives/block.ts';
import { NOTAR, SKIP } from '../../../src/primitives/consensus.ts';
import { type Hash, ZERO_HASH } from '../../../src/primitives/hash.ts';
import { CertificatesResponse } from '../../../src/primitives/wire.ts';
import { decode, type Envelope } from '../gossip.ts';
import { voteLabel } from '../journal.ts';
import type { SimNode } from '../node.ts';
import { Stage } from './stage.ts';

/** in units of `base` */
const BOUND = 2;
const SEEDS = 10;

const split = suite('certified split');

for (const nodes of [4, 7]) {
  split(`${nodes} nodes, half with a Notar and half with a Skip, go on within two timeouts`, async () => {
    const waits: number[] = [];
    for (let seed = 0; seed < SEEDS; seed++) waits.push(await healAfterSplit(nodes, seed));
    waits.sort((a, b) => a - b);
    const [median, worst] = [waits[SEEDS / 2] as number, waits.at(-1) as number];
    process.stdout.write(`  n=${nodes}: median ${median.toFixed(2)}, worst ${worst.toFixed(2)} timeouts\n`);
    assert.ok(worst <= BOUND, `${worst} timeouts`);
  });
}

for (const nodes of [4, 7]) {
  split(`${nodes} nodes keep and serve both certificates of the slot`, async () => {
    const { stage, slot } = await stageSplit(nodes, 0);
    const { world } = stage;
    world.network.cut((_from, _to, envelope) => !isCertificateOf(slot, envelope));
    const hasBoth = (node: SimNode) => kindsServed(node, slot).length === 2;
    const wait = await stage.until(() => world.nodes.every(hasBoth), 10 * stage.base);
    process.stdout.write(`  n=${nodes}: both everywhere after ${(wait / stage.base).toFixed(2)} timeouts\n`);
    for (const node of world.nodes) assert.equal(kindsServed(node, slot), [NOTAR, SKIP]);
  });
}

/** Half of the nodes, or one more, hold nothing but the Notar of a slot, the others nothing but its Skip. */
async function stageSplit(nodes: number, seed: number): Promise<{ stage: Stage; slot: number }> {
  const stage = new Stage({ nodes, seed });
  const { world } = stage;
  await stage.pass(2000 + 137 * seed);
  const slot = Math.max(...world.nodes.map(({ driver }) => driver.core.front)) + 1;
  const kindFor = (node: number) => ((node + seed) % nodes < nodes / 2 ? NOTAR : SKIP);

  // Nobody hears of the proposal before everybody has lost patience; when all have voted both ways, each half hears
  // only the votes for its own certificate.
  const heard: { proposal: boolean; votes: boolean } = { proposal: false, votes: false };
  let proposed = ZERO_HASH;
  world.network.cut((_from, to, envelope) => {
    const message = envelope && decode(envelope).message;
    if (message === undefined) return true;
    if (slotOf(message) !== slot) return slotOf(message) > slot;
    if (message.kind === 'certificate') return true;
    if (message.kind === 'vote') return !heard.votes || message.vote.kind !== kindFor(to);
    proposed = headerHash(message.proposal.block.header);
    return !heard.proposal;
  });
  const everyoneVoted = (kind: number, hash: () => Hash) =>
    stage.until(
      () => world.nodes.every(({ journal }) => journal.holds(voteLabel({ epoch: 1, kind, slot, hash: hash() }))),
      40 * stage.base,
    );
  await everyoneVoted(SKIP, () => ZERO_HASH);
  heard.proposal = true;
  await everyoneVoted(NOTAR, () => proposed);
  heard.votes = true;
  await stage.until(() => world.nodes.every((node) => kindsServed(node, slot).length > 0), 40 * stage.base);
  for (const node of world.nodes) assert.equal(kindsServed(node, slot), [kindFor(node.id)], 'before the network heals');
  return { stage, slot };
}

/** @returns from the healing until all have finalized another block, in units of `base` */
async function healAfterSplit(nodes: number, seed: number): Promise<number> {
  const { stage } = await stageSplit(nodes, seed);
  stage.world.network.heal();
  return (await stage.untilAllGoOn(20 * stage.base)) / stage.base;
}

/** Of the certificates with which it answers a peer that asks for the slot's. */
function kindsServed(node: SimNode, slot: number): number[] {
  const bytes = node.service.certificates(1, slot, slot) as Uint8Array;
  return CertificatesResponse.deserialize(bytes)
    .filter((certificate) => certificate.slot === slot)
    .map(({ kind }) => kind);
}

function isCertificateOf(slot: number, envelope: Envelope | undefined): boolean {
  const message = envelope && decode(envelope).message;
  return message?.kind === 'certificate' && message.certificate.slot === slot;
}

function slotOf(message: Message): number {
  if (message.kind === 'proposal') return message.proposal.slot;
  return message.kind === 'vote' ? message.vote.slot : message.certificate.slot;
}

split.run();
