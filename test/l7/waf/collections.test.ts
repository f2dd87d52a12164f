/** Persistent collections through a running moat: one count for all workers, kept over a reload. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts, httpConf, startMoat, until } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';

const MOST = 20;
const RULES = `SecRuleEngine On
SecAction "id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR},setvar:ip.seen=+1"
SecRule IP:SEEN "@gt ${MOST}" "id:2,phase:1,deny,status:429"
`;

test('a rule that lets twenty requests of an address through counts those of all workers, and over a reload', async () => {
  const [port = 0] = await freePorts(1);
  const conf = (more = '') =>
    httpConf(
      `waf block; waf_rules own.conf; waf_collections 2m; server { listen 127.0.0.1:${port};
        location = /revision { waf off; return 200 "${more}"; } location / { try_files /none =404; } }`,
      'worker_processes 3;',
    );
  await using moat = await startMoat(conf('one'), { files: { 'own.conf': RULES } });
  const ask = async (count: number) =>
    (await Promise.all(Array.from({ length: count }, () => request(port)))).map(({ status }) => status);
  assert.deepEqual(new Set(await ask(MOST - 5)), new Set([404]));
  moat.reload(conf('two'));
  await until(async () => (await request(port, { path: '/revision' })).body === 'two');
  const statuses = await ask(40);
  assert.equal(statuses.filter(status => status === 404).length, 5);
  assert.equal(statuses.filter(status => status === 429).length, 35);
});
