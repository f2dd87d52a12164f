/** The regression tests of the OWASP rules against a running moat; run where their files are named. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { readTests } from './format.ts';
import { runLive, startSite } from './live.ts';
import { SETUP } from './setup.ts';

const DEBIAN = '/usr/share/modsecurity-crs/owasp-crs.load';
const folder = process.env['MOAT_CRS_TESTS'];
const tree = process.env['MOAT_CRS4'];

/** @param least percent of the tests that have to pass */
function suite(
  name: string,
  tests: string | undefined,
  rules: string,
  skip: string | undefined,
  least: number,
): void {
  test(`${name}: regression tests through a running moat`, { skip: skip ?? false }, async t => {
    await using site = await startSite(SETUP, rules);
    const all = readTests(tests!);
    assert.ok(all.length > 100, `only ${all.length} tests were read`);
    let passed = 0;
    for (const one of all) {
      const wrong = await runLive(one, site);
      if (wrong === undefined) passed++;
      else t.diagnostic(`${one.name}: ${wrong}`);
    }
    t.diagnostic(`${passed} of ${all.length}: ${((100 * passed) / all.length).toFixed(2)} %`);
    assert.ok(100 * passed >= least * all.length, `only ${passed} of ${all.length}`);
  });
}

const noTests = folder ? undefined : 'MOAT_CRS_TESTS names no folder of tests';
suite(
  'rules of Debian (3.3)',
  folder && `${folder}/v3.3`,
  'crs',
  noTests ?? (existsSync(DEBIAN) ? undefined : 'modsecurity-crs is not installed'),
  99,
);
suite(
  'rules of version 4',
  folder && `${folder}/v4`,
  `crs=${tree}`,
  noTests ?? (tree ? undefined : 'MOAT_CRS4 names no tree of rules'),
  99,
);
