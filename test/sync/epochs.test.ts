// Catching up over epochs whose sets differ: each boundary is believed by the members before it, what comes after by
// those that it elects. An epoch takes twelve blocks; the authority that is absent from the first has no seat in the
// second and third.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Anchor } from '../../src/consensus/types.ts';
import type { Block } from '../../src/primitives/block.ts';
import { type Certificate, FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { CertifiedBlock } from '../../src/primitives/wire.ts';
import { CatchUp } from '../../src/sync/catch-up.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { certify, makeGenesis, Node } from '../chain/fixture.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { type BlocksAnswer, TestNetwork } from './fixture.ts';

const test = suite('catch-up over epochs');
const LENGTH = 12;
const EPOCHS = 2;
const HEIGHT = EPOCHS * LENGTH + 4;
const genesis = makeGenesis({ parameters: { epochDuration: LENGTH } });
const blocks: Block[] = [];
const block = (height: number) => blocks[height - 1] as Block;
const isBoundary = (height: number) => height % LENGTH === 0;
let source: Node;

test.before(async () => {
  source = await Node.open(genesis);
  while (source.chain.head.height < HEIGHT) blocks.push((await source.grow()).block);
  assert.is(source.chain.epoch.epoch, EPOCHS + 1);
  assert.is(source.chain.members(1)?.size, 4);
  assert.is(source.chain.members(2)?.size, 3);
});
test.after(() => source.remove());

/** What a peer says of each block: its Final, unless said otherwise. */
type Claim = (height: number) => Certificate | null;
const honest: Claim = (height) => certify(genesis, block(height));
const onlyBoundaries: Claim = (height) => (isBoundary(height) || height === HEIGHT ? honest(height) : null);

function serve(claim: Claim): BlocksAnswer {
  return async function* (request) {
    if (request.selector !== 0) return;
    const { from, count } = request.value;
    for (let height = from; height < from + count && height <= HEIGHT; height++) {
      yield CertifiedBlock.serialize({ block: block(height), certificate: claim(height) });
    }
  };
}

interface Synced {
  readonly node: Node;
  readonly anchors: Anchor[];
  readonly asked: string[];
}

/** A new node that has asked these peers, in this order, for all that they have. */
async function synced(claims: Readonly<Record<string, Claim>>, body: (result: Synced) => Promise<void>, node?: Node) {
  const at = node ?? (await Node.open(genesis));
  const { chain } = at;
  const peers = Object.entries(claims).map(([id, claim]) => ({ id, height: HEIGHT, blocks: serve(claim) }));
  const network = new TestNetwork(...peers);
  const anchors: Anchor[] = [];
  const fatal: Error[] = [];
  const catchUp = new CatchUp({
    network,
    chain,
    bodyMatches: (one) => chain.bodyMatches(one),
    holds: (certificate) => chain.holds(certificate),
    onSynced: (anchor) => anchors.push(anchor),
    onFatal: (error) => fatal.push(error),
    now: () => performance.now(),
    logger: silentLogger(),
  });
  try {
    catchUp.begin();
    const done = async () => {
      while (catchUp.status.syncing) await new Promise(setImmediate);
    };
    await withTimeout(done(), 30_000, 'catch-up to end');
    assert.equal(fatal, []);
    await body({ node: at, anchors, asked: network.asked });
  } finally {
    await catchUp.stop();
    await at.remove();
  }
}

test('from genesis over every boundary, with no more Finals than must be', () =>
  synced({ peer: onlyBoundaries }, async ({ node, anchors }) => {
    assert.equal(node.chain.head.hash, source.chain.head.hash);
    assert.equal(node.chain.epoch, source.chain.epoch);
    assert.equal(
      anchors.map(({ header, certificate }) => [header.height, certificate?.epoch]),
      [
        [12, 1],
        [24, 2],
        [28, 3],
      ],
    );
    for (const epoch of [1, 2]) {
      assert.equal(await node.chain.boundary(epoch), honest(epoch * LENGTH), 'kept, to serve others');
    }
    await node.store.verify();
  }));

const final = (height: number) => certify(genesis, block(height));

const LIES: readonly (readonly [what: string, from: number, claim: Claim])[] = [
  ['leaves out the Final of a boundary', LENGTH, (height) => (height === LENGTH ? null : honest(height))],
  [
    'has a Notar of it',
    LENGTH,
    (height) => (height === LENGTH ? certify(genesis, block(height), { kind: NOTAR }) : honest(height)),
  ],
  [
    'has Finals of the epoch before for blocks of the next',
    LENGTH + 1,
    (height) => (height <= LENGTH ? honest(height) : certify(genesis, block(height), { as: block(1) })),
  ],
  [
    'has Finals of an epoch that is not known',
    LENGTH + 1,
    (height) => (height <= LENGTH ? honest(height) : { ...final(height), epoch: 3 }),
  ],
  [
    'has signatures of others than the new members',
    LENGTH + 1,
    (height) => {
      const { signatures } = final(LENGTH);
      return height <= LENGTH ? honest(height) : { ...final(height), signatures };
    },
  ],
];

for (const [what, from, claim] of LIES) {
  test(`a peer that ${what} is not believed from there on, and the next one helps`, async () => {
    await synced({ liar: claim }, async ({ node }) => {
      assert.is(node.chain.head.height, from - 1);
    });
    await synced({ liar: claim, peer: honest }, async ({ node, asked }) => {
      assert.is(node.chain.head.height, HEIGHT);
      assert.equal(asked, ['liar', 'liar', 'peer'].slice(-asked.length), 'the liar first');
      assert.ok(asked.includes('liar'));
    });
  });
}

test('a node that stopped at a boundary goes on from there', async () => {
  const node = await Node.open(genesis);
  for (let height = 1; height <= LENGTH; height++) {
    await node.chain.applySynced(block(height), height === LENGTH ? final(height) : undefined);
  }
  await node.stop();
  const again = await Node.open(genesis, node.directory);
  assert.is((await again.chain.instance()).anchor.slot, 0);
  await synced(
    { peer: onlyBoundaries },
    async ({ node: at }) => {
      assert.equal(at.chain.head.hash, source.chain.head.hash);
      const { anchor, epoch } = await at.chain.instance();
      assert.equal([epoch, anchor.header.height], [EPOCHS + 1, HEIGHT]);
    },
    again,
  );
});

test('a boundary that became final by the blocks on it has a Final for others all the same', async () => {
  const node = await Node.open(genesis);
  try {
    for (let height = 1; height < LENGTH; height++) await node.chain.applySynced(block(height), undefined);
    for (const height of [LENGTH, LENGTH + 1]) assert.ok((await node.chain.verify(block(height))).valid);
    await node.chain.finalize(final(LENGTH + 1).hash, final(LENGTH + 1));
    const stored = await node.store.blockByHeight(LENGTH);
    assert.equal([stored?.certificate?.kind, stored?.certificate?.epoch], [FINAL, 1]);
  } finally {
    await node.remove();
  }
});

test.run();
