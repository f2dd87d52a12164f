/** The regression tests of the OWASP rules, which are not part of moat: run where their files are named. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { compileRules, formatWafDiagnostic, type RuleLoader, type RuleSet } from '#waf';
import { fileLoader } from '../file-loader.ts';
import { readTests } from './format.ts';
import { runTest } from './run.ts';

/** What the tests assume about the engine and the set-up (tests/README of the rules). */
const ENGINE = `
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml application/json
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 1310720
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\\+|/)|text/)xml" "id:1,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.-]+[+])?json" "id:2,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecAction "id:3,phase:1,pass,nolog,t:none,setvar:tx.paranoia_level=4,setvar:tx.blocking_paranoia_level=4,setvar:tx.detection_paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535"
`;

function load(include: string): RuleSet {
  const loader: RuleLoader = {
    read: path => (path === '/engine.conf' ? ENGINE + include : fileLoader.read(path)),
    glob: fileLoader.glob,
  };
  const { rules, diagnostics } = compileRules(['/engine.conf'], loader);
  assert.ok(rules, diagnostics.map(formatWafDiagnostic).join('\n'));
  return rules;
}

const DEBIAN = '/usr/share/modsecurity-crs/owasp-crs.load';
const folder = process.env['MOAT_CRS_TESTS'];
const tree = process.env['MOAT_CRS4'];

/** @param least share of tests that have to pass, in percent: what was reached, so that nothing is lost unseen */
function suite(
  name: string,
  tests: string | undefined,
  include: () => string,
  skip: string | undefined,
  least: number,
): void {
  test(`${name}: regression tests`, { skip: skip ?? false }, t => {
    const rules = load(include());
    const all = readTests(tests!);
    assert.ok(all.length > 100, `only ${all.length} tests were read`);
    const misses = all
      .map(one => ({ name: one.name, wrong: runTest(one, rules) }))
      .filter(({ wrong }) => wrong !== undefined);
    const passed = all.length - misses.length;
    for (const { name, wrong } of misses) t.diagnostic(`${name}: ${wrong}`);
    t.diagnostic(`${passed} of ${all.length}: ${((100 * passed) / all.length).toFixed(2)} %`);
    assert.ok(100 * passed >= least * all.length, `only ${passed} of ${all.length}`);
  });
}

suite(
  'rules of Debian (3.3)',
  folder && `${folder}/v3.3`,
  () => `Include ${DEBIAN}\n`,
  !folder
    ? 'MOAT_CRS_TESTS names no folder of tests'
    : !existsSync(DEBIAN)
      ? 'modsecurity-crs is not installed'
      : undefined,
  99,
);
suite(
  'rules of version 4',
  folder && `${folder}/v4`,
  () => `Include ${tree}/crs-setup.conf.example\nInclude ${tree}/rules/*.conf\n`,
  !folder
    ? 'MOAT_CRS_TESTS names no folder of tests'
    : !tree
      ? 'MOAT_CRS4 names no tree of rules'
      : undefined,
  99.75,
);
