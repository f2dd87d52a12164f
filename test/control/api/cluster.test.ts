/** Virtual routers by the API, asked from the other host over TLS: given away, explained, taken out for maintenance. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { bothOf } from '../../cluster/both-of.ts';
import { newPair } from '../../cluster/new-pair.ts';
import { V3 } from '../../cluster/pair.ts';
import { labMissing, until } from '../../lab/lab.ts';

const skip = labMissing('curl', 'openssl');
const AT = '/api/v1/cluster';
const VI_1 = `${AT}/vrrp/VI_1`;

test('api cluster: an instance is given away and taken back, maintenance goes on and off, by TLS from another host', {
  skip,
}, async t => {
  const pair = newPair(V3, t);
  const [a, b] = pair.owners;
  const key = ['-keyout', pair.path('api.key'), '-out', pair.path('api.pem')];
  const what = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-subj', '/CN=a', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', '-nodes', ...what, ...key], { stdio: 'ignore' });
  const { above } = await bothOf(pair);
  const api = `api { listen 10.77.0.1:8470; state_path ${pair.path('api')}; ssl_certificate ${pair.path('api.pem')}; ssl_certificate_key ${pair.path('api.key')}; }`;
  above.reconfigure(text => `${text}\n${api}\n`);
  above.reload();
  await until(async () => (await above.run('token', 'list')).status === 0, 'the block to be in force');
  const { stdout: token } = await above.run(
    'token',
    'create',
    'ops',
    '--role',
    'operator',
    '--scope',
    'cluster',
  );

  const say = async (path: string, ...more: string[]) => {
    const { stdout } = await pair.hosts[1].run(
      ...[
        'curl',
        '-s',
        '-k',
        '-i',
        '--http1.1',
        '-m',
        '20',
        '-H',
        `Authorization: Bearer ${token.trim()}`,
        ...more,
      ],
      `https://10.77.0.1:8470${path}`,
    );
    const [head = '', text = ''] = stdout.split('\r\n\r\n');
    const etag = /^etag: (.*)$/im.exec(head)?.[1]?.trim() ?? '';
    return {
      status: Number(head.split(' ')[1]),
      etag,
      head,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
  const change = (method: string, path: string, ifMatch: string, body?: object) => {
    const json = body ? ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)] : [];
    return say(path, '-X', method, '-H', `If-Match: ${ifMatch}`, ...json);
  };

  await until(async () => (await say(AT)).status === 200, 'the API to answer');
  assert.equal((await say('/api/v1/l7/pools')).status, 403, 'another scope');
  const plain = await pair.hosts[1].run('curl', '-s', '-m', '20', 'http://10.77.0.1:8470/healthz');
  assert.notEqual(plain.status, 0, 'it speaks without TLS');

  await a.becomes(true);
  const seen = await say(VI_1);
  assert.deepEqual([seen.body.state, seen.body.priority], ['active', 150]);
  assert.match(seen.head, /^strict-transport-security: /im);
  assert.equal((await change('POST', `${VI_1}/failover`, '"old"')).status, 412);
  assert.equal((await change('POST', `${AT}/vrrp/VI_2/failover`, '*')).status, 404);
  const given = await change('POST', `${VI_1}/failover`, seen.etag);
  assert.equal(given.status, 200, JSON.stringify(given.body));
  await b.becomes(true);
  const explained = async () => (await say(`${VI_1}/explain`)).body.lines.join('\n');
  await until(async () => /its place was given away/.test(await explained()), 'the other one to be heard');
  assert.deepEqual((await say(`${AT}/incidents`)).body.items, []);
  assert.equal((await change('POST', `${VI_1}/failover`, '*')).status, 200);
  await a.becomes(true);

  const before = await say(`${AT}/maintenance`);
  assert.deepEqual(before.body, { on: false });
  const on = await change('PUT', `${AT}/maintenance`, before.etag, { on: true, reason: 'new disk' });
  assert.deepEqual(on.body, { on: true });
  assert.equal((await change('PUT', `${AT}/maintenance`, before.etag, { on: false })).status, 412);
  await b.becomes(true);
  assert.match((await above.run('vrrp', 'status')).stdout, /in maintenance/);
  assert.deepEqual((await change('PUT', `${AT}/maintenance`, on.etag, { on: false })).body, { on: false });
  await a.becomes(true);
});
