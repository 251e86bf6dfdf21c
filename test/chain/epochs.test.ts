// Chains over several epochs with sets that change: an authority that is absent for an epoch loses its seat for the
// next, and asks to come back. An epoch here takes twelve blocks.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BuiltBlock } from '../../src/chain/types.ts';
import type { Verification } from '../../src/chain/verifier.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { Block, type Header, headerHash, type Justification, justificationHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { type Certificate, FINAL, NOTAR, SKIP, type Vote } from '../../src/primitives/consensus.ts';
import { possessionSigningBytes } from '../../src/primitives/staking.ts';
import type { TransactionAction, TransactionEnvelope } from '../../src/primitives/transaction.ts';
import {
  applySynced,
  certify,
  codeOf,
  keyOf,
  makeGenesis,
  membersOf,
  Node,
  pay,
  send,
  signVote,
  verdict,
  withNodes,
} from './fixture.ts';

const test = suite('chain over epochs');
const LENGTH = 12;
const genesis = makeGenesis({ parameters: { epochDuration: LENGTH } });

/** Finalizes blocks on all nodes up to this height; the first builds them. */
async function growTo(height: number, ...nodes: readonly Node[]): Promise<void> {
  const [builder, ...others] = nodes as [Node, ...Node[]];
  while (builder.chain.head.height < height) {
    const { hash, block } = await builder.grow();
    for (const { chain } of others) {
      assert.is(verdict(await chain.verify(Block.deserialize(Block.serialize(block)))), 'valid');
      await chain.finalize(hash, certify(genesis, block));
    }
  }
}

/** The first node has built a block on the given height; the second has the height and not the block. */
async function atHeight(
  height: number,
  body: (built: BuiltBlock, node: Node, builder: Node) => Promise<void>,
): Promise<void> {
  await withNodes(genesis, 2, async (builder, node) => {
    await growTo(height, builder as Node, node as Node);
    await body(await (builder as Node).build([]), node as Node, builder as Node);
  });
}

/** What a node says of the block with other header fields. */
function judge(node: Node, block: Block, header: Partial<Header>): Promise<Verification> {
  return node.chain.verify({ header: { ...block.header, ...header }, body: block.body });
}

/** What a node says of the block with another justification, to which its header commits. */
function judgeJustified(node: Node, block: Block, change: Partial<Justification>): Promise<Verification> {
  const justification = { ...block.body.justification, ...change };
  const header = { ...block.header, justificationHash: justificationHash(justification) };
  return node.chain.verify({ header, body: { ...block.body, justification } });
}

/** The number in `keyOf` of the member that the certificates of epoch 1 leave out. */
function absentee(block: Block): number {
  const { publicKey } = membersOf(block).at(3);
  return [0, 1, 2, 3].find((number) => toHex(keyOf(number).publicKey) === toHex(publicKey)) ?? -1;
}

test('an epoch ends with the first block at its time; the absent lose their seats, ask, and come back', () =>
  withNodes(genesis, 2, async (a, b) => {
    const nodes = [a as Node, b as Node] as const;
    const [builder, other] = nodes;
    await growTo(1, ...nodes);
    const [first] = builder.finalized;
    const away = keyOf(absentee(first?.block as Block));
    const grow = async (...transactions: readonly TransactionEnvelope[]) => {
      const { hash, block } = await builder.grow(transactions);
      assert.is(verdict(await other.chain.verify(block)), 'valid');
      await other.chain.finalize(hash, certify(genesis, block));
    };
    await grow(pay(genesis, { from: 0, to: addressOf(away.publicKey), amount: 1_000_000n }));
    await growTo(2 * LENGTH, ...nodes);
    await grow(send(genesis, away, { selector: 6, value: { validator: addressOf(away.publicKey) } }));
    await growTo(3 * LENGTH + 5, ...nodes);

    for (const { chain, store, finalized } of nodes) {
      assert.equal(
        finalized.map(({ block }) => block.header.epoch),
        finalized.map((_, index) => Math.floor(index / LENGTH) + 1),
      );
      const begun = finalized.flatMap(({ nextEpoch, block }) =>
        nextEpoch === undefined ? [] : [[block.header.height, nextEpoch.epoch, nextEpoch.validators.length]],
      );
      assert.equal(begun, [
        [12, 2, 3],
        [24, 3, 3],
        [36, 4, 4],
      ]);
      for (const { block, nextEpoch } of finalized) {
        const { validatorsRoot, nextValidatorsRoot } = block.header;
        if (nextEpoch === undefined) assert.equal(nextValidatorsRoot, validatorsRoot);
        else assert.equal(nextValidatorsRoot, chain.members(nextEpoch.epoch)?.root);
      }
      assert.is(chain.epoch.epoch, 4);
      assert.is(chain.epoch.startHeight, 36);
      assert.is(chain.members(2)?.size, 3);
      assert.is(chain.members(2)?.indexOf(away.publicKey), undefined);
      assert.is(chain.epochRecord(3)?.startHeight, 24);
      assert.is(chain.epochRecord(5), undefined);
      for (const epoch of [1, 2, 3]) {
        const final = (await chain.boundary(epoch)) as Certificate;
        assert.equal([final.kind, final.epoch], [FINAL, epoch]);
        assert.equal(final.hash, await store.hashByHeight(epoch * LENGTH));
        assert.ok(await chain.holds(final));
      }
      assert.is(await chain.boundary(4), undefined);
      await store.verify();
    }
  }));

test('around a boundary a header names its own epoch and set, and commits to the next one', async () => {
  let before: Header | undefined;
  await atHeight(LENGTH - 1, async ({ block }, node) => {
    const { validatorsRoot } = block.header;
    before = block.header;
    assert.is(block.header.epoch, 1);
    assert.is(verdict(await judge(node, block, { nextValidatorsRoot: validatorsRoot })), 'NEXT_VALIDATORS_ROOT');
    assert.is(verdict(await judge(node, block, { epoch: 2 })), 'EPOCH');
    assert.is(verdict(await node.chain.verify(block)), 'valid');
  });
  await atHeight(LENGTH, async ({ block }, node, builder) => {
    const { header } = block;
    assert.is(header.epoch, 2);
    assert.equal(header.validatorsRoot, before?.nextValidatorsRoot);
    const old = (before as Header).validatorsRoot;
    assert.is(verdict(await judge(node, block, { epoch: 1 })), 'EPOCH');
    assert.is(verdict(await judge(node, block, { validatorsRoot: old })), 'VALIDATORS_ROOT');
    assert.is(verdict(await judge(node, block, { nextValidatorsRoot: old })), 'NEXT_VALIDATORS_ROOT');
    const jailed = addressOf(keyOf(absentee((await builder.store.blockByHeight(1))?.block as Block)).publicKey);
    assert.is(verdict(await judge(node, block, { proposer: jailed })), 'PROPOSER');
    assert.is(verdict(await node.chain.verify(block)), 'valid');
  });
});

test('the first block of an epoch carries the Final of the one before, by the members of then', () =>
  atHeight(LENGTH, async ({ block }, node, builder) => {
    const boundary = (await builder.store.blockByHeight(LENGTH))?.block as Block;
    const good = block.body.justification.parentCertificate as Certificate;
    assert.equal([good.kind, good.epoch, good.bitmap.bitLen], [FINAL, 1, 4]);
    const cases: [string, Certificate | null][] = [
      ['none', null],
      ['a Notar', certify(genesis, boundary, { kind: NOTAR })],
      ['of the new epoch', { ...good, epoch: 2 }],
      ['too light', certify(genesis, boundary, { voters: [0, 1] })],
      ['by the new members', certify(genesis, boundary, { as: block })],
      ['by the new members, as of the old epoch', { ...certify(genesis, boundary, { as: block }), epoch: 1 }],
    ];
    for (const [what, parentCertificate] of cases) {
      assert.is(verdict(await judgeJustified(node, block, { parentCertificate })), 'PARENT_CERTIFICATE', what);
    }
    const later = certify(genesis, boundary, { slot: 99, voters: [1, 2, 3] });
    assert.is(
      verdict(await judgeJustified(node, block, { parentCertificate: later })),
      'valid',
      'any slot, any quorum',
    );
    assert.is(verdict(await node.chain.verify(block)), 'valid');
    for (const parentCertificate of [certify(genesis, boundary, { kind: NOTAR }), { ...good, epoch: 2 }]) {
      assert.is(await codeOf(builder.build([], { parentCertificate })), 'INVALID_REQUEST');
    }
  }));

test('a certificate in a body is checked whole: its form, its weight and every signature', () =>
  atHeight(3, async ({ block }, node, builder) => {
    const parent = (await builder.store.blockByHeight(3))?.block as Block;
    const good = block.body.justification.parentCertificate as Certificate;
    const [, ...rest] = good.signatures;
    const elsewhere = signVote(makeGenesis({ accounts: 3 }), parent, 0).signature;
    const cases: [string, Certificate][] = [
      ['a signature of nobody', { ...good, signatures: [new Uint8Array(64), ...rest] }],
      ['signatures in another order', { ...good, signatures: [...good.signatures].reverse() }],
      ['of another network', { ...good, signatures: [elsewhere, ...rest] }],
      ['signed for another slot', { ...good, slot: 9 }],
      ['signed as a Final', { ...certify(genesis, parent), kind: NOTAR }],
      ['too few signatures', { ...good, signatures: rest }],
      ['too light', certify(genesis, parent, { kind: NOTAR, voters: [0, 2] })],
      ['slot 0', certify(genesis, parent, { kind: NOTAR, slot: 0 })],
      ['a SKIP', certify(genesis, parent, { kind: SKIP })],
    ];
    for (const [what, parentCertificate] of cases) {
      assert.is(verdict(await judgeJustified(node, block, { parentCertificate })), 'PARENT_CERTIFICATE', what);
    }
    assert.equal(node.chain.executed(headerHash(block.header)), undefined);
    const allowed = [certify(genesis, parent), certify(genesis, parent, { kind: NOTAR, voters: [0, 1, 2, 3] })];
    for (const parentCertificate of allowed) {
      const other = await builder.build([], { parentCertificate });
      assert.is(verdict(await node.chain.verify(other.block)), 'valid');
    }
  }));

test('late votes: a block carries those that it may, each once, and each is signed', () =>
  withNodes(genesis, 2, async (a, b) => {
    const builder = a as Node;
    const node = b as Node;
    await growTo(5, builder, node);
    const blockAt = async (height: number) => (await builder.store.blockByHeight(height))?.block as Block;
    const late = signVote(genesis, await blockAt(3), 3);
    const other = signVote(genesis, await blockAt(4), 3);
    const useless: Vote[] = [
      signVote(genesis, await blockAt(3), 0),
      signVote(genesis, await blockAt(3), 3, { kind: FINAL }),
      signVote(genesis, await blockAt(3), 3, { slot: 4 }),
      { ...late, epoch: 2 },
      { ...late, member: 4 },
      late,
    ];
    const built = await builder.build([], { lateVotes: [other, late, ...useless] });
    assert.equal(built.block.body.justification.lateVotes, [late, other]);

    const forged = { ...late, signature: other.signature };
    const lists: [string, Vote[]][] = [
      ['forged', [other, forged]],
      ['twice', [late, late]],
      ...useless.slice(0, -1).map((vote, index): [string, Vote[]] => [`useless ${index}`, [vote]]),
    ];
    for (const [what, lateVotes] of lists) {
      assert.is(verdict(await judgeJustified(node, built.block, { lateVotes })), 'LATE_VOTES', what);
    }
    assert.is(verdict(await node.chain.verify(built.block)), 'valid');
    for (const { chain } of [builder, node]) await chain.finalize(built.hash, certify(genesis, built.block));

    const next = await builder.build([], { lateVotes: [late, other] });
    assert.equal(next.block.body.justification.lateVotes, [], 'recorded already');
    assert.is(verdict(await judgeJustified(node, next.block, { lateVotes: [late] })), 'LATE_VOTES');
    await growTo(LENGTH, builder, node);
    const first = await builder.build([], { lateVotes: [signVote(genesis, await blockAt(LENGTH - 1), 3)] });
    assert.equal(first.block.body.justification.lateVotes, [], 'an epoch that is over has been judged');
  }));

test('who is away from certificates keeps its seat by late votes', () =>
  withNodes(genesis, 1, async (node) => {
    for (let height = 1; height <= LENGTH; height++) {
      const before = (node as Node).finalized.at(-2)?.block;
      await (node as Node).grow([], { lateVotes: before === undefined ? [] : [signVote(genesis, before, 3)] });
    }
    assert.is(node?.chain.epoch.epoch, 2);
    assert.is(node?.chain.epoch.validators.length, 4);
  }));

test('signatures inside actions are checked with the sender’s', () =>
  atHeight(2, async ({ block }, node, builder) => {
    const sender = keyOf(1000);
    const key = keyOf(7);
    const good = key.sign(
      possessionSigningBytes(
        addressOf(sender.publicKey),
        key.publicKey,
        (await builder.store.headerByHeight(0))?.parent as Uint8Array,
      ),
    );
    const register = (proof: Uint8Array): TransactionAction => ({
      selector: 2,
      value: { publicKey: key.publicKey, commission: 0, selfBond: 5_000_000_000n, proof },
    });
    const update = (proof: Uint8Array): TransactionAction => ({
      selector: 3,
      value: { key: { publicKey: key.publicKey, proof }, commission: null },
    });
    for (const action of [register, update]) {
      const { block: forged } = await builder.build([send(genesis, sender, action(sender.sign(key.publicKey)))]);
      assert.is(forged.body.transactions.length, 1);
      assert.is(verdict(await node.chain.verify(forged)), 'BAD_SIGNATURE');
      const { block: proven } = await builder.build([send(genesis, sender, action(good))]);
      assert.is(verdict(await node.chain.verify(proven)), 'valid');
    }
    assert.is(verdict(await node.chain.verify(block)), 'valid');
  }));

test('the last block of an epoch is final by its own Final, and no certificate is good for a block of another epoch', () =>
  atHeight(LENGTH - 1, async ({ hash, block }, node) => {
    assert.is(verdict(await node.chain.verify(block)), 'valid');
    const { chain } = node;
    const notar = certify(genesis, block, { kind: NOTAR });
    const final = certify(genesis, block);
    for (const wrong of [undefined, notar, { ...final, epoch: 2 }]) {
      assert.is(await codeOf(chain.finalize(hash, wrong)), 'WRONG_CERTIFICATE');
      assert.is(await codeOf(applySynced(chain, block, wrong)), 'WRONG_CERTIFICATE');
    }
    assert.is(chain.head.height, LENGTH - 1);
    await applySynced(chain, block, final);
    assert.is(chain.epoch.epoch, 2);
    assert.ok(await chain.holds(final));
    assert.not(await chain.holds({ ...final, epoch: 2 }), 'signed by others than the members');
    assert.not(await chain.holds({ ...final, epoch: 3 }), 'of an epoch that is not known');
  }));

test('two blocks that would end the epoch begin two different ones', () =>
  atHeight(LENGTH - 1, async (left, node, builder) => {
    const right = await builder.build([], { delay: 40 });
    const onLeft = await builder.build([], { parent: left.hash });
    const onRight = await builder.build([], { parent: right.hash });
    assert.is(onLeft.block.header.epoch, 2);
    assert.is(onRight.block.header.epoch, 2);
    for (const { block } of [left, right, onRight, onLeft]) assert.is(verdict(await node.chain.verify(block)), 'valid');
    await node.chain.finalize(onRight.hash, certify(genesis, onRight.block));
    assert.is(node.chain.epoch.start, right.block.header.timestamp);
    assert.is((await node.chain.boundary(1))?.kind, FINAL, 'carried by the block on it');
    assert.is(verdict(await node.chain.verify(onLeft.block)), 'CONFLICTS_WITH_FINALIZED');
  }));

test('a chain opened again at a boundary goes on in the next epoch', async () => {
  const node = await Node.open(genesis);
  const reopen = async (at: Node) => {
    await at.stop();
    return Node.open(genesis, at.directory);
  };
  await growTo(LENGTH - 2, node);
  const nearly = await reopen(node);
  const before = await nearly.chain.instance();
  assert.equal([before.epoch, before.anchor.slot, before.previous], [1, LENGTH - 2, undefined], 'slots are heights');
  await growTo(LENGTH, nearly);
  const again = await reopen(nearly);
  const { chain } = again;
  assert.is(chain.epoch.epoch, 2);
  const { anchor, ...instance } = await chain.instance();
  assert.equal([instance.epoch, instance.members.size, instance.previous?.size], [2, 3, 4]);
  assert.is(instance.epochEnd, chain.head.header.timestamp + LENGTH);
  assert.is(anchor.slot, 0);
  assert.equal(anchor.hash, chain.head.hash);
  assert.is(anchor.header.height, LENGTH);
  assert.equal([anchor.certificate?.kind, anchor.certificate?.epoch], [FINAL, 1]);
  assert.equal(anchor.certificate, await chain.boundary(1));
  const { hash, block } = await again.build([]);
  assert.is(block.header.epoch, 2);
  assert.equal(block.body.justification.parentCertificate, anchor.certificate);
  await chain.finalize(hash, certify(genesis, block, { slot: 7 }));
  const last = await reopen(again);
  try {
    const { anchor: newest } = await last.chain.instance();
    assert.equal([newest.slot, newest.hash], [7, hash]);
  } finally {
    await last.remove();
  }
});

test.run();
