/** The example sites under nginx and under moat: the same requests, the same answers. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Case, Site } from './cases/case.ts';
import { STATIC_API } from './cases/static-api.ts';
import { TENANTS } from './cases/tenants.ts';
import { WORKSPACE } from './cases/workspace.ts';
import { judge, type Pair } from './compare.ts';
import { DIFFERENCES, type Difference } from './differences.ts';
import { logFaults } from './logs.ts';
import type { Program } from './rig.ts';
import { copySite, startBackends, startSite } from './site.ts';

const SITES = [STATIC_API, TENANTS, WORKSPACE];
const used = new Set<Difference>();

/** Runs every case of a site; gives the faults, case by case. */
async function compare(site: Site, second: Program, dir: string, allowed: readonly Difference[]) {
  await using backends = await startBackends(site);
  await using nginx = await startSite('nginx', site, dir, backends);
  await using moat = await startSite(second, site, dir, backends);
  const pair: Pair = { site, nginx, moat, certs: join(dir, 'certs'), allowed };
  const faults: string[] = [];
  const unlike = new Set<string>();
  let count = 0;
  for (const [group, cases] of Object.entries(site.groups)) {
    for (const one of cases) {
      count++;
      const verdict = await judge(pair, group, one);
      for (const difference of verdict.used) used.add(difference);
      if (verdict.used.size > 0) unlike.add(loggedRequest(one));
      if (verdict.faults.length > 0) faults.push([verdict.title, ...verdict.faults].join('\n'));
    }
  }
  faults.push(...(await logFaults(nginx, moat, unlike)));
  return { count, faults };
}

/** The request line as the logs have it, with the quote before it. */
function loggedRequest([, ask, also]: Case): string {
  return `"${also?.raw ? /^[^\r\n]*/.exec(also.raw)![0] : `${ask} HTTP/${also?.version ?? '1.1'}`}"`;
}

for (const site of SITES) {
  test(`sites: ${site.folder} has the same answers from moat and nginx`, async () => {
    using copy = copySite(site.folder);
    const { count, faults } = await compare(site, 'moat', copy.dir, DIFFERENCES);
    assert.ok(count > 140, `only ${count} requests were compared`);
    assert.equal(faults.length, 0, `${faults.length} of ${count} answers differ:\n${faults.join('\n')}`);
  });
}

test('sites: every allowed difference was needed', () => {
  const idle = DIFFERENCES.filter(difference => !used.has(difference)).map(({ reason }) => reason);
  assert.deepEqual(idle, []);
});

test('sites: nginx does not differ from itself', async () => {
  using copy = copySite('static-api');
  assert.deepEqual((await compare(STATIC_API, 'nginx', copy.dir, [])).faults, []);
});

test('sites: the comparison sees one header, one byte of a body, one field sent on', async () => {
  using copy = copySite('static-api');
  using changed = copySite('static-api');
  const edit = (path: string, from: string, to: string) => {
    const text = readFileSync(join(changed.dir, path), 'latin1');
    assert.ok(text.includes(from));
    writeFileSync(join(changed.dir, path), text.replaceAll(from, to), 'latin1');
  };
  edit('nginx.conf', 'nosniff', 'sniff');
  edit('nginx.conf', 'X-Real-IP ', 'X-Real-Address ');
  edit('html/about.html', 'shop', 'shoq');
  await using backends = await startBackends(STATIC_API);
  await using nginx = await startSite('nginx', STATIC_API, copy.dir, backends);
  await using other = await startSite('nginx', STATIC_API, changed.dir, backends);
  const pair: Pair = { site: STATIC_API, nginx, moat: other, certs: '', allowed: DIFFERENCES };
  const seen = async (line: string) => (await judge(pair, 'proof', [200, line])).faults.join('\n');
  assert.match(await seen('GET /blog/'), /header X-Content-Type-Options\n.*"nosniff".*\n.*"sniff"/);
  assert.match(await seen('GET /about.html'), / body\n/);
  assert.match(await seen('GET /api/a'), /X-Real-IP/);
});
