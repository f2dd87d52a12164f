/** Configurations that came into force are kept; an apply is confirmed, or goes back, also when moat is killed in between. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { withoutSecrets } from '../../control/api/desk/redact.ts';
import { stage } from '../../control/history/files.ts';
import { Journal } from '../../control/history/journal.ts';
import { recover } from '../../control/history/recover.ts';
import { HistoryStore, MOST_REVISIONS } from '../../control/history/store.ts';
import { unhide } from '../../control/history/unhide.ts';
import { invocationOf } from '../../control/invocation.ts';
import { freePorts, httpConf, PROGRAMS, type Running, startMoat, until } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';

const asRoot = process.getuid?.() === 0;
const word = (moat: Running, ...words: string[]) =>
  spawnSync(PROGRAMS.moat, [...words, '-c', join(moat.dir, 'nginx.conf'), '-p', moat.dir], {
    encoding: 'utf8',
  });
const history = (moat: Running) => JSON.parse(word(moat, 'history', '--json').stdout);
const conf = (port: number, text: string) =>
  httpConf(`server { listen 127.0.0.1:${port}; location / { return 200 ${text}; } }`);
const body = async (port: number) => (await request(port)).body;

test('history: start, reload, apply and rollback are kept; a diff shows what is other; the disk follows', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(conf(port, 'one'));
  const file = join(moat.dir, 'nginx.conf');
  await until(() => word(moat, 'history').status === 0, 'moat to answer');
  chmodSync(file, 0o600);
  moat.write('two.conf', conf(port, 'two'));
  const done = word(moat, 'apply', join(moat.dir, 'two.conf'), '-m', 'to two');
  assert.match(done.stdout, /as revision 2$/m, done.stderr);
  assert.deepEqual([await body(port), readFileSync(file, 'latin1')], ['two', conf(port, 'two')]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(word(moat, 'diff', '1', '2').stdout, /^-.*return 200 one;.*\n\+.*return 200 two;/m);

  moat.write('bad.conf', 'events { } htp { }');
  assert.equal(word(moat, 'apply', join(moat.dir, 'bad.conf')).status, 1);
  assert.deepEqual([history(moat).state.id, readFileSync(file, 'latin1')], [2, conf(port, 'two')]);

  writeFileSync(file, conf(port, 'hand'));
  const refused = word(moat, 'rollback', '1');
  assert.match(refused.stderr, /changed on the disk, and not in force: .*nginx\.conf/);
  assert.equal(word(moat, 'rollback', '1', '--over-drift').status, 0);
  assert.deepEqual([await body(port), readFileSync(file, 'latin1')], ['one', conf(port, 'one')]);
  moat.reload(conf(port, 'three'));
  await until(async () => (await body(port)) === 'three', 'the reload');
  await until(() => history(moat).revisions.length === 5, 'the reload in the history');
  assert.deepEqual(
    history(moat).revisions.map(({ id, why }: { id: number; why: string }) => [id, why]),
    [
      [5, 'reload'],
      [4, 'rollback'],
      [3, 'by-hand'],
      [2, 'apply'],
      [1, 'start'],
    ],
  );
});

test('apply --confirm: goes back by itself, is confirmed, or is taken back; one at a time', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(conf(port, 'one'));
  const file = join(moat.dir, 'nginx.conf');
  await until(() => word(moat, 'history').status === 0, 'moat to answer');
  moat.write('two.conf', conf(port, 'two'));
  const apply = (time: string) => word(moat, 'apply', join(moat.dir, 'two.conf'), '--confirm', time);
  assert.equal(apply('1s').status, 0);
  await until(async () => (await body(port)) === 'one', 'the way back');
  await until(() => history(moat).state.unconfirmed === undefined, 'its end');
  assert.equal(readFileSync(file, 'latin1'), conf(port, 'one'));
  assert.equal(history(moat).revisions[0].why, 'unconfirmed');

  assert.equal(apply('1h').status, 0);
  assert.equal(await body(port), 'two');
  assert.match(apply('1h').stderr, /waits for its confirmation/);
  assert.equal(word(moat, 'rollback').status, 0);
  assert.deepEqual([await body(port), readFileSync(file, 'latin1')], ['one', conf(port, 'one')]);

  assert.equal(apply('1h').status, 0);
  assert.equal(word(moat, 'confirm').status, 0);
  assert.deepEqual([await body(port), history(moat).state.unconfirmed], ['two', undefined]);
  assert.equal(word(moat, 'confirm').status, 1);
});

test('recover: files of a change that was cut short, or whose time is over, are as before; what was written by hand is kept', () => {
  const dir = mkdtempSync(join(tmpdir(), 'history-'));
  const file = join(dir, 'moat.conf');
  const invocation = invocationOf({ prefix: dir, file });
  const folder = join(dir, '.moat.conf.history');
  const journal = new Journal(folder);
  const entry = { who: 'test', pid: 2 ** 22, startTicks: '1', after: [[file, 'new']] as const };
  const before = [
    [file, 'old'],
    [join(dir, 'made.conf'), null],
  ] as const;
  for (const lies of ['old', 'new', 'half']) {
    writeFileSync(file, lies);
    writeFileSync(join(dir, 'made.conf'), 'made');
    journal.begin({ ...entry, before });
    assert.match(recover(invocation) ?? '', /cut short/);
    assert.deepEqual([readFileSync(file, 'latin1'), recover(invocation)], ['old', undefined]);
    assert.ok(!readdirSync(dir).includes('made.conf'));
  }
  writeFileSync(file, 'new');
  journal.begin({ ...entry, before, deadlineMs: Date.now() + 3_600_000, confirmMs: 3_600_000 });
  journal.wait();
  assert.deepEqual([recover(invocation), readFileSync(file, 'latin1')], [undefined, 'new'], 'it waits still');
  writeFileSync(file, 'by hand');
  assert.match(recover(invocation, true) ?? '', /does not start/);
  assert.equal(readFileSync(file, 'latin1'), 'old');
  const store = new HistoryStore(folder, assert.fail);
  const kept = store.list(10).map(({ id }) => store.find(id)?.texts.get(file));
  assert.ok(
    ['by hand', 'half', 'new'].every(text => kept.includes(text)),
    `${kept}`,
  );
  store.close();
  rmSync(dir, { recursive: true });
});

test('recover: moat that is killed while a change waits goes on waiting, and goes back when its time is over', async () => {
  const [port = 0] = await freePorts(1);
  const dir = mkdtempSync(join(tmpdir(), 'history-'));
  chmodSync(dir, 0o755);
  const file = join(dir, 'nginx.conf');
  const [one, two] = [conf(port, 'one'), conf(port, 'two')];
  mkdirSync(join(dir, '.nginx.conf.history'), { mode: 0o700 });
  writeFileSync(file, two);
  const journal = new Journal(join(dir, '.nginx.conf.history'));
  const waits = { confirmMs: 1500, deadlineMs: Date.now() + 3_600_000 };
  journal.begin({
    who: 'test',
    pid: 2 ** 22,
    startTicks: '1',
    before: [[file, one]],
    after: [[file, two]],
    ...waits,
  });
  journal.wait();
  const { spawn } = await import('node:child_process');
  const child = spawn(
    PROGRAMS.moat,
    ['-p', dir, '-c', 'nginx.conf', '-e', 'error.log', '-g', 'daemon off;'],
    { stdio: 'inherit' },
  );
  try {
    await until(
      () =>
        request(port).then(
          ({ body: said }) => said === 'one',
          () => false,
        ),
      'the way back',
    );
    await until(() => readFileSync(file, 'latin1') === one, 'the file');
    await until(() => journal.read() === undefined, 'the end of the journal');
  } finally {
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill('SIGQUIT');
    await ended;
    rmSync(dir, { recursive: true });
  }
});

test('history: a damaged database is put aside and told, and moat serves', async () => {
  const [port = 0] = await freePorts(1);
  const files = { '.nginx.conf.history/history.db': 'this is no database, and never was one'.repeat(400) };
  await using moat = await startMoat(conf(port, 'one'), { files });
  await until(() => word(moat, 'history').status === 0, 'moat to answer');
  assert.equal(await body(port), 'one');
  assert.match(moat.read(), /history of configurations .* is damaged .*put aside/);
  assert.equal(history(moat).state.id, 1);
});

test('history: is bounded; the ids go on', () => {
  const dir = mkdtempSync(join(tmpdir(), 'history-'));
  const store = new HistoryStore(dir, assert.fail);
  const add = (text: string) =>
    store.add({ atMs: 1, who: 'w', why: 'reload', message: '' }, new Map([['/a', text]]), [1]);
  for (let n = 0; n < MOST_REVISIONS + 5; n++) add(`${n}`);
  const ids = store.list(10_000).map(({ id }) => id);
  assert.deepEqual([ids.length, ids[0], ids.at(-1), ids.at(-2)], [MOST_REVISIONS, MOST_REVISIONS + 5, 1, 7]);
  assert.equal(store.find(7)?.texts.get('/a'), '6');
  assert.equal(statSync(join(dir, 'history.db')).mode & 0o777, 0o600);
  store.close();
  rmSync(dir, { recursive: true });
});

test('files: owner and mode stay, and a full disk leaves all as it was', {
  skip: asRoot ? false : 'needs root',
}, () => {
  const dir = mkdtempSync(join(tmpdir(), 'history-'));
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', dir]).status, 0);
  try {
    const [a, b] = [join(dir, 'a'), join(dir, 'b')];
    for (const path of [a, b]) writeFileSync(path, 'old');
    chmodSync(a, 0o604);
    chownSync(a, 12, 13);
    stage(new Map([[a, 'new']])).commit();
    const { uid, gid, mode } = statSync(a);
    assert.deepEqual([uid, gid, mode & 0o777, readFileSync(a, 'latin1')], [12, 13, 0o604, 'new']);
    assert.throws(
      () =>
        stage(
          new Map([
            [a, 'x'],
            [b, 'x'.repeat(1 << 20)],
          ]),
        ),
      /No space left|no space left/,
    );
    assert.deepEqual(
      [readFileSync(a, 'latin1'), readFileSync(b, 'latin1'), readdirSync(dir)],
      ['new', 'old', ['a', 'b']],
    );
  } finally {
    spawnSync('umount', [dir]);
    rmSync(dir, { recursive: true });
  }
});

test('unhide: a hidden secret is that of the same line; one that cannot be told is refused', () => {
  const before = 'a 1;\n  auth_pass first;\n auth_pass second;\nkey k;\n';
  const shown = withoutSecrets(before);
  assert.ok(!/first|second/.test(shown));
  assert.equal(unhide(shown.replace('a 1', 'a 2'), before), before.replace('a 1', 'a 2'));
  assert.throws(() => unhide(`${shown}auth_pass ***;\n`, before), /line 5 has a hidden secret/);
});
