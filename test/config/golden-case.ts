/** The golden cases in test/golden/: their names and their parts. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../golden');

export const HYPHENS = '\n----------\n';

/** `family/name` of each. */
export const GOLDEN_CASES: readonly string[] = globSync('*/*.txt', { cwd: FOLDER })
  .map(file => file.replace(/\.txt$/, ''))
  .sort();

export interface GoldenCase {
  readonly path: string;
  readonly input: string;
  readonly expected: string;
}

export function readCase(name: string): GoldenCase {
  const path = join(FOLDER, `${name}.txt`);
  const text = readFileSync(path, 'latin1');
  const end = text.lastIndexOf(HYPHENS);
  assert.notEqual(end, -1, `${name} has no line of hyphens`);
  return { path, input: text.slice(0, end), expected: text.slice(end + HYPHENS.length).trimEnd() };
}

/** The main text, and the files that the case brings. */
export function filesOf(input: string): { main: string; files: Record<string, string> } {
  const [main = '', ...rest] = input.split(/^-{10} (\/.*)\n/m);
  const files: Record<string, string> = {};
  for (let at = 0; at < rest.length; at += 2) files[rest[at]!] = rest[at + 1]!;
  return { main, files };
}
