/** What becomes of a request: refusals, limits, modes, and the reasons that are told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compiled, form, ids, inspect } from '../engine.ts';

test('deny ends the request with a status, its rule and its message', () => {
  const rules = compiled(
    'SecRule ARGS "@rx x" "id:1,phase:1,deny,status:418,msg:\'saw %{MATCHED_VAR}\'"\nSecAction "id:2,phase:2,pass"',
  );
  const transaction = inspect(rules, { target: '/?a=x' });
  assert.deepEqual(transaction.decision, {
    action: 'deny',
    status: 418,
    url: undefined,
    ruleId: 1,
    message: 'saw x',
    phase: 1,
  });
  assert.deepEqual(ids(transaction), [1]);
});

test('phase 5 runs after a refusal, and refuses nothing', () => {
  const transaction = inspect(compiled('SecAction "id:1,phase:1,deny"\nSecAction "id:2,phase:5,deny"'));
  assert.deepEqual(ids(transaction), [1, 2]);
  assert.equal(transaction.decision?.ruleId, 1);
});

test('DetectionOnly tells what would have been done, and does nothing', () => {
  const transaction = inspect(
    compiled('SecRuleEngine DetectionOnly\nSecAction "id:1,phase:1,deny"\nSecAction "id:2,phase:2,pass"'),
  );
  assert.equal(transaction.decision, undefined);
  assert.equal(transaction.intended?.ruleId, 1);
  assert.deepEqual(ids(transaction), [1, 2]);
});

test('the host can override the mode', () => {
  const rules = compiled('SecAction "id:1,phase:1,deny"');
  const head = {
    id: 'a',
    method: 'GET',
    target: '/',
    protocol: 'HTTP/1.1',
    headers: [],
    clientAddress: '192.0.2.1',
    clientPort: 1,
    serverAddress: '192.0.2.2',
    serverPort: 80,
  };
  assert.equal(rules.transaction(head, rules.profile({ engine: 'detect' })).inspectHead(), undefined);
  assert.equal(rules.transaction(head, rules.profile({ engine: 'off' })).inspectHead(), undefined);
  assert.equal(rules.transaction(head).inspectHead()?.status, 403);
});

test('block does what the default actions of its phase say', () => {
  const defaults = 'SecDefaultAction "phase:1,log,deny,status:406"\n';
  assert.equal(inspect(compiled(`${defaults}SecAction "id:1,phase:1,block"`)).decision?.status, 406);
  assert.equal(inspect(compiled(`${defaults}SecAction "id:1,phase:1"`)).decision?.status, 406);
  assert.equal(inspect(compiled('SecAction "id:1,phase:1,block"')).decision, undefined);
});

test('redirect and drop', () => {
  const redirect = inspect(compiled('SecAction "id:1,phase:1,redirect:http://a/%{REQUEST_METHOD}"')).decision;
  assert.deepEqual([redirect?.action, redirect?.status, redirect?.url], ['redirect', 302, 'http://a/GET']);
  assert.equal(inspect(compiled('SecAction "id:1,phase:1,drop"')).decision?.action, 'drop');
});

test('a match tells variable, value, transformations and what matched', () => {
  const rules = compiled(
    "SecRule ARGS \"@rx e(vi)l\" \"id:1,pass,capture,t:none,t:lowercase,msg:'m',logdata:'%{TX.1} in %{MATCHED_VAR_NAME}',severity:CRITICAL,tag:'t'\"",
  );
  const [matched] = inspect(rules, { target: '/?a=anEVIL&b=ok' }).matchedRules;
  assert.equal(matched?.message, 'm');
  assert.equal(matched?.data, 'vi in ARGS:a');
  assert.deepEqual(matched?.tags, ['t']);
  assert.deepEqual(matched?.matches, [
    {
      variable: 'ARGS:a',
      value: 'anEVIL',
      transformed: 'anevil',
      part: 'evil',
      operator: '@rx e(vi)l',
      transformations: ['lowercase'],
    },
  ]);
});

test('many matches of one rule are counted, and not all kept', () => {
  const target = `/?${Array.from({ length: 50 }, (_, n) => `a${n}=x`).join('&')}`;
  const [matched] = inspect(compiled('SecRule ARGS "@rx x" "id:1,pass"'), { target }).matchedRules;
  assert.equal(matched?.matches.length, 20);
  assert.equal(matched?.more, 30);
});

test('a body above its limit is refused, or read in part', () => {
  const limit = 'SecRequestBodyLimit 10\n';
  assert.equal(inspect(compiled(limit), form('a=0123456789')).decision?.status, 413);
  const partial = inspect(
    compiled(
      `${limit}SecRequestBodyLimitAction ProcessPartial\nSecRule ARGS:a "@streq 01234567" "id:1,pass"\nSecRule INBOUND_DATA_ERROR "@eq 1" "id:2,pass"`,
    ),
    form('a=0123456789'),
  );
  assert.deepEqual([partial.decision, ids(partial)], [undefined, [1, 2]]);
  const detect = inspect(
    compiled(`${limit}SecRuleEngine DetectionOnly\nSecRule INBOUND_DATA_ERROR "@eq 1" "id:2,pass"`),
    form('a=0123456789'),
  );
  assert.deepEqual([detect.decision, ids(detect)], [undefined, [2]]);
});

test('files do not count for the limit without files', () => {
  const rules = compiled(
    'SecRequestBodyNoFilesLimit 200\nSecRule FILES "@streq a.txt" "id:1,pass"\nSecRule FILES_COMBINED_SIZE "@eq 300" "id:2,pass"',
  );
  const multipart = (body: string) => ({
    method: 'POST',
    headers: ['Content-Type', 'multipart/form-data; boundary=b'],
    body,
  });
  const part = (filename: string, content: string) =>
    `--b\r\nContent-Disposition: form-data; name="f"${filename}\r\n\r\n${content}\r\n--b--\r\n`;
  assert.deepEqual(ids(inspect(rules, multipart(part('; filename="a.txt"', 'x'.repeat(300))))), [1, 2]);
  assert.equal(inspect(rules, multipart(part('', 'x'.repeat(300)))).decision?.status, 413);
});

test('arguments above their limit are an error that rules see', () => {
  const rules = compiled(
    'SecArgumentsLimit 2\nSecRule &ARGS "@eq 2" "id:1,pass"\nSecRule REQBODY_ERROR "@eq 1" "id:2,pass"',
  );
  assert.deepEqual(ids(inspect(rules, form('a=1&b=2&c=3'))), [1, 2]);
});

test('responses: only types that were named are read; a body above its limit is refused', () => {
  const rules = compiled(
    'SecResponseBodyMimeType text/html\nSecResponseBodyLimit 5\nSecRule RESPONSE_BODY "@contains a" "id:1,phase:4,pass"',
  );
  const html = { headers: ['Content-Type', 'text/html; charset=utf-8'] };
  assert.deepEqual(ids(inspect(rules, { response: { ...html, body: 'aaa' } })), [1]);
  assert.deepEqual(
    ids(inspect(rules, { response: { headers: ['Content-Type', 'image/png'], body: 'aaa' } })),
    [],
  );
  assert.equal(inspect(rules, { response: { ...html, body: 'aaaaaa' } }).decision?.status, 500);
});

test('persistent collections outlive the request, by key; values expire', () => {
  let now = 1_000_000;
  const rules = compiled(
    'SecAction "id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR}"\nSecRule IP:hits "@ge 2" "id:2,phase:1,pass"\nSecAction "id:3,phase:1,nolog,pass,setvar:ip.hits=+1,expirevar:ip.hits=60"',
    { nowMs: () => now },
  );
  const hit = (client: string) => ids(inspect(rules, { client }));
  assert.deepEqual([hit('192.0.2.1'), hit('192.0.2.1'), hit('192.0.2.1')], [[], [], [2]]);
  assert.deepEqual(hit('192.0.2.2'), []);
  now += 61_000;
  assert.deepEqual(hit('192.0.2.1'), []);
});

test('a collection that was not opened is empty, and takes nothing', () => {
  assert.deepEqual(
    ids(inspect(compiled('SecAction "id:1,nolog,pass,setvar:ip.a=1"\nSecRule &IP:a "@eq 0" "id:2,pass"'))),
    [2],
  );
});
