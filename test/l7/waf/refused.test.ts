/** Requests that get no further than their head: the firewall says what they were. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headParts } from '../../../l7/waf/refused.ts';
import { freePorts, httpConf, startMoat, until } from '../../e2e/rig.ts';
import { Wire } from '../../e2e/wire.ts';

test('headParts() takes a head apart as a lenient server would', () => {
  assert.deepEqual(headParts('GET /a b HTTP/1.1\r\nHost:  x \r\nno colon\n\r\nbody'), {
    method: 'GET',
    target: '/a b',
    protocol: 'HTTP/1.1',
    headers: ['Host', 'x', 'no colon', ''],
  });
  assert.deepEqual(headParts('GET /\n\n'), { method: 'GET', target: '/', protocol: '', headers: [] });
  assert.deepEqual(headParts('\tA\r\n\r\n'), { method: '\tA', target: '', protocol: '', headers: [] });
  assert.equal(headParts('GET / HTTP/1.1\r\nHost: x\r\n'), undefined);
});

const SQL = "q=1'%20OR%20'1'='1";
const HOST = 'Host: a.example\r\n\r\n';
const REFUSED: readonly (readonly [what: string, bytes: string, status: number])[] = [
  ['a version that nobody speaks', `GET /?${SQL} HTTP/3.0\r\n${HOST}`, 505],
  ['a fragment in the target', `GET /?${SQL}#a HTTP/1.1\r\n${HOST}`, 400],
  [
    'two lengths',
    `POST /?${SQL} HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n${HOST}`,
    400,
  ],
  ['a target that is no path', `GET ?${SQL} HTTP/1.1\r\n${HOST}`, 400],
  ['TRACE', `TRACE /?${SQL} HTTP/1.1\r\n${HOST}`, 405],
];

test('rules are asked about refused requests, whose answers stay as they are', async t => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(
    httpConf(
      `log_format waf '$request_method $status $waf_action $waf_rules'; access_log waf.log waf; limit_ban_zone $remote_addr zone=b:1m;
       server { listen 127.0.0.1:${port}; waf block; waf_response on; limit_ban zone=b events=waf count=1 within=1m ban=1m; return 200 ok; }`,
    ),
  );
  for (const [at, [what, bytes, status]] of REFUSED.entries())
    await t.test(what, async () => {
      using wire = await Wire.dial(port);
      assert.equal((await wire.send(bytes).reply()).status, status);
      const line = () => moat.read('waf.log').split('\n')[at] ?? '';
      await until(() => line() !== '', 'a line of the log');
      assert.match(line(), new RegExp(` ${status} detect .*3600`));
    });
  using wire = await Wire.dial(port);
  assert.equal(
    (await wire.send(`GET / HTTP/1.1\r\n${HOST}`).reply()).status,
    200,
    'nobody was banned for it',
  );
});
