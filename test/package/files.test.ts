/** The files of the Debian package, without building it: what they say is so, and fits together. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { manualEntries } from '../../config/config.ts';
import { COMMANDS } from '../../control/commands.ts';
import { commandPage, configPage, escaped } from '../../scripts/manual-pages.ts';
import { PROGRAMS } from '../e2e/rig.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const dir = mkdtempSync(join(tmpdir(), 'moat-package-'));
after(() => rmSync(dir, { recursive: true }));

const run = (program: string, ...words: string[]) => spawnSync(program, words, { encoding: 'utf8' });
const lacks = (program: string) => run(program, '--version').error !== undefined && `there is no ${program}`;

test('package: moat takes its configuration, with the user and the paths that the package makes', () => {
  for (const name of ['moat.conf', 'mime.types']) cpSync(join(ROOT, 'deploy/debian', name), join(dir, name));
  const { status, stdout } = run(PROGRAMS.moat, 'check', '-p', dir, join(dir, 'moat.conf'));
  assert.equal(status, 0, stdout);
  const text = read('deploy/debian/moat.conf');
  const postinst = read('deploy/debian/postinst');
  assert.match(text, /^user moat;$/m);
  assert.match(postinst, /adduser .* moat$/m);
  const [, pid] = /^pid (\S+);$/m.exec(text) ?? [];
  assert.match(postinst, new RegExp(`^PID=${pid}$`, 'm'));
  const folders = [...text.matchAll(/(\/var\/\w+\/moat)\//g)].map(([, folder]) => folder!);
  assert.ok(folders.length > 3);
  for (const folder of folders) {
    assert.ok(postinst.includes(folder), `postinst does not make ${folder}`);
    assert.ok(read('deploy/debian/postrm').includes(folder), `purge leaves ${folder}`);
  }
});

test('package: what its build takes is there, and its scripts are shell', () => {
  const build = read('scripts/build-deb');
  const taken = [...build.matchAll(/^put (deploy\/\S+)/gm)].map(([, path]) => path!);
  assert.ok(taken.length > 5);
  for (const path of taken) assert.ok(existsSync(join(ROOT, path)), path);
  const scripts = [...build.matchAll(/for script in ([\w ]+);/g)].flatMap(([, names]) => names!.split(' '));
  assert.deepEqual(scripts, ['postinst', 'prerm', 'postrm']);
  for (const script of scripts) {
    const { status, stderr } = run('sh', '-n', join(ROOT, 'deploy/debian', script));
    assert.equal(status, 0, stderr);
  }
});

test('package: systemd takes the units', { skip: lacks('systemd-analyze') }, () => {
  const units = readdirSync(join(ROOT, 'deploy/systemd'));
  assert.ok(units.length > 1);
  for (const name of units) {
    const unit = read(`deploy/systemd/${name}`).replaceAll('/usr/bin/moat', PROGRAMS.moat);
    writeFileSync(join(dir, name), unit.replace(/^Documentation=.*\n/m, ''));
    const { status, stderr } = run('systemd-analyze', 'verify', '--man=no', join(dir, name));
    const ours = stderr.split('\n').filter(line => line.includes(dir) || line.startsWith(name));
    assert.deepEqual([status, ours], [0, []], stderr);
  }
});

test('manual pages: every command and every directive has its place, and no text is a request of roff', () => {
  const commands = commandPage();
  for (const { usage } of Object.values(COMMANDS))
    assert.ok(commands.includes(escaped(`moat ${usage}`).replaceAll('"', '\\(dq')), usage);
  const config = configPage();
  const entries = manualEntries();
  assert.equal((config.match(/^\.SS /gm) ?? []).length, entries.length);
  const requests = new Set((commands + config).match(/^['.]\S*/gm));
  assert.deepEqual(
    [...requests].filter(one => !/^\.(\\"|TH|SH|SS|TP|PP|B|BR|I|RS|RE|br|nf|fi)$/.test(one)),
    [],
  );
  assert.equal(escaped(".x\n'y \\d -z é"), "\\&.x\n\\&'y \\ed \\-z \\[u00E9]");
});

test('manual pages: man has nothing to object', { skip: lacks('man') }, () => {
  for (const [name, text] of [['moat.8', commandPage()] as const, ['moat.conf.5', configPage()] as const]) {
    writeFileSync(join(dir, name), text);
    const { status, stdout, stderr } = spawnSync('man', ['--warnings', '-l', join(dir, name)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '100' },
    });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '');
    assert.ok(stdout.length > 2000);
  }
});
