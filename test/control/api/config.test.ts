/** The configuration by the API: tried, applied, confirmed, rolled back, listed; by its typed client and by bare requests. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ApiClient, ApiFault } from '../../../control/api/client/client.ts';
import { freePorts, until } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';
import { apiProcess, CHANGE, call, startApi } from './api-rig.ts';

const site = (text: string, more = '') =>
  `server { listen 127.0.0.1:PORT; secure_link_secret geheim; location / { return 200 ${text}; } } ${more}`;
const refusal = (status: number, code: string) => (fault: unknown) => {
  assert.ok(fault instanceof ApiFault, `${fault}`);
  assert.deepEqual([fault.problem.status, fault.problem.code], [status, code]);
  return true;
};

test('config: is tried, applied of what was seen, confirmed and rolled back; secrets stay hidden and stay what they are', async () => {
  await using rig = await startApi(site('one'));
  const client = new ApiClient(`http://127.0.0.1:${rig.port}`, rig.token('admin'));
  const path = join(rig.moat.dir, 'nginx.conf');
  const body = async () => (await request(rig.sitePort)).body;
  const seen = await client.config();
  assert.deepEqual([seen.value.id, seen.value.drift, seen.value.unconfirmed], [1, [], undefined]);
  const shown = seen.value.texts[0]!.text;
  assert.ok(!shown.includes('geheim'));
  const files = [{ path, text: shown.replace('200 one', '200 two') }];
  const tried = await client.tryConfig(files);
  assert.equal(tried.sound, true);
  assert.match(tried.diff, /^\+.*return 200 two/m);
  assert.ok(!tried.diff.includes('geheim'));

  const two = await client.applyConfig(seen, files, { message: 'to two', confirmS: 3600 });
  assert.equal(await body(), 'two');
  assert.equal(readFileSync(path, 'latin1'), rig.conf(site('two')), 'the secret is what it was');
  assert.equal(two.value.unconfirmed?.backTo, 1);
  await assert.rejects(
    client.applyConfig(seen, files, { message: 'late' }),
    refusal(412, 'precondition-failed'),
  );
  await assert.rejects(client.applyConfig(two, files, { message: 'more' }), refusal(409, 'unconfirmed'));
  const kept = await client.confirmConfig(two);
  assert.equal(kept.value.unconfirmed, undefined);
  await assert.rejects(client.confirmConfig(kept), refusal(409, 'nothing-waits'));

  writeFileSync(path, rig.conf(site('hand')));
  const drifted = await client.config();
  assert.deepEqual(drifted.value.drift, [path]);
  await assert.rejects(client.rollbackConfig(drifted, { id: 1 }), refusal(409, 'drift'));
  assert.match((await client.diffConfig('force', 'disk')).diff, /^\+.*return 200 hand/m);
  const one = await client.rollbackConfig(drifted, { id: 1, overDrift: true, confirmS: 1 });
  assert.equal(one.value.drift.length, 0);
  await until(async () => (await body()) === 'two', 'the way back');
  await until(async () => (await client.config()).value.unconfirmed === undefined, 'its end');

  const revisions = await Array.fromAsync(client.revisions());
  assert.deepEqual(
    revisions.map(({ why, message }) => `${why} ${message}`),
    [
      'unconfirmed it was not confirmed in time',
      'rollback back to revision 1',
      'by-hand changed by hand, and replaced',
      'apply to two',
      'start ',
    ],
  );
  assert.match(revisions[3]!.who, /^token admin-0/);
  assert.match((await client.revision(3)).texts[0]!.text, /hand/);
  assert.ok(!JSON.stringify(await client.revision(3)).includes('geheim'));
  const canary = { lengthS: 1, few: 'apply' } as const;
  const trying = await client.applyConfig(await client.config(), files, { message: 'again', canary });
  assert.deepEqual([trying.value.canary?.sharePercent, trying.value.canary?.outcome], [10, undefined]);
  const ended = async () => (await client.config()).value.canary?.outcome;
  await until(async () => (await ended()) !== undefined, 'the end of the canary');
  assert.deepEqual([await ended(), await body()], ['applied', 'two']);
  const wrong = { message: 'm', files, canary: { lengthS: 0.5, sharePercent: 51, few: 'wait' } };
  const token = rig.token('admin');
  const asked = { method: 'POST', token, headers: CHANGE, body: wrong };
  const flaws = (await rig.call('/api/v1/config/apply', asked)).body.errors;
  assert.deepEqual(flaws.map(({ at }: { at: string }) => at).sort(), [
    '/canary/few',
    '/canary/lengthS',
    '/canary/sharePercent',
  ]);
  const audit = (await rig.call('/api/v1/audit?limit=20', { token: rig.token('admin') })).text;
  assert.ok(
    ['config-apply', 'config-canary'].every(what => audit.includes(what)) &&
      !audit.includes('geheim') &&
      !rig.moat.read().includes('geheim'),
  );
});

test('config: what is faulty, lies elsewhere, or is no file of it changes nothing; of two writers one is told', async () => {
  await using rig = await startApi(site('one'));
  const token = rig.token('admin');
  const path = join(rig.moat.dir, 'nginx.conf');
  const apply = (at: string, text: string, headers: object = CHANGE) =>
    rig.call('/api/v1/config/apply', {
      ...{ method: 'POST', token, headers: { ...headers } },
      body: { message: 'm', files: [{ path: at, text }] },
    });
  const before = readFileSync(path, 'latin1');
  const faulty = await apply(path, 'events { }\nhttp {\n  servr { }\n}\n');
  assert.deepEqual(
    [faulty.status, faulty.body.code, faulty.body.errors[0].at],
    [422, 'faulty', `${path}:3:3`],
  );
  const cases = [
    ['/etc/passwd', 'outside'],
    [`${rig.moat.dir}/../moat-elsewhere.conf`, 'outside'],
    [`${rig.moat.dir}/error.log`, 'not-configuration'],
    [`${rig.moat.dir}/stray.conf`, 'not-included'],
  ] as const;
  for (const [at, code] of cases) assert.deepEqual((await apply(at, 'x')).body.code, code, at);
  const taken = await apply(path, before.replace(`127.0.0.1:${rig.sitePort}`, `127.0.0.1:${rig.port}`));
  assert.equal(taken.status, 409, "the port is the API's own");
  assert.equal(readFileSync(path, 'latin1'), before);
  assert.equal((await request(rig.sitePort)).body, 'one');

  const tag = { 'if-match': String((await rig.call('/api/v1/config', { token })).headers['etag']) };
  const both = await Promise.all(['two', 'three'].map(text => apply(path, rig.conf(site(text)), tag)));
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412]);

  const large = rig.conf(site('large', `# ${'x'.repeat(1_000_000)}`));
  assert.equal((await apply(path, large)).status, 200);
  assert.equal(readFileSync(path, 'latin1'), large);
});

test('config: an apply that changes the api block itself is answered, is in the audit log, and the API goes on where it says', async () => {
  const [other = 0] = await freePorts(1);
  await using rig = await startApi(site('one'));
  const token = rig.token('admin');
  const client = new ApiClient(`http://127.0.0.1:${rig.port}`, token);
  const seen = await client.config();
  const [{ path, text }] = seen.value.texts as [{ path: string; text: string }];
  const files = [{ path, text: text.replace(`127.0.0.1:${rig.port}`, `127.0.0.1:${other}`) }];
  const applied = await client.applyConfig(seen, files, { message: 'elsewhere' });
  assert.equal(applied.value.id, 2, 'the reply came over the connection that ends with it');
  const there = (where: string) => call(other, where, { token });
  await until(
    () =>
      there('/readyz').then(
        ({ status }) => status === 200,
        () => false,
      ),
    'the new address',
  );
  const { items } = (await there('/api/v1/audit?limit=5')).body;
  const [found] = items.filter(({ what }: { what: string }) => what === 'config-apply');
  assert.equal(found.fault, undefined);
  await assert.rejects(client.config(), 'the old address is no more');
});

test('tokens: a file that cannot be read keeps nobody from starting, is told of, and lets nobody in until it is mended', async () => {
  await using rig = await startApi(site('one'));
  const token = rig.token('viewer');
  const file = join(rig.state, 'tokens.json');
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.slice(0, -9));
  const before = apiProcess(rig);
  rig.moat.reload(rig.conf(site('two'), 'audit_limit 2m;'));
  await until(() => /no token is believed: they cannot be read/.test(rig.moat.read()), 'the complaint');
  const status = () =>
    rig.call('/api/v1/status', { token }).then(
      answer => answer.status,
      () => 0,
    );
  await until(async () => (await status()) === 401, 'nobody to be believed');
  assert.equal((await request(rig.sitePort)).body, 'two', 'traffic is as configured');
  assert.notEqual(apiProcess(rig), before);
  assert.match(rig.command('token', 'create', 'x').stderr, /mend .*tokens\.json or move it away/);
  writeFileSync(file, whole);
  rig.moat.signal('SIGHUP');
  await until(async () => (await status()) === 200, 'the token to be believed again');
});
