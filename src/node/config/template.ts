// Settings as text: the commented config file that `init` writes, and the values that `config show` prints.

import { type Settings, SettingsSchema } from './schema.ts';
import {
  DURATION_SETTINGS,
  environmentName,
  fileKey,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  SIZE_SETTINGS,
} from './settings.ts';
import { formatDuration, formatSize } from './units.ts';

/** A setting's value as one would write it in YAML; undefined for one that is not set. */
export function formatSetting(name: SettingName, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (DURATION_SETTINGS.has(name)) return formatDuration(value as number);
  if (SIZE_SETTINGS.has(name)) return formatSize(value as number);
  return Array.isArray(value) ? JSON.stringify(value) : String(value);
}

/**
 * A config file with every setting: the given ones set, the others commented out at their default.
 * @param head lines of comment for its top.
 */
export function configTemplate(head: readonly string[], values: Partial<Settings>): string {
  const defaults: Partial<Settings> = SettingsSchema.parse({});
  const lines = head.map((line) => `# ${line}`);
  for (const name of SETTING_NAMES) {
    const { doc, form } = SETTINGS[name];
    const set = formatSetting(name, values[name]);
    const shown = set ?? formatSetting(name, defaults[name]) ?? '';
    lines.push('', `# ${doc}`, `# Allowed: ${form}. Environment: ${environmentName(name)}.`);
    lines.push(`${set === undefined ? '# ' : ''}${fileKey(name)}: ${quote(shown)}`.trimEnd());
  }
  return `${lines.join('\n')}\n`;
}

/** Paths may hold what YAML would read as something else; lists are JSON, which is YAML already. */
function quote(text: string): string {
  return /^[\w./-]*$/.test(text) || text.startsWith('[') ? text : JSON.stringify(text);
}
