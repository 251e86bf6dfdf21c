// Blocks whose verification is slow or whose body is missing never stall the votes on others: what is finalized while
// one block takes 20 s to execute, or is kept from some nodes, is compared with the same world without that block.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../../src/consensus/types.ts';
import { type Block, headerHash } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import type { Behaviour, FaultyNode } from '../behaviour.ts';
import { silentLeader } from '../faulty/silent-leader.ts';
import { Stage, type StageOptions } from './stage.ts';

/** ms */
const SLOW = 20_000;
/** the block of this height is the slow one; the slot that is withheld is at about it */
const HEIGHT = 20;
/** A slot whose block nobody may have costs a timeout or two, of the ten that 20 s are. */
const LEAST = 0.7;
const SEEDS = [1, 2];

const slow = suite('slow and missing blocks');

for (const { nodes, count } of [
  { nodes: 4, count: 2 },
  { nodes: 4, count: 3 },
  { nodes: 7, count: 4 },
]) {
  const name = `${count} of ${nodes}`;
  slow(`a block that takes 20 s to execute on ${name} has no quorum, and others go on in its place`, async () => {
    const ratio = await compared(() => ({ nodes, executionTime: slowBlock(nodes, count) }), { nodes });
    tell(`20 s on ${name}`, ratio);
    assert.ok(ratio >= LEAST, `${ratio}`);
  });
}

// What builds on it can't be executed where it is not, so that the slow nodes have nothing to propose meanwhile.
for (const { nodes, count } of [
  { nodes: 4, count: 1 },
  { nodes: 7, count: 2 },
]) {
  const name = `${count} of ${nodes}`;
  slow(`a block that takes 20 s to execute on ${name} costs no more than their proposals`, async () => {
    const withoutProposals = { nodes, faulty: Array.from({ length: count }, () => silentLeader) };
    const ratio = await compared(() => ({ nodes, executionTime: slowBlock(nodes, count) }), withoutProposals);
    tell(`20 s on ${name}, against as many that do not propose`, ratio);
    assert.ok(ratio >= LEAST, `${ratio}`);
  });
}

for (const { name, nodes, faulty, reached } of [
  { name: 'one of 4', nodes: 4, faulty: 1, reached: 2 },
  { name: 'all but one of 4', nodes: 4, faulty: 1, reached: 1 },
  { name: 'two of 7', nodes: 7, faulty: 2, reached: 3 },
  { name: 'all but one of 7', nodes: 7, faulty: 2, reached: 1 },
]) {
  slow(`a block that its leader keeps from ${name} holds no other up`, async () => {
    const honest: Behaviour = { name: 'honest for now' };
    const withholder: Behaviour = { ...honest, send: withholding(reached), serveBlock: () => undefined };
    const members = (first: Behaviour) => [first, ...Array.from({ length: faulty - 1 }, () => honest)];
    const ratio = await compared(() => ({ nodes, faulty: members(withholder) }), { nodes, faulty: members(honest) });
    tell(`withheld from ${name}`, ratio);
    assert.ok(ratio >= LEAST, `${ratio}`);
  });
}

/** Keeps the proposal of one slot, the first that it leads at about HEIGHT, from all but the first few. */
function withholding(reached: number) {
  return (message: Message, to: number, node: FaultyNode): readonly Message[] => {
    if (message.kind !== 'proposal' || message.proposal.slot < HEIGHT) return [message];
    const slot = node.once('withheld slot', () => message.proposal.slot);
    return message.proposal.slot !== slot || to < reached ? [message] : [];
  };
}

/** The first block of HEIGHT is slow on the members after its proposer; one that takes its place is not. */
function slowBlock(nodes: number, count: number) {
  let slowOne: string | undefined;
  return (node: number, { header }: Block): number | undefined => {
    if (header.height !== HEIGHT) return undefined;
    slowOne ??= toHex(headerHash(header));
    const proposer = (header.proposer[0] as number) - 1;
    const distance = (node - proposer + nodes) % nodes;
    return distance > 0 && distance <= count && toHex(headerHash(header)) === slowOne ? SLOW : undefined;
  };
}

/** Blocks finalized in 20 s from that height on, by the quickest honest node; with, divided by without. */
async function compared(makeWith: () => StageOptions, without: StageOptions): Promise<number> {
  let blocks = 0;
  let usual = 0;
  for (const seed of SEEDS) {
    blocks += await finalizedMeanwhile({ ...makeWith(), seed });
    usual += await finalizedMeanwhile({ ...without, seed });
  }
  return blocks / usual;
}

async function finalizedMeanwhile(options: StageOptions): Promise<number> {
  const stage = new Stage(options);
  const height = () => Math.max(...stage.honest.map(({ database }) => database.height));
  await stage.until(() => height() >= HEIGHT - 1, 60_000);
  const before = height();
  await stage.pass(SLOW);
  const meanwhile = height() - before;
  // Those that were held up come after the others.
  const target = height();
  await stage.until(() => stage.honest.every(({ database }) => database.height >= target), 10 * stage.base);
  return meanwhile;
}

function tell(what: string, ratio: number): void {
  process.stdout.write(`  ${what}: ${(100 * ratio).toFixed(0)} % of the blocks\n`);
}

slow.run();
