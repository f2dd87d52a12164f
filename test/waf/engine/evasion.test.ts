/** What the moat's own rules refuse, they refuse in every disguise that servers see through. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { compileRules, formatWafDiagnostic } from '#waf';
import { inspect } from '../engine.ts';
import { fileLoader } from '../file-loader.ts';
import { DISGUISES } from './disguises.ts';

const FOLDER = new URL('../../../waf/rules/', import.meta.url).pathname;
const { rules, diagnostics } = compileRules(
  [`${FOLDER}base.conf`, ...globSync(`${FOLDER}default/*.conf`).sort()],
  fileLoader,
);
assert.ok(rules, diagnostics.map(formatWafDiagnostic).join('\n'));

const ATTACKS: Readonly<Record<string, string>> = {
  SQL: "1' UNION SELECT password FROM users-- ",
  script: '<script>alert(document.cookie)</script>',
  traversal: '../../../../etc/passwd',
  command: ';cat /etc/passwd',
};

for (const [kind, attack] of Object.entries(ATTACKS))
  test(`disguises: ${kind} is refused in all of them, and what is honest in none that is`, () => {
    const names = Object.keys(DISGUISES);
    assert.ok(names.length > 50);
    const through = names.filter(name => !inspect(rules, DISGUISES[name]!(attack)).decision);
    assert.deepEqual(through, []);
  });

/** Those that honest clients never wear. */
const SUSPICIOUS =
  /twice|overlong|NUL|two types|as JSON|as XML|byte order|rubbish|entity|two boundaries|in pieces|LF|without its end|before the first|behind the last|base64|boundary in quotes/;

test('disguises: an honest word passes in those that honest clients wear', () => {
  const refused = Object.keys(DISGUISES).filter(
    name => !SUSPICIOUS.test(name) && inspect(rules, DISGUISES[name]!('hello world')).decision,
  );
  assert.deepEqual(refused, []);
});
