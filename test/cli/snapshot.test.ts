// `snapshot create` and `restore`, from one data directory to another, over real chains of several epochs.

import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { dataPaths } from '../../src/node/data-dir.ts';
import { initDataDir } from '../../src/node/init.ts';
import { writeArchive } from '../../src/node/snapshot-archive.ts';
import { type Block, headerHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { type Genesis, genesisHash } from '../../src/primitives/genesis.ts';
import type { EpochBoundary, SnapshotOffer } from '../../src/primitives/snapshot.ts';
import { Snapshots } from '../../src/store/snapshots.ts';
import { certify, makeGenesis, Node } from '../chain/fixture.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { type CliResult, runCli } from './run-cli.ts';

const test = suite('snapshot create and restore');
const LENGTH = 12;
const HOUR_MS = 3_600_000;
const SNAPSHOT = 3 * LENGTH;
const genesis = makeGenesis({
  accounts: 300,
  parameters: {
    blockTime: 1,
    minBlockInterval: 1,
    epochDuration: LENGTH,
    evidenceWindow: 100,
    unbondingPeriod: 300,
    votingPeriod: 100,
  },
});

interface World {
  readonly directory: string;
  /** of the node with a snapshot */
  readonly from: string;
  /** hashes of the blocks, from 1 on */
  readonly hashes: readonly string[];
  readonly stateRoot: string;
  run(command: string, ...args: string[]): Promise<CliResult>;
  fresh(name: string): Promise<string>;
}

/** @param first ms from genesis to block 1, which with a long time ends an epoch of its own, and `step` to each later one */
async function withWorld(
  use: (world: World) => Promise<void>,
  of: Genesis = genesis,
  { first = 1, step = 1, snapshot = SNAPSHOT } = {},
): Promise<void> {
  await withTempDir(async (directory) => {
    const fresh = async (name: string) => {
      const place = join(directory, name);
      await initDataDir({
        directory: place,
        genesis: of,
        genesisHash: genesisHash(of),
        keys: [],
        settings: { network: 'mine' },
      });
      return place;
    };
    const from = await fresh('from');
    const paths = dataPaths(from);
    await mkdir(paths.db);
    const node = await Node.open(of, paths.db);
    const snapshots = await Snapshots.open(paths.snapshots, { keep: 2, rest: async () => undefined });
    const hashes: string[] = [];
    let stateRoot = '';
    while (node.chain.head.height < snapshot + 3) {
      const { hash, block } = await node.grow([], { delay: node.chain.head.height === 0 ? first : step });
      hashes.push(toHex(hash));
      if (block.header.height !== snapshot) continue;
      assert.equal(headerHash(block.header), hash);
      stateRoot = toHex(block.header.stateRoot);
      await snapshots.make(node.store.freeze());
    }
    await node.stop();
    const run = (command: string, ...args: string[]) => runCli([...command.split(' '), ...args, '--json']);
    await use({ directory, from, hashes, stateRoot, run, fresh });
  });
}

function json<T>({ code, stdout, stderr }: CliResult): T {
  assert.is(code, EXIT.ok, stderr);
  return JSON.parse(stdout) as T;
}

function failure({ code, stderr }: CliResult, expected: number): string {
  assert.is(code, expected, stderr);
  return String(JSON.parse(stderr).error.message);
}

test('a new node begins with the state of another one', () =>
  withWorld(async ({ directory, from, hashes, stateRoot, run, fresh }) => {
    const file = join(directory, 'state.snapshot');
    const made = json<{ height: number; hash: string; entries: number }>(
      await run('snapshot create', file, '--data-dir', from),
    );
    assert.equal([made.height, made.hash], [SNAPSHOT, hashes[SNAPSHOT - 1]]);
    assert.match(failure(await run('snapshot create', file, '--data-dir', from), EXIT.data), /exist/i);
    const to = await fresh('to');
    const taken = json<typeof made>(await run('snapshot restore', file, '--data-dir', to));
    assert.equal([taken.height, taken.hash, taken.entries], [made.height, made.hash, made.entries]);
    const verified = json<{ height: number; state_root: string; headers: number }>(
      await run('db verify', '--data-dir', to),
    );
    assert.equal([verified.height, verified.state_root, verified.headers], [SNAPSHOT, stateRoot, 1]);
    assert.match(
      failure(await run('snapshot restore', file, '--data-dir', to), EXIT.checkFailed),
      /older than this node/,
    );
    assert.match(
      failure(await run('snapshot create', join(directory, 'none'), '--data-dir', to), EXIT.data),
      /keeps no snapshot/,
    );
    assert.not((await readdir(directory)).includes('none'));
  }));

test('a snapshot that can not be read to its end leaves no file', () =>
  withWorld(async ({ directory, from, run }) => {
    const chunks = join(dataPaths(from).snapshots, String(SNAPSHOT), 'chunks');
    await truncate(chunks, (await stat(chunks)).size - 1);
    const file = join(directory, 'state.snapshot');
    assert.match(failure(await run('snapshot create', file, '--data-dir', from), EXIT.data), /is damaged/);
    assert.not((await readdir(directory)).includes('state.snapshot'));
  }));

test('a boundary in a file that does not lead on is not kept', () =>
  withWorld(async ({ directory, from, run, fresh }) => {
    const node = await Node.open(genesis, dataPaths(from).db);
    const file = join(directory, 'state.snapshot');
    try {
      const { store } = node;
      const snapshots = await Snapshots.open(dataPaths(from).snapshots, { keep: 1, rest: async () => undefined });
      const boundary = async (epoch: number) => store.boundary(epoch === 3 ? 2 : epoch);
      const source = { genesisHash: genesisHash(genesis), store: { boundary }, snapshots };
      await writeFile(file, writeArchive(snapshots.offers[0] as SnapshotOffer, source));
    } finally {
      await node.stop();
    }
    const to = await fresh('to');
    failure(await run('snapshot restore', file, '--data-dir', to), EXIT.checkFailed);
    const taking = await Node.open(genesis, dataPaths(to).db);
    try {
      const kept = await Promise.all([1, 2, 3].map((epoch) => taking.store.boundary(epoch)));
      assert.equal(
        kept.map((one) => one?.header.epoch),
        [1, undefined, undefined],
      );
    } finally {
      await taking.stop();
    }
  }));

test('a damaged file, or one of another chain, changes nothing', () =>
  withWorld(async ({ directory, from, run, fresh }) => {
    const file = join(directory, 'state.snapshot');
    json(await run('snapshot create', file, '--data-dir', from));
    const bytes = await readFile(file);
    const to = await fresh('to');
    for (const at of [3, 40, 200, 1000, bytes.length >> 1, bytes.length - 5]) {
      const damaged = join(directory, `damaged-${at}`);
      await writeFile(damaged, bytes.with(at, (bytes[at] as number) ^ 1));
      failure(await run('snapshot restore', damaged, '--data-dir', to), EXIT.checkFailed);
    }
    const short = join(directory, 'short');
    await writeFile(short, bytes.subarray(0, -1));
    assert.match(failure(await run('snapshot restore', short, '--data-dir', to), EXIT.checkFailed), /ends too early/);
    assert.is(json<{ height: number }>(await run('db verify', '--data-dir', to)).height, 0);
    json(await run('snapshot restore', file, '--data-dir', to));
  }));

test('the state of a block in the middle of an epoch is not taken in', () =>
  withWorld(async ({ directory, from, run, fresh }) => {
    const node = await Node.open(genesis, dataPaths(from).db);
    const file = join(directory, 'state.snapshot');
    try {
      const { store, chain } = node;
      const snapshots = await Snapshots.open(join(directory, 'poser'), { keep: 1, rest: async () => undefined });
      const offer = (await snapshots.make(store.freeze())) as SnapshotOffer;
      const { block } = (await store.blockByHeight(chain.head.height)) as { block: Block };
      const { validators } = (await store.boundary(offer.epoch - 1)) as EpochBoundary;
      const poser = { header: block.header, certificate: certify(genesis, block), validators };
      const boundary = async (epoch: number) => (epoch === offer.epoch ? poser : store.boundary(epoch));
      const source = { genesisHash: genesisHash(genesis), store: { boundary }, snapshots };
      await writeFile(file, writeArchive(offer, source));
    } finally {
      await node.stop();
    }
    const to = await fresh('to');
    assert.match(
      failure(await run('snapshot restore', file, '--data-dir', to), EXIT.checkFailed),
      /does not end epoch/,
    );
    assert.is(json<{ height: number }>(await run('db verify', '--data-dir', to)).height, 0);
    const untouched = await Node.open(genesis, dataPaths(to).db);
    try {
      assert.is(await untouched.store.unfinishedRestoration(), undefined);
    } finally {
      await untouched.stop();
    }
  }));

test('where stake is at work the way begins at a checkpoint', () => {
  const step = HOUR_MS / LENGTH;
  const times = {
    epochDuration: LENGTH * step,
    evidenceWindow: 2 * HOUR_MS,
    unbondingPeriod: 6 * HOUR_MS,
    votingPeriod: HOUR_MS,
  };
  const recent = {
    ...genesis,
    mode: 2,
    genesisTime: Date.now() - 24 * HOUR_MS,
    parameters: { ...genesis.parameters, ...times },
  };
  /** of a block long ago, and of the one before it */
  const [old, boundary] = [1, 1 + 2 * LENGTH];
  return withWorld(
    async ({ directory, from, hashes, run, fresh }) => {
      const file = join(directory, 'state.snapshot');
      json(await run('snapshot create', file, '--data-dir', from));
      const to = await fresh('to');
      const restore = (...args: string[]) => run('snapshot restore', file, '--data-dir', to, ...args);
      assert.match(failure(await restore(), EXIT.config), /too old to trust/);
      assert.match(
        failure(await restore('--checkpoint', `5:${'00'.repeat(32)}`), EXIT.checkFailed),
        /none of the boundaries/,
      );
      for (const [height, why] of [
        [boundary + 1, /has height 25, not 26/],
        [old, /too old: set a recent one/],
      ] as const) {
        const of = height === old ? old : boundary;
        assert.match(failure(await restore('--checkpoint', `${height}:${hashes[of - 1]}`), EXIT.checkFailed), why);
      }
      json(await restore('--checkpoint', `${boundary}:${hashes[boundary - 1]}`));
    },
    recent,
    { first: 19 * HOUR_MS, step, snapshot: SNAPSHOT + 1 },
  );
});

test.run();
