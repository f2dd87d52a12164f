/** The client with types, against a running moat on the configuration of examples/api. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ApiClient, ApiFault } from '../../../control/api/client/client.ts';
import { PROGRAMS, until } from '../../e2e/rig.ts';
import { startApi } from './api-rig.ts';

const EXAMPLE = readFileSync(join(import.meta.dirname, '../../../examples/api/moat.conf'), 'utf8');
/** The inside of its http block, on the port of a rig. */
const SITE = /^http \{\n(.*?)^\}/ms.exec(EXAMPLE)![1]!.replace(/listen \d+;/, 'listen 127.0.0.1:PORT;');

test('moat check: examples/api is sound, without a warning', () => {
  const file = join(import.meta.dirname, '../../../examples/api/moat.conf');
  const { stdout, stderr, status } = spawnSync(PROGRAMS.moat, ['check', file], { encoding: 'utf8' });
  assert.deepEqual([status, stderr, stdout], [0, '', `${file}: no errors\n`]);
});

test('client: reads, changes, pages and watches', async () => {
  await using rig = await startApi(SITE);
  const url = `http://127.0.0.1:${rig.port}`;
  const client = new ApiClient(url, rig.token('operator'));
  assert.equal((await client.status()).revision, 1);
  const stop = new AbortController();
  const seen: unknown[] = [];
  const watching = (async () => {
    for await (const picture of client.watch(stop.signal)) seen.push(picture);
  })().catch(fault => assert.equal(fault.name, 'AbortError'));
  await until(() => seen.length > 0, 'a picture');

  for (let at = 1; at <= 120; at++) await client.ban(`192.0.2.${at}`, { lengthS: 600 });
  const keys: string[] = [];
  for await (const { key } of client.bans()) keys.push(key);
  assert.equal(new Set(keys).size, 120);
  const [zone] = rig.command('waf', 'bans').stdout.match(/(?<=zone )\w+/) ?? [];
  await client.unban(zone!, '192.0.2.7');
  await assert.rejects(client.unban(zone!, '192.0.2.7'), (fault: ApiFault) => fault.problem.status === 404);
  await assert.rejects(client.service('none'), ApiFault);
  await assert.rejects(new ApiClient(url, 'none').status(), /^Error: 401 no-token: /);

  rig.moat.reload(rig.conf());
  await until(() => JSON.stringify(seen.at(-1)).startsWith('{"revision":2,'), 'the new revision to be seen');
  stop.abort();
  await watching;
});
