/** What rules mean: rules, a request, the ids that match. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compiled, form, ids, inspect, type Sent } from '../engine.ts';

interface Vector {
  readonly name: string;
  readonly rules: string;
  readonly sent?: Sent;
  readonly ids: readonly number[];
}

const VECTORS: readonly Vector[] = [
  {
    name: 'a rule looks at all entries of its targets, less the excluded',
    rules:
      'SecRule ARGS|!ARGS:b "@rx x" "id:1,pass"\nSecRule ARGS:/^B/ "@rx x" "id:2,pass"\nSecRule ARGS:c "@rx x" "id:3,pass"',
    sent: { target: '/?a=1&b=x' },
    ids: [2],
  },
  {
    name: 'names of entries have no case',
    rules: 'SecRule REQUEST_HEADERS:user-agent "@streq moz" "id:1,pass"',
    sent: { headers: ['USER-AGENT', 'moz'] },
    ids: [1],
  },
  {
    name: '& counts',
    rules:
      'SecRule &ARGS "@eq 2" "id:1,pass"\nSecRule &ARGS:a "@eq 1" "id:2,pass"\nSecRule &REQUEST_HEADERS:x "@eq 0" "id:3,pass"',
    sent: { target: '/?a=1&b=2' },
    ids: [1, 2, 3],
  },
  {
    name: '! negates the operator; nothing to look at matches nothing',
    rules:
      'SecRule ARGS:a "!@rx ^[0-9]+$" "id:1,pass"\nSecRule ARGS:b "!@rx ^[0-9]+$" "id:2,pass"\nSecRule ARGS:c "!@rx ^[0-9]+$" "id:3,pass"',
    sent: { target: '/?a=1&b=x' },
    ids: [2],
  },
  {
    name: 'transformations come in order; t:none forgets those of the default actions',
    rules:
      'SecDefaultAction "phase:1,pass,t:lowercase"\nSecRule ARGS "@streq abc" "id:1,phase:1,pass"\nSecRule ARGS "@streq abc" "id:2,phase:1,pass,t:none"\nSecRule ARGS "@streq QUJD" "id:3,phase:1,pass,t:none,t:base64Encode"',
    sent: { target: '/?a=ABC' },
    ids: [1, 3],
  },
  {
    name: 'a chain matches when all its links do',
    rules:
      'SecRule ARGS:a "@rx x" "id:1,pass,chain"\nSecRule ARGS:b "@rx y"\nSecRule ARGS:a "@rx x" "id:2,pass,chain"\nSecRule ARGS:b "@rx z"',
    sent: { target: '/?a=x&b=y' },
    ids: [1],
  },
  {
    name: 'setvar of a link counts although the chain fails later',
    rules:
      'SecRule ARGS:a "@rx x" "id:1,pass,nolog,setvar:tx.n=+2,chain"\nSecRule ARGS:b "@rx none"\nSecRule TX:n "@eq 2" "id:2,pass"',
    sent: { target: '/?a=x&b=y' },
    ids: [2],
  },
  {
    name: 'setvar: sets, counts once for each value that matched, takes macros, deletes',
    rules:
      'SecAction "id:1,nolog,pass,setvar:tx.five=5,setvar:tx.gone=1,setvar:!tx.gone"\nSecRule ARGS "@rx x" "id:2,nolog,pass,setvar:tx.score=+%{tx.five}"\nSecRule TX:score "@eq 10" "id:3,pass"\nSecRule &TX:gone "@eq 0" "id:4,pass"',
    sent: { target: '/?a=x&b=x&c=y' },
    ids: [3, 4],
  },
  {
    name: 'capture stores groups, and unsets those of before',
    rules:
      'SecRule ARGS:a "@rx (\\d)(\\d)" "id:1,nolog,pass,capture"\nSecRule TX:2 "@streq 7" "id:2,pass"\nSecRule ARGS:a "@rx 4" "id:3,nolog,pass,capture"\nSecRule &TX:2 "@eq 0" "id:4,pass"\nSecRule TX:0 "@streq 4" "id:5,pass"',
    sent: { target: '/?a=x47' },
    ids: [2, 4, 5],
  },
  {
    name: 'MATCHED_VAR and its kin tell a link what the one before matched',
    rules:
      'SecRule ARGS "@rx ^x" "id:1,pass,chain"\nSecRule MATCHED_VARS "@rx z$" "chain"\nSecRule MATCHED_VAR_NAME "@streq MATCHED_VARS:ARGS:b"\nSecRule ARGS "@rx ^y" "id:2,pass,chain"\nSecRule MATCHED_VAR "@streq yy"',
    sent: { target: '/?a=xy&b=xz&c=yy' },
    ids: [1, 2],
  },
  {
    name: 'skip and skipAfter pass over rules of the phase',
    rules:
      'SecAction "id:1,phase:1,pass,nolog,skip:1"\nSecAction "id:2,phase:1,pass"\nSecAction "id:3,phase:1,pass,nolog,skipAfter:END"\nSecAction "id:4,phase:1,pass"\nSecAction "id:5,phase:2,pass"\nSecMarker END\nSecAction "id:6,phase:1,pass"',
    ids: [6, 5],
  },
  {
    name: 'phases come in order, whatever the order of rules',
    rules: [5, 4, 3, 2, 1].map(n => `SecAction "id:${n},phase:${n},pass"`).join('\n'),
    ids: [1, 2, 3, 4, 5],
  },
  {
    name: 'multiMatch asks at each stage',
    rules:
      'SecRule ARGS "@streq A" "id:1,pass,multiMatch,t:lowercase,setvar:tx.n=+1"\nSecRule ARGS "@rx (?i)a" "id:2,nolog,pass,multiMatch,t:lowercase,setvar:tx.m=+1"\nSecRule TX:m "@eq 2" "id:3,pass"',
    sent: { target: '/?a=A' },
    ids: [1, 3],
  },
  {
    name: 'macros in operators',
    rules:
      'SecAction "id:1,nolog,pass,setvar:tx.methods=GET POST"\nSecRule REQUEST_METHOD "!@within %{tx.methods}" "id:2,pass"\nSecRule ARGS:h "@streq %{REQUEST_HEADERS.host}" "id:3,pass"',
    sent: { method: 'PUT', target: '/?h=example.com' },
    ids: [2, 3],
  },
  {
    name: 'nolog is silent, and acts',
    rules: 'SecAction "id:1,nolog,pass,setvar:tx.a=1"\nSecRule TX:a "@eq 1" "id:2,pass"',
    ids: [2],
  },
  {
    name: 'rules are removed by id, range, tag and message',
    rules:
      'SecAction "id:1,pass"\nSecAction "id:5,pass"\nSecAction "id:7,pass,tag:a/b"\nSecAction "id:8,pass,msg:\'m\'"\nSecAction "id:9,pass,tag:a/bc"\nSecRuleRemoveById 1 4-6\nSecRuleRemoveByTag a/b\nSecRuleRemoveByMsg m',
    ids: [9],
  },
  {
    name: 'targets are taken out and added after the fact',
    rules:
      'SecRule ARGS "@rx x" "id:1,pass"\nSecRule ARGS "@rx x" "id:2,pass,tag:t"\nSecRule ARGS "@rx x" "id:3,pass,msg:\'m\'"\nSecRule ARGS "@rx x" "id:4,pass"\nSecRuleUpdateTargetById 1 "!ARGS:a"\nSecRuleUpdateTargetByTag t "!ARGS:a"\nSecRuleUpdateTargetByMsg m "!ARGS:/^A/"\nSecRuleUpdateTargetById 4 "REQUEST_METHOD" "ARGS"',
    sent: { target: '/?a=x' },
    ids: [],
  },
  {
    name: 'actions are changed after the fact',
    rules: 'SecRule ARGS "@rx x" "id:1,deny"\nSecRuleUpdateActionById 1 "pass"\nSecAction "id:2,pass"',
    sent: { target: '/?a=x' },
    ids: [1, 2],
  },
  {
    name: 'ctl takes rules and targets out for this request',
    rules:
      'SecAction "id:1,phase:1,nolog,pass,ctl:ruleRemoveById=10-19,ctl:ruleRemoveByTag=gone,ctl:ruleRemoveTargetById=20;ARGS:a,ctl:ruleRemoveTargetByTag=t;ARGS:/^b/"\nSecAction "id:15,pass"\nSecAction "id:16,pass,tag:gone"\nSecAction "id:30,pass,tag:gone2"\nSecRule ARGS "@rx x" "id:20,pass"\nSecRule ARGS "@rx y" "id:21,pass,tag:t"\nSecRule ARGS "@rx x" "id:22,pass"',
    sent: { target: '/?a=x&bb=y' },
    ids: [30, 22],
  },
  {
    name: 'ctl:ruleEngine=Off ends inspection',
    rules:
      'SecAction "id:1,phase:1,pass,nolog,ctl:ruleEngine=Off"\nSecAction "id:2,phase:1,pass"\nSecAction "id:3,phase:2,deny"',
    ids: [],
  },
  {
    name: 'allow ends the phase, the request, or all',
    rules:
      'SecRule REQUEST_URI "@streq /p" "id:1,phase:1,nolog,allow:phase"\nSecRule REQUEST_URI "@streq /r" "id:2,phase:1,nolog,allow:request"\nSecRule REQUEST_URI "@streq /a" "id:3,phase:1,nolog,allow"\nSecAction "id:4,phase:1,pass"\nSecAction "id:5,phase:2,pass"\nSecAction "id:6,phase:3,pass"',
    sent: { target: '/r' },
    ids: [6],
  },
  {
    name: 'the path is decoded once, the URI not at all',
    rules:
      'SecRule REQUEST_FILENAME "@streq /a b%" "id:1,pass"\nSecRule REQUEST_URI "@streq /a%20b%25?x=%20" "id:2,pass"\nSecRule REQUEST_BASENAME "@streq a b%" "id:3,pass"\nSecRule QUERY_STRING "@streq x=%20" "id:4,pass"\nSecRule REQUEST_URI_RAW "@beginsWith http" "id:5,pass"',
    sent: { target: 'http://example.com/a%20b%25?x=%20' },
    ids: [1, 2, 3, 4, 5],
  },
  {
    name: 'cookies by name',
    rules:
      'SecRule REQUEST_COOKIES:b "@streq 2=3" "id:1,pass"\nSecRule &REQUEST_COOKIES_NAMES "@eq 3" "id:2,pass"',
    sent: { headers: ['Cookie', 'a=1; b=2=3;; c'] },
    ids: [1, 2],
  },
  {
    name: 'forms are arguments, and REQUEST_BODY',
    rules:
      'SecRule ARGS_POST:b "@streq c d" "id:1,pass"\nSecRule REQUEST_BODY "@contains b=c+d" "id:2,pass"\nSecRule ARGS_GET "@unconditionalMatch" "id:3,pass"\nSecRule REQBODY_PROCESSOR "@streq URLENCODED" "id:4,pass"',
    sent: form('a=1&b=c+d'),
    ids: [1, 2, 4],
  },
  {
    name: 'JSON is arguments by path, where a rule chooses its reader',
    rules:
      'SecRule REQUEST_HEADERS:Content-Type "@beginsWith application/json" "id:1,phase:1,nolog,pass,ctl:requestBodyProcessor=JSON"\nSecRule ARGS:json.a.b "@streq x" "id:2,pass"\nSecRule ARGS_NAMES "@streq json.c.array_1" "id:3,pass"\nSecRule REQBODY_ERROR "@eq 1" "id:4,pass"',
    sent: {
      method: 'POST',
      headers: ['Content-Type', 'application/json'],
      body: '{"a":{"b":"x"},"c":[1,2]}',
    },
    ids: [2, 3],
  },
  {
    name: 'XML is asked by paths',
    rules:
      'SecAction "id:1,phase:1,nolog,pass,ctl:requestBodyProcessor=XML"\nSecRule XML:/* "@contains evil" "id:2,pass"\nSecRule XML://@* "@streq 7" "id:3,pass"\nSecRule XML:/a/c/text() "@streq evil" "id:4,pass"\nSecRule &XML:/a/b "@eq 1" "id:5,pass"',
    sent: { method: 'POST', body: '<a><b n="7">x</b><c>evil</c></a>' },
    ids: [2, 3, 4, 5],
  },
  {
    name: 'a body that cannot be read is told',
    rules:
      'SecAction "id:1,phase:1,nolog,pass,ctl:requestBodyProcessor=JSON"\nSecRule REQBODY_ERROR "!@eq 0" "id:2,pass,logdata:\'%{reqbody_error_msg}\'"',
    sent: { method: 'POST', body: '{"a":' },
    ids: [2],
  },
  {
    name: 'ctl:forceRequestBodyVariable shows a body of unknown type',
    rules:
      'SecRule REQBODY_PROCESSOR "!@rx URLENCODED" "id:1,phase:1,nolog,pass,ctl:forceRequestBodyVariable=On"\nSecRule REQUEST_BODY "@contains evil" "id:2,pass"',
    sent: { method: 'POST', headers: ['Content-Type', 'text/x'], body: 'an evil text' },
    ids: [2],
  },
  {
    name: 'responses: status, headers, body',
    rules:
      'SecRule RESPONSE_STATUS "@eq 500" "id:1,phase:3,pass"\nSecRule RESPONSE_HEADERS:X "@streq y" "id:2,phase:3,pass"\nSecRule RESPONSE_BODY "@contains secret" "id:3,phase:4,pass"',
    sent: { response: { status: 500, headers: ['X', 'y'], body: 'a secret' } },
    ids: [1, 2, 3],
  },
  {
    name: 'RULE tells of the rule that asks, its message with macros',
    rules:
      'SecRule ARGS "@rx x" "id:1,pass,nolog,msg:\'hit %{MATCHED_VAR_NAME}\',severity:2,setvar:\'tx.m=%{rule.id} %{rule.msg}\'"\nSecRule TX:m "@streq 1 hit ARGS:a" "id:2,pass"',
    sent: { target: '/?a=x' },
    ids: [2],
  },
  {
    name: 'a macro may choose by a pattern, and name a whole collection: the first value',
    rules:
      'SecAction "id:1,pass,nolog,setvar:tx.allowed_one=/a/,setvar:tx.b=1"\nSecRule ARGS:x "@within %{TX:/^ALLOWED_/}" "id:2,pass"\nSecRule ARGS:y "@streq %{ARGS_GET}" "id:3,pass"\nSecRule ARGS:x "@within %{TX:/^none/}" "id:4,pass"',
    sent: { target: '/?x=/a/&y=/a/' },
    ids: [2, 3],
  },
  {
    name: 'GLOBAL needs no initcol, for there is but one',
    rules: 'SecAction "id:1,pass,nolog,setvar:global.n=+1"\nSecRule GLOBAL:n "@eq 1" "id:2,pass"',
    ids: [2],
  },
  {
    name: 'a SecAction needs no id',
    rules:
      'SecAction "pass,nolog,setvar:tx.n=1"\nSecAction "pass,nolog,setvar:tx.n=+1"\nSecRule TX:n "@eq 2" "id:2,pass"',
    ids: [2],
  },
  {
    name: 'a quote goes on over lines',
    rules: 'SecRule ARGS "@rx x" "id:1,\n  pass"\nSecRule ARGS "@rx x" "id:2,\n  pass,\n  tag:\'a\'"',
    sent: { target: '/?a=x' },
    ids: [1, 2],
  },
  {
    name: 'files by what is in them, and the whole request',
    rules:
      'SecRule FILES_TMP_CONTENT:f "@contains evil" "id:1,pass"\nSecRule FULL_REQUEST "@contains filename=\\"n.txt\\"" "id:2,pass"\nSecRule FILES:f "@streq n.php" "id:3,pass"\nSecRule REQUEST_BODY "@contains evil" "id:4,pass"',
    sent: {
      method: 'POST',
      headers: ['Content-Type', 'multipart/form-data; boundary=b; charset=utf-8'],
      body: '--b\r\nContent-Disposition: form-data; name="f"; filename="n.txt"; filename*=utf-8\'\'n.php\r\n\r\nso evil\r\n--b--\r\n',
    },
    ids: [1, 2, 3],
  },
  {
    name: 'paths of XML with predicates',
    rules:
      'SecAction "id:1,phase:1,nolog,pass,ctl:requestBodyProcessor=XML"\nSecRule XML:/a/b[2] "@streq y" "id:2,pass"\nSecRule XML:/a/b[last()] "@streq z" "id:3,pass"\nSecRule XML:/a/b[@n=\'1\'] "@streq x" "id:4,pass"\nSecRule XML://*[local-name()=\'c\'] "@streq t" "id:5,pass"\nSecRule XML:/a/d[c=\'t\'] "@streq t" "id:6,pass"\nSecRule XML:/a/b[text()] "@streq y" "id:7,pass"\nSecRule XML:/a/b[@m] "@streq x" "id:8,pass"\nSecRule XML:/a/b[.=\'none\'] "@unconditionalMatch" "id:9,pass"',
    sent: { method: 'POST', body: '<a><b n="1">x</b><b>y</b><b>z</b><d><s:c xmlns:s="u">t</s:c></d></a>' },
    ids: [2, 3, 4, 5, 6, 7],
  },
  {
    name: 'texts of XML are arguments where SecParseXmlIntoArgs or ctl says so',
    rules:
      'SecParseXmlIntoArgs OnlyArgs\nSecAction "id:1,phase:1,nolog,pass,ctl:requestBodyProcessor=XML"\nSecRule ARGS:xml.a.b "@streq x" "id:2,pass"\nSecRule ARGS:xml.a.b.n "@streq 1" "id:3,pass"\nSecRule &XML:/* "@eq 0" "id:4,pass"',
    sent: { method: 'POST', body: '<a><b n="1">x</b></a>' },
    ids: [2, 3, 4],
  },
  {
    name: 'ctl:parseXmlIntoArgs=On leaves the tree',
    rules:
      'SecAction "id:1,phase:1,nolog,pass,ctl:requestBodyProcessor=XML,ctl:parseXmlIntoArgs=On"\nSecRule ARGS:xml.a.b "@streq x" "id:2,pass"\nSecRule XML:/a/b "@streq x" "id:3,pass"',
    sent: { method: 'POST', body: '<a><b n="1">x</b></a>' },
    ids: [2, 3],
  },
  {
    name: 'XML as a whole is asked only of bodies that are to be read as XML',
    rules: 'SecRule XML "@unconditionalMatch" "id:1,pass"\nSecRule XML "@rx evil" "id:2,pass"',
    sent: form('a=evil'),
    ids: [],
  },
];

for (const { name, rules, sent, ids: expected } of VECTORS)
  test(name, () => assert.deepEqual(ids(inspect(compiled(rules), sent)), expected));

test('SecUnicodeMapFile: %uHHHH is read by the code page', () => {
  const map = { '/u.map': '1250 (one)\n00c0:42\n\n1251\n00c0:41 2032:27\n\n1252 00c0:43\n' };
  const rules = (page: string) =>
    compiled(`SecUnicodeMapFile u.map ${page}\nSecRule ARGS "@streq A'" "id:1,pass,t:urlDecodeUni"`, {}, map);
  const sent = { target: '/?a=%25u00c0%25u2032' };
  assert.deepEqual(ids(inspect(rules('1251'), sent)), [1]);
  assert.deepEqual(ids(inspect(rules('1252'), sent)), []);
});

test('the status may stand in any link of a chain, and block takes no refusal back', () => {
  const chain = compiled('SecRule ARGS "@rx x" "id:1,deny,chain"\nSecRule ARGS "@rx x" "status:437"');
  assert.equal(inspect(chain, { target: '/?a=x' }).decision?.status, 437);
  const block = compiled(
    'SecDefaultAction "phase:2,pass"\nSecRule ARGS "@rx x" "id:1,phase:2,deny,block,status:418"',
  );
  assert.equal(inspect(block, { target: '/?a=x' }).decision?.status, 418);
});

test('@validateDTD: XML that is not as a DTD says, and XML that is none', () => {
  const rules = compiled(
    'SecAction "id:1,phase:1,nolog,pass,ctl:requestBodyProcessor=XML"\nSecRule XML "@validateDTD a.dtd" "id:2,deny,status:400"',
    {},
    { '/a.dtd': '<!ELEMENT a (b)><!ELEMENT b (#PCDATA)>' },
  );
  const status = (body: string) => inspect(rules, { method: 'POST', body }).decision?.status;
  assert.deepEqual(
    ['<a><b>x</b></a>', '<a>x</a>', '<a><b>', '<!DOCTYPE a [<!ENTITY e "x">]><a><b>&e;</b></a>'].map(status),
    [undefined, 400, 400, 400],
  );
});
