/**
 * Golden configurations: each `test/golden/<family>/<name>.txt` holds a configuration, a line of hyphens, and what becomes of it:
 * its diagnostics as `line:column code: message`, or the part of the model that its first line names (`# model: http.pools`) as JSON.
 *
 * `GOLDEN=write node --test test/config/golden.test.ts` writes what is there now behind the hyphens: read the difference before you keep it.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkText, faultsOf } from './check-text.ts';

const FOLDER = join(import.meta.dirname, '../golden');
const HYPHENS = '\n----------\n';

const cases = globSync('*/*.txt', { cwd: FOLDER }).sort();

test('golden: there are cases', () => {
  assert.ok(cases.length > 10, `only ${cases.length} were found`);
});

for (const name of cases) {
  test(`golden: ${name.replace(/\.txt$/, '')}`, () => {
    const path = join(FOLDER, name);
    const [input = '', expected = ''] = readFileSync(path, 'latin1').split(HYPHENS);
    const outcome = outcomeOf(input);
    if (process.env['GOLDEN'] === 'write') writeFileSync(path, `${input}${HYPHENS}${outcome}\n`, 'latin1');
    else assert.equal(outcome, expected.trimEnd());
  });
}

/** Diagnostics and model, as far as the case asks for them. */
function outcomeOf(input: string): string {
  const result = checkText(input);
  const faults = faultsOf(result).map((fault, at) => {
    const { hint } = result.diagnostics[at]!;
    return hint === undefined ? fault : `${fault}\n  ${hint}`;
  });
  const part = /^# model: ([\w.]+)$/m.exec(input)?.[1];
  const model = part && result.model ? [JSON.stringify(pick(result.model, part), undefined, 2)] : [];
  return [...faults, ...model].join('\n');
}

/** The part of a tree at a path of names and indexes; a list gives that part of each of its items. */
function pick(tree: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => {
    if (Array.isArray(part) && !/^\d+$/.test(name)) return part.map(item => pick(item, name));
    return typeof part === 'object' && part !== null ? Reflect.get(part, name) : undefined;
  }, tree);
}
