/** Backups by the API: for an admin alone who has just given his password, out and in again, and nothing of it in a head or a log. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';
import { CHANGE, startApi } from './api-rig.ts';
import { Browser } from './browser.ts';

const PASSPHRASE = 'a passphrase nobody knows';

test('backup: goes out encrypted and comes in again; what was altered, or is too much, changes nothing', async () => {
  await using rig = await startApi();
  const admin = await Browser.of(rig, 'admin');
  const headers = { cookie: admin.cookie, 'x-moat-csrf': admin.csrf };
  const send = (path: string, body: string | Uint8Array, type: string) =>
    fetch(`http://127.0.0.1:${rig.port}/api/v1${path}`, {
      ...{ method: 'POST', body: body as string },
      headers: { ...headers, 'content-type': type },
    });
  const made = await send('/backup', JSON.stringify({ passphrase: PASSPHRASE }), 'application/json');
  assert.deepEqual([made.status, made.headers.get('content-type')], [200, 'application/octet-stream']);
  assert.ok(![...made.headers].flat().join().includes(PASSPHRASE));
  const archive = Buffer.from(await made.arrayBuffer());
  assert.equal(archive.length, Number(made.headers.get('content-length')));
  assert.match(archive.subarray(0, 8).toString(), /^moatbkup$/);

  rig.moat.reload(rig.conf().replace('return 200 hello', 'return 200 other'));
  await until(async () => (await request(rig.sitePort)).body === 'other', 'the reload');
  const upload = async (bytes: Uint8Array) => {
    const said = await send('/restore', bytes, 'application/octet-stream');
    assert.equal(said.status, 201);
    return ((await said.json()) as { id: string }).id;
  };
  const bad = Buffer.from(archive);
  bad[bad.length - 1]! ^= 1;
  const altered = await upload(bad);
  const preview = (id: string, passphrase = PASSPHRASE) =>
    admin.post(`/api/v1/restore/${id}/preview`, { passphrase });
  const codeOf = async (answer: ReturnType<typeof preview>) => {
    const { status, body } = await answer;
    return [status, body.code];
  };
  assert.deepEqual(await codeOf(preview(altered)), [422, 'altered']);
  assert.equal((await admin.call(`/api/v1/restore/${altered}`, { method: 'DELETE' })).status, 204);
  assert.deepEqual(await codeOf(preview(altered)), [404, 'not-found']);
  const id = await upload(archive);
  assert.deepEqual(await codeOf(preview(id, 'another passphrase')), [422, 'wrong-passphrase']);
  const early = await admin.call(`/api/v1/restore/${id}/apply`, {
    method: 'POST',
    headers: CHANGE,
    body: {},
  });
  assert.deepEqual([early.status, early.body.code], [409, 'not-looked-at']);
  const shown = await preview(id);
  assert.deepEqual([shown.status, shown.body.faults], [200, []]);
  assert.match(shown.body.diff, /^-.*return 200 other.*\n\+.*return 200 hello/m);
  assert.equal((await request(rig.sitePort)).body, 'other');
  const stale = { 'if-match': '"another"' };
  const apply = (more: object) =>
    admin.call(`/api/v1/restore/${id}/apply`, { method: 'POST', headers: { ...more }, body: {} });
  assert.equal((await apply(stale)).status, 412);
  const done = await apply({ 'if-match': String(shown.headers['etag']) });
  assert.equal(done.status, 200, done.text);
  assert.equal((await request(rig.sitePort)).body, 'hello');
  assert.equal((await admin.call('/api/v1/me')).status, 401, 'all log in again');
  assert.equal((await admin.login()).status, 200);
  const left = readdirSync(join(rig.moat.dir, '.nginx.conf.history'));
  assert.deepEqual(
    left.filter(name => !name.startsWith('history.db')),
    [],
  );

  const audit = readFileSync(join(rig.state, 'audit.jsonl'), 'utf8');
  for (const what of ['"what":"backup"', '"what":"restore"']) assert.ok(audit.includes(what), what);
  for (const text of [audit, rig.moat.read(), rig.moat.output()]) assert.ok(!text.includes(PASSPHRASE));
  const form = await send('/restore', 'x', 'application/x-www-form-urlencoded');
  assert.ok([401, 415].includes(form.status));
});
