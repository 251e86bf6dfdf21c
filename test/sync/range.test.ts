// Which answers of a peer are believed, block by block, with real blocks and signatures.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { headerHash } from '../../src/primitives/block.ts';
import { type Certificate, FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { SyncError } from '../../src/sync/errors.ts';
import { type DueBlock, MAX_UNVOUCHED, MAX_UNVOUCHED_BYTES, vouchedRuns } from '../../src/sync/range.ts';
import { receivedBlocks } from '../../src/sync/received.ts';
import { account, Node, pay } from '../chain/fixture.ts';
import { buildChain, encode, forge, GENESIS, holds, type SampleBlock, sign, stream } from './fixture.ts';

const range = suite('vouched runs');
const blocks = await buildChain(MAX_UNVOUCHED + 2);
const block = (height: number) => blocks[height - 1] as SampleBlock;
let node: Node;
const ENDLESS = { height: 1, epoch: 1, end: Number.POSITIVE_INFINITY };
const due = () => ENDLESS;

range.before(async () => {
  node = await Node.open(GENESIS);
});
range.after(() => node.remove());

/** Heights of each run, and the code with which it ended. */
function take(...chunks: readonly Uint8Array[]): Promise<{ runs: number[][]; code: string | undefined }> {
  return takeDue(ENDLESS, ...chunks);
}

function received(answer: AsyncIterable<Uint8Array>, bodyMatches = node.chain.bodyMatches.bind(node.chain)) {
  return receivedBlocks(answer, { peer: 'peer', from: node.chain.head.height + 1, bodyMatches });
}

async function takeDue(block: DueBlock, ...chunks: readonly Uint8Array[]) {
  const { hash, height } = node.chain.head;
  const options = { head: { height, hash }, due: () => block, holds };
  const runs: number[][] = [];
  try {
    for await (const run of vouchedRuns(received(stream(...chunks)), options)) {
      runs.push(run.map((one) => one.block.header.height));
      assert.is(run.at(-1)?.certificate?.kind, FINAL, 'a run ends with a Final');
      assert.ok(run.slice(0, -1).every(({ certificate }) => certificate === undefined));
    }
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return { runs, code: error.code };
  }
  return { runs, code: undefined };
}

const finals = (from: number, to: number) => blocks.slice(from - 1, to).map((one) => encode(one, 'final'));
const bare = (from: number, to: number) => blocks.slice(from - 1, to).map((one) => encode(one, 'bare'));

range('a Final vouches for the blocks below it', async () => {
  assert.equal(await take(...bare(1, 3), ...finals(4, 4), ...finals(5, 5)), {
    runs: [[1, 2, 3, 4], [5]],
    code: undefined,
  });
});

range('what no Final covers is left out', async () => {
  assert.equal(await take(...finals(1, 2), ...bare(3, 9)), { runs: [[1], [2]], code: undefined });
  assert.equal(await take(...bare(1, 5)), { runs: [], code: undefined });
  assert.equal(await take(), { runs: [], code: undefined });
});

range('a Notar or a Skip vouches for nothing', async () => {
  const notar = encode(block(1), sign(block(1).hash, 1, { kind: NOTAR }));
  assert.equal(await take(notar, ...finals(2, 2)), { runs: [[1, 2]], code: undefined });
  assert.equal(await take(encode(block(1), sign(ZERO_HASH, 1, { kind: SKIP }))), { runs: [], code: undefined });
});

range('bytes that are no block', async () => {
  const good = encode(block(2), 'final');
  for (const garbage of [
    new Uint8Array(),
    new Uint8Array(500).fill(7),
    good.subarray(0, -1),
    Buffer.concat([good, good]),
  ]) {
    assert.equal(await take(...finals(1, 1), garbage), { runs: [[1]], code: 'WRONG_BLOCK' });
  }
});

range('blocks that do not follow', async () => {
  assert.equal(await take(...finals(2, 2)), { runs: [], code: 'BROKEN_CHAIN' });
  assert.equal(await take(...finals(1, 1), ...finals(1, 1)), { runs: [[1]], code: 'BROKEN_CHAIN' });
  assert.equal(await take(...finals(1, 2), ...finals(4, 4)), { runs: [[1], [2]], code: 'BROKEN_CHAIN' });
  const stranger = { ...block(2).block, header: { ...block(2).block.header, parent: block(7).hash } };
  assert.equal(await take(...finals(1, 1), encode({ ...block(2), block: stranger }, 'final')), {
    runs: [[1]],
    code: 'BROKEN_CHAIN',
  });
  const jump = { ...block(2).block, header: { ...block(2).block.header, height: 3 } };
  assert.is((await take(...finals(1, 1), encode({ ...block(2), block: jump }, 'bare'))).code, 'BROKEN_CHAIN');
});

range('a header with the body of another block', async () => {
  const { hash, block: first } = block(1);
  const swapped = { hash, block: { header: first.header, body: block(2).block.body } };
  assert.equal(await take(encode(swapped, 'final')), { runs: [], code: 'WRONG_BLOCK' });
  const unjustified = { hash: block(2).hash, block: { header: block(2).block.header, body: block(4).block.body } };
  assert.equal(await take(...bare(1, 1), encode(unjustified, 'final')), { runs: [], code: 'WRONG_BLOCK' });
});

const honest = sign(block(2).hash, 2);
const BAD_FINALS: readonly (readonly [name: string, certificate: Certificate])[] = [
  ['of another block', sign(block(3).hash, 3)],
  ['with a signature by nobody', forge(honest)],
  ['below the quorum', sign(block(2).hash, 2, { voters: [0, 3] })],
  ['signed for another slot', { ...honest, slot: 9 }],
  ['signed as a Notar', { ...sign(block(2).hash, 2, { kind: NOTAR }), kind: FINAL }],
  ['of another epoch', { ...honest, epoch: 2 }],
  ['with fewer signatures than signers', { ...honest, signatures: honest.signatures.slice(1) }],
];

for (const [name, certificate] of BAD_FINALS) {
  range(`a Final ${name}`, async () => {
    assert.equal(await take(...finals(1, 1), encode(block(2), certificate), ...finals(3, 4)), {
      runs: [[1]],
      code: 'BAD_CERTIFICATE',
    });
  });
}

range('the last block of an epoch comes with its Final', async () => {
  const ends = { ...ENDLESS, end: block(3).block.header.timestamp };
  assert.equal(await takeDue(ends, ...bare(1, 2), ...finals(3, 3)), { runs: [[1, 2, 3]], code: undefined });
  assert.equal(await takeDue(ends, ...finals(1, 1), ...bare(2, 3), ...finals(4, 4)), { runs: [[1]], code: 'NO_FINAL' });
});

range('blocks of an epoch that is over, or has not begun', async () => {
  for (const epoch of [0, 2]) {
    assert.equal(await takeDue({ ...ENDLESS, epoch }, ...finals(1, 2)), { runs: [], code: 'WRONG_EPOCH' });
  }
});

range('a block of a past epoch that consensus has come past while it was on its way is no fault', async () => {
  assert.equal(await takeDue({ ...ENDLESS, height: 2, epoch: 2 }, ...finals(1, 2)), { runs: [], code: undefined });
});

range('hours of notarizing without finalizing do not keep those out who come later', async () => {
  const { runs, code } = await take(...bare(1, 1000), ...finals(1001, 1001));
  assert.equal([runs.map((run) => run.length), code], [[1001], undefined]);
});

range('so many blocks without a Final are not waited for', async () => {
  assert.equal(await take(...bare(1, MAX_UNVOUCHED - 1)), { runs: [], code: undefined });
  assert.equal(await take(...bare(1, MAX_UNVOUCHED), ...finals(MAX_UNVOUCHED + 1, MAX_UNVOUCHED + 1)), {
    runs: [],
    code: 'NO_FINAL',
  });
  const { runs, code } = await take(...bare(1, MAX_UNVOUCHED - 1), ...finals(MAX_UNVOUCHED, MAX_UNVOUCHED));
  assert.equal([runs.map((run) => run.length), code], [[MAX_UNVOUCHED], undefined]);
  assert.is(
    (await take(...finals(1, 1), ...bare(2, MAX_UNVOUCHED + 1))).code,
    'NO_FINAL',
    'counted from the last Final',
  );
});

range('nor are so many bytes', async () => {
  const source = await Node.open(GENESIS);
  try {
    const memo = 'x'.repeat(256);
    const transfers = Array.from({ length: 2000 }, (_, nonce) =>
      pay(GENESIS, { from: 0, to: account(1), nonce, memo }),
    );
    const { body, header } = (await source.build(transfers)).block;
    let parent = header.parent;
    const finalAt = 3;
    let sent = 0;
    async function* large() {
      for (let height = 1; height < MAX_UNVOUCHED; height++) {
        const block = { header: { ...header, height, parent }, body };
        parent = headerHash(block.header);
        const bytes = encode({ hash: parent, block }, height === finalAt ? 'final' : 'bare');
        sent = height <= finalAt ? 0 : sent + bytes.length;
        yield bytes;
      }
    }
    const head = { height: 0, hash: header.parent };
    const blocks = received(large(), () => true);
    const runs = vouchedRuns(blocks, { head, due, holds });
    assert.is((await runs.next()).value?.length, finalAt);
    const error = await runs.next().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.is((error as SyncError).code, 'NO_FINAL');
    assert.ok(sent >= MAX_UNVOUCHED_BYTES && sent < MAX_UNVOUCHED_BYTES + GENESIS.parameters.maxBlockBytes);
  } finally {
    await source.remove();
  }
});

range('the rest of a bad answer is not asked for', async () => {
  let closed = false;
  async function* endless() {
    try {
      for (;;) yield encode(block(2), 'bare');
    } finally {
      closed = true;
    }
  }
  const { hash, height } = node.chain.head;
  const runs = vouchedRuns(
    received(endless(), () => true),
    { head: { height, hash }, due, holds },
  );
  await runs.next().then(
    () => assert.unreachable(),
    (error: unknown) => assert.instance(error, SyncError),
  );
  assert.ok(closed);
});

range.run();
