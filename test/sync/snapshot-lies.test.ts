// Peers that lie about snapshots, or do not have what they offer, cost time and are reported; others help.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NOTAR } from '../../src/primitives/consensus.ts';
import { EpochBoundary, SnapshotOffers } from '../../src/primitives/snapshot.ts';
import { certify } from '../chain/fixture.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import {
  type Answer,
  alter,
  answerOf,
  block,
  closeSource,
  editChunk,
  fresh,
  genesis,
  HEIGHT,
  honest,
  hurried,
  inBetween,
  isAtHead,
  lying,
  openSource,
  peer,
  SNAPSHOT,
  source,
  synced,
} from './snapshot-fixture.ts';

const test = suite('snapshot lies');
test.before(openSource);
test.after(closeSource);

const LIES: readonly (readonly [what: string, reason: RegExp, answer: Answer])[] = [
  ['sends a chunk with an altered value', /not those of the state/, lying(2, alter)],
  [
    'leaves an entry out',
    /not those of the state/,
    lying(2, (answer) => editChunk(answer, (chunk) => ({ ...chunk, entries: chunk.entries.slice(1) }))),
  ],
  [
    'turns entries round',
    /not in order/,
    lying(2, (answer) => editChunk(answer, (chunk) => ({ ...chunk, entries: [...chunk.entries].reverse() }))),
  ],
  ['sends what is no chunk', /no SnapshotChunk/, lying(2, () => Uint8Array.of(1, 2, 3))],
  [
    'has a Notar for a boundary',
    /no Final/,
    lying(1, (answer) => editBoundary(answer, (one) => ({ ...one, certificate: { ...one.certificate, kind: NOTAR } }))),
  ],
  [
    'forges a signature',
    /do not hold/,
    lying(1, (answer) =>
      editBoundary(answer, (one) => {
        const [first, ...rest] = one.certificate.signatures as [Uint8Array, ...Uint8Array[]];
        return {
          ...one,
          certificate: { ...one.certificate, signatures: [first.with(40, (first[40] as number) ^ 1), ...rest] },
        };
      }),
    ),
  ],
  [
    'names a set of its own',
    /not the validator set/,
    lying(1, (answer) => editBoundary(answer, (one) => ({ ...one, validators: one.validators?.slice(0, 1) ?? null }))),
  ],
  [
    'changes a header',
    /no Final/,
    lying(1, (answer) =>
      editBoundary(answer, (one) => ({ ...one, header: { ...one.header, stateRoot: new Uint8Array(32) } })),
    ),
  ],
  [
    'offers another block than the last of its epoch',
    /does not end with the block/,
    lying(0, (answer) => {
      const offers = SnapshotOffers.deserialize(answer);
      return SnapshotOffers.serialize(
        offers.map((offer) => ({ ...offer, height: offer.height + 1, hash: new Uint8Array(32) })),
      );
    }),
  ],
  [
    'has the state of a block in the middle of an epoch',
    /does not end epoch/,
    async function* (request, signal) {
      const poser = block(SNAPSHOT + 4);
      if (request.selector !== 1) yield* answerOf(inBetween)(request, signal);
      else {
        yield* honest({ selector: 1, value: { from: request.value.from, count: 3 } }, signal);
        const { validators } = (await source.store.boundary(4)) as EpochBoundary;
        yield EpochBoundary.serialize({ header: poser.header, certificate: certify(genesis, poser), validators });
      }
    },
  ],
];

for (const [what, reason, answer] of LIES) {
  test(`a peer that ${what} is reported, and the others help`, () =>
    synced([peer('liar', answer, HEIGHT + 1), peer('honest', honest)], {}, async (result) => {
      await isAtHead(result);
      assert.ok(result.network.reported.length > 0, 'somebody is reported');
      for (const [id, said] of result.network.reported) {
        assert.is(id, 'liar');
        assert.match(said, reason);
      }
    }));
}

test('a peer that has not what it offers, or fails, costs time', () =>
  synced(
    [
      peer('empty', async function* (request, signal) {
        if (request.selector === 0) yield* honest(request, signal);
      }),
      peer('failing', async function* (request, signal) {
        if (request.selector !== 0) throw new Error('reset');
        yield* honest(request, signal);
      }),
      peer('honest', honest),
    ],
    {},
    async (result) => {
      await isAtHead(result);
      assert.equal(result.network.reported, []);
    },
  ));

test('what was begun and does not end an epoch is given up', () =>
  withTempDir(async (place) => {
    const node = await fresh(place);
    const poser = block(SNAPSHOT + 4);
    const { validators } = (await source.store.boundary(4)) as EpochBoundary;
    await node.store.restore({ header: poser.header, certificate: certify(genesis, poser), validators });
    await synced([peer('poser', answerOf(inBetween)), peer('a', honest)], { node, keep: true }, isAtHead);
  }));

/** Offers the snapshot as one of a block far ahead of where it is. */
const farAhead = lying(0, (answer) =>
  SnapshotOffers.serialize(
    SnapshotOffers.deserialize(answer).map((offer) => ({ ...offer, height: offer.height + 1e6 })),
  ),
);

test('a peer that lies about how far ahead it is makes nobody throw history away', async () => {
  for (const answer of [honest, farAhead]) {
    const peers = [peer('liar', answer, 2_000_000), peer('honest', honest)];
    await synced(peers, { mode: 'auto', now: hurried }, async ({ node, network }) => {
      assert.ok(network.snapshotRequests.length > 0, 'it looked for one');
      assert.is(node.store.base, undefined);
      assert.equal(node.chain.head.hash, source.chain.head.hash, 'the blocks were fetched');
      for (const [id] of network.reported) assert.is(id, 'liar');
    });
  }
});

function editBoundary(answer: Uint8Array, edit: (boundary: EpochBoundary) => EpochBoundary): Uint8Array {
  return EpochBoundary.serialize(edit(EpochBoundary.deserialize(answer)));
}

test.run();
