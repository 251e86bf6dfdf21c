// Where settings come from: flags, the environment and YAML files. Each source yields raw values that remember
// where they were written; nothing is judged here but that the names exist.

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { ConfigError, type ConfigProblem, configError } from './errors.ts';
import {
  environmentName,
  fileKey,
  flagName,
  NO_SOCKET,
  PATH_SETTINGS,
  SETTING_NAMES,
  type SettingName,
} from './settings.ts';
import { suggest } from './suggest.ts';

/** A value as it was written, and where. */
export interface RawSetting {
  readonly value: unknown;
  readonly source: string;
}

export type RawSettings = Partial<Record<SettingName, RawSetting>>;
/** Options of a command by setting; those that are undefined were not given. */
export type Flags = Partial<Record<SettingName, string | undefined>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration is a page of text; more is another file. */
const MAX_CONFIG_BYTES = 256 * 1024;

export function settingsFromFlags(flags: Flags): RawSettings {
  return collect((name) => flags[name], flagName, process.cwd());
}

/** A variable that is set to nothing counts as not set, as in a compose file. Others are none of our business. */
export function settingsFromEnvironment(environment: Environment): RawSettings {
  return collect(
    (name) => environment[environmentName(name)] || undefined,
    (name) => `environment ${environmentName(name)}`,
    process.cwd(),
  );
}

function collect(
  read: (name: SettingName) => string | undefined,
  source: (name: SettingName) => string,
  folder: string,
): RawSettings {
  const settings: RawSettings = {};
  for (const name of SETTING_NAMES) {
    const value = read(name);
    if (value !== undefined) settings[name] = { value: resolvePath(name, value, folder), source: source(name) };
  }
  return settings;
}

/**
 * @returns undefined when there is no such file.
 * @throws {ConfigError} when it can not be read, is no YAML mapping, or has an unknown key.
 */
export async function settingsFromFile(file: string): Promise<RawSettings | undefined> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw configError({ key: 'config file', source: file, message: `can not be read: ${(error as Error).message}` });
  }
  if (content.length > MAX_CONFIG_BYTES) {
    throw configError({ key: 'config file', source: file, message: `is larger than ${MAX_CONFIG_BYTES / 1024} KiB` });
  }
  return readYaml(content, file);
}

function readYaml(content: string, file: string): RawSettings {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => `${file}:${lines.linePos(offset).line}`;
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    throw configError({ key: 'config file', source: at(syntax.pos[0]), message: `is no YAML: ${syntax.message}` });
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return {};
  if (!isMap(document.contents)) {
    throw configError({ key: 'config file', source: file, message: 'must be lines of `key: value`' });
  }
  const names = new Map(SETTING_NAMES.map((name) => [fileKey(name), name]));
  const settings: RawSettings = {};
  const problems: ConfigProblem[] = [];
  for (const { key, value } of document.contents.items) {
    const text = isScalar(key) ? String(key.value) : String(key);
    const source = at(isScalar(key) ? (key.range?.[0] ?? 0) : 0);
    const name = names.get(text);
    if (name === undefined) {
      problems.push({ key: text, source, message: unknownKey(text, [...names.keys()]) });
      continue;
    }
    const json = (value as { toJSON?: () => unknown } | null)?.toJSON?.() ?? undefined;
    if (json !== undefined) settings[name] = { value: resolvePath(name, json, dirname(resolve(file))), source };
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

function unknownKey(text: string, keys: readonly string[]): string {
  const near = suggest(text.toLowerCase(), keys);
  return near === undefined
    ? `unknown key. \`aitbc-node config show\` lists them all.`
    : `unknown key. Did you mean \`${near}\`?`;
}

/** `~` is what people write; YAML and compose files do not expand it. */
function resolvePath(name: SettingName, value: unknown, folder: string): unknown {
  if (!PATH_SETTINGS.has(name) || typeof value !== 'string' || value.trim() === '') return value;
  if (name === 'adminSocket' && value.trim() === NO_SOCKET) return value;
  const home = process.env.HOME;
  if (home !== undefined && (value === '~' || value.startsWith('~/'))) return resolve(home, value.slice(2));
  return resolve(folder, value);
}
