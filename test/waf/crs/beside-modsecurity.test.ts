/** moat and Debian's nginx with ModSecurity, same rules, same requests: which rules match. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { requests, type Sent } from './corpus.ts';
import { explain, isLoggedThere, RULE_FOLDER } from './differences.ts';
import { readTests } from './format.ts';
import { type LiveSite, MODSECURITY_MODULE, see, startNginxSite, startSite } from './live.ts';
import { buildRequest } from './request.ts';
import { SETUP } from './setup.ts';

const BASE = new URL('../../../waf/rules/base.conf', import.meta.url).pathname;
/** Debian's owasp-crs.load has `IncludeOptional`, which libmodsecurity 3 does not know. */
const RULES = [
  BASE,
  '/etc/modsecurity/crs/crs-setup.conf',
  '/etc/modsecurity/crs/REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf',
  `${RULE_FOLDER}/*.conf`,
  '/etc/modsecurity/crs/RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf',
];

function absence(): string | undefined {
  if (!existsSync(MODSECURITY_MODULE)) return 'libnginx-mod-http-modsecurity is not installed';
  return existsSync(RULE_FOLDER) ? undefined : 'modsecurity-crs is not installed';
}

interface Sites {
  readonly moat: LiveSite;
  readonly nginx: LiveSite;
}

async function startSites(): Promise<Sites & AsyncDisposable> {
  const includes = RULES.map(path => `Include ${path}`).join('\n');
  const settings = 'SecRuleEngine DetectionOnly\nSecResponseBodyAccess On\nSecAuditEngine Off\n';
  await using stack = new AsyncDisposableStack();
  const [base, ...others] = RULES;
  const nginx = stack.use(
    await startNginxSite(
      `Include ${base}\n${settings}${SETUP}\n${includes.replace(`Include ${base}\n`, '')}\n`,
    ),
  );
  const moat = stack.use(await startSite(SETUP, others.join(' ')));
  const started = stack.move();
  return { nginx, moat, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

interface Tally {
  same: number;
  explained: Map<string, number>;
  unexplained: string[];
}

async function compare(sites: Sites, sent: readonly Sent[]): Promise<Tally> {
  const tally: Tally = { same: 0, explained: new Map(), unexplained: [] };
  for (const [what, wire] of sent) {
    const [ours, theirs] = await Promise.all([see(sites.moat, wire), see(sites.nginx, wire)]);
    const onlyOurs = [...ours.ids.difference(theirs.ids)].filter(isLoggedThere);
    const onlyTheirs = [...theirs.ids.difference(ours.ids)];
    if (onlyOurs.length + onlyTheirs.length === 0) {
      tally.same++;
      continue;
    }
    const { reasons, left } = explain({ wire, ours, theirs, onlyOurs, onlyTheirs });
    for (const reason of reasons) tally.explained.set(reason, (tally.explained.get(reason) ?? 0) + 1);
    if (left.length > 0)
      tally.unexplained.push(
        `${what}: ${left.join(' ')} (status ${ours.status} and ${theirs.status})\n${wire.slice(0, 600)}`,
      );
  }
  return tally;
}

function judge(sent: readonly Sent[], tally: Tally, tell: (line: string) => void): void {
  tell(`${tally.same} of ${sent.length} the same`);
  for (const [reason, count] of [...tally.explained].sort((a, b) => b[1] - a[1])) tell(`${count}: ${reason}`);
  assert.deepEqual(
    tally.unexplained.slice(0, 20),
    [],
    `${tally.unexplained.length} differences without a reason`,
  );
}

const skip = absence() ?? false;
const folder = process.env['MOAT_CRS_TESTS'];

test('our own corpus: the same rules match in moat and in nginx with ModSecurity', { skip }, async t => {
  await using sites = await startSites();
  const sent = folder ? requests(1, 200, 20261127) : requests(3, 60, 20261127);
  assert.ok(sent.length > 300);
  const tally = await compare(sites, sent);
  judge(sent, tally, line => t.diagnostic(line));
});

const noTests = skip || (folder ? false : 'MOAT_CRS_TESTS names no folder of tests');

test('requests of the regression tests: the same rules match', { skip: noTests }, async t => {
  await using sites = await startSites();
  const sent = readTests(folder!).flatMap(({ name, stages }) =>
    stages.map(({ input }): Sent => [name, buildRequest(input).wire]),
  );
  assert.ok(sent.length > 1000);
  const tally = await compare(sites, sent);
  judge(sent, tally, line => t.diagnostic(line));
});
