/**
 * The WAF's readers on spoilt input: rules, bodies and heads give a fault or a reading, and never throw anything else.
 * `MOAT_FUZZ_SEED` and `MOAT_FUZZ_RUNS` repeat or extend a run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRules, loaderOf } from '#waf';
import { compiled, inspect } from '../waf/engine.ts';
import { Dice } from './requests.ts';

const SEED = Number(process.env['MOAT_FUZZ_SEED'] ?? 20261127);
const RUNS = Number(process.env['MOAT_FUZZ_RUNS'] ?? 3000);

/** Some pieces taken out, doubled, swapped, or replaced by signs that readers trip over. */
function spoil(text: string, dice: Dice): string {
  let spoilt = text;
  for (let times = dice.below(4); times >= 0; times--) {
    const at = dice.below(spoilt.length + 1);
    const to = Math.min(spoilt.length, at + dice.below(8));
    const sign = dice.pick([
      '',
      '"',
      "'",
      '\\',
      '\0',
      '\n',
      '\r\n',
      '<',
      '>',
      '&',
      '%',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      ';',
      '=',
      '|',
      '/',
      '--b',
      '\xff',
    ]);
    spoilt =
      spoilt.slice(0, at) +
      sign +
      (dice.below(2) === 0 ? spoilt.slice(to) : spoilt.slice(at, to) + spoilt.slice(at));
  }
  return spoilt;
}

const RULES = [
  'SecDefaultAction "phase:1,log,pass"\nSecRule ARGS|!ARGS:/^_/|&REQUEST_HEADERS:Host|XML:/a/@b "!@rx ^(a|b)\\d+$" "id:1,phase:2,t:none,t:lowercase,chain,msg:\'m %{tx.a}\',setvar:\'tx.a=+%{tx.b}\'"\n  SecRule MATCHED_VARS "@pm a b c" "capture"',
  'SecAction "id:2,phase:1,nolog,pass,ctl:ruleRemoveTargetById=1;ARGS:x,initcol:ip=%{REMOTE_ADDR},skipAfter:END"\nSecMarker END\nSecRuleUpdateTargetById 1 "!ARGS:y"\nSecRuleRemoveByTag "a|b"\nSecRequestBodyLimit 100',
  "SecUnicodeMapFile u.map 1251\nSecParseXmlIntoArgs On\nSecRule XML:/a[@b='1']/*[local-name()='c'][last()]|FULL_REQUEST \"@contains %{TX:/^a/}\" \"id:3,phase:2,pass,t:urlDecodeUni,\n  msg:'%{RULE.id} %{ARGS}',setvar:global.n=+1,\n  expirevar:global.n=60\"",
];

test(`fuzz: spoilt rules give rules or diagnostics (seed ${SEED})`, () => {
  const dice = new Dice(SEED);
  let taken = 0;
  for (let run = 0; run < RUNS; run++) {
    const text = spoil(dice.pick(RULES), dice);
    const { rules, diagnostics } = compileRules(
      ['/r'],
      loaderOf({ '/r': text, '/u.map': '1251\n00c0:41 2032:27\n' }),
    );
    assert.equal(
      rules === undefined,
      diagnostics.some(({ level }) => level === 'error'),
      text,
    );
    if (!rules) continue;
    taken++;
    inspect(rules, { target: '/?a=b1&x=2' });
  }
  assert.ok(taken > RUNS / 50 && taken < RUNS, `${taken} of ${RUNS} were taken`);
});

const BODIES: readonly [type: string, body: string][] = [
  ['application/json', '{"a":{"b":[1,"x\\u00e9",null,true]},"c":-1.5e3}'],
  ['text/xml', '<?xml version="1.0"?><a xmlns:s="u"><s:b c="1">x&amp;y</s:b><![CDATA[z]]><!-- c --></a>'],
  [
    'multipart/form-data; boundary=b',
    '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="n"\r\nContent-Type: text/plain\r\n\r\ny\r\n--b--\r\n',
  ],
  ['application/x-www-form-urlencoded', 'a=1&b=%41+c&%zz=d'],
  ['application/grpc', '\0\0\0\0\x0e\x0a\x05hello\x12\x05\x0a\x03abc'],
  ['application/x-protobuf', '\x0a\x05hello\x12\x05\x0a\x03abc\x18\x96\x01'],
  [
    'multipart/form-data; boundary=b; charset=utf-8',
    '--b\r\nContent-Disposition: form-data; name="f"; filename="n"; filename*=utf-8\'\'%41.txt\r\n\r\n--b2\r\n--b--\r\n',
  ],
];

test(`fuzz: spoilt bodies are read, or are an error that rules see (seed ${SEED})`, () => {
  const dice = new Dice(SEED);
  const rules = compiled(
    'SecParseXmlIntoArgs On\nSecArgumentsLimit 50\nSecRule REQUEST_HEADERS:Content-Type "@contains json" "id:1,phase:1,nolog,pass,ctl:requestBodyProcessor=JSON"\nSecRule REQUEST_HEADERS:Content-Type "@contains xml" "id:2,phase:1,nolog,pass,ctl:requestBodyProcessor=XML"\nSecRule ARGS|ARGS_NAMES|XML:/*|XML://@*|FILES|MULTIPART_PART_HEADERS|FILES_TMP_CONTENT|XML:/a/*[1]|XML://*[@c]|XML:/a[b=\'x\'] "@unconditionalMatch" "id:3,nolog,pass,setvar:tx.seen=+1"\nSecRule FULL_REQUEST "@contains evil" "id:6,pass"\nSecRule REQBODY_ERROR "@eq 1" "id:4,pass"\nSecRule &TX:seen "@eq 1" "id:5,pass"',
  );
  const seen = { error: 0, read: 0 };
  for (let run = 0; run < RUNS; run++) {
    const [type, body] = dice.pick(BODIES);
    const sent = {
      method: 'POST',
      headers: ['Content-Type', dice.below(5) === 0 ? spoil(type, dice) : type],
      body: spoil(body, dice),
    };
    const transaction = inspect(rules, sent);
    assert.ok(transaction.request.argsGet.length + transaction.body.args.length <= 50);
    if (transaction.body.error !== undefined) seen.error++;
    else if (transaction.tx.get('seen') !== undefined) seen.read++;
    assert.equal(
      transaction.matchedRules.some(({ rule }) => rule.id === 4),
      transaction.body.error !== undefined,
    );
  }
  assert.ok(seen.error > RUNS / 20 && seen.read > RUNS / 20, JSON.stringify(seen));
});
