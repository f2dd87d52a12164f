/** Plans of drills: what they say, and how a faulty line is told. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PlanFault, readPlan } from '../../../control/drill/plan.ts';

const ROOT = join(import.meta.dirname, '../../..');
const WHOLE = `ask http://192.0.2.1/ https://[2001:db8::1]/;
rate 5; timeout 500ms; verify off; command_timeout 2m;
fault "one" { break "a \\"b\\""; mend "c"; check_broken d; check_mended e;
  lasts 1m 30s; may_fail 3; may_be_silent 2s; heals_within 4m; }
fault two { break x; may_fail any; may_be_silent any; }
`.replace('1m 30s', '"1m 30s"');

test('plan: all that it can say', () => {
  const plan = readPlan(WHOLE, 'drill.conf');
  const { faults, ...rest } = plan;
  assert.deepEqual(rest, {
    urls: ['http://192.0.2.1/', 'https://[2001:db8::1]/'],
    ...{ perSecond: 5, timeoutMs: 500, commandMs: 120_000, verifies: false },
  });
  assert.deepEqual(faults[0], {
    ...{ name: 'one', break: 'a "b"', mend: 'c', checkBroken: 'd', checkMended: 'e' },
    ...{ lastsMs: 90_000, mayFail: 3, maySilentMs: 2000, healMs: 240_000 },
  });
  const { mend, mayFail, maySilentMs, lastsMs } = faults[1]!;
  assert.deepEqual([mend, mayFail, maySilentMs, lastsMs], [undefined, undefined, undefined, 5000]);
});

const FAULTY: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /^p: nothing is asked: ask http/],
  ['nothing broken', 'ask http://a/;', /^p: nothing is broken: fault/],
  ['no address', 'ask ftp://a/;\nfault a { break b; }', /^p:1:1: "ftp:\/\/a\/" is not an address of HTTP/],
  ['an unknown line', 'ask http://a/;\n  rote 5;', /^p:2:3: "rote" is none of .*did you mean "rate"\?$/],
  [
    'an unknown line inside',
    'ask http://a/;\nfault a {\n brake b; }',
    /^p:3:2: "brake" is none of .*"break"/,
  ],
  ['twice', 'ask http://a/; rate 1; rate 2; fault a { break b; }', /^p:1:24: "rate" is there twice/],
  [
    'a bare command',
    'ask http://a/; fault a { break ssh host; }',
    /^p:1:26: "break" has one value; quote it/,
  ],
  ['no command', 'ask http://a/; fault a { mend b; }', /^p:1:16: the fault "a" breaks nothing/],
  ['too long', 'ask http://a/; fault a { break b; lasts 1h; }', /"1h" is not a time of at most 10 minutes/],
  ['too many', 'ask http://a/; rate 501; fault a { break b; }', /"501" is not a number from 1 to 500/],
  ['a nameless fault', 'ask http://a/; fault { break b; }', /^p:1:16: a fault has a name and a block/],
  ['no end', 'ask http://a/; fault a { break b; ', /^p: it is not made of directives and blocks/],
  ['a strange block', 'ask http://a/; rate { }', /^p:1:16: "rate" has no block/],
];
for (const [name, text, told] of FAULTY)
  test(`plan: ${name} is told`, () => {
    assert.throws(
      () => readPlan(text, 'p'),
      (fault: Error) => fault instanceof PlanFault && told.test(fault.message),
    );
  });

test('plans: those of the compose stack and of the guide are sound', () => {
  const stack = readPlan(readFileSync(join(ROOT, 'deploy/compose/drill.conf'), 'latin1'), 'drill.conf');
  assert.ok(stack.faults.length > 5);
  const [, guide = ''] = /^```nginx\n(# drill\.conf.*?)^```$/ms.exec(
    readFileSync(join(ROOT, 'docs/guides/drills.md'), 'latin1'),
  )!;
  assert.equal(readPlan(guide, 'drills.md').faults.length, 3);
});
