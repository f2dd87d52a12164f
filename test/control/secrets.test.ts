/** Cookies of sticky sessions outlive the process that made them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { header } from '../e2e/message.ts';
import { freePorts, httpConf, startMoat, until } from '../e2e/rig.ts';
import { response, startUpstream } from '../e2e/upstream.ts';
import { request } from '../e2e/wire.ts';
import { exists, l7Of } from './life.ts';

test('secrets: a sticky cookie is good after a death of the L7 process, and after an upgrade', async () => {
  const [port = 0] = await freePorts(1);
  const members = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map(name => startUpstream(() => response(200, name))),
  );
  after(() => Promise.all(members.map(member => member.stop())));
  const servers = members.map(member => `server 127.0.0.1:${member.port};`).join(' ');
  const moat = await startMoat(
    httpConf(`upstream u { sticky cookie c; ${servers} }
      server { listen 127.0.0.1:${port}; location / { proxy_pass http://u; } }`),
  );
  const first = await request(port);
  const [cookie = ''] = /^[^;]+/.exec(header(first, 'Set-Cookie') ?? '') ?? [];
  const again = async () => (await request(port, { headers: { Cookie: cookie } })).body;
  const assertSame = async () => {
    for (let i = 0; i < 5; i++) assert.equal(await again(), first.body);
  };
  await assertSame();
  const worker = l7Of(moat.pid);
  process.kill(worker, 'SIGKILL');
  await until(() => !exists(worker));
  await assertSame();
  moat.signal('SIGUSR2');
  await until(() => moat.read('rig.pid.oldbin') !== '' && moat.read('rig.pid') !== '');
  const successor = Number(moat.read('rig.pid'));
  after(() => exists(successor) && process.kill(successor, 'SIGKILL'));
  moat.signal('SIGQUIT');
  await until(() => !exists(moat.pid));
  await assertSame();
  process.kill(successor, 'SIGQUIT');
  await until(() => !exists(successor));
  await assert.rejects(moat.stop(), /exit code 0/);
});
