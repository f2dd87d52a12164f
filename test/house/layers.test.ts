/** The walls of the house: reads every import and holds it against the table of who may import whom. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');

/** Folder → folders it may import. docs/ARCHITECTURE.md draws it; docs/decisions/ has the reason for each change. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  kit: [],
  model: ['kit'],
  native: ['kit'],
  config: ['kit', 'model'],
  waf: ['kit', 'model'],
  l4: ['kit', 'model', 'native'],
  cluster: ['kit', 'model', 'native'],
  gslb: ['kit', 'model', 'native', 'l4'],
  l7: ['kit', 'model', 'native', 'waf'],
  control: ['kit', 'model', 'native', 'config', 'waf', 'l4', 'cluster', 'gslb', 'l7'],
  bin: ['control'],
  'admin-ui': ['model'],
};

/** Folders that may go anywhere, and that nobody imports. */
const OUTSIDE = new Set(['test', 'bench', 'examples', 'scripts', 'deploy']);
/** Doors that open a whole folder; every other door is the one file named in package.json. */
const OPEN_FLOORS = new Set(['kit', 'model', 'native']);

type Wall = { readonly file: string; readonly specifier: string; readonly why: string };

function* sources(dir: string): Generator<string> {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (
      entry.name.startsWith('.') ||
      entry.name === 'node_modules' ||
      entry.name === 'build' ||
      entry.name === 'dist'
    )
      continue;
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

/** Every module specifier that a source text names: static, dynamic and re-exported ones. */
export function specifiersOf(text: string): string[] {
  const found: string[] = [];
  const pattern =
    /(?:^|[\s;}])(?:import|export)\s[^'";]*?from\s*['"]([^'"]+)['"]|import\s*\(?\s*['"]([^'"]+)['"]/g;
  for (const match of text.matchAll(pattern)) found.push((match[1] ?? match[2])!);
  return found;
}

/** Says why `specifier` may not stand in `file` (both relative to the root), or nothing when it may. */
export function objection(file: string, specifier: string, known: ReadonlySet<string>): string | undefined {
  const room = file.split('/')[0]!;
  if (OUTSIDE.has(room)) return undefined;
  const allowed = MAY_IMPORT[room];
  if (!allowed) return `${room}/ is not in the table of rooms`;
  if (specifier.startsWith('#')) {
    const target = specifier.slice(1).split('/')[0]!;
    if (target === room) return `${room}/ reaches itself through a door: use a relative path`;
    if (!allowed.includes(target)) return `${room}/ may not import ${target}/`;
    if (specifier.includes('/') && !OPEN_FLOORS.has(target)) return `${target}/ has one door: #${target}`;
    return undefined;
  }
  if (!specifier.startsWith('.')) {
    return specifier.startsWith('node:') ||
      known.has(
        specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/'),
      )
      ? undefined
      : `${specifier} is not a dependency`;
  }
  const target = relative(ROOT, resolve(ROOT, dirname(file), specifier)).split('/')[0]!;
  return target === room
    ? undefined
    : `a relative path leaves ${room}/ for ${target}/: take the door #${target}`;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const known = new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));
const ofConsole = JSON.parse(readFileSync(join(ROOT, 'admin-ui/package.json'), 'utf8'));
const knownToConsole = new Set(Object.keys(ofConsole.dependencies));

test('layers: every import goes through a door and runs downward', () => {
  const walls: Wall[] = [];
  let checked = 0;
  for (const path of sources(ROOT)) {
    const file = relative(ROOT, path);
    if (!file.includes('/')) continue;
    for (const specifier of specifiersOf(readFileSync(path, 'utf8'))) {
      checked++;
      const why = objection(file, specifier, file.startsWith('admin-ui/') ? knownToConsole : known);
      if (why) walls.push({ file, specifier, why });
    }
  }
  assert.ok(checked > 50, `only ${checked} imports were read: the reader is broken`);
  assert.deepEqual(walls, []);
});

test('layers: a wrong import is refused', () => {
  const wrong: [string, string][] = [
    ['kit/ip.ts', '#model/l7.ts'],
    ['config/check.ts', '#l7'],
    ['l7/plane.ts', '#config'],
    ['l7/route/match.ts', '../../config/lex.ts'],
    ['control/apply.ts', '#l7/exchange.ts'],
    ['kit/log.ts', 'left-pad'],
    ['l7/plane.ts', '#l7'],
    ['attic/x.ts', 'node:fs'],
  ];
  for (const [file, specifier] of wrong)
    assert.ok(objection(file, specifier, known), `${file} → ${specifier}`);
});

test('layers: the reader sees every spelling of an import', () => {
  const text = `import a from 'a';\nimport { b,\n c } from "b";\nexport * from 'c';\nconst d = await import('d');\nimport 'e';\nimport type { F } from 'f';`;
  assert.deepEqual(specifiersOf(text).sort(), ['a', 'b', 'c', 'd', 'e', 'f']);
});

test('layers: every door of package.json is in the table', () => {
  for (const door of Object.keys(manifest.imports)) {
    assert.ok(door.slice(1).split('/')[0]! in MAY_IMPORT, `${door} has no row`);
  }
});
