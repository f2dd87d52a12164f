/** Backups: what was sealed is opened again, whatever was altered is refused, and a restore is there whole or not at all. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { decide, finishDecided, layBeside, stageFolder, sweep } from '../../control/backup/commit.ts';
import { BackupFault } from '../../control/backup/fault.ts';
import { manifestOf, type Part } from '../../control/backup/manifest.ts';
import { restoreAtRest } from '../../control/backup/restore.ts';
import { HEAD_BYTES, PIECE_BYTES, SealedWriter, TAG_BYTES, unseal } from '../../control/backup/seal.ts';
import { contentPath, unpack } from '../../control/backup/unpack.ts';
import { invocationOf } from '../../control/invocation.ts';
import { ask } from '../../control/status/client.ts';
import { socketPathOf } from '../../control/status/report.ts';
import type { Question } from '../../control/status/server.ts';
import { matchesGlob } from '../../kit/glob.ts';
import { freePorts, PROGRAMS, startMoat, until } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';

const PASSPHRASE = 'a passphrase for tests';
/** A key costs a fifth of a second otherwise. */
const CHEAP = { memory: 8, passes: 1, parallelism: 1 };
const SEALED_PIECE = PIECE_BYTES + TAG_BYTES;

async function seal(path: string, bytes: Buffer, passphrase = PASSPHRASE): Promise<Buffer> {
  const fd = openSync(path, 'w', 0o600);
  const writer = await SealedWriter.begin(fd, passphrase, CHEAP);
  writer.write(bytes);
  assert.equal(writer.end(), statSync(path).size);
  closeSync(fd);
  return readFileSync(path);
}

async function openAll(path: string, passphrase = PASSPHRASE): Promise<Buffer> {
  const fd = openSync(path, 'r');
  try {
    return Buffer.concat([...(await unseal(fd, passphrase))]);
  } finally {
    closeSync(fd);
  }
}

const folderOf = (t: { after(work: () => void): void }): string => {
  const dir = mkdtempSync(join(tmpdir(), 'backup-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

test('seal: bytes of any length come back; a flip in each part, a cut, a swap and an addition are refused', async t => {
  const path = join(folderOf(t), 'sealed');
  for (const length of [0, 1, PIECE_BYTES, PIECE_BYTES + 1]) {
    const bytes = Buffer.alloc(length, 7);
    await seal(path, bytes);
    assert.deepEqual(await openAll(path), bytes, `${length} bytes`);
  }
  const good = await seal(path, Buffer.alloc(2 * PIECE_BYTES + 100, 'x'));
  const refused = async (bytes: Buffer, code: string, what: string) => {
    writeFileSync(path, bytes);
    await assert.rejects(openAll(path), (fault: BackupFault) => fault.code === code, what);
  };
  const flipped = (at: number) => {
    const bytes = Buffer.from(good);
    bytes[at]! ^= 1;
    return bytes;
  };
  const second = HEAD_BYTES + SEALED_PIECE;
  const flips: readonly (readonly [at: number, code: string])[] = [
    [0, 'not-a-backup'],
    [8, 'unknown-version'],
    [9, 'altered'],
    [10, 'wrong-passphrase'],
    [15, 'wrong-passphrase'],
    [19, 'altered'],
    [23, 'altered'],
    [24, 'wrong-passphrase'],
    [40, 'wrong-passphrase'],
    [47, 'wrong-passphrase'],
    [48, 'wrong-passphrase'],
    [63, 'wrong-passphrase'],
    [HEAD_BYTES, 'altered'],
    [second - 1, 'altered'],
    [second, 'altered'],
    [good.length - 1, 'altered'],
  ];
  for (const [at, code] of flips) await refused(flipped(at), code, `byte ${at}`);
  const huge = Buffer.from(good);
  huge.writeUInt32BE(0xffff_ffff, 12);
  await refused(huge, 'altered', 'a key that takes all memory');
  for (const length of [0, 7, HEAD_BYTES - 1])
    await refused(good.subarray(0, length), 'not-a-backup', `${length}`);
  for (const length of [HEAD_BYTES, HEAD_BYTES + 8, second, second + SEALED_PIECE, good.length - 1])
    await refused(good.subarray(0, length), 'altered', `cut at ${length}`);
  await refused(Buffer.concat([good, Buffer.alloc(1)]), 'altered', 'one byte more');
  await refused(Buffer.concat([good, good.subarray(second)]), 'altered', 'pieces more');
  const [one, two] = [good.subarray(HEAD_BYTES, second), good.subarray(second, second + SEALED_PIECE)];
  const rest = good.subarray(second + SEALED_PIECE);
  await refused(Buffer.concat([good.subarray(0, HEAD_BYTES), two, one, rest]), 'altered', 'swapped');
  writeFileSync(path, good);
  await assert.rejects(openAll(path, 'another passphrase'), /passphrase is wrong/);
});

test('manifest: ways out of the folder, names twice, sizes and parts that no moat makes are refused', () => {
  const head = { moat: '1', host: 'h', createdMs: 1, missing: [] };
  const entry = { part: 'configuration', path: 'a/b.conf', mode: 0o600, bytes: 1 };
  const text = (...entries: object[]) => JSON.stringify({ ...head, entries });
  assert.equal(manifestOf(text(entry, { ...entry, path: '' })).entries.length, 2);
  const odd = ['../x', 'a/../x', './x', 'a//b', 'a/', '/', '/etc/../x', 'a\0b', 'x'.repeat(5000)];
  for (const path of odd)
    assert.throws(() => manifestOf(text({ ...entry, path })), /leads elsewhere/, JSON.stringify(path));
  const bad = [
    text(entry, entry),
    text({ ...entry, part: 'shadow' }),
    text({ ...entry, mode: 0o4755 }),
    text({ ...entry, bytes: -1 }),
    text({ ...entry, bytes: 1e12 }),
    text({ ...entry, part: 'users', path: 'x' }),
    ...['', 'ca', 'ca/x.sh', '../x.pem', 'ca/../x.pem', 'ca/.x.pem', '/ca/x.pem', 'ca/x/y.pem'].map(path =>
      text({ ...entry, part: 'acme', path }),
    ),
    text({ ...entry, part: 'files', path: '' }),
    '{}',
    'null',
    'no JSON',
  ];
  for (const one of bad) assert.throws(() => manifestOf(one), BackupFault, one.slice(0, 90));
});

test('unpack: links, folders and what says more or less than it holds leave nothing behind', async t => {
  const dir = folderOf(t);
  const [path, folder] = [join(dir, 'archive'), join(dir, 'opened')];
  const sealed = async (manifest: object, rest: string) => {
    const text = Buffer.from(JSON.stringify(manifest));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    await seal(path, Buffer.concat([length, text, Buffer.from(rest)]));
  };
  const entries = [{ part: 'configuration', path: '', mode: 0o600, bytes: 4 }];
  const manifest = { moat: '1', host: 'h', createdMs: 1, missing: [], entries };
  for (const [rest, why] of [
    ['abc', /less than it says/],
    ['abcde', /more than it says/],
  ] as const) {
    await sealed(manifest, rest);
    await assert.rejects(unpack(path, PASSPHRASE, folder), why);
    assert.equal(existsSync(folder), false);
  }
  await sealed(manifest, 'abcd');
  symlinkSync(path, join(dir, 'link'));
  await assert.rejects(unpack(join(dir, 'link'), PASSPHRASE, folder), /it is a link/);
  await assert.rejects(unpack(dir, PASSPHRASE, folder), /no plain file/);
  const { manifest: opened } = await unpack(path, PASSPHRASE, folder);
  assert.deepEqual(opened, manifest);
  assert.equal(readFileSync(contentPath(folder, 0), 'latin1'), 'abcd');
  assert.deepEqual(
    [statSync(folder).mode & 0o777, statSync(contentPath(folder, 0)).mode & 0o777],
    [0o700, 0o600],
  );
});

test('restore: whoever is killed before it is decided has changed nothing, and what was decided is done at the next start', t => {
  const dir = folderOf(t);
  const invocation = invocationOf({ prefix: dir, file: join(dir, 'moat.conf') });
  writeFileSync(invocation.file, 'old');
  writeFileSync(join(dir, 'users.json'), 'old users');
  const steps = [
    { number: 0, place: invocation.file, mode: 0o600, kind: 'file' },
    { number: 1, place: join(dir, 'users.json'), mode: 0o600, kind: 'state' },
    { number: 2, place: join(dir, 'new/events.db'), mode: 0o600, kind: 'database' },
  ] as const;
  const opened = (name: string) => {
    const folder = stageFolder(invocation, name);
    mkdirSync(folder);
    for (const { number } of steps) writeFileSync(contentPath(folder, number), `new ${number}`);
    return folder;
  };
  const now = () => [invocation.file, join(dir, 'users.json')].map(path => readFileSync(path, 'latin1'));
  layBeside(opened('first'), steps);
  assert.equal(finishDecided(invocation), false);
  sweep(invocation);
  assert.deepEqual([now(), readdirSync(join(dir, '.moat.conf.history'))], [['old', 'old users'], []]);

  decide(opened('second'), steps, invocation);
  assert.throws(() => decide(opened('third'), steps, invocation), /ENOTEMPTY|EEXIST/);
  writeFileSync(join(dir, 'new/events.db-wal'), 'of another database');
  assert.deepEqual(now(), ['old', 'old users']);
  writeFileSync(join(dir, 'users.json'), 'half'); // it was killed in the middle
  assert.equal(finishDecided(invocation), true);
  assert.deepEqual(now(), ['new 0', 'new 1']);
  assert.deepEqual(readdirSync(join(dir, 'new')), ['events.db']);
  assert.equal(finishDecided(invocation), false);
  mkdirSync(stageFolder(invocation, 'done-1')); // of who was killed while he cleaned up
  sweep(invocation);
  assert.deepEqual(readdirSync(join(dir, '.moat.conf.history')), []);
});

test('glob: a file that does not exist is matched as one that does', () => {
  for (const [pattern, path, is] of [
    ['/a/*.conf', '/a/b.conf', true],
    ['/a/*.conf', '/a/b/c.conf', false],
    ['/a/*', '/a/.b', false],
    ['/a/b.conf', '/a/b.conf', true],
    ['/a/[bc]?', '/a/cd', true],
  ] as const)
    assert.equal(matchesGlob(pattern, path), is, `${pattern} ${path}`);
});

const RULE = `SecRule ARGS "@rx attack" "id:1,phase:1,deny,status:403"\n`;

/** @param folder where moat keeps its own */
const siteConf = (
  port: number,
  api: number,
  folder: string,
  text: string,
) => `pid rig.pid; error_log error.log notice;
api { listen 127.0.0.1:${api}; state_path ${folder}/state; }
events { }
http { access_log off; limit_ban_zone $binary_remote_addr zone=guests:1m state=${folder}/bans.json; waf_events ${folder}/events.db;
  acme_issuer ca { uri https://localhost:1/; state_path ${folder}/acme; }
  server { listen 127.0.0.1:${port}; include sites/*.conf; location /${text} { return 200 ${text}; } location /w { waf block; waf_rules rules.conf; proxy_pass http://127.0.0.1:1; } } }
`;

/** What a running moat says on its socket: a command would take half a second of the machine each. */
const asked = <Q extends Question>(dir: string, question: Q, rest: unknown = '') =>
  ask(socketPathOf(join(dir, 'rig.pid')), question, rest === '' ? '' : JSON.stringify(rest));
const answers = (dir: string) =>
  asked(dir, 'tokens').then(
    () => true,
    () => false,
  );

test('backup and restore: a fresh moat becomes the one that was backed up, by pieces and as a whole; without one that runs, too', async t => {
  const dir = folderOf(t);
  const [port = 0, api = 0] = await freePorts(2);
  const file = join(dir, 'site.backup');
  const pass = join(dir, 'pass');
  writeFileSync(pass, `${PASSPHRASE}\n`, { mode: 0o600 });
  const word = (at: string, input: string, ...words: string[]) =>
    spawnSync(PROGRAMS.moat, [...words, '-c', join(at, 'nginx.conf'), '-p', at], {
      ...{ encoding: 'utf8', input },
    });
  const done = (at: string, ...words: string[]) => {
    const { stdout, stderr, status } = word(at, '', ...words, '--passphrase-file', pass);
    assert.equal(status, 0, stderr + stdout);
    return stdout;
  };
  const names = async (at: string) =>
    [
      ((await asked(at, 'user-order', { kind: 'list' })) as { done: { name: string }[] }).done,
      (await asked(at, 'tokens')) ?? [],
      (await asked(at, 'bans')).flatMap(({ bans }) => bans.map(({ key }) => ({ name: key }))),
    ].map(list => list.map(({ name }) => name).join());
  {
    await using first = await startMoat(siteConf(port, api, dir, 'one'), {
      files: { 'sites/a.conf': 'location /a { return 200 a; }', 'rules.conf': RULE },
    });
    await until(() => answers(first.dir), 'moat to answer');
    const user = { kind: 'add', name: 'ann', role: 'admin', password: 'correct horse battery' };
    await asked(first.dir, 'user-order', user);
    await asked(first.dir, 'token-order', { kind: 'create', name: 'ci', role: 'viewer' });
    await asked(first.dir, 'ban-order', { kind: 'add', key: '192.0.2.7' });
    assert.deepEqual(await names(first.dir), ['ann', 'ci', '192.0.2.7']);
    assert.equal((await request(port, { path: '/w?q=attack' })).status, 403);
    await until(() => eventsIn(dir) === 1, 'the event to be kept');
    mkdirSync(join(dir, 'acme'));
    writeFileSync(join(dir, 'acme/account.json'), '{"url":"https://localhost:1/a/7"}');
    writeFileSync(join(dir, 'acme/a.pem.order'), 'not to be kept');
    const told = done(first.dir, 'backup', file, '--events');
    assert.match(told, /configuration 2, files 1, users 1, tokens 1, bans 1, acme 1, history 1, events 1/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(!readFileSync(file, 'latin1').includes('return 200'), 'it can be read');
  }
  for (const name of ['state', 'acme', 'bans.json', 'events.db', 'events.db-wal', 'events.db-shm'])
    rmSync(join(dir, name), { recursive: true, force: true });
  await using fresh = await startMoat(siteConf(port, api, dir, 'two'), {
    files: { 'rules.conf': '# none\n' },
  });
  await until(() => answers(fresh.dir), 'moat to answer');
  const preview = done(fresh.dir, 'restore', file, '--yes', '--only', 'users,bans');
  assert.match(preview, /users .*new.*\+ann/);
  assert.equal((await request(port, { path: '/two' })).status, 200);
  assert.deepEqual(await names(fresh.dir), ['ann', '', '192.0.2.7']);
  const whole = done(fresh.dir, 'restore', file, '--yes');
  assert.match(whole, /acme .*ca\/account\.json.*the account https:\/\/localhost:1\/a\/7/);
  assert.deepEqual(readdirSync(join(dir, 'acme')), ['account.json']);
  assert.match(whole, /^-.*return 200 two.*\n\+.*return 200 one/m);
  for (const path of ['/one', '/a']) assert.equal((await request(port, { path })).status, 200, path);
  assert.equal((await request(port, { path: '/w?q=attack' })).status, 403);
  assert.deepEqual(await names(fresh.dir), ['ann', 'ci', '192.0.2.7']);
  assert.equal(readFileSync(join(fresh.dir, 'rules.conf'), 'latin1'), RULE);
  const history = await asked(fresh.dir, 'history-order', { kind: 'list', limit: 10 });
  assert.deepEqual(
    'done' in history && history.done.revisions?.map(({ why }) => why),
    ['restore', 'by-hand', 'start'],
    'what was in force before can be found again',
  );
  await until(() => eventsIn(dir) === 2, 'the event that was restored, and the one after it');

  const bare = join(dir, 'bare');
  mkdirSync(bare);
  rmSync(join(dir, 'state/users.json'));
  writeFileSync(join(bare, 'nginx.conf'), 'pid rig.pid; events { }');
  symlinkSync(dir, join(bare, 'sites'));
  const invocation = invocationOf({ prefix: bare, file: join(bare, 'nginx.conf') });
  const atRest = async (only: readonly Part[]) => {
    const { folder } = await unpack(file, PASSPHRASE, stageFolder(invocation, 'at-rest'));
    try {
      return restoreAtRest({ folder, only }, invocation);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const parts = ['configuration', 'files', 'users'] as const;
  await assert.rejects(atRest(parts), /a link leads elsewhere/);
  assert.equal(existsSync(join(dir, 'a.conf')), false);
  rmSync(join(bare, 'sites'));
  assert.deepEqual((await atRest(parts)).faults, []);
  assert.equal(readFileSync(join(bare, 'sites/a.conf'), 'latin1'), 'location /a { return 200 a; }');
  assert.ok(existsSync(join(dir, 'state/users.json')));
  assert.deepEqual(readdirSync(join(bare, '.nginx.conf.history')), []);
});

function eventsIn(dir: string): number {
  if (!existsSync(join(dir, 'events.db'))) return 0;
  const events = new DatabaseSync(join(dir, 'events.db'), { readOnly: true });
  try {
    return Number(events.prepare('SELECT count(*) AS n FROM event').get()?.['n']);
  } finally {
    events.close();
  }
}
