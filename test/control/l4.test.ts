/** An l4 block in force: moat on a director's host in the lab. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { programMissing } from '../l4/program.ts';
import { labMissing, until } from '../lab/lab.ts';
import { MOAT, Site, service, VIP } from './l4-site.ts';

const skip = labMissing('curl') || programMissing();

const both = (answers: readonly string[]) => [...new Set(answers)].sort().join();

test('moat run: forwards, takes dead real servers out, and is not needed for what it has begun', {
  skip,
}, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(service(site));
  await site.start();
  assert.match(site.log, /l4: stands on eth0 by tc/);
  assert.equal(both(await site.answers(8)), 'ra,rb');
  const list = await site.ask('list');
  assert.match(list, /^moat L4 tier on eth0 \(tc\)$/m);
  assert.match(list, /^TCP {2}192\.0\.2\.100:80 rr$/m);
  assert.match(list, /^ {2}-> 192\.0\.2\.11 +Route +1 +0 +4 +alive$/m);
  assert.match(await site.ask('stats'), /^ {2}-> 192\.0\.2\.12 +4 +\d\d/m);
  assert.match(
    await site.ask('connections'),
    /^TCP [\d.]+s +\S+ +192\.0\.2\.1:\d+ +192\.0\.2\.100:80 +192\.0\.2\.1[12]$/m,
  );
  assert.equal(JSON.parse(await site.ask('list', '--json')).services[0].reals.length, 2);
  assert.match(
    await site.ask('list', '--stats'),
    /^Prot LocalAddress:Port +Conns +InPkts +OutPkts +InBytes +OutBytes\n {2}-> RemoteAddress:Port\nTCP {2}192\.0\.2\.100:80 +8 +\d\d\d? +0 +\d+ +0\n {2}-> 192\.0\.2\.11 +4 /,
  );

  site.servers[1]!.kill('SIGKILL');
  await until(
    () => /real server 192\.0\.2\.12 .* is dead: tcp: connection refused/.test(site.log),
    'the death to be noticed',
  );
  assert.deepEqual(await site.answers(6), Array(6).fill('ra'));
  assert.match(await site.ask('list'), /^ {2}-> 192\.0\.2\.12 +Route +0 +0 +\d+ +dead$/m);

  await site.kill('SIGKILL');
  assert.deepEqual(await site.answers(6), Array(6).fill('ra'));

  await site.start(2);
  assert.match(site.log, /l4: the maps of .* are adopted/);
  await until(() => (site.log.match(/192\.0\.2\.12 .* is dead/g) ?? []).length === 2, 'the second look');
  assert.deepEqual(await site.answers(6), Array(6).fill('ra'));
});

test('moat l4 withdraw: what a moat that has ended left behind forwards no more', { skip }, async () => {
  await using site = new Site();
  site.configure(service(site));
  await site.start();
  const withdraw = () =>
    site.director.run(MOAT, 'l4', 'withdraw', '-c', join(site.dir, 'moat.conf'), '-p', site.dir);
  const programs = async () =>
    (await site.director.run('tc', 'filter', 'show', 'dev', 'eth0', 'ingress')).stdout;
  const refused = await withdraw();
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /moat runs/);
  await site.kill('SIGKILL');
  assert.match(await programs(), /bpf/);
  assert.equal((await withdraw()).stdout, 'taken off eth0\n');
  assert.equal(await programs(), '');
  assert.equal((await withdraw()).stdout, 'nothing was there\n');
});

test('moat l4 top: rates of the last second, on a terminal until q is pressed', { skip }, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(service(site));
  await site.start();
  let over = false;
  const traffic = (async () => {
    while (!over) await site.answers(4);
  })();
  try {
    const [, perSecond, packets] = /^TCP {2}192\.0\.2\.100:80 +(\d+) +(\d+) +0 /m.exec(
      await site.ask('list', '--rate'),
    )!;
    assert.ok(Number(perSecond) > 0 && Number(packets) > Number(perSecond));
    const top = await site.ask('top', '--once');
    assert.match(top, /^TCP {2}192\.0\.2\.100:80 +[\d.]+ +[\d.]+k? +0 +[\d.]+[kM]?b\/s +0b\/s +\d+ +\d+$/m);
    assert.match(top, /^ {2}-> 192\.0\.2\.12 .* alive$/m);
    assert.match(top, /^ {2}new +[\d.]+\/s$/m);
    const [first] = JSON.parse(await site.ask('top', '--json')).services;
    assert.ok(first.reals.every((real: { connections: number }) => real.connections > 0));

    const status = await site.director.run(MOAT, 'status', '-c', join(site.dir, 'moat.conf'), '-p', site.dir);
    assert.match(status.stdout, /^virtual server +state +active +connections +conn\/s +packets\/s$/m);
    assert.match(status.stdout, /^192\.0\.2\.100:80 tcp +\d+ +\d+ +[\d.]+/m);
    assert.match(status.stdout, /^ {2}192\.0\.2\.12 +alive +\d+ +\d+/m);
    const words = ['l4', 'top', '-c', join(site.dir, 'moat.conf'), '-p', site.dir];
    const terminal = site.director.start('script', '-qfec', [MOAT, ...words].join(' '), '/dev/null');
    let shown = '';
    terminal.stdout!.on('data', piece => (shown += piece));
    const closed = new Promise<number | null>(done => terminal.once('close', done));
    await until(() => (shown.match(/LocalAddress:Port/g) ?? []).length >= 2, 'two pictures');
    terminal.stdin!.write('q');
    assert.equal(await closed, 0);
    assert.ok(
      shown.startsWith('\x1b[?1049h') && shown.trimEnd().endsWith('\x1b[?1049l'),
      'the terminal is as before',
    );
  } finally {
    over = true;
    await traffic;
  }
});

test('moat run: reloads change what differs, a block that cannot be is refused, and one that is gone is taken out', {
  skip,
}, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(service(site));
  await site.start();
  const reload = async (l4: string, says: RegExp) => {
    const before = site.log.length;
    site.configure(l4);
    site.moat!.kill('SIGHUP');
    await until(() => says.test(site.log.slice(before)), `the log to say ${says}`);
  };

  await reload(service(site, '', 'drain'), /is in force/);
  assert.deepEqual(await site.answers(4), Array(4).fill('ra'));

  await reload(service(site).replace('{', '{ attach nosuch0;'), /nosuch0.*stays/);
  assert.deepEqual(await site.answers(4), Array(4).fill('ra'));

  await reload(service(site, '', 'weight=3'), /is in force/);
  assert.equal(both(await site.answers(8)), 'ra,rb');

  assert.match(await site.ask('drain', '192.0.2.11'), /^192\.0\.2\.11 of 192\.0\.2\.100:80 tcp: drain$/m);
  assert.deepEqual(await site.answers(4), Array(4).fill('rb'));
  assert.match(await site.ask('list'), /192\.0\.2\.11 .* draining by command$/m);
  await reload(service(site), /is in force/);
  assert.deepEqual(await site.answers(4), Array(4).fill('rb'), 'a reload undid the drain');
  await site.ask('resume', '192.0.2.11', `${VIP}:80`);
  await site.ask('weight', '0', '192.0.2.12');
  assert.deepEqual(await site.answers(4), Array(4).fill('ra'));

  await site.ask('resume', '192.0.2.12');
  assert.match(await site.ask('disable', '192.0.2.12'), /^192\.0\.2\.12 of 192\.0\.2\.100:80 tcp: disable$/m);
  assert.deepEqual(await site.answers(4), Array(4).fill('ra'));
  assert.match(await site.ask('list'), /192\.0\.2\.12 .* disabled by command$/m);
  await site.ask('down', '192.0.2.12');
  await site.ask('ready', '192.0.2.12');
  assert.match(await site.ask('list'), /192\.0\.2\.12 .* dead by command: ready, health down$/m);
  assert.deepEqual(await site.answers(4), Array(4).fill('ra'));
  await site.ask('up', '192.0.2.12');
  assert.equal(both(await site.answers(8)), 'ra,rb');

  await reload(service(site, '', 'down'), /is in force/);
  assert.deepEqual(await site.answers(4), Array(4).fill('ra'));
  assert.match(await site.ask('list'), /192\.0\.2\.12 .* disabled$/m);
  await site.ask('ready', '192.0.2.12');
  assert.equal(both(await site.answers(8)), 'ra,rb');

  await reload('', /is in force/);
  assert.deepEqual(await site.answers(1), []);
  await site.kill('SIGQUIT');
});

test('moat run: its L4 process is started anew, and packets pass meanwhile', { skip }, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(service(site));
  await site.start();
  process.kill(site.pidOf('l4/process.ts'), 'SIGKILL');
  assert.equal(both(await site.answers(4)), 'ra,rb');
  await until(() => /the L4 process is started anew/.test(site.log), 'a new process');
  assert.match(site.log, /the L4 process \d+ was ended by SIGKILL; packets are forwarded as before/);
  assert.equal(both(await site.answers(4)), 'ra,rb');
  await site.kill('SIGTERM');
  assert.equal(both(await site.answers(4)), 'ra,rb'); // as documented: the end of moat is not the end of forwarding
});
