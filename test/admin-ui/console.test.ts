/** The console in a real browser, against a running moat: the way in, each screen in two languages and two themes, and hostile values as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Rig, startApi } from '../control/api/api-rig.ts';
import { until } from '../lab/lab.ts';
import {
  faultsOf,
  HOSTILE,
  lineWith,
  loadAxe,
  open,
  PASSWORD,
  PICTURES,
  picture,
  skip,
  startBrowser,
  textOf,
  write,
} from './browser.ts';

const SCREENS = [
  ...[
    'overview',
    'topology',
    'l4',
    'l7',
    'sticky',
    'explore',
    'cluster',
    'config',
    'certificates',
    'alerting',
  ],
  ...['users', 'audit', 'settings', 'logs', 'waf'],
] as const;
/** All four are for who looks at the pictures. */
const LOOKS = [
  ['en', 'light'],
  ['zh', 'dark'],
  ...(PICTURES
    ? ([
        ['en', 'dark'],
        ['zh', 'light'],
      ] as const)
    : []),
] as const;

const RULES = `SecRule ARGS "@rx onerror" "id:1001,phase:1,deny,status:403,msg:'Script in an argument',severity:'CRITICAL'"
`;

const MORE = '# what is included\n';

const SITE = `
  include more.conf;
  limit_ban_zone $binary_remote_addr zone=guests:1m;
  upstream app { zone app 64k; sticky learn create=$upstream_cookie_s lookup=$cookie_s zone=sessions:64k; server 127.0.0.1:1 max_fails=0; server 127.0.0.1:2 down; }
  upstream found { discover file missing.list; }
  server { listen 127.0.0.1:PORT;
    location /plain { return 200 hello; }
    location /app { proxy_pass http://app; }
    location /guarded { waf block; waf_rules rules.conf; proxy_pass http://app; }
  }`;

test('console: from the set-up link through each screen, in two languages and themes, with nothing for axe or the policy to say', {
  skip,
  timeout: 200_000, // a browser on a busy machine
}, async () => {
  await using rig = await startApi(SITE, { files: { 'rules.conf': RULES, 'more.conf': MORE } });
  const { stdout } = rig.command('user', 'link');
  const secret = stdout.trim().split('#')[1] ?? '';
  assert.notEqual(secret, '', stdout);
  const browser = await startBrowser();
  try {
    const at = `http://127.0.0.1:${rig.port}`;
    const { page, complaints } = await open(browser, `${at}/setup#${secret}`);
    await page.getByRole('heading', { name: 'Make the first administrator' }).waitFor();
    assert.ok(!page.url().includes(secret), 'the secret stays in the address bar');
    await loadAxe(page);
    assert.deepEqual(await faultsOf(page), [], 'the way in');
    await page.getByLabel('Name').fill('olga');
    await page.getByLabel('Password').fill(PASSWORD);
    await picture(page, 'setup');
    await page.getByRole('button', { name: 'Create and log in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

    const guarded = `http://127.0.0.1:${rig.sitePort}/guarded?q=${encodeURIComponent(HOSTILE)}`;
    assert.equal((await fetch(guarded, { headers: { 'user-agent': HOSTILE } })).status, 403);
    await fetch(`http://127.0.0.1:${rig.sitePort}/app`);
    await page
      .getByText('Pool app: no member takes requests')
      .or(page.getByText('Pool app: 1 of 2'))
      .waitFor();
    await page.getByRole('region', { name: 'WAF' }).getByText('servers and locations').first().waitFor();

    for (const screen of SCREENS) {
      await page.goto(`${at}/#/${screen}`);
      for (const [language, theme] of LOOKS) {
        await wears(page, language, theme);
        await page.locator('main h1').waitFor();
        if (screen === 'l7') await page.getByText('missing.list').first().waitFor();
        if (screen === 'config') await page.locator('.cm-line').first().waitFor();
        if (screen === 'waf') await page.getByText('1001').first().waitFor();
        const rule = language === 'en' && theme === 'light' ? undefined : 'color-contrast';
        assert.deepEqual(await faultsOf(page, rule), [], `${screen} ${language} ${theme}`);
        await picture(page, `${screen}-${language}-${theme}`);
      }
      await wears(page, 'en', 'light');
    }

    await page
      .getByRole('button', { name: /^Details/ })
      .first()
      .click();
    await page.locator('dialog pre').waitFor();
    assert.ok(
      (await page.locator('dialog pre').textContent())?.includes(HOSTILE),
      'the user agent is shown as it came',
    );
    assert.equal(await page.locator('dialog mark').first().textContent(), 'onerror');
    assert.deepEqual(await faultsOf(page), [], 'an event');
    await picture(page, 'event');
    await page.getByRole('button', { name: 'Close' }).click();
    assert.equal(await page.evaluate('window.stolen'), undefined);

    await page.getByRole('button', { name: 'Ban an address' }).click();
    await page.locator('dialog input').fill('192.0.2.7');
    assert.deepEqual(await faultsOf(page), [], 'a question');
    await picture(page, 'ban');
    await page.getByRole('button', { name: 'Do it' }).click();
    await page.getByRole('button', { name: 'Lift the ban 192.0.2.7' }).click();
    await page.locator('dialog').getByRole('button', { name: 'Lift the ban' }).click();
    await page.getByText('Nobody is banned.').waitFor();

    await drainMember(page, at);
    await explore(page, at, rig.sitePort);
    await letIn(page, at);
    await writeInEditor(page, at);
    await changeAndRollBack(page, at, rig);

    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await page.getByLabel('Name').fill('olga');
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();

    const viewer = await open(browser, at);
    await viewer.page.getByRole('button', { name: 'Use a token instead' }).click();
    await viewer.page.getByLabel('API token').fill(rig.token('viewer'));
    await viewer.page.getByRole('button', { name: 'Log in' }).click();
    await viewer.page.goto(`${at}/#/waf`);
    await viewer.page.getByRole('heading', { name: 'Bans' }).waitFor();
    assert.equal(
      await viewer.page.getByRole('button', { name: 'Ban an address' }).count(),
      0,
      'a viewer may not',
    );
    assert.deepEqual([...complaints, ...viewer.complaints], []);
  } finally {
    await browser.close();
  }
});

/** A member is drained, taken back, and another one comes and goes. */
async function drainMember(page: Page, at: string): Promise<void> {
  await page.goto(`${at}/#/l7`);
  const press = async (name: string, answer: string) => {
    await page.getByRole('button', { name }).click();
    await page.locator('dialog').getByRole('button', { name: answer }).click();
  };
  await press('Drain 127.0.0.1:1', 'Drain');
  await page.getByRole('row', { name: '127.0.0.1:1' }).getByText('drain', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Add a member… app' }).click();
  await page.locator('dialog input').fill('127.0.0.1:3');
  assert.deepEqual(await faultsOf(page), [], 'a new member');
  await picture(page, 'member');
  await page.locator('dialog').getByRole('button', { name: 'Add' }).click();
  await press('Remove 127.0.0.1:2', 'Remove');
  await page.getByRole('button', { name: 'Bring back 127.0.0.1:2' }).waitFor();
  await picture(page, 'members');
  await press('Remove 127.0.0.1:3', 'Remove');
  await press('Bring back 127.0.0.1:2', 'Bring back');
  await press('Make ready 127.0.0.1:1', 'Make ready');
  await page.getByRole('button', { name: 'Drain 127.0.0.1:1' }).waitFor();
}

/** A request that would be refused shows by what; the mode of the firewall is another one then, and what was done is in the audit log. */
async function explore(page: Page, at: string, sitePort: number): Promise<void> {
  await page.goto(`${at}/#/explore`);
  await page.getByLabel('URL').fill(`http://127.0.0.1:${sitePort}/guarded?q=${encodeURIComponent(HOSTILE)}`);
  await page.getByRole('button', { name: 'Explore a request' }).click();
  await page.locator('.way li.bad').getByText('waf refuses with 403').waitFor();
  assert.deepEqual(await faultsOf(page), [], 'an explored request');
  await picture(page, 'explored');
  await page.goto(`${at}/#/waf`);
  await page.getByRole('button', { name: 'Mode everywhere…' }).click();
  await picture(page, 'mode');
  await page.locator('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row').filter({ hasText: '/guarded' }).getByText('detect').waitFor();
  await picture(page, 'modes');
  await page.getByRole('button', { name: 'Mode everywhere…' }).click();
  await page.locator('dialog').getByLabel('Mode').selectOption('as configured');
  await page.locator('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('By command, and not as configured').waitFor({ state: 'detached' });
  await page.goto(`${at}/#/audit`);
  await page
    .getByRole('button', { name: /^Details waf-mode/ })
    .first()
    .click();
  await page.locator('dialog pre').first().waitFor();
  await picture(page, 'audited');
  await page.getByRole('button', { name: 'Close' }).click();
}

/** A token is shown once; a user is made, and goes. */
async function letIn(page: Page, at: string): Promise<void> {
  await page.goto(`${at}/#/users`);
  await page.getByRole('button', { name: 'Make a token…' }).click();
  await page.locator('dialog').getByLabel('Name').fill('grafana');
  assert.deepEqual(await faultsOf(page), [], 'a new token');
  await page.locator('dialog').getByRole('button', { name: 'Add' }).click();
  await page
    .locator('dialog pre')
    .getByText(/^moat_/)
    .waitFor();
  await picture(page, 'token');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Revoke grafana' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('There are none.').waitFor();
}

/** Names are completed where they may stand, with their manual; Tab indents, and lets out who asks for it; several files are changed together. */
async function writeInEditor(page: Page, at: string): Promise<void> {
  await page.goto(`${at}/#/config`);
  await page.locator('.cm-line', { hasText: 'location /plain' }).click();
  await page.keyboard.press('End');
  await page.keyboard.type('\nproxy_conn');
  const option = page.locator('[role=option][aria-selected=true]');
  await option.getByText('proxy_connect_timeout').waitFor();
  await page.locator('.cm-completionInfo').getByText('Stands in').waitFor();
  assert.equal(await page.locator('[role=option]', { hasText: 'upstream' }).count(), 0, 'not in a server');
  assert.deepEqual(await faultsOf(page), [], 'a completion');
  await picture(page, 'completion');
  await page.waitForTimeout(150); // Enter at once would be one that was meant for the text
  await page.keyboard.press('Enter');
  await page.keyboard.type('3s;');
  const line = await lineWith(page, 'proxy_connect_timeout 3s;');
  await page.keyboard.press('Tab');
  assert.equal(await lineWith(page, 'proxy_connect'), `    ${line}`, 'Tab indents');
  const manual = page.getByRole('complementary', { name: 'Documentation' });
  await manual.getByText('proxy_connect_timeout').first().waitFor();
  await page.getByText('waf_rules', { exact: true }).hover();
  await page.locator('.cm-tooltip-hover').getByText('waf_rules').first().waitFor();
  await wears(page, 'zh', 'dark');
  await page.locator('.cm-line', { hasText: 'proxy_connect' }).click();
  assert.deepEqual(await faultsOf(page, 'color-contrast'), [], 'the manual in the dark');
  await picture(page, 'editor-zh-dark');
  await wears(page, 'en', 'light');
  await page.getByLabel('File').selectOption({ label: await secondFile(page) });
  await page.locator('.cm-line', { hasText: 'what is included' }).click();
  await page.keyboard.press('End');
  await page.keyboard.type('\nupstream spare { server 127.0.0.1:4; ');
  await page.locator('.diff .added').getByText('spare').waitFor();
  await page.locator('.diff .added').getByText('proxy_connect_timeout 3s').waitFor();
  assert.match((await page.getByLabel('File').locator('option').first().textContent()) ?? '', /^● /);
  await page.keyboard.press('Control+m');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate("document.activeElement.closest('.cm-editor')"), null, 'Tab leaves');
  await picture(page, 'two-files');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.locator('.cm-line', { hasText: 'spare' }).waitFor({ state: 'detached' });
  await page.getByLabel('File').selectOption({ index: 0 });
  await page.locator('.cm-line', { hasText: 'location /plain' }).waitFor();
}

const secondFile = async (page: Page): Promise<string> =>
  (await page.getByLabel('File').locator('option').nth(1).textContent()) ?? '';

/** A fault is told where it lies, at its line too; a change is seen before it is made, confirmed, and taken back. */
async function changeAndRollBack(page: Page, at: string, rig: Rig): Promise<void> {
  await page.goto(`${at}/#/config`);
  const before = await textOf(page);
  await write(page, before.replace('return 200 hello', 'retrun 200 hello'));
  const fault = page.locator('.note.bad').getByText(/:\d+:\d+/);
  await fault.waitFor();
  assert.equal(await page.locator('.cm-lintRange-error').textContent(), 'retrun');
  await page.locator('.cm-lint-marker-error').waitFor();
  const button = page.getByRole('button', { name: 'Apply…' });
  assert.equal(await button.isDisabled(), true, 'what is faulty cannot be applied');
  await fault.click();
  assert.equal(await page.locator('.cm-activeLine').textContent(), await lineWith(page, 'retrun'));
  assert.deepEqual(await faultsOf(page), [], 'a fault');
  await picture(page, 'fault');
  await write(page, before.replace('return 200 hello', 'return 200 goodbye'));
  await page.locator('.diff .added').getByText('goodbye').waitFor();
  assert.equal(await page.locator('.cm-lintRange').count(), 0, 'the fault is gone');
  await page.getByLabel('Message').fill('a friendlier end');
  assert.deepEqual(await faultsOf(page), [], 'a change');
  await picture(page, 'change');
  rig.moat.reload(`${before}# of somebody else\n`);
  await page.getByRole('button', { name: 'Compare with what is in force' }).click();
  await page.locator('.diff .removed').getByText('somebody else').waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();
  await until(async () => (await textOf(page)).includes('somebody else'), 'what is in force now');
  await write(page, before.replace('return 200 hello', 'return 200 goodbye'));
  await page.getByLabel('Message').fill('a friendlier end');
  await button.click();
  await page.locator('dialog').getByRole('button', { name: 'Apply' }).click();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await page.getByRole('button', { name: 'Keep it' }).waitFor({ state: 'detached' });
  await page.getByRole('row').getByText('a friendlier end').waitFor();
  await page
    .getByRole('button', { name: /^Roll back/ })
    .first()
    .click();
  await page.locator('dialog').getByRole('button', { name: 'Roll back' }).click();
  await page.getByRole('button', { name: 'Go back now' }).click();
  await page.getByRole('button', { name: 'Go back now' }).waitFor({ state: 'detached' });
  await until(async () => (await textOf(page)).includes('goodbye'), 'the change to be in force again');
}

/** Presses the buttons of the header until the page looks so. */
async function wears(page: Page, language: string, theme: string): Promise<void> {
  const now = () =>
    page.evaluate('[document.documentElement.lang, document.documentElement.dataset.theme].join()');
  const [spoken = '', worn] = String(await now()).split(',');
  if (!spoken.startsWith(language)) await page.locator('header button').nth(0).click();
  if (worn !== theme) await page.locator('header button').nth(1).click();
  await until(
    async () => String(await now()).startsWith(language) && String(await now()).endsWith(theme),
    `${language} ${theme}`,
  );
}
