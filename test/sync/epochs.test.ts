// Catching up over epochs whose sets differ: each boundary is believed by the members before it, what comes after by
// those that it elects. An epoch takes twelve blocks; the authority that is absent from the first has no seat in the
// second and third. Whoever has the keys of the first may forge what he likes beyond its end.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Anchor } from '../../src/consensus/types.ts';
import { type Block, type Header, headerHash } from '../../src/primitives/block.ts';
import { type Certificate, FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { CertifiedBlock } from '../../src/primitives/wire.ts';
import { CatchUp } from '../../src/sync/catch-up.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { applySynced, certify, makeGenesis, Node } from '../chain/fixture.ts';
import { restorationOf } from '../chain/restoration.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { type BlocksAnswer, caughtUp, TestNetwork, TRUSTING } from './fixture.ts';

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

/** What a peer serves at each height. */
type Story = (height: number) => CertifiedBlock | Promise<CertifiedBlock>;
/** What a peer says of each honest block. */
type Claim = (height: number) => Certificate | null;
const final = (height: number) => certify(genesis, block(height));
const told =
  (claim: Claim): Story =>
  (height) => ({ block: block(height), certificate: claim(height) });
const honest = told(final);
const onlyBoundaries = told((height) => (isBoundary(height) || height === HEIGHT ? final(height) : null));

function serve(story: Story): BlocksAnswer {
  return async function* (request) {
    if (request.selector !== 0) return;
    const { from, count } = request.value;
    for (let height = from; height < from + count && height <= HEIGHT; height++) {
      yield CertifiedBlock.serialize(await story(height));
    }
  };
}

/**
 * What a quorum of the first epoch can make when it is over: blocks beyond its end, on the honest one there, and what
 * looks like Finals of them. @param change to the headers @param claim of the Finals
 */
function forgery(change: Partial<Header>, claim: Partial<Certificate> = {}): Story {
  const forged: CertifiedBlock[] = [];
  for (let height = LENGTH + 1, parent = headerHash(block(LENGTH).header); height <= HEIGHT; height++) {
    const { header, body } = block(height);
    const lie = { header: { ...header, ...change, parent }, body };
    parent = headerHash(lie.header);
    forged.push({ block: lie, certificate: { ...certify(genesis, lie, { as: block(1) }), ...claim } });
  }
  return (height) => forged[height - LENGTH - 1] as CertifiedBlock;
}

interface Synced {
  readonly node: Node;
  readonly anchors: Anchor[];
  readonly asked: string[];
}

/** A new node that has asked these peers, in this order, for all that they have. */
async function synced(stories: Readonly<Record<string, Story>>, body: (result: Synced) => Promise<void>, node?: Node) {
  const at = node ?? (await Node.open(genesis));
  const { chain } = at;
  const peers = Object.entries(stories).map(([id, story]) => ({ id, height: HEIGHT, blocks: serve(story) }));
  const network = new TestNetwork(...peers);
  const anchors: Anchor[] = [];
  const fatal: Error[] = [];
  const catchUp = new CatchUp({
    network,
    chain,
    trust: TRUSTING,
    bodyMatches: (one) => chain.bodyMatches(one),
    holds: (certificate) => chain.holds(certificate),
    onSynced: (anchor) => anchors.push(anchor),
    onFatal: (error) => fatal.push(error),
    now: () => performance.now(),
    logger: silentLogger(),
  });
  try {
    catchUp.begin();
    await caughtUp(catchUp);
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
      assert.equal(await node.chain.boundary(epoch), final(epoch * LENGTH), 'kept, to serve others');
    }
    await node.store.verify();
  }));

const LIES: readonly (readonly [what: string, from: number, claim: Claim])[] = [
  ['leaves out the Final of a boundary', LENGTH, (height) => (height === LENGTH ? null : final(height))],
  [
    'has a Notar of it',
    LENGTH,
    (height) => (height === LENGTH ? certify(genesis, block(height), { kind: NOTAR }) : final(height)),
  ],
  [
    'has Finals of the epoch before for blocks of the next',
    LENGTH + 1,
    (height) => (height <= LENGTH ? final(height) : certify(genesis, block(height), { as: block(1) })),
  ],
  [
    'has Finals of an epoch that is not known',
    LENGTH + 1,
    (height) => (height <= LENGTH ? final(height) : { ...final(height), epoch: 3 }),
  ],
  [
    'has signatures of others than the new members',
    LENGTH + 1,
    (height) => {
      const { signatures } = final(LENGTH);
      return height <= LENGTH ? final(height) : { ...final(height), signatures };
    },
  ],
];

/** The liar leaves the chain at this height; the node comes no further with it alone, and is stopped by nothing. */
function isNotBelieved(what: string, from: number, story: () => Story): void {
  test(`a peer that ${what} is not believed from there on, and the next one helps`, async () => {
    const liar = story();
    await synced({ liar }, async ({ node }) => {
      assert.is(node.chain.head.height, from - 1);
    });
    await synced({ liar, peer: honest }, async ({ node, asked }) => {
      assert.equal(node.chain.head.hash, source.chain.head.hash);
      assert.equal(asked, ['liar', 'liar', 'peer'].slice(-asked.length), 'the liar first');
      assert.ok(asked.includes('liar'));
    });
  });
}

for (const [what, from, claim] of LIES) isNotBelieved(what, from, () => told(claim));

/** Of blocks that the first epoch's keys forge, with the boundary before them as it is told. */
const FORGERIES: readonly (readonly [what: string, from: number, boundary: Claim, forged: () => Story])[] = [
  ['lets the first epoch go on after its end', LENGTH + 1, final, () => forgery({ epoch: 1, ...rootsOf(block(1)) })],
  ['does so without saying that it has ended', LENGTH, () => null, () => forgery({ epoch: 1, ...rootsOf(block(1)) })],
  ['forges blocks of the next epoch with Finals of the first', LENGTH + 1, final, () => forgery({})],
  ['forges Finals of the next epoch too', LENGTH + 1, final, () => forgery({}, { epoch: 2 })],
  ['forges blocks of an epoch that is far', LENGTH + 1, final, () => forgery({ epoch: 9 }, { epoch: 9 })],
];

for (const [what, from, boundary, forged] of FORGERIES) {
  isNotBelieved(`has the keys of the first epoch and ${what}`, from, () => {
    const beyond = forged();
    return (height) => (height > LENGTH ? beyond : height === LENGTH ? told(boundary) : honest)(height);
  });
}

test('a peer whose answer still arrives while consensus ends the epoch is not blamed for it', async () => {
  const node = await Node.open(genesis);
  const slow: Story = async (height) => {
    if (height === LENGTH - 1) {
      while (node.chain.head.height <= LENGTH) {
        const next = node.chain.head.height + 1;
        await applySynced(node.chain, block(next), isBoundary(next) ? final(next) : undefined);
      }
    }
    return onlyBoundaries(height);
  };
  await synced(
    { slow },
    async ({ asked }) => {
      assert.equal(node.chain.head.hash, source.chain.head.hash);
      assert.equal(asked, ['slow']);
    },
    node,
  );
});

test('blocks of a run that a snapshot goes past meanwhile are left, and those above it are taken', () =>
  withTempDir(async (directory) => {
    const node = await Node.open(genesis);
    const elder = await Node.open(genesis);
    try {
      for (let height = 1; height <= LENGTH; height++) await applySynced(elder.chain, block(height), final(height));
      const restoration = await restorationOf(elder, node, directory);
      const { chain } = node;
      const executeSynced = chain.executeSynced.bind(chain);
      chain.executeSynced = async (one, certificate) => {
        if (one.header.height === 5) await chain.restore(restoration);
        return executeSynced(one, certificate);
      };
    } finally {
      await elder.remove();
    }
    await synced(
      { peer: onlyBoundaries },
      async ({ node: { chain, store }, asked }) => {
        assert.equal(chain.head.hash, source.chain.head.hash);
        assert.is(store.base?.height, LENGTH);
        assert.is((await store.blockByHeight(LENGTH - 1))?.block, undefined, 'it was not executed');
        assert.equal(asked, ['peer']);
        await store.verify();
      },
      node,
    );
  }));

function rootsOf({ header }: Block): Pick<Header, 'validatorsRoot' | 'nextValidatorsRoot'> {
  const { validatorsRoot } = header;
  return { validatorsRoot, nextValidatorsRoot: validatorsRoot };
}

test('a node that stopped at a boundary goes on from there', async () => {
  const node = await Node.open(genesis);
  for (let height = 1; height <= LENGTH; height++) {
    await applySynced(node.chain, block(height), height === LENGTH ? final(height) : undefined);
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
    for (let height = 1; height < LENGTH; height++) await applySynced(node.chain, block(height), undefined);
    for (const height of [LENGTH, LENGTH + 1]) assert.ok((await node.chain.verify(block(height))).valid);
    await node.chain.finalize(final(LENGTH + 1).hash, final(LENGTH + 1));
    const stored = await node.store.blockByHeight(LENGTH);
    assert.equal([stored?.certificate?.kind, stored?.certificate?.epoch], [FINAL, 1]);
  } finally {
    await node.remove();
  }
});

test.run();
