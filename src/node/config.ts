// The configuration of a node: flags > environment > config file > networks/<name>/config.yaml > defaults.
// Everything is judged before anything starts; afterwards the configuration never changes.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { wrongAnnouncements } from './config/announced.ts';
import { ConfigError, type ConfigProblem, configError } from './config/errors.ts';
import { type Settings, SettingsSchema } from './config/schema.ts';
import {
  fileKey,
  flagName,
  NO_SOCKET,
  NONE_SETTINGS,
  PORT_SETTINGS,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
} from './config/settings.ts';
import {
  type Environment,
  type Flags,
  type RawSettings,
  settingsFromEnvironment,
  settingsFromFile,
  settingsFromFlags,
} from './config/sources.ts';
import { dataPaths } from './data-dir.ts';
import { networkDirectory } from './package-root.ts';

/** Settings with the paths that depend on others filled in. Durations are milliseconds, sizes bytes. */
export interface NodeConfig extends Readonly<Settings> {
  readonly dataDir: string;
  readonly genesisFile: string;
  /** undefined where there is to be none */
  readonly adminSocket: string | undefined;
}

export interface LoadedConfig {
  readonly config: NodeConfig;
  /** where each setting was written; those without an entry have their default */
  readonly sources: Readonly<Partial<Record<SettingName, string>>>;
  /** the config file that was read, if there was one */
  readonly file: string | undefined;
}

export interface ConfigInputs {
  readonly flags?: Flags;
  readonly environment?: Environment;
  /** `--config`; without it `config.yaml` in the data directory is read when it exists */
  readonly file?: string | undefined;
  /** name of the data directory under ~/.aitbc where no setting says another */
  readonly dataDirName?: (network: string) => string;
}

/** @throws {ConfigError} with every problem found. */
export async function loadConfig({
  flags = {},
  environment = {},
  file,
  dataDirName = (network) => network,
}: ConfigInputs): Promise<LoadedConfig> {
  const dataDirOf = (raw: RawSettings) => dataDirIn(raw) ?? defaultDataDir(dataDirName(networkOf(raw)));
  const strong = { ...settingsFromEnvironment(environment), ...settingsFromFlags(flags) };
  const explicit = file === undefined ? undefined : await requireFile(file);
  const first = { ...explicit, ...strong };
  const path = file ?? join(dataDirOf(first), 'config.yaml');
  const merged = { ...(explicit ?? (await settingsFromFile(path))), ...strong };
  const network = networkOf(merged);
  const networkFile = join(networkDirectory(network), 'config.yaml');
  const raw: RawSettings = { ...(await settingsFromFile(networkFile)), ...merged };
  const settings = await judge(raw);
  const dataDir = settings.dataDir ?? dataDirOf(raw);
  const socket = settings.adminSocket ?? dataPaths(dataDir).adminSocket;
  const adminSocket = socket === NO_SOCKET ? undefined : socket;
  const genesisFile = settings.genesisFile ?? defaultGenesisFile(dataDir, network);
  return {
    config: { ...settings, dataDir, genesisFile, adminSocket },
    sources: sourcesOf(raw),
    file: existsSync(path) ? path : undefined,
  };
}

export function defaultDataDir(name: string): string {
  return join(homedir(), '.aitbc', name);
}

function defaultGenesisFile(dataDir: string, network: string): string {
  const own = join(dataDir, 'genesis.json');
  return existsSync(own) ? own : join(networkDirectory(network), 'genesis.json');
}

async function requireFile(file: string): Promise<RawSettings> {
  const settings = await settingsFromFile(file);
  if (settings === undefined) throw configError({ key: '--config', message: `there is no file ${file}` });
  return settings;
}

/** Before the schema has judged: a value of the wrong form is reported by `judge`, so anything will do here. */
function networkOf(raw: RawSettings): string {
  const parsed = SettingsSchema.shape.network.safeParse(raw.network?.value);
  return parsed.success ? parsed.data : 'devnet';
}

function dataDirIn(raw: RawSettings): string | undefined {
  const parsed = SettingsSchema.shape.dataDir.safeParse(raw.dataDir?.value);
  return parsed.success ? parsed.data : undefined;
}

async function judge(raw: RawSettings): Promise<Settings> {
  const input: Partial<Record<SettingName, unknown>> = {};
  for (const name of SETTING_NAMES) {
    const value = raw[name]?.value;
    if (value !== undefined && !(NONE_SETTINGS.has(name) && value === 'none')) input[name] = value;
  }
  const result = SettingsSchema.safeParse(input);
  if (!result.success) {
    const names = new Set(result.error.issues.map((issue) => issue.path[0] as SettingName));
    throw new ConfigError([...names].map((name) => wrongValue(name, raw)));
  }
  const problems = [...duplicatePorts(result.data, raw), ...(await wrongAnnouncements(result.data, raw))];
  if (problems.length > 0) throw new ConfigError(problems);
  return result.data;
}

function wrongValue(name: SettingName, raw: RawSettings): ConfigProblem {
  const setting = raw[name];
  return {
    key: fileKey(name),
    ...(setting === undefined ? {} : { source: setting.source }),
    message: `${JSON.stringify(setting?.value)} is not allowed. Allowed: ${SETTINGS[name].form}.`,
  };
}

function duplicatePorts(settings: Settings, raw: RawSettings): ConfigProblem[] {
  const owners = new Map<number, SettingName>();
  const problems: ConfigProblem[] = [];
  for (const name of PORT_SETTINGS) {
    const port = settings[name];
    const owner = owners.get(port);
    if (port !== 0 && owner !== undefined) {
      problems.push({
        key: fileKey(name),
        source: raw[name]?.source ?? 'default',
        message: `port ${port} is already that of ${fileKey(owner)} (${raw[owner]?.source ?? 'default'}). Give each its own, as with ${flagName(name)}.`,
      });
    } else owners.set(port, name);
  }
  return problems;
}

function sourcesOf(raw: RawSettings): Partial<Record<SettingName, string>> {
  return Object.fromEntries(Object.entries(raw).map(([name, setting]) => [name, setting.source]));
}
