// Certificate replay: what one certificate that is forged, old or far ahead costs an honest node in signature checks
// and questions to its peers, and that none of it is passed on.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_FETCH_DEPTH } from '../../../src/consensus/block-tree.ts';
import { BitArray, type Certificate, FINAL, NOTAR } from '../../../src/primitives/consensus.ts';
import { sha256 } from '../../../src/primitives/hash.ts';
import { encode } from '../gossip.ts';
import type { SimNode } from '../node.ts';
import { ChainAnswer } from '../service.ts';
import { settled } from '../settled.ts';
import { Stage } from './stage.ts';

/** of each kind of forgery */
const COPIES = 50;
/** What a certificate far ahead makes a node ask for: blocks one by one near its head, the others 64 at a time. */
const fetchesFor = (blocks: number) => MAX_FETCH_DEPTH + Math.ceil(blocks / ChainAnswer.limit);

const replay = suite('certificate replay');

interface Forgery {
  readonly name: string;
  /** signature checks at most, by the number of members */
  readonly checks: (nodes: number) => number;
  /** questions to peers at most; none when left out */
  readonly fetches?: number;
  /** @param number tells the copies apart */
  readonly forge: (genuine: Certificate, number: number) => Certificate;
}

const spoilt = (number: number) => Uint8Array.from([...sha256(Uint8Array.of(number)), ...new Uint8Array(32)]);
const withSpoiltLast = (genuine: Certificate, number: number) => ({
  ...genuine,
  signatures: [...genuine.signatures.slice(0, -1), spoilt(number)],
});

const FORGERIES: readonly Forgery[] = [
  {
    name: 'one signature spoilt, for another block',
    checks: (nodes) => nodes,
    forge: (genuine, number) =>
      withSpoiltLast({ ...genuine, kind: NOTAR, hash: sha256(Uint8Array.of(number)), slot: genuine.slot + 1 }, number),
  },
  {
    name: 'a Final far ahead',
    checks: (nodes) => nodes,
    forge: (genuine, number) => ({ ...genuine, kind: FINAL, slot: genuine.slot + 1000 + number }),
  },
  {
    name: 'every member, signatures repeated',
    checks: (nodes) => nodes,
    forge: ({ signatures, bitmap, ...genuine }, number) => ({
      ...genuine,
      slot: genuine.slot + 1 + number,
      bitmap: BitArray.fromBoolArray(Array.from({ length: bitmap.bitLen }, () => true)),
      signatures: Array.from({ length: bitmap.bitLen }, (_, index) => signatures[index % 2] as Uint8Array),
    }),
  },
  {
    name: 'one member',
    checks: () => 0,
    forge: ({ bitmap, ...genuine }, number) => ({
      ...genuine,
      slot: genuine.slot + 1 + number,
      bitmap: BitArray.fromSingleBit(bitmap.bitLen, 0),
    }),
  },
  {
    name: 'of a later epoch',
    checks: () => 0,
    // The node may have missed the end of its own: it asks, once in an interval.
    fetches: 1,
    forge: (genuine, number) => ({ ...genuine, epoch: 2 + number, slot: genuine.slot + 1 }),
  },
  {
    name: 'beyond the window',
    checks: () => 0,
    forge: (genuine, number) => ({ ...genuine, kind: NOTAR, slot: genuine.slot + 100 + number }),
  },
  { name: 'old and genuine', checks: () => 0, forge: (genuine) => genuine },
  { name: 'old and spoilt', checks: () => 0, forge: withSpoiltLast },
];

for (const nodes of [4, 7]) {
  replay(`forged and old certificates cost ${nodes} nodes little and go nowhere`, async () => {
    const stage = new Stage({ nodes, faulty: [{ name: 'honest but for the certificates', relays: false }] });
    await stage.pass(3000);
    const [node] = stage.honest as [SimNode];
    const liar = stage.world.node(nodes - 1);
    const settledFinal = node.database.anchor.certificate as Certificate;
    await stage.pass(3000);
    assert.ok(node.driver.core.lastFinalSlot > settledFinal.slot + 2);
    for (const { name, checks, fetches = 0, forge } of FORGERIES) {
      const fetchesBefore = node.work.fetches;
      const isOld = name.startsWith('old');
      let cost = { checks: 0, passedOn: 0 };
      for (let number = 0; number < COPIES; number++) {
        const genuine = isOld ? settledFinal : (node.database.anchor.certificate as Certificate);
        const one = await costOf(node, liar, forge({ ...genuine }, number));
        cost = { checks: Math.max(cost.checks, one.checks), passedOn: cost.passedOn + one.passedOn };
        await stage.pass(20);
      }
      process.stdout.write(`  n=${nodes}, ${name}: ${cost.checks} signature checks, ${cost.passedOn} passed on\n`);
      assert.ok(cost.checks <= checks(nodes), `${name}: ${cost.checks} checks`);
      assert.is(cost.passedOn, 0, name);
      await stage.pass(3 * stage.base);
      const asked = node.work.fetches - fetchesBefore;
      assert.ok(asked <= fetches, `${name}: asked its peers ${asked} times`);
    }
  });
}

replay('by a genuine certificate far ahead a node that hears nothing else catches up with few questions', async () => {
  const stage = new Stage({ nodes: 4 });
  await stage.pass(2000);
  const [node, other] = stage.world.nodes as [SimNode, SimNode];
  const isAlone = (from: number, to: number) => (from === node.id) !== (to === node.id);
  stage.world.network.cut(isAlone);
  await stage.pass(30_000);
  const { certificate, header } = other.database.anchor;
  const missing = header.height - node.database.height;
  assert.ok(missing > 2 * ChainAnswer.limit, 'it is far behind');
  stage.world.network.cut((from, to, envelope) => envelope !== undefined && isAlone(from, to));
  const before = node.work.fetches;
  await costOf(node, other, certificate as Certificate);
  await stage.until(() => node.database.height >= header.height, 10 * stage.base);
  const fetches = node.work.fetches - before;
  process.stdout.write(`  far ahead and genuine: ${fetches} questions for ${missing} blocks\n`);
  assert.ok(fetches <= fetchesFor(missing), `${fetches} questions`);
});

/** What the node does at once about a certificate, before time goes by. */
async function costOf(node: SimNode, from: SimNode, certificate: Certificate) {
  const { checks, passedOn } = node.work;
  node.gossip.receive(encode({ kind: 'certificate', certificate }, 0), from);
  await settled();
  return { checks: node.work.checks - checks, passedOn: node.work.passedOn - passedOn };
}

replay.run();
