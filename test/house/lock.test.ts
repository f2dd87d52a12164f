/** The lock file is whole: `npm ci`, with which every set-up begins, refuses one with a gap. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

type Names = Record<string, string>;
type Entry = {
  dependencies?: Names;
  devDependencies?: Names;
  optionalDependencies?: Names;
  version?: string;
};

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../..', name), 'utf8'));
const packages: Record<string, Entry> = read('package-lock.json').packages;

/** Where Node's resolution finds `name` from the package at `place`: beside it, or beside one of those above it. */
function findFrom(place: string, name: string): Entry | undefined {
  for (let at = place; ; at = at.slice(0, Math.max(at.lastIndexOf('node_modules/') - 1, 0))) {
    const found = packages[`${at && `${at}/`}node_modules/${name}`];
    if (found || at === '') return found;
  }
}

/*
 * A registry that lacks the packages of other platforms makes `npm install` leave their entries out, and `npm ci` then fails
 * on every machine. Write such an entry by hand: version, os, cpu, libc, "optional": true.
 */
test('lock: each dependency has an entry, those of other platforms too', () => {
  const gaps: string[] = [];
  let checked = 0;
  for (const [place, entry] of Object.entries(packages)) {
    const names = { ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies };
    for (const name of Object.keys(names)) {
      checked++;
      if (!findFrom(place, name)?.version) gaps.push(`${place || 'moat'} needs ${name}`);
    }
  }
  assert.ok(checked > 100, `only ${checked} dependencies were read`);
  assert.deepEqual(gaps, []);
});

test('lock: agrees with package.json', () => {
  const manifest = read('package.json');
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const) {
    assert.deepEqual(packages['']![kind] ?? {}, manifest[kind] ?? {}, kind);
  }
});
