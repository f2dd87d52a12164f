/** Access logs: buffers, paths that requests name, formats, and disks that are full. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { processTree } from '../../e2e/memory.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { startTwins } from '../../e2e/twins.ts';
import { request } from '../../e2e/wire.ts';

const conf = (port: number) =>
  httpConf(`
    log_format uri '$uri';
    log_format json escape=json '{"mine":"$uri"}';
    map $uri $loud { default 1; ~quiet 0; ~silent ""; }
    server { listen 127.0.0.1:${port}; root html;
      location /buffered { access_log buffered.log uri buffer=200; return 200 x; }
      location /flushed { access_log flushed.log uri buffer=1m flush=20ms; return 200 x; }
      location /packed { access_log packed.gz uri gzip=9 buffer=100; return 200 x; }
      location /if { access_log if.log uri if=$loud; return 200 x; }
      location /host { access_log hosts/$host.log uri; return 200 x; }
      location /kept { access_log hosts/$arg_name.log uri; open_log_file_cache max=2 valid=1h; return 200 x; }
      location /often { access_log often/$arg_name.log uri; open_log_file_cache max=9 min_uses=2; return 200 x; }
      location /lost { access_log missing/$host.log uri; return 200 x; }
      location /rootless { root none; access_log hosts/$host.log uri; return 200 x; }
      location /json { access_log json.log json; return 200 x; }
      location /full { access_log /dev/full uri; return 200 x; }
      location /two { access_log two-a.log uri; access_log two-b.log uri; return 200 x; }
    }`);

let moat: Running;
let port = 0;

before(async () => {
  [port = 0] = await freePorts(1);
  moat = await startMoat(conf(port), { files: { 'hosts/.keep': '', 'often/.keep': '', 'html/.keep': '' } });
  for (const folder of ['hosts', 'often']) chmodSync(join(moat.dir, folder), 0o777);
});

after(() => moat?.stop());

const ask = (path: string, host = 'localhost') => request(port, { path, headers: { Host: host } });
const lines = (file: string) => moat.read(file).split('\n').slice(0, -1);

test('access_log: a full buffer is written in whole lines, the rest at the end', async () => {
  for (let n = 0; n < 30; n++) await ask(`/buffered/${n}`);
  await until(() => lines('buffered.log').length > 0);
  const written = moat.read('buffered.log');
  assert.ok(written.endsWith('\n'));
  assert.ok(lines('buffered.log').length < 30, 'nothing was held back');
  assert.equal(lines('buffered.log')[0], '/buffered/0');
});

test('access_log: flush= writes what waits in time', async () => {
  await ask('/flushed/1');
  await until(() => lines('flushed.log').includes('/flushed/1'));
});

test('access_log: gzip writes one member after the other, which are one file', async () => {
  for (let n = 0; n < 40; n++) await ask(`/packed/${n}`);
  const plain = () => gunzipSync(readFileSync(join(moat.dir, 'packed.gz'))).toString('latin1');
  await until(() => plain().includes('/packed/20\n'));
  assert.ok(plain().startsWith('/packed/0\n/packed/1\n'));
});

test('access_log: if= leaves out what reads as empty or 0', async () => {
  for (const name of ['quiet', 'loud', 'silent', 'end']) await ask(`/if/${name}`);
  await until(() => lines('if.log').includes('/if/end'));
  assert.deepEqual(lines('if.log'), ['/if/loud', '/if/end']);
});

test('access_log: a path with variables is opened when it is written to, and anew after it was moved', async () => {
  await ask('/host/1', 'a.example');
  await until(() => lines('hosts/a.example.log').includes('/host/1'));
  renameSync(join(moat.dir, 'hosts/a.example.log'), join(moat.dir, 'hosts/moved.log'));
  await ask('/host/2', 'a.example');
  await until(() => lines('hosts/a.example.log').includes('/host/2'));
  assert.deepEqual(lines('hosts/moved.log'), ['/host/1']);
  assert.deepEqual(openLogs('hosts'), []);
});

/** Log files below a folder that any process of moat holds open. */
function openLogs(folder: string): string[] {
  const inFolder = `${join(moat.dir, folder)}/`;
  return processTree(moat.pid)
    .flatMap(pid => readdirSync(`/proc/${pid}/fd`).flatMap(fd => linkAt(`/proc/${pid}/fd/${fd}`)))
    .filter(path => path.startsWith(inFolder))
    .map(path => path.slice(inFolder.length))
    .sort();
}

function linkAt(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return []; // closed meanwhile
  }
}

test('open_log_file_cache: keeps the files used last open, and no more than max', async () => {
  for (const name of ['a', 'b', 'c', 'b', 'd']) {
    await ask(`/kept/?name=${name}`);
    await until(() => existsSync(join(moat.dir, `hosts/${name}.log`)));
  }
  await until(() => openLogs('hosts').join() === 'b.log,d.log', 'two files to be open');
  rmSync(join(moat.dir, 'hosts/d.log'));
  await ask('/kept/?name=d');
  moat.signal('SIGUSR1');
  await until(() => openLogs('hosts').length === 0, 'the files to be closed');
  await ask('/kept/?name=d');
  await until(() => lines('hosts/d.log').length === 1);
});

test('open_log_file_cache: a file stays open from the min_uses-th use on', async () => {
  for (const name of ['a', 'b', 'b']) await ask(`/often/?name=${name}`);
  await until(() => lines('often/a.log').length === 1 && lines('often/b.log').length === 2);
  assert.deepEqual(openLogs('often'), ['b.log']);
});

test('access_log: no log for a location whose root is missing, and an error for a folder that is', async () => {
  await ask('/rootless/1', 'rootless.example');
  await until(() => /\[error\].*testing "[^"]*none" existence failed/.test(moat.read()));
  assert.ok(!readdirSync(join(moat.dir, 'hosts')).includes('rootless.example.log'));
  for (let n = 0; n < 5; n++) await ask('/lost', 'b.example');
  await until(() =>
    /\[crit\].*open\(\) "[^"]*missing\/b\.example\.log" failed \(2: No such file/.test(moat.read()),
  );
  assert.equal(moat.read().match(/missing\/b\.example/g)?.length, 1, 'it was told more than once');
});

test('access_log: a full disk stops nothing, and is told once', async () => {
  for (let n = 0; n < 50; n++) assert.equal((await ask('/full')).status, 200);
  const told = () =>
    moat.output().match(/\[alert\].* write\(\) to "\/dev\/full" failed: ENOSPC/g)?.length ?? 0;
  await until(() => told() > 0, 'the alert');
  assert.equal(told(), 1);
});

test('access_log: every line of a block writes, and a format of the name json may be defined', async () => {
  await ask('/two');
  await until(() => lines('two-a.log').length === 1 && lines('two-b.log').length === 1);
  await ask('/json');
  await until(() => lines('json.log').length === 1);
  assert.deepEqual(JSON.parse(lines('json.log')[0]!), { mine: '/json' });
});

test('access_log: the json format needs no definition, and each line is an object', async () => {
  const [free = 0] = await freePorts(1);
  await using other = await startMoat(
    httpConf(`server { listen 127.0.0.1:${free}; access_log json.log json; return 200 hello; }`),
  );
  await request(free, { path: '/a"b\\c?x', headers: { 'User-Agent': 'say "hi"' } });
  await until(() => other.read('json.log').endsWith('\n'));
  const line = JSON.parse(other.read('json.log'));
  assert.equal(line.status, '200');
  assert.equal(line.uri, '/a"b\\c?x');
  assert.equal(line.user_agent, 'say "hi"');
  assert.equal(line.body_bytes_sent, 5);
  assert.ok(Date.parse(line.time) > 0);
});

test('access_log: a reload changes how a file is buffered', async () => {
  const [free = 0] = await freePorts(1);
  const text = (log: string, body: string) =>
    httpConf(
      `log_format uri '$uri'; server { listen 127.0.0.1:${free}; access_log a.log uri ${log}; return 200 ${body}; }`,
    );
  await using other = await startMoat(text('buffer=1m', 'old'));
  await request(free, { path: '/held' });
  other.reload(text('', 'new'));
  await until(async () => (await request(free, { path: '/now' })).body === 'new');
  await until(() => other.read('a.log').includes('/now\n'));
  assert.ok(!other.read('a.log').includes('/held'));
  other.signal('SIGUSR1');
  await until(() => other.read('a.log').includes('/held\n'), 'what the old buffer held');
});

test('error_log: each block has its own files and levels, as in nginx', async () => {
  await using twins = await startTwins(`
    error_log http.log error;
    server { listen 127.0.0.1:PORT; server_name a;
      location / { return 404; }
      location /own { error_log own.log info; error_log own-crit.log crit; root none; }
      location /inherited { root none; }
      location /rewritten { error_log rewrite.log notice; rewrite_log on; rewrite ^/rewritten /x; }
      location /silent { error_log silent.log crit; root none; }
    }`);
  for (const path of ['/own/x', '/inherited/x', '/rewritten/y', '/silent/x']) await twins.same({ path }, []);
  for (const program of ['moat', 'nginx'] as const) {
    const log = (name: string) => twins[program].read(name);
    await until(() =>
      /open\(\) ".*none\/own\/x" failed \(2: No such file or directory\)/.test(log('own.log')),
    );
    await until(() => log('http.log').includes('/inherited/x'));
    await until(() => log('rewrite.log').includes('/rewritten'));
    assert.match(log('own.log'), /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[error\] \d+#\d+: \*\d+ open\(\) /m);
    assert.match(
      log('own.log'),
      /, client: 127\.0\.0\.1, server: a, request: "GET \/own\/x HTTP\/1\.1", host: "localhost"$/m,
    );
    assert.match(log('rewrite.log'), /\[notice\] .* "\^\/rewritten" matches "\/rewritten\/y", client/);
    assert.match(log('rewrite.log'), /\[notice\] .* rewritten data: "\/x", args: "", client/);
    for (const name of ['own-crit.log', 'silent.log']) assert.equal(log(name), '', name);
    assert.doesNotMatch(log('http.log'), /own\/x|silent/);
  }
});
