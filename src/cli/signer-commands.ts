// The work of `signer show|export|import|recover`, each under the lock of the data directory, so that no node signs
// meanwhile.

import { resolve } from 'node:path';
import { inspectKeystore } from '../crypto/keystore.ts';
import type { Place } from '../crypto/signer/entry.ts';
import { readExport } from '../crypto/signer/export-file.ts';
import type { RecordIdentity } from '../crypto/signer/record.ts';
import type { SignerState } from '../crypto/signer/state.ts';
import { exportSigner, importSigner, inspectSigner, recoverSigner } from '../crypto/signer/transfer.ts';
import { type LoadedConfig, loadConfig, type NodeConfig } from '../node/config.ts';
import { dataPaths, keyFile, requireInitialized } from '../node/data-dir.ts';
import { loadGenesis } from '../node/genesis-file.ts';
import { keepKey } from '../node/init.ts';
import { addressOf, formatAddress } from '../primitives/address.ts';
import type { Hash } from '../primitives/hash.ts';
import { DirectoryLock } from '../store/lock.ts';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { checkKeyName, openKey } from './key-files.ts';
import { type DataDirOptions, flagsOf } from './options.ts';
import { askNewPassphrase, askPassphrase } from './passphrase.ts';
import type { ExportOptions, RecoverOptions, SignerOptions } from './signer.ts';

const DEFAULT_KEY = 'validator';

export interface Location {
  readonly directory: string;
  readonly record: string;
  readonly genesisHash: Hash;
  readonly keyName: string;
  readonly config: NodeConfig;
}

export async function show(context: CliContext, options: SignerOptions): Promise<void> {
  const { directory, record, genesisHash, keyName } = await locate(context, options);
  const { publicKey, address } = await inspectKeystore(keyFile(directory, keyName));
  const identity: RecordIdentity = { publicKey, genesisHash };
  report(context, options, address, record, await inspectSigner(record, identity), []);
}

export async function exportValidator(context: CliContext, options: ExportOptions): Promise<void> {
  const place = await locate(context, options);
  const out = resolve(options.out);
  await locked(place, async () => {
    const key = await openKey(context, options, place.keyName);
    const passphrase = await askNewPassphrase(context, options, 'the export');
    await exportSigner({ file: place.record, key, genesisHash: place.genesisHash }, passphrase, out);
  });
  printResult(context, options, { out, sealed: true }, [
    `${out} holds the validator now; the record here is sealed and signs nothing more.`,
    'Bring the file to the other host, import it there once, then delete it.',
    'Set validator_key: none here to follow the chain.',
  ]);
}

export async function importValidator(context: CliContext, file: string, options: SignerOptions): Promise<void> {
  const place = await locate(context, options);
  const passphrase = await askPassphrase(context, options, 'the export');
  const imported = await readExport(file, place.genesisHash, passphrase);
  const { key } = imported;
  const state = await locked(place, async () => {
    await keepKey(place.directory, { name: place.keyName, key, protection: { kind: 'passphrase', passphrase } });
    return importSigner(place.record, imported, place.genesisHash);
  });
  report(context, options, formatAddress(addressOf(key.publicKey)), place.record, state, [
    `Delete ${file}, and start with validator_key: ${place.keyName}.`,
  ]);
}

export async function recover(context: CliContext, options: RecoverOptions): Promise<void> {
  const newest: Place = { epoch: wholeNumber(options.epoch, '--epoch'), slot: wholeNumber(options.slot, '--slot') };
  const place = await locate(context, options);
  const key = await openKey(context, options, place.keyName);
  const custody = { file: place.record, key, genesisHash: place.genesisHash };
  const state = await locked(place, () => recoverSigner(custody, newest));
  report(context, options, formatAddress(addressOf(key.publicKey)), place.record, state, []);
}

function wholeNumber(text: string, option: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new CliError('usage', `${option}: "${text}" is no whole number above 0`);
  return Number(text);
}

export async function locate(context: CliContext, options: SignerOptions): Promise<Location> {
  const { config } = await load(context, options);
  const { hash } = await loadGenesis(config.genesisFile);
  await requireInitialized(config.dataDir, config.network);
  const keyName = checkKeyName(options.key ?? config.validatorKey ?? DEFAULT_KEY);
  return {
    directory: config.dataDir,
    record: dataPaths(config.dataDir).signerRecord,
    genesisHash: hash,
    keyName,
    config,
  };
}

function load(context: CliContext, options: DataDirOptions): Promise<LoadedConfig> {
  const { network, dataDir } = flagsOf(options);
  return loadConfig({ flags: { network, dataDir }, environment: context.environment, file: options.config });
}

export async function locked<T>({ directory, genesisHash }: Location, work: () => Promise<T>): Promise<T> {
  const lock = await DirectoryLock.acquire(directory, { hash: genesisHash });
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

function report(
  context: CliContext,
  options: SignerOptions,
  validator: string,
  record: string,
  state: SignerState,
  more: readonly string[],
): void {
  const { floor } = state.history;
  const entries = state.history.entries().length - 1;
  const status = state.sealed ? 'sealed' : state.copied !== undefined ? 'copied' : 'signs';
  const listen = state.listenMs === 0 ? 'as signer_listen says' : `at least ${state.listenMs / 1000} s, due`;
  const json = { validator, record, status, floor, entries, listen_ms: state.listenMs };
  printResult(context, options, json, [
    ...columns([
      ['validator', validator],
      ['record', record],
      ['status', describe(status, state)],
      ['floor', describeFloor(floor)],
      ['signed above', `${entries} votes and proposals`],
      ['listens first', listen],
    ]),
    ...more,
  ]);
}

/** Slots count from 1. */
function describeFloor({ epoch, slot }: Place): string {
  if (slot === 0) return 'none yet: it rises as blocks become final, and nothing at or below it is signed';
  return `epoch ${epoch}, slot ${slot}: nothing at or below it is signed`;
}

function describe(status: 'sealed' | 'copied' | 'signs', { copied }: SignerState): string {
  if (status === 'sealed') return 'sealed: it was exported, and signs nothing more';
  if (status === 'signs') return 'signs';
  return `stopped: the key has signed elsewhere, in epoch ${copied?.epoch}, slot ${copied?.slot}; see \`signer recover\``;
}
