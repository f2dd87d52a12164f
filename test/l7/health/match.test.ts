/** Tests of answers: status, headers, body, required variables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerVariables, type CheckAnswer } from '../../../l7/health/answer.ts';
import { compileMatch, needsBody } from '../../../l7/health/match.ts';
import { checkText, faultsOf } from '../../config/check-text.ts';

const answer = (also: Partial<CheckAnswer>): CheckAnswer => ({
  status: 200,
  headers: {},
  body: '',
  address: '10.0.0.1:80',
  headerMs: 3,
  ...also,
});

/** Compiles a match block as written. */
function match(block: string, http = '') {
  const result = checkText(
    `http { ${http} match m { ${block} } upstream u { server 10.0.0.1; } server { location / { proxy_pass http://u; health_check match=m; } } }`,
  );
  assert.deepEqual(faultsOf(result), []);
  const { healthChecks, variables } = result.model!.http!;
  return compileMatch(healthChecks[0]!.match, new AnswerVariables(variables));
}

test('match: without a block 2xx and 3xx pass', () => {
  const passes = compileMatch(undefined, new AnswerVariables([]));
  for (const status of [200, 299, 301, 399]) assert.equal(passes(answer({ status })), undefined);
  for (const status of [100, 199, 400, 503]) assert.equal(passes(answer({ status })), `status ${status}`);
});

const CASES: readonly [block: string, good: Partial<CheckAnswer>[], bad: Partial<CheckAnswer>[]][] = [
  ['status 200;', [{ status: 200 }], [{ status: 201 }]],
  ['status 200-299 404;', [{ status: 250 }, { status: 404 }], [{ status: 301 }, { status: 403 }]],
  ['status ! 500-599;', [{ status: 404 }], [{ status: 500 }, { status: 599 }]],
  ['header X-A;', [{ headers: { 'x-a': '' } }], [{}]],
  ['header ! X-A;', [{}], [{ headers: { 'x-a': '1' } }]],
  ['header X-A = "a b";', [{ headers: { 'x-a': 'a b' } }], [{ headers: { 'x-a': 'a' } }, {}]],
  ['header X-A != down;', [{ headers: { 'x-a': 'up' } }], [{ headers: { 'x-a': 'down' } }, {}]],
  ['header X-A ~ ^ok;', [{ headers: { 'x-a': 'okay' } }], [{ headers: { 'x-a': 'not ok' } }, {}]],
  ['header X-A !~ ^ok;', [{ headers: { 'x-a': 'no' } }], [{ headers: { 'x-a': 'ok' } }, {}]],
  ['body ~ "all \\w+ go";', [{ body: 'x all systems go y' }], [{ body: 'all go' }]],
  ['body !~ maintenance;', [{ body: 'fine' }], [{ body: 'in maintenance' }]],
  ['status 200; body ~ up;', [{ body: 'up' }], [{ status: 500, body: 'up' }, { body: 'down' }]],
  [
    'require $upstream_http_x_ready $upstream_status;',
    [{ headers: { 'x-ready': 'yes' } }],
    [{ headers: { 'x-ready': '0' } }, { headers: { 'x-ready': '' } }, {}],
  ],
];

for (const [block, good, bad] of CASES) {
  test(`match: ${block}`, () => {
    const passes = match(block);
    for (const one of good) assert.equal(passes(answer(one)), undefined, JSON.stringify(one));
    for (const one of bad) assert.equal(typeof passes(answer(one)), 'string', JSON.stringify(one));
  });
}

test('match: require looks through maps, and other variables are empty', () => {
  const maps = `map $upstream_status $good { ~^20 1; 304 $twice; default 0; }
    map $upstream_http_x_name $twice { hostnames; *.up.test 1; default ""; }`;
  const passes = match('require $good;', maps);
  for (const status of [200, 204]) assert.equal(passes(answer({ status })), undefined);
  assert.equal(passes(answer({ status: 304, headers: { 'x-name': 'a.up.test' } })), undefined);
  assert.match(passes(answer({ status: 304 }))!, /empty or 0/);
  assert.match(passes(answer({ status: 500 }))!, /empty or 0/);
  assert.match(match('require $remote_addr;')(answer({}))!, /empty or 0/);
});

test('match: maps that name each other in a circle are empty', () => {
  const maps = 'map $b $a { default $b; } map $a $b { default $a; }';
  assert.match(match('require $a;', maps)(answer({}))!, /empty or 0/);
});

test('match: a body is read only where a test looks at it', () => {
  const model = (block: string) =>
    checkText(
      `http { match m { ${block} } upstream u { server 10.0.0.1; } server { location / { proxy_pass http://u; health_check match=m; } } }`,
    ).model!.http!.healthChecks[0]!.match;
  assert.deepEqual([undefined, model('status 200;'), model('body ~ a;')].map(needsBody), [
    false,
    false,
    true,
  ]);
});
