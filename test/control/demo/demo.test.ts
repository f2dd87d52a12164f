/** `moat demo`: from the command to answers, and nothing left behind. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { developmentCertificate } from '../../../control/demo/certificate.ts';
import { freePorts, PROGRAMS, until } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';

const NOBODY = 65534;
const dir = mkdtempSync(join(tmpdir(), 'moat-test-demo-'));
chmodSync(dir, 0o755); // the workers are nobody
after(() => rmSync(dir, { recursive: true }));

test('demo: page, servers, stickiness, TLS; Ctrl-C ends all of it', async () => {
  const [port = 0, tlsPort = 0] = await freePorts(2);
  const demo = spawn(PROGRAMS.moat, ['demo', '--l7-only', '--port', `${port}`, '--tls-port', `${tlsPort}`], {
    env: { ...process.env, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  after(() => demo.kill('SIGKILL'));
  const ended = new Promise(resolve => demo.once('exit', resolve));
  let said = '';
  demo.stdout.setEncoding('utf8').on('data', text => (said += text));
  await until(() => said.includes('\n'));
  assert.ok(said.includes(`http://localhost:${port}/`));
  assert.match((await request(port)).body, /<title>moat is running<\/title>/);
  const who = async (path: string, headers = {}) =>
    JSON.parse((await request(port, { path, headers })).body).server;
  const inTurn = new Set([await who('/round/'), await who('/round/'), await who('/round/')]);
  assert.deepEqual([...inTurn].sort(), ['ada', 'bela', 'cleo']);
  assert.equal(await who('/team/', { 'X-Team': 'green' }), 'bela');
  const first = await request(port, { path: '/sticky/' });
  const [cookie = ''] = /demo_member=[^;]+/.exec(first.raw) ?? [];
  const { server } = JSON.parse(first.body);
  for (let i = 0; i < 4; i++) assert.equal(await who('/sticky/', { Cookie: cookie }), server);
  const attack = await request(port, { path: '/round/?q=%3Cscript%3Ealert(1)%3C/script%3E' });
  assert.equal(attack.status, 403);
  assert.match(attack.body, /Reference: [0-9a-f]{32}/);
  const secure = await request({ port: tlsPort, tls: { servername: 'localhost' } }, { path: '/blue/' });
  assert.equal(JSON.parse(secure.body).scheme, 'https');
  demo.kill('SIGINT');
  assert.equal(await ended, 0);
  assert.deepEqual(readdirSync(dir), []);
});

test('demo: Ctrl-C before moat hears signals ends all of it too', async () => {
  const [port = 0, tlsPort = 0] = await freePorts(2);
  const demo = spawn(PROGRAMS.moat, ['demo', '--l7-only', '--port', `${port}`, '--tls-port', `${tlsPort}`], {
    env: { ...process.env, TMPDIR: dir },
    stdio: 'ignore',
  });
  after(() => demo.kill('SIGKILL'));
  const ended = new Promise(resolve => demo.once('exit', resolve));
  await until(() => readdirSync(dir).some(name => existsSync(join(dir, name, 'moat.conf'))));
  demo.kill('SIGINT');
  assert.equal(await ended, 0);
  assert.deepEqual(readdirSync(dir), []);
});

test('demo: an ordinary user gets the L7 tier, and is told what the other one needs', {
  skip: process.getuid?.() === 0 ? false : 'only root can be somebody else',
}, async () => {
  const [port = 0, tlsPort = 0] = await freePorts(2);
  const own = mkdtempSync(join(tmpdir(), 'moat-test-demo-nobody-'));
  after(() => rmSync(own, { recursive: true, force: true }));
  chownSync(own, NOBODY, NOBODY);
  const demo = spawn(PROGRAMS.moat, ['demo', '--port', `${port}`, '--tls-port', `${tlsPort}`], {
    env: { ...process.env, TMPDIR: own, NODE_COMPILE_CACHE: '' },
    uid: NOBODY,
    gid: NOBODY,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  after(() => demo.kill('SIGKILL'));
  const ended = new Promise(resolve => demo.once('exit', resolve));
  let said = '';
  for (const stream of [demo.stdout, demo.stderr])
    stream.setEncoding('utf8').on('data', text => (said += text));
  await until(() => said.includes('Ctrl-C'));
  assert.match(said, /the L7 tier alone: network namespaces and eBPF need root\. .*sudo npm start/);
  assert.match((await request(port, { path: '/round/' })).body, /"server": "ada"/);
  process.kill(-demo.pid!, 'SIGHUP'); // to all of them: the terminal is closed
  assert.equal(await ended, 0);
  assert.deepEqual(
    readdirSync(own).filter(name => name.startsWith('moat-demo-')),
    [],
  );
});

test('demo --help tells the options, and a wrong one is refused', () => {
  const help = spawnSync(PROGRAMS.moat, ['demo', '--help'], { encoding: 'utf8' });
  assert.equal(help.status, 0);
  for (const option of ['--port', '--tls-port', '--mode', '--rate', '--l7-only'])
    assert.match(help.stdout, new RegExp(`^  ${option} `, 'm'));
  for (const words of [
    ['--mode', 'mr'],
    ['--rate', '0'],
    ['--port', '70000'],
  ]) {
    const { status, stderr } = spawnSync(PROGRAMS.moat, ['demo', ...words], { encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`"${words[1]}" is not `));
  }
});

test('demo certificate: valid today, for this machine, signed by its own key', () => {
  const { key, certificate } = developmentCertificate(7);
  const x509 = new X509Certificate(certificate);
  assert.ok(x509.verify(createPublicKey(key)));
  assert.deepEqual(
    [
      x509.checkHost('localhost'),
      x509.checkIP('127.0.0.1'),
      x509.checkIP('::1'),
      x509.checkHost('example.org'),
    ],
    ['localhost', '127.0.0.1', '::1', undefined],
  );
  const days = (x509.validToDate.getTime() - Date.now()) / 86_400_000;
  assert.ok(x509.validFromDate.getTime() < Date.now() && days > 6 && days <= 7, x509.validTo);
});
