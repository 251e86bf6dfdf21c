// `snapshot create` and `restore`: the state after a recent epoch, with what proves it, to a file and from there into the
// data directory of a node that is not running.

import type { Command } from 'commander';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { type StoppedNode, type StoppedNodeOptions, useStoppedNode, withStoppedNode } from './stopped-node.ts';

interface FileOptions extends StoppedNodeOptions {
  readonly checkpoint?: string;
}

export function addSnapshot(program: Command, context: CliContext): void {
  const snapshot = program
    .command('snapshot')
    .description('Carry the state of a chain to another node in a file. Both nodes must not be running.');
  withStoppedNode(snapshot.command('create'))
    .description('Write the newest snapshot that the node keeps, with the way to it from genesis.')
    .argument('<file>', 'the file to write; it must not exist')
    .addHelpText('after', '\nExample:\n  aitbc-node snapshot create state.snapshot --network devnet')
    .action((file: string, options: FileOptions) =>
      useStoppedNode(context, options, (opened) => create(context, options, opened, file)),
    );
  withStoppedNode(snapshot.command('restore'))
    .description('Check a snapshot against genesis, or a checkpoint, and begin from it.')
    .argument('<file>', 'the file to read')
    .option(
      '--checkpoint <height:hash>',
      'the last block of an epoch that is known to be final from a source you trust',
    )
    .addHelpText(
      'after',
      '\nExits with 9 when the file is not what it should be; the node is then as it was.\n\nExample:\n  aitbc-node snapshot restore state.snapshot --network devnet',
    )
    .action((file: string, options: FileOptions) =>
      useStoppedNode(context, options, (opened) => restore(context, options, opened, file)),
    );
}

async function create(
  context: CliContext,
  options: FileOptions,
  { config, hash, store }: StoppedNode,
  file: string,
): Promise<void> {
  const { open, rm } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  const { pipeline } = await import('node:stream/promises');
  const { syncDirectory } = await import('../crypto/durable-file.ts');
  const { dataPaths } = await import('../node/data-dir.ts');
  const { MAX_SNAPSHOTS } = await import('../node/config/settings.ts');
  const { writeArchive } = await import('../node/snapshot-archive.ts');
  const { Snapshots } = await import('../store/snapshots.ts');
  const { toHex } = await import('../primitives/bytes.ts');
  const place = dataPaths(config.dataDir).snapshots;
  const snapshots = await Snapshots.open(place, { keep: MAX_SNAPSHOTS, rest: async () => undefined });
  const offer = snapshots.offers[0];
  if (offer === undefined) {
    throw new CliError('data', `the node in ${config.dataDir} keeps no snapshot`, {
      hint: 'one is made whenever an epoch ends while it runs, unless keep_snapshots is 0',
    });
  }
  const source = { genesisHash: hash, store, snapshots };
  const handle = await open(file, 'wx', 0o644);
  try {
    await pipeline(writeArchive(offer, source), handle.createWriteStream({ flush: true }));
    await syncDirectory(dirname(file));
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  const { height, epoch, entries, bytes } = offer;
  printResult(context, options, { file, height, hash: toHex(offer.hash), epoch, entries, bytes }, [
    ...columns([
      ['block', `${height}  ${toHex(offer.hash)}`],
      ['ends epoch', String(epoch)],
      ['entries', `${entries}, ${bytes} bytes`],
    ]),
    `written to ${file}`,
  ]);
}

async function restore(
  context: CliContext,
  options: FileOptions,
  { config, genesis, hash, store }: StoppedNode,
  file: string,
): Promise<void> {
  const { createReadStream } = await import('node:fs');
  const { genesisBlock } = await import('../chain/genesis.ts');
  const { verifyNative } = await import('../crypto/keys.ts');
  const { currentEpoch } = await import('../ledger/records.ts');
  const { readArchive } = await import('../node/snapshot-archive.ts');
  const { consensusMode } = await import('../primitives/genesis.ts');
  const { toHex } = await import('../primitives/bytes.ts');
  const { SyncError } = await import('../sync/errors.ts');
  const { parseCheckpoint, Trust } = await import('../sync/trust.ts');
  if (store.head === undefined) {
    const { hash: zero, block, overlay } = genesisBlock(genesis, store);
    await store.commit({
      hash: zero,
      block,
      receipts: [],
      transactionIds: [],
      certificate: undefined,
      state: overlay.changes,
    });
  }
  const head = store.head;
  if (head === undefined) throw new Error('a chain with a genesis block has a head');
  const { epoch, parameters } = currentEpoch(store);
  const checkpoint = parseCheckpoint(config.checkpoint);
  const trust = new Trust({
    mode: consensusMode(genesis),
    checkpoint,
    head: () => head.header,
    present: () => ({ epoch, unbondingPeriod: parameters.unbondingPeriod }),
    requestBlocks: async function* nobody() {
      yield* [];
    },
    clock: Date,
  });
  const refusal = trust.refusal();
  if (refusal !== undefined) throw new CliError('config', refusal);
  try {
    const restoration = await readArchive(createReadStream(file), {
      genesisHash: hash,
      trust,
      verify: async (checks) =>
        checks.map(({ publicKey, message, signature }) => verifyNative(publicKey, message, signature)),
      store,
      onProgress: () => undefined,
    });
    const { height } = restoration.boundary.header;
    if (height <= head.height) {
      throw new CliError('data', `the node is at block ${head.height} already, the snapshot is of block ${height}`);
    }
    await store.adopt(restoration);
    const { entries } = restoration.progress;
    const json = { file, height, hash: toHex(store.head?.hash ?? head.hash), entries };
    printResult(context, options, json, [`the node begins with the state after block ${height}, ${entries} entries`]);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    throw new CliError('checkFailed', `${file}: ${error.message}`, { code: error.code });
  }
}
