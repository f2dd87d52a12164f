/** Log files and privileges: who opens them, who writes, and what rotation does. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { chmodSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { freePorts, startMoat, until } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';
import { l7Of, saying, statusOf } from './life.ts';

const IS_ROOT = process.getuid?.() === 0;

const conf = (port: number, main = '') =>
  `pid rig.pid;\n${main}\nerror_log logs/error.log info;\nevents { }\nhttp {\naccess_log logs/access.log;\n${saying('x', port)}\n}\n`;

test('reopen: after USR1 lines go to a new file, from control and from the workers', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(conf(port));
  const log = (name: string) => moat.read(`logs/${name}`);
  await request(port, { path: '/first' });
  await until(() => log('access.log').includes('/first'));
  for (const name of ['access.log', 'error.log'])
    renameSync(join(moat.dir, 'logs', name), join(moat.dir, 'logs', `${name}.1`));
  moat.signal('SIGUSR1');
  await until(() => existsSync(join(moat.dir, 'logs/access.log')));
  // It is there before the workers have it: until then their lines go to the old one.
  let asked = 0;
  await until(async () => {
    await request(port, { path: `/second-${++asked}` });
    return log('access.log').includes('/second');
  });
  const lines = () =>
    [log('access.log.1'), log('access.log')].map(text => text.match(/(first|second-\d+) /g) ?? []);
  await until(() => lines().flat().length === asked + 1, 'the last line');
  const all = ['first ', ...Array.from({ length: asked }, (_, at) => `second-${at + 1} `)];
  assert.deepEqual(lines().flat().sort(), all.sort(), 'each line once, in one of both');
  assert.equal(lines()[0]![0], 'first ');
  moat.signal('SIGHUP');
  await until(() => log('error.log').includes('in force'));
  assert.doesNotMatch(log('error.log.1'), /in force/);
});

test('privileges: the L7 process is nobody and cannot become root again', { skip: !IS_ROOT }, async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(conf(port));
  const worker = l7Of(moat.pid);
  assert.equal(statusOf(moat.pid, 'Uid').split('\t')[1], '0');
  assert.equal(new Set(statusOf(worker, 'Uid').split('\t')).size, 1);
  assert.notEqual(statusOf(worker, 'Uid').split('\t')[0], '0');
  assert.equal(statusOf(worker, 'CapPrm'), '0000000000000000');
});

test('privileges: user names another one', { skip: !IS_ROOT }, async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(conf(port, 'user daemon;'));
  assert.equal(statusOf(l7Of(moat.pid), 'Uid').split('\t')[0], '1');
});

test('privileges: workers write logs in a folder that only root may enter, also after a rotation', {
  skip: !IS_ROOT,
}, async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(conf(port), { files: { 'logs/.keep': '' } });
  chmodSync(join(moat.dir, 'logs'), 0o700);
  renameSync(join(moat.dir, 'logs/access.log'), join(moat.dir, 'logs/access.log.1'));
  moat.signal('SIGUSR1');
  await until(() => existsSync(join(moat.dir, 'logs/access.log')));
  await request(port, { path: '/x' });
  await until(() => moat.read('logs/access.log').includes('/x'));
  assert.equal(statSync(join(moat.dir, 'logs/access.log')).uid, 0);
});

test('rotation: a log that cannot be opened anew leaves the old ones open', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(conf(port), { files: { 'logs/.keep': '' } });
  renameSync(join(moat.dir, 'logs/access.log'), join(moat.dir, 'logs/access.log.1'));
  mkdirSync(join(moat.dir, 'logs/access.log'));
  moat.signal('SIGUSR1');
  await until(() => moat.read('logs/error.log').includes('the old log files stay open'));
  await request(port, { path: '/x' });
  await until(() => moat.read('logs/access.log.1').includes('/x'));
});

test('syslog: error and access logs as datagrams, from control and from the workers', async () => {
  const [port = 0] = await freePorts(1);
  const received: string[] = [];
  const server = createSocket('udp4', message => void received.push(message.toString('latin1')));
  await new Promise<void>(bound => server.bind(0, '127.0.0.1', bound));
  const syslog = `syslog:server=127.0.0.1:${server.address().port},facility=local0,tag=door`;
  await using moat = await startMoat(
    `pid rig.pid;\nerror_log ${syslog} notice;\nevents { }\nhttp {\naccess_log ${syslog},severity=warn;\n${saying('x', port)}\n}\n`,
  );
  await request(port, { path: '/seen' });
  const has = (pattern: RegExp) => received.some(line => pattern.test(line));
  await until(() => has(/^<133>\w{3} [ \d]\d [\d:]{8} \S+ door: .* \[notice\] \d+#0: ready: /), 'control');
  await until(() => has(/^<132>\w{3} [ \d]\d [\d:]{8} \S+ door: 127\.0\.0\.1 .*\/seen /), 'a worker');
  assert.ok(moat.pid);
  server.close();
});

test('access log: paths with variables are opened by the workers, gzip makes whole members', async () => {
  const [port = 0] = await freePorts(1);
  const logs =
    'access_log open/$arg_name.log;\naccess_log packed.gz combined gzip=1 flush=10ms;\naccess_log none/$arg_name.log;';
  await using moat = await startMoat(
    `pid rig.pid;\nerror_log error.log;\nevents { }\nhttp {\nroot open;\n${logs}\n${saying('x', port)}\n}\n`,
    { files: { 'open/.keep': '' } }, // a log that a request names is made only where its root exists
  );
  chmodSync(join(moat.dir, 'open'), 0o777);
  await request(port, { path: '/?name=a' });
  await until(() => moat.read('open/a.log').includes('/?name=a'));
  const packed = () => gunzipSync(Buffer.from(moat.read('packed.gz'), 'latin1')).toString('latin1');
  await until(() => moat.read('packed.gz') !== '');
  await request(port, { path: '/?name=b' });
  await until(() => packed().includes('/?name=b'));
  assert.match(packed(), /^[^\n]*name=a [^\n]*\n[^\n]*name=b [^\n]*\n$/);
  assert.match(moat.read(), /\[crit\] .*none\/a\.log/);
});
