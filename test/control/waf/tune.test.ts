/** Learning: what a site is like in detect mode becomes exclusions that spare honest requests, and no attack. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LearnedFact, WafEvent } from '#model/waf-event.ts';
import { commonPaths } from '../../../control/waf/command/paths.ts';
import { findings } from '../../../control/waf/command/tune.ts';
import { freePorts, httpConf, PROGRAMS, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { type Ask, request } from '../../e2e/wire.ts';
import { attacks, benign, clientField } from './benign.ts';

const CRS = '/usr/share/modsecurity-crs/rules';

const PATHS: readonly (readonly [paths: readonly string[], common: readonly (string | undefined)[]])[] = [
  [
    ['/a', '/b'],
    ['/a', '/b'],
  ],
  [['/item/1', '/item/2', '/item/3', '/item/4'], ['/item/']],
  [['/item/1/x', '/item/2/x', '/item/3/x', '/item/4/x'], ['/item/']],
  [
    ['/item/1', '/item/2', '/item/3', '/item/4', '/b'],
    ['/item/', '/b'],
  ],
  [['/a', '/b', '/c', '/d'], [undefined]],
  [['/'], ['/']],
];

test('commonPaths: few paths are themselves, many are their folder', () => {
  for (const [paths, common] of PATHS) assert.deepEqual(commonPaths(new Set(paths)), common, paths.join(' '));
});

const eventOf = (
  client: string,
  hits: readonly [rule: number, variable: string][],
  status = 200,
): WafEvent => ({
  id: '',
  timeMs: 0,
  action: 'detect',
  source: 'rules',
  reason: '',
  status,
  score: 5,
  clientAddress: client,
  listener: { address: '192.0.2.9', port: 80, tls: false },
  host: 'a.example',
  path: '/x',
  server: 'a.example',
  location: '/',
  site: { file: 'moat.conf', line: 1 },
  phase: 2,
  request: { method: 'GET', target: '/x', protocol: 'HTTP/1.1', headers: [], body: '', bodyBytes: 0 },
  rules: hits.map(([id, variable]) => ({
    id,
    message: '',
    data: '',
    severity: '',
    tags: [],
    file: '',
    line: 1,
    matches: [
      { variable, value: 'v', transformed: 'v', part: undefined, operator: '@rx', transformations: [] },
    ],
  })),
});

const CLIENTS = ['1', '2', '3', '4', '5', '6'];
const confidences = (events: readonly WafEvent[], facts: readonly LearnedFact[] = []) =>
  findings(events, facts).map(({ proposals, confidence }) => `${confidence} ${proposals[0]!.line}`);

test('findings: many clients, one rule, one thing', () => {
  const one = CLIENTS.map(client => eventOf(client, [[1, 'ARGS:q']]));
  assert.deepEqual(confidences(one), ['high waf_exclude rule=1 path=/x param=q;']);
  assert.deepEqual(confidences(one.slice(0, 2)), ['medium waf_exclude rule=1 path=/x param=q;']);
  assert.deepEqual(confidences(one.slice(0, 1)), ['low waf_exclude rule=1 path=/x param=q;']);
  const refused = CLIENTS.map(client => eventOf(client, [[1, 'ARGS:q']], 404));
  assert.deepEqual(confidences(refused), ['low waf_exclude rule=1 path=/x param=q;']);
});

test('findings: what is certain is taken away, and what is left is judged anew', () => {
  const events = [
    ...CLIENTS.map(client => eventOf(client, [[1, 'ARGS:q']])),
    ...CLIENTS.map(client =>
      eventOf(client, [
        [1, 'ARGS:q'],
        [2, 'ARGS:r'],
      ]),
    ),
  ];
  assert.deepEqual(confidences(events), [
    'high waf_exclude rule=1 path=/x param=q;',
    'high waf_exclude rule=2 path=/x param=r;',
  ]);
});

test('findings: several rules in one field are an attack, unless the field is usually like that', () => {
  const events = CLIENTS.map(client =>
    eventOf(client, [
      [1, 'ARGS:q'],
      [2, 'ARGS:q'],
    ]),
  );
  const fact = {
    place: 'a.example /',
    kind: 'param',
    value: 'q',
    clients: [],
    firstMs: 0,
    lastMs: 0,
  } as const;
  const rare = { ...fact, requests: 600, flagged: 6, accepted: 600 };
  const usual = { ...fact, requests: 8, flagged: 6, accepted: 8 };
  const expected = (confidence: string) =>
    [1, 2].map(rule => `${confidence} waf_exclude rule=${rule} path=/x param=q;`);
  assert.deepEqual(confidences(events), expected('medium'));
  assert.deepEqual(confidences(events, [rare]), expected('medium'));
  assert.deepEqual(confidences(events, [usual]), expected('high'));
});

test('findings: clients who try everything count for nothing', () => {
  const probing = Array.from({ length: 20 }, (_, at): [number, string] => [100 + at, 'ARGS:z']);
  const events = CLIENTS.flatMap(client => [eventOf(client, [[1, 'ARGS:q']]), eventOf(client, probing)]);
  assert.ok(confidences(events).every(line => line.startsWith('low')));
});

async function refusedOf(port: number, asks: readonly Ask[]): Promise<boolean[]> {
  const refused: boolean[] = [];
  for (let at = 0; at < asks.length; at += 4) {
    const replies = await Promise.all(asks.slice(at, at + 4).map(ask => request(port, ask)));
    refused.push(...replies.map(({ status }) => status === 403));
  }
  return refused;
}

const countOf = (refused: readonly boolean[]): number => refused.filter(Boolean).length;

function waf(moat: Running, ...words: string[]): { status: number | null; out: string; err: string } {
  const args = ['waf', ...words, '-p', `${moat.dir}/`, '-c', join(moat.dir, 'nginx.conf')];
  const { status, stdout, stderr } = spawnSync(PROGRAMS.moat, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { status, out: stdout, err: stderr };
}

test('waf_learn and moat waf tune: two thirds of false blocks go, attacks on everything else stay blocked', {
  skip: existsSync(CRS) ? false : 'modsecurity-crs is not installed',
}, async t => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream(() => response(200, 'taken'));
  const conf = (mode: string, place = '') =>
    httpConf(
      `set_real_ip_from 127.0.0.1; real_ip_header ${clientField}; waf ${mode}; waf_rules crs; waf_learn on;
       server { listen 127.0.0.1:${port}; server_name shop.example;
       location / {\n${place} proxy_pass http://127.0.0.1:${upstream.port}; } }`,
    );
  await using moat = await startMoat(conf('detect'), { patienceMs: 120_000 });
  const training = [...benign(1, 500), ...attacks()];
  assert.equal(countOf(await refusedOf(port, training)), 0);
  await until(() => {
    const facts: LearnedFact[] = JSON.parse(waf(moat, 'learned', '--json').out || '[]');
    const posts = facts.find(({ kind, value }) => kind === 'host' && value === 'shop.example');
    return posts?.requests === training.length;
  }, 'all that was learned');
  const fresh = benign(2, 400);
  const hostile = attacks().filter((_, at) => at % 6 === 0);

  moat.reload(conf('block'));
  await until(async () => (await request(port, hostile[0]!)).status === 403, 'the firewall blocks');
  const before = countOf(await refusedOf(port, fresh));
  const caught = await refusedOf(port, hostile);
  assert.ok(before > 100, `${before} false blocks: too few to tell anything`);
  assert.ok(countOf(caught) > 40, `${countOf(caught)} attacks are blocked: too few to tell anything`);

  const told = waf(moat, 'tune').out;
  const tuned = waf(moat, 'tune', '--write');
  assert.equal(tuned.status, 0, tuned.err + told);
  moat.signal('SIGHUP');
  await until(async () => countOf(await refusedOf(port, fresh.slice(0, 40))) < 8, 'the exclusions in force');
  const after = countOf(await refusedOf(port, fresh));
  t.diagnostic(`false blocks: ${before} of ${fresh.length} before, ${after} after\n${tuned.out}`);
  assert.ok(after * 3 <= before, `${after} false blocks are left of ${before}\n${tuned.out}`);
  assert.deepEqual(await refusedOf(port, hostile), caught, tuned.out);
});
