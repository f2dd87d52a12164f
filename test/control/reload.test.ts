/** Reloads of a running program: what changes, what stays, and what a faulty configuration does. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePorts, httpConf, startMoat, until } from '../e2e/rig.ts';
import { Wire } from '../e2e/wire.ts';
import { ask, isClosed, l7Of, saying, statusOf } from './life.ts';

test('reload: new requests see the new configuration, also those of a connection that was open before', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(httpConf(saying('one', port)));
  using wire = await Wire.dial(port);
  wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await wire.reply()).body, 'one');
  moat.reload(httpConf(saying('two', port)));
  await until(async () => (await ask(port)) === 'two');
  wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await wire.reply()).body, 'two');
});

test('reload: a faulty configuration is logged with its place and changes nothing', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(httpConf(saying('one', port)));
  const worker = l7Of(moat.pid);
  moat.reload(httpConf(`${saying('two', port)}\nservre { }`));
  await until(() => moat.read().includes('stays'));
  assert.match(moat.read(), /\[emerg\] \d+#0: unknown directive "servre" .* in .*nginx\.conf:7\n/);
  assert.equal(await ask(port), 'one');
  assert.equal(l7Of(moat.pid), worker);
  moat.reload(httpConf(saying('three', port)));
  await until(async () => (await ask(port)) === 'three');
});

test('reload: an empty file changes nothing', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(httpConf(saying('one', port)));
  moat.reload('\n# to be written\n');
  await until(() => moat.read().includes('stays'));
  assert.match(moat.read(), /there is nothing in the configuration/);
  assert.equal(await ask(port), 'one');
});

test('reload: a pid file or log that cannot be written refuses all of it, and the next one is tried anew', async () => {
  const [port = 0] = await freePorts(1);
  const conf = (text: string, main: string) =>
    `${main}\nevents { }\nhttp { access_log off; ${saying(text, port)} }`;
  await using moat = await startMoat(conf('one', 'pid rig.pid;'));
  for (const [round, main] of [
    'pid nowhere/rig.pid;',
    'pid nowhere/rig.pid;',
    'pid rig.pid; error_log nowhere/x.log;',
  ].entries()) {
    moat.reload(conf('two', main));
    await until(
      () => moat.read().match(/failed \(2: no such file or directory\): .* stays$/gm)?.length === round + 1,
    );
    assert.equal(await ask(port), 'one');
    assert.equal(Number(moat.read('rig.pid')), moat.pid);
  }
  moat.reload(conf('three', 'pid rig.pid;'));
  await until(async () => (await ask(port)) === 'three');
});

test('reload: an added address is served, a removed one is closed, its connections stay', async () => {
  const [kept = 0, removed = 0, added = 0] = await freePorts(3);
  await using moat = await startMoat(httpConf(saying('one', kept, removed), 'worker_processes 2;'));
  using wire = await Wire.dial(removed);
  wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await wire.reply();
  moat.reload(httpConf(saying('two', kept, added), 'worker_processes 2;'));
  await until(() => isClosed(removed));
  assert.equal(await ask(added), 'two');
  assert.equal(await ask(kept), 'two');
  wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await wire.reply()).status, 200);
});

test('reload: one address that cannot be bound refuses all of it', async () => {
  const [port = 0, added = 0, taken = 0] = await freePorts(3);
  const other = createServer().listen(taken, '127.0.0.1').unref();
  await using moat = await startMoat(httpConf(saying('one', port)));
  moat.reload(httpConf(saying('two', port, added, taken)));
  await until(() => moat.read().includes('stays'));
  assert.match(moat.read(), new RegExp(`bind\\(\\) to 127\\.0\\.0\\.1:${taken} failed \\(98: `));
  assert.ok(await isClosed(added));
  assert.equal(await ask(port), 'one');
  other.close();
});

test('reload: more workers and fewer, without losing a request', async () => {
  const [port = 0] = await freePorts(1);
  const conf = (workers: number) => httpConf(saying(`${workers}`, port), `worker_processes ${workers};`);
  await using moat = await startMoat(conf(1));
  const threads = () => Number(statusOf(l7Of(moat.pid), 'Threads'));
  const few = threads();
  let answers = 0;
  for (const workers of [3, 1, 2]) {
    moat.reload(conf(workers));
    await until(async () => {
      answers++; // each asks over a connection of its own; a refused or broken one throws
      return (await ask(port)) === `${workers}`;
    });
    for (let i = 0; i < 20; i++) assert.equal(await ask(port), `${workers}`);
  }
  await until(() => threads() > few && threads() < few + 8, `threads of two workers, not ${threads() - few}`);
  assert.ok(answers >= 3);
});

test('reload: fewer workers close no connection', async () => {
  const [port = 0] = await freePorts(1);
  const conf = (workers: number) => httpConf(saying(`${workers}`, port), `worker_processes ${workers};`);
  await using moat = await startMoat(conf(4));
  const ask = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  const wires = await Promise.all(Array.from({ length: 12 }, () => Wire.dial(port)));
  for (const wire of wires) assert.equal((await wire.send(ask).reply()).body, '4');
  const many = Number(statusOf(l7Of(moat.pid), 'Threads'));
  moat.reload(conf(1));
  for (const wire of wires)
    await until(async () => (await wire.send(ask).reply()).body === '1', 'the new configuration');
  for (const wire of wires) wire[Symbol.dispose]();
  await until(() => Number(statusOf(l7Of(moat.pid), 'Threads')) < many, 'the threads to go');
});

test('reload: the paths of logs and pid file change', async () => {
  const [port = 0] = await freePorts(1);
  const conf = (n: number) =>
    `pid pid${n}.pid;\nerror_log error${n}.log notice;\nevents { }\nhttp {\naccess_log access${n}.log;\n${saying('x', port)}\n}\n`;
  await using moat = await startMoat(conf(1));
  await ask(port);
  await until(() => moat.read('access1.log') !== '');
  moat.reload(conf(2));
  await until(() => moat.read('pid2.pid') !== '');
  await until(() => moat.read('pid1.pid') === '');
  assert.equal(Number(moat.read('pid2.pid')), moat.pid);
  await ask(port);
  await until(() => moat.read('access2.log') !== '');
  assert.match(moat.read('error1.log'), /reconfiguring/);
  await until(() => /configuration 2 is in force/.test(moat.read('error2.log'))); // said when all is done
  assert.equal(moat.read('access1.log').split('\n').length, 2);
});

test('reload: of many at once none is lost, and the last configuration wins', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(httpConf(saying('0', port), 'error_log error.log notice;'));
  for (let i = 1; i <= 3; i++) moat.reload(httpConf(saying(`${i}`, port), 'error_log error.log notice;'));
  // Nothing but signals, faster than any reload.
  for (let i = 0; i < 30; i++) moat.signal('SIGHUP');
  await until(async () => (await ask(port)) === '3');
  const reloads = moat.read().match(/reconfiguring/g)?.length ?? 0;
  // How many signals become one depends on how quick a reload is.
  assert.ok(reloads >= 1 && reloads <= 33, `${reloads} reloads`);
});

test('reload: no request fails while configurations change', async () => {
  const [port = 0] = await freePorts(1);
  const conf = (n: number) => httpConf(saying(`${n}`, port), 'worker_processes 2;');
  await using moat = await startMoat(conf(0));
  const seen = new Set<string>();
  let over = false;
  const clients = Array.from({ length: 4 }, async () => {
    while (!over) seen.add(await ask(port));
  });
  for (let n = 0; n <= 5; n++) {
    if (n > 0) moat.reload(conf(n));
    await until(() => seen.has(`${n}`));
  }
  over = true;
  await Promise.all(clients);
  assert.equal(seen.size, 6);
});
