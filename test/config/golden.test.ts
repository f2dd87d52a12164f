/**
 * Golden configurations: each `test/golden/<family>/<name>.txt` holds a configuration, a line of hyphens, and what becomes
 * of it: its diagnostics as `line:column code: message` (the hint below, indented), then lines `path = value`, where the
 * path leads into the model (`http.servers[0].root.settings.core.root`) and the value is JSON. A path that leads nowhere
 * is `undefined`. With `# model: http.pools` as its first line a case has that whole part as JSON instead.
 *
 * A case may bring further files: from a line `---------- /conf/name.conf` on, up to the next line of hyphens.
 *
 * `GOLDEN=write node --test test/config/golden.test.ts` writes what is there now, in the place of what was expected: read
 * the difference before you keep it.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { CheckResult } from '#config';
import { checkText, faultsOf } from './check-text.ts';
import { filesOf, GOLDEN_CASES, HYPHENS, readCase } from './golden-case.ts';

const LEAST = 120;

test('golden: there are cases', () => {
  assert.ok(GOLDEN_CASES.length >= LEAST, `only ${GOLDEN_CASES.length} were found`);
});

for (const name of GOLDEN_CASES) {
  test(`golden: ${name}`, () => {
    const { path, input, expected } = readCase(name);
    const outcome = outcomeOf(input, expected);
    if (process.env['GOLDEN'] === 'write') writeFileSync(path, `${input}${HYPHENS}${outcome}\n`, 'latin1');
    else assert.equal(outcome, expected);
  });
}

/** Diagnostics and model, as far as the case asks for them. */
function outcomeOf(input: string, expected: string): string {
  const { main, files } = filesOf(input);
  const result = checkText(main, files);
  const part = /^# model: ([\w.]+)$/m.exec(main)?.[1];
  const model = part && result.model ? [JSON.stringify(pick(result.model, part), undefined, 2)] : [];
  return [...faultLines(result), ...model, ...pathLines(result.model, expected)].join('\n');
}

function faultLines(result: CheckResult): string[] {
  return faultsOf(result).map((fault, at) => {
    const { hint } = result.diagnostics[at]!;
    return hint === undefined ? fault : `${fault}\n  ${hint}`;
  });
}

/** Each `path = value` of what is expected, with the value that is there. */
function pathLines(model: unknown, expected: string): string[] {
  const paths = expected.matchAll(/^([a-z](?:[\w.-]|\[[^\]]*\])*) = /gm);
  return [...paths].map(([, path = '']) => `${path} = ${JSON.stringify(valueAt(model, path))}`);
}

/** Follows `name`, `[0]` and `["a key"]`. */
function valueAt(model: unknown, path: string): unknown {
  const steps = path.matchAll(/(\w[\w-]*)|\[(\d+)\]|\["([^"]*)"\]/g);
  return [...steps].reduce<unknown>(
    (part, [, name, index, key]) =>
      typeof part === 'object' && part !== null ? Reflect.get(part, name ?? index ?? key ?? '') : undefined,
    model,
  );
}

/** The part of a tree at a path of names and indexes; a list gives that part of each of its items. */
function pick(tree: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => {
    if (Array.isArray(part) && !/^\d+$/.test(name)) return part.map(item => pick(item, name));
    return typeof part === 'object' && part !== null ? Reflect.get(part, name) : undefined;
  }, tree);
}
