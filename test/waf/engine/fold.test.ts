/** What is decided when rules are loaded changes nothing that a request can see. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkRules } from '../../../waf/link.ts';
import { compilePattern } from '../../../waf/regex/pattern.ts';
import { loaderOf } from '../../../waf/seclang/loader.ts';
import { readRules } from '../../../waf/seclang/read.ts';
import { makeVariant } from '../../../waf/variant.ts';
import { compiled, headOf, ids, inspect } from '../engine.ts';
import { numbers } from '../numbers.ts';

/** Writes what nobody knows into TX, as far as can be told, and leads elsewhere: so nothing after it is decided early. */
const OPAQUE =
  'SecRule REQUEST_METHOD "@streq NONE" "id:99999,phase:1,nolog,pass,setvar:\'tx.%{REQUEST_METHOD}=1\',skipAfter:OPAQUE"\nSecMarker OPAQUE\n';

function left(text: string): number {
  const loader = loaderOf({ '/r': text });
  const program = readRules(['/r'], loader, { compilePattern });
  const linked = linkRules(program, { loader, macros: program.macros, httpBlKey: undefined, compilePattern });
  const { plans } = makeVariant(linked, {}, []);
  assert.deepEqual(program.diagnostics, []);
  return Object.values(plans).reduce((sum, { rules }) => sum + rules.length, 0);
}

const SET_UP =
  'SecAction "id:1,phase:1,nolog,pass,setvar:tx.level=1"\nSecRule &TX:limit "@eq 0" "id:2,phase:1,nolog,pass,setvar:tx.limit=%{tx.level}0"\nSecRule TX:level "@lt 2" "id:3,phase:2,nolog,pass,skipAfter:END"\nSecRule ARGS "@rx x" "id:4,phase:2,pass"\nSecMarker END\nSecRule ARGS "@ge %{tx.limit}" "id:5,phase:2,pass"\n';

test('foldRules: set-up and levels cost nothing per request', () => {
  assert.equal(left(SET_UP), 1);
  assert.equal(left(OPAQUE + SET_UP), 6);
  for (const text of [SET_UP, OPAQUE + SET_UP])
    assert.deepEqual(ids(inspect(compiled(text), { target: '/?a=x&b=12' })), [5]);
});

test('foldRules: ctl before the set-up does not keep it from being decided', () => {
  for (const option of ['requestBodyProcessor=JSON', 'ruleEngine=Off', 'ruleRemoveById=77'])
    assert.equal(
      left(`SecRule ARGS:a "@streq j" "id:9,phase:1,nolog,pass,ctl:${option}"\n${SET_UP}`),
      2,
      option,
    );
  const leads = `SecRule ARGS:a "@streq j" "id:9,phase:1,nolog,pass,skipAfter:END"\n${SET_UP}`;
  assert.equal(left(leads), 6);
  const rules = compiled(`SecRule ARGS:a "@streq j" "id:9,phase:1,nolog,pass,ctl:ruleEngine=Off"\n${SET_UP}`);
  assert.deepEqual(ids(inspect(rules, { target: '/?a=x&b=12' })), [5]);
  assert.deepEqual(ids(inspect(rules, { target: '/?a=j&b=12' })), []);
});

test('foldRules: a chain is decided by the link that cannot match, unless links before it act', () => {
  const chain = (action: string) =>
    `${SET_UP}SecRule ARGS:q "@streq x" "id:9,phase:2,nolog,pass,chain${action}"\nSecRule TX:level "@gt 5" "t:none"\nSecRule TX:seen "@eq 1" "id:10,phase:2,pass"`;
  assert.equal(left(chain('')), 1);
  assert.equal(left(chain(',setvar:tx.seen=1')), 3);
  assert.deepEqual(ids(inspect(compiled(chain(',setvar:tx.seen=1')), { target: '/?q=x' })), [10]);
  const jump = `${SET_UP}SecRule TX:level "@eq 1" "id:9,phase:2,nolog,pass,chain,skipAfter:OUT"\nSecRule &TX:limit "@eq 1" "t:none"\nSecRule ARGS "@rx x" "id:10,phase:2,pass"\nSecMarker OUT\n`;
  assert.equal(left(jump), 1);
});

test('foldRules: each profile has what follows from its own variables', () => {
  const rules = compiled(SET_UP);
  const idsWith = (variables: Record<string, string>, target: string) => {
    const transaction = rules.transaction(headOf({ target }), rules.profile({ variables }));
    transaction.inspectHead();
    transaction.inspectRequest();
    return ids(transaction);
  };
  assert.deepEqual(idsWith({ limit: '20' }, '/?a=12'), []);
  assert.deepEqual(idsWith({ limit: '5' }, '/?a=6'), [5]);
  assert.deepEqual(idsWith({}, '/?a=12'), [5]);
});

test('foldRules: a rule that ctl may take out is not decided early', () => {
  const text = `SecRule ARGS:off "@streq 1" "id:9,phase:1,nolog,pass,ctl:ruleRemoveById=3"\n${SET_UP}`;
  const rules = compiled(text);
  assert.deepEqual(ids(inspect(rules, { target: '/?a=x' })), []);
  assert.deepEqual(ids(inspect(rules, { target: '/?a=x&off=1' })), [4]);
});

test('foldRules: what a request can write is not known', () => {
  const text = `SecRule ARGS:up "@streq 1" "id:9,phase:1,nolog,pass,setvar:tx.level=2"\n${SET_UP.replace('SecAction "id:1', 'SecRule &TX:level "@eq 0" "id:1')}`;
  const rules = compiled(text);
  assert.deepEqual(ids(inspect(rules, { target: '/?a=x' })), []);
  assert.deepEqual(ids(inspect(rules, { target: '/?a=x&up=1' })), [4]);
});

test('foldRules: random sets of rules match the same with and without', () => {
  const random = numbers(5);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const names = ['a', 'b', 'c'];
  const rule = (id: number) => {
    const target = pick(['TX:a', '&TX:b', 'TX:c', 'TX:/a|b/', '&TX:a|TX:b', 'ARGS:q', 'TX:1', '&TX']);
    const operator = pick(['@eq 1', '@lt 2', '!@eq 0', '@ge %{tx.b}', '@rx (1)(.?)', '@streq 11']);
    const actions = [
      `id:${id}`,
      `phase:${1 + random(2)}`,
      'pass',
      pick(['nolog', 'log']),
      ...Array.from({ length: random(3) }, () =>
        pick([
          `setvar:tx.${pick(names)}=${random(3)}`,
          `setvar:tx.${pick(names)}=+1`,
          `setvar:!tx.${pick(names)}`,
          `setvar:tx.${pick(names)}=%{tx.${pick(names)}}1`,
          'capture',
          `ctl:ruleRemoveById=${1 + random(30)}`,
        ]),
      ),
      ...(random(4) === 0 ? [pick(['skipAfter:M', 'skip:1', 'skip:2'])] : []),
    ];
    const first = random(4) === 0 ? 'SecAction' : `SecRule ${target} "${operator}"`;
    if (random(4) > 0) return `${first} "${actions.join()}"`;
    const link = pick([
      'SecAction',
      'SecRule TX:a "@eq 1"',
      'SecRule ARGS:q "@eq 11"',
      'SecRule &TX:c "@eq 0"',
    ]);
    return `${first} "${actions.join()},chain"\n${link} "t:none${pick(['', ',setvar:tx.c=7'])}"`;
  };
  let matched = 0;
  for (let round = 0; round < 400; round++) {
    const text = `${Array.from({ length: 12 }, (_, n) => rule(n + 1)).join('\n')}\nSecMarker M\nSecRule TX "@rx ." "id:50,pass"\nSecRule &TX:a "@eq 1" "id:51,pass"`;
    for (const target of ['/', '/?q=1', '/?q=11']) {
      const known = inspect(compiled(text), { target });
      const unknown = inspect(compiled(OPAQUE + text), { target });
      assert.deepEqual(ids(known), ids(unknown), text);
      assert.deepEqual(
        known.tx
          .entries()
          .map(({ lower, value }) => `${lower}=${value}`)
          .sort(),
        unknown.tx
          .entries()
          .map(({ lower, value }) => `${lower}=${value}`)
          .sort(),
        text,
      );
      matched += ids(known).length;
    }
  }
  assert.ok(matched > 500, `only ${matched} rules matched`);
});
