/** Values that are made to be slow, through the whole engine with the installed rules: what matchers do for them stays small. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { compileRules, formatWafDiagnostic, type RuleLoader, type RuleSet, type Transaction } from '#waf';
import { compilePattern, sharedMatcher } from '../../../waf/regex/pattern.ts';
import { readTree } from '../../../waf/regex/tree.ts';
import { headOf } from '../engine.ts';
import { fileLoader } from '../file-loader.ts';
import { crsPatterns, ruleFolders, skip } from '../regex/rules.ts';
import { hostileFor, randomOf } from '../regex/values.ts';

const ENGINE = `SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRequestBodyNoFilesLimit 1310720
SecAction "id:3,phase:1,pass,nolog,setvar:tx.paranoia_level=3,setvar:tx.executing_paranoia_level=3"
Include /usr/share/modsecurity-crs/owasp-crs.load
`;

let rules: RuleSet;
before(() => {
  if (skip) return;
  const loader: RuleLoader = {
    read: path => (path === '/engine.conf' ? ENGINE : fileLoader.read(path)),
    glob: fileLoader.glob,
  };
  const compiled = compileRules(['/engine.conf'], loader);
  assert.ok(compiled.rules, compiled.diagnostics.map(formatWafDiagnostic).join('\n'));
  rules = compiled.rules;
});

const encoded = (value: string): string =>
  Array.from(value, char => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');

/** A form with the value in its one field, inspected to the end. */
function inspectField(value: string): Transaction {
  const body = `q=${encoded(value)}`;
  const type = ['Content-Type', 'application/x-www-form-urlencoded', 'Content-Length', String(body.length)];
  const headers = ['Host', 'www.example.com', 'User-Agent', 'test', 'Accept', '*/*', ...type];
  const transaction = rules.transaction(headOf({ method: 'POST', target: '/search', headers }));
  transaction.inspectHead();
  transaction.requestBody(body);
  transaction.inspectRequest();
  transaction.finish();
  return transaction;
}

test('hostile values of every pattern: tables are made once, and serve', { skip }, () => {
  const patterns = ruleFolders.flatMap(folder =>
    crsPatterns(folder).map(({ source }) => compilePattern(source)),
  );
  assert.ok(patterns.length > 200);
  const random = randomOf(23);
  const { memory } = sharedMatcher();
  patterns.forEach(({ source }, at) => {
    for (const bytes of at % 8 === 0 ? [1 << 10, 8 << 10, 64 << 10] : [1 << 10]) {
      const values = hostileFor(readTree(source, {}).node, bytes, random);
      inspectField(values[random(values.length)]!);
    }
  });
  const sum = { flushes: 0, plainRuns: 0 };
  for (const { statistics } of patterns) {
    sum.flushes += statistics.flushes;
    sum.plainRuns += statistics.plainRuns;
  }
  assert.deepEqual(sum, { flushes: 0, plainRuns: 0 });
  assert.equal(memory.sweeps, 0);
  assert.ok(memory.usedBytes > 0 && memory.usedBytes <= memory.limitBytes);
});

test('padded attacks are found: no limit is reached before them', { skip }, () => {
  const attacks: readonly (readonly [number, string])[] = [
    [932160, `;${'\n'.repeat(300)}; cat /etc/passwd`],
    [932160, `${'\n'.repeat(40_000)}; cat /etc/passwd`],
    [941160, `<${' '.repeat(2000)}<img src=x onerror=alert(1)>`],
    [941160, `<${' '.repeat(40_000)}<img src=x onerror=alert(1)>`],
    [942190, `${'a'.repeat(40_000)}' union select password from users --`],
    [930120, `${'../'.repeat(10_000)}etc/passwd`],
  ];
  for (const [id, value] of attacks) {
    const ids = inspectField(value).matchedRules.map(({ rule }) => rule.id);
    assert.ok(ids.includes(id), `${id} is not among ${ids.join()} for ${value.length} bytes`);
  }
});
