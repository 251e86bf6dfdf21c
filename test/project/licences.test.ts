import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const licences = suite('licences');

/** Permissive ones: they ask for a notice at most. */
const ALLOWED: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  // How Quint spells it.
  'Apache 2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
  'Unlicense',
]);

interface Installed {
  readonly path: string;
  readonly name: string;
  readonly license: string;
}

/** Every package under a node_modules folder, nested ones too. */
function installed(folder: string): Installed[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory() || entry.name.startsWith('.')) return [];
    if (entry.name.startsWith('@')) return installed(path);
    return [...read(path), ...installed(join(path, 'node_modules'))];
  });
}

function read(path: string): Installed[] {
  const file = join(path, 'package.json');
  if (!existsSync(file)) return [];
  const { name, license, licenses } = JSON.parse(readFileSync(file, 'utf8'));
  const old = Array.isArray(licenses) ? licenses.map(({ type }) => type).join(' OR ') : undefined;
  return [{ path, name, license: typeof license === 'string' ? license : (license?.type ?? old ?? 'none') }];
}

/** An SPDX expression without nesting: any side of an OR will do, all sides of an AND must. */
function isAllowed(expression: string): boolean {
  const plain = expression.replace(/[()]/g, '');
  return plain.split(' OR ').some((side) => side.split(' AND ').every((name) => ALLOWED.has(name.trim())));
}

licences('of all that is installed are on the list', () => {
  const packages = [...installed('node_modules'), ...installed('test/model/node_modules')];
  assert.ok(packages.length > 100, 'the dependencies are installed');
  const others = packages.filter(({ license }) => !isAllowed(license));
  assert.equal(
    others.map(({ name, license, path }) => `${name}: ${license} (${path})`),
    [],
  );
});

licences('an unknown one would be noticed', () => {
  assert.ok(isAllowed('(MIT OR GPL-3.0)'));
  assert.ok(isAllowed('MIT AND ISC'));
  for (const expression of ['GPL-3.0', 'MIT AND GPL-3.0', 'none', 'SEE LICENSE IN x', '']) {
    assert.not(isAllowed(expression), expression);
  }
});

licences('of the project itself is MIT, as the file says', () => {
  assert.is(JSON.parse(readFileSync('package.json', 'utf8')).license, 'MIT');
  assert.match(readFileSync('LICENSE', 'utf8'), /^MIT License\n\nCopyright .* aitbc-node contributors/);
});

licences.run();
