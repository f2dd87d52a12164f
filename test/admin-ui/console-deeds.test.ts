/** The console in a real browser: certificates, alerts, logs by field, backups, and what wants the password again. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { selfSigned } from '../../control/x509/self-signed.ts';
import { type Rig, startApi } from '../control/api/api-rig.ts';
import { until } from '../lab/lab.ts';
import { faultsOf, HOSTILE, loadAxe, open, PASSWORD, picture, skip, startBrowser } from './browser.ts';

const SITE = `access_log lines.log json;
  acme_issuer nowhere { uri https://127.0.0.1:1/dir; state_path off; accept_terms_of_service; }
  server { listen unix:/tmp/console-acme-${process.pid}.sock ssl; server_name new.test; acme_certificate nowhere; ssl_certificate $acme_certificate; ssl_certificate_key $acme_certificate_key; }
  server { listen unix:/tmp/console-${process.pid}.sock ssl; ssl_certificate shop.pem; ssl_certificate_key shop.key; }
  server { listen 127.0.0.1:PORT; location /plain { return 200 hello; } location /guarded { deny all; } }`;

test('console: certificates, alerts and silences, logs, backup and restore, and the password that is asked for again', {
  skip,
  timeout: 115_000, // a browser on a busy machine
}, async () => {
  const { key, certificate } = selfSigned({
    ...{ commonName: 'shop.test', days: 30 },
    names: [{ type: 'dns', value: 'shop.test' }],
  });
  await using rig = await startApi(SITE, {
    files: { 'shop.pem': certificate, 'shop.key': key },
    api: 'alert always metric=l7_up above=0 severity=critical;',
  });
  const { stderr } = rig.tell(`${PASSWORD}\n`, 'user', 'add', 'olga', '--role', 'admin');
  assert.equal(stderr, '');
  const browser = await startBrowser();
  try {
    const at = `http://127.0.0.1:${rig.port}`;
    const { page, complaints } = await open(browser, at);
    await loadAxe(page);
    await page.getByLabel('Name').fill('olga');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await fetch(`http://127.0.0.1:${rig.sitePort}/guarded`, { headers: { 'user-agent': HOSTILE } });
    await certificatesAndAlerts(page, at);
    await readLogs(page, at, rig.sitePort);
    await backUpAndRestore(page, at);
    await sayPasswordAgain(page, at, rig);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});

/** A certificate is shown with its life; an alert is raised, silenced for a while, and heard of again. */
async function certificatesAndAlerts(page: Page, at: string): Promise<void> {
  await page.goto(`${at}/#/certificates`);
  await page.getByRole('row').filter({ hasText: 'shop.test' }).getByText('good').waitFor();
  const ordered = page.getByRole('row').filter({ hasText: 'new.test' });
  await ordered.getByText('failing').waitFor();
  await page.getByRole('button', { name: /^Renew now/ }).click();
  assert.deepEqual(await faultsOf(page), [], 'an order');
  await picture(page, 'renew');
  const isSecond = page.waitForResponse(one => one.url().endsWith('/renew') && one.status() === 202);
  await page.locator('dialog').getByRole('button', { name: 'Renew now' }).click();
  await isSecond;
  await page.getByText('does not answer').first().waitFor();
  assert.equal(await page.getByRole('button', { name: /^Revoke/ }).count(), 0, 'there is nothing to revoke');
  await picture(page, 'certificate');
  await page.goto(`${at}/#/alerting`);
  const raised = page.getByRole('region', { name: 'Raised now' }).first();
  await page.getByRole('button', { name: 'Silence always' }).click();
  await page.locator('dialog input').fill('5');
  await page.locator('dialog').getByRole('button', { name: 'Silence' }).click();
  await page.getByRole('button', { name: 'End the silence always' }).waitFor();
  await raised.getByText('silenced').waitFor();
  await picture(page, 'silence');
  await page.getByRole('button', { name: 'End the silence always' }).click();
  await page.locator('dialog').getByRole('button', { name: 'End the silence' }).click();
  await page.getByRole('button', { name: 'End the silence always' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Silence always' }).waitFor();
}

/** A hostile line is shown as text as it comes, is found by its fields, and not when it does not fit. */
async function readLogs(page: Page, at: string, sitePort: number): Promise<void> {
  await page.goto(`${at}/#/logs`);
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  const asked = `http://127.0.0.1:${sitePort}/plain?x=${encodeURIComponent(HOSTILE)}`;
  await until(async () => {
    await fetch(asked, { headers: { 'user-agent': HOSTILE } }); // the stream may not be there yet
    return (await page.getByRole('row').filter({ hasText: '/plain?x=' }).count()) > 0;
  }, 'the line');
  await page.getByLabel('Status').fill('403');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('row').filter({ hasText: '/guarded' }).first().waitFor();
  await page.getByRole('row').filter({ hasText: '/plain?x=' }).first().waitFor({ state: 'detached' });
  await page
    .getByRole('button', { name: /^Details/ })
    .first()
    .click();
  await page.locator('dialog pre').getByText(HOSTILE).waitFor();
  await picture(page, 'line');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByLabel('Status').fill('nothing');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('alert').waitFor();
  assert.equal(await page.evaluate('window.stolen'), undefined);
}

/** A backup is downloaded, looked at, and restored; a wrong passphrase is told. */
async function backUpAndRestore(page: Page, at: string): Promise<void> {
  await page.goto(`${at}/#/settings`);
  await page.getByRole('button', { name: 'Make a backup…' }).click();
  await page.getByLabel('Passphrase').fill(PASSWORD);
  await page.getByLabel('The same again').fill(PASSWORD);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ]);
  const bytes = readFileSync(await download.path());
  assert.match(download.suggestedFilename(), /^moat-\w+\.backup$/);
  await page
    .getByLabel('Backup file')
    .setInputFiles({ name: 'moat.backup', mimeType: 'application/octet-stream', buffer: bytes });
  const look = async (passphrase: string) => {
    await page.getByLabel('Passphrase').fill(passphrase);
    await page.locator('dialog').getByRole('button', { name: 'Look at it' }).click();
  };
  await page.getByRole('button', { name: 'Look at it…' }).click();
  await look('another passphrase');
  await page.getByRole('alert').getByText('passphrase is wrong').waitFor();
  await look(PASSWORD);
  await page.getByRole('row').filter({ hasText: 'nginx.conf' }).getByText('same').waitFor();
  assert.deepEqual(await faultsOf(page), [], 'a preview');
  await picture(page, 'restore');
  await page.getByRole('button', { name: 'Restore…' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Restore' }).click();
  await page.getByRole('button', { name: 'Log in' }).waitFor(); // all sessions have ended
  await page.getByLabel('Name').fill('olga');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
}

/** Who gave his password long ago is asked for it before a user is made; the state of ten minutes ago is put in the place of today's. */
async function sayPasswordAgain(page: Page, at: string, rig: Rig): Promise<void> {
  const later = `${rig.state}-later`;
  cpSync(rig.state, later, { recursive: true });
  try {
    const path = join(later, 'sessions.json');
    const sessions = JSON.parse(readFileSync(path, 'utf8')) as { authenticatedMs: number }[];
    for (const one of sessions) one.authenticatedMs -= 600_000;
    writeFileSync(path, JSON.stringify(sessions));
    const { length: before } = rig.moat.read().match(/in force in all workers/g) ?? [];
    rig.moat.reload(readFileSync(join(rig.moat.dir, 'nginx.conf'), 'latin1').replace(rig.state, later));
    await until(
      () => (rig.moat.read().match(/in force in all workers/g) ?? []).length > before,
      'the other state',
    );
    await page.goto(`${at}/#/users`);
    await page.getByRole('button', { name: 'Add a user…' }).click();
    const dialog = page.locator('dialog');
    await dialog.getByLabel('Name').fill('paul');
    await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Add' }).click();
    await dialog.getByLabel('Your password').fill('not the password');
    assert.deepEqual(await faultsOf(page), [], 'the password again');
    await picture(page, 'again');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await dialog.getByRole('alert').getByText('wrong').waitFor();
    await dialog.getByLabel('Your password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('row').filter({ hasText: 'paul' }).waitFor();
  } finally {
    rmSync(later, { recursive: true });
  }
}
