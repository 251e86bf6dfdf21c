// Genesis files: JSON of the Genesis type, read with every check and written so that people can review it.

import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Genesis, genesisHash } from '../primitives/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import { fromJson, JsonError, toJson } from '../primitives/json.ts';
import { checkGenesis } from './genesis-check.ts';
import type { GenesisFinding } from './genesis-finding.ts';
import { networkDirectory } from './package-root.ts';

/** A million accounts take about 100 MB of JSON; more does not fit the type. */
const MAX_GENESIS_BYTES = 256 * 1024 * 1024;

export interface LoadedGenesis {
  readonly genesis: Genesis;
  readonly hash: Hash;
  readonly warnings: readonly GenesisFinding[];
}

/** A genesis file that is missing, no genesis, or one that could not run; the message names file and place. */
export class GenesisFileError extends Error {
  override readonly name = 'GenesisFileError';
  readonly code = 'GENESIS';
  readonly findings: readonly GenesisFinding[];

  constructor(message: string, findings: readonly GenesisFinding[] = []) {
    super(message);
    this.findings = findings;
  }
}

/** @throws {GenesisFileError} */
export async function loadGenesis(file: string, now: number = Date.now()): Promise<LoadedGenesis> {
  const genesis = parseGenesis(await readGenesisText(file), file);
  const findings = checkGenesis(genesis, now);
  const errors = findings.filter(({ level }) => level === 'error');
  if (errors.length > 0) {
    const list = errors.map(({ path, message }) => `${path}: ${message}`).join('\n');
    throw new GenesisFileError(`${file} is no genesis that can run:\n${list}`, findings);
  }
  return { genesis, hash: genesisHash(genesis), warnings: findings };
}

/** The JSON of a genesis, indented, with a line break at the end. */
export function formatGenesis(genesis: Genesis): string {
  return `${JSON.stringify(toJson(Genesis, genesis), null, 2)}\n`;
}

/** Creates `file`. @throws when it exists already. */
export async function writeGenesis(file: string, genesis: Genesis): Promise<void> {
  await writeFile(file, formatGenesis(genesis), { flag: 'wx' });
}

async function readGenesisText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new GenesisFileError(await explainMissing(file, error as NodeJS.ErrnoException));
  }
  if (bytes.length > MAX_GENESIS_BYTES) throw new GenesisFileError(`${file} is larger than any genesis`);
  return bytes.toString('utf8');
}

/** A network folder without a genesis is a template, and says so. */
async function explainMissing(file: string, error: NodeJS.ErrnoException): Promise<string> {
  const network = basename(dirname(file));
  if (error.code !== 'ENOENT' || file !== join(networkDirectory(network), 'genesis.json')) {
    return error.code === 'ENOENT' ? `there is no genesis file ${file}` : `${file} can not be read: ${error.message}`;
  }
  const known = await readFile(join(networkDirectory(network), 'README.md')).then(
    () => true,
    () => false,
  );
  return known
    ? `no public network exists yet: networks/${network} is only a template without a genesis. ` +
        'Run a chain of your own with `aitbc-node start --network devnet`, or name the genesis of a network with --genesis-file.'
    : `there is no network "${network}". Use --network devnet, or name the genesis of a network with --genesis-file.`;
}

function parseGenesis(text: string, file: string): Genesis {
  try {
    return fromJson(Genesis, JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new GenesisFileError(`${file} is no JSON: ${error.message}`);
    if (error instanceof JsonError) throw new GenesisFileError(`${file} is no genesis: ${error.message}`);
    throw error;
  }
}
