/**
 * The Debian package in a Debian of its own: installed, run by systemd, reloaded and upgraded under load, taken away. It takes minutes,
 * systemd-nspawn and debootstrap, so it runs where MOAT_PACKAGE=1 asks for it. MOAT_PACKAGE_BASE names a debootstrap to keep.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../lab/lab.ts';
import { builtPackage } from './build.ts';
import { Container } from './container.ts';

const skip = process.env.MOAT_PACKAGE === '1' ? false : 'MOAT_PACKAGE=1 builds and installs the package';
const kept = process.env.MOAT_PACKAGE_BASE;

const CLIENT = `while [ ! -e /tmp/end ]; do
  if curl -s -m 10 -o /dev/null -f http://127.0.0.1/; then echo ok; else echo failed; fi
done > /tmp/seen; touch /tmp/done`;

/** Requests without pause while something is done. */
async function under(
  box: Container,
  work: () => Promise<void> | void,
): Promise<{ ok: number; failed: number }> {
  box.do(`rm -f /tmp/end /tmp/done; setsid sh -c '${CLIENT}' >/dev/null 2>&1 </dev/null &`);
  const seen = (word: string) => Number(box.run(`grep -c ^${word} /tmp/seen`).stdout);
  await until(() => seen('ok') > 5, 'requests');
  await work();
  const reached = seen('ok');
  await until(() => seen('ok') > reached + 5, 'requests after it');
  box.do('touch /tmp/end');
  await until(() => box.run('test -e /tmp/done').status === 0, 'the client to end');
  return { ok: seen('ok'), failed: seen('failed') };
}

test('package: installed, reloaded, upgraded, watched and purged by what the system has for it', {
  skip,
}, async () => {
  const [old, next] = ['0.0.1', '0.0.2'].map(version => builtPackage(version));
  const base = kept ?? mkdtempSync(join(tmpdir(), 'moat-base-'));
  if (kept === undefined) after(() => rmSync(base, { recursive: true }));
  await using box = new Container(base);
  await box.booted();
  const show = (what: string) => box.do(`systemctl show moat -P ${what}`).trim();

  box.do(`dpkg -i ${box.bring(old!)}`);
  assert.equal(show('ActiveState'), 'active', box.do('journalctl -u moat --no-pager'));
  assert.equal(show('StatusText'), 'configuration 1 is in force');
  assert.match(box.do('curl -s http://127.0.0.1/'), /moat is running/);
  assert.equal(box.do('ps -o user= -p $(pgrep -f l7/process[.]ts)').trim(), 'moat');
  assert.match(box.do('zcat /usr/share/man/man8/moat.8.gz'), /moat status/);

  box.do("sed -i 's/16384/8192/' /etc/moat/moat.conf");
  const reloaded = await under(box, () => {
    for (let times = 0; times < 5; times++) box.do('systemctl reload moat');
  });
  assert.equal(reloaded.failed, 0);
  box.do('cp /etc/moat/moat.conf /root/sound; echo "nonsense;" >> /etc/moat/moat.conf');
  assert.notEqual(box.run('systemctl reload moat').status, 0);
  assert.match(box.do('journalctl -u moat --no-pager'), /unknown directive "nonsense"/);
  box.do('cp /root/sound /etc/moat/moat.conf; curl -sf http://127.0.0.1/ >/dev/null');

  const before = show('MainPID');
  const upgraded = await under(box, () => void box.do(`dpkg -i ${box.bring(next!)}`));
  assert.equal(upgraded.failed, 0);
  assert.notEqual(show('MainPID'), before);
  assert.equal(show('NRestarts'), '0');
  assert.equal(box.do('dpkg-query -W -f "\\${Version}" moat'), '0.0.2');
  assert.match(box.do('cat /etc/moat/moat.conf'), /worker_connections 8192/);
  await until(() => box.run(`kill -0 ${before}`).status !== 0, 'the old program to have left');
  assert.equal(show('ActiveState'), 'active');

  box.do('logrotate -f /etc/logrotate.d/moat; curl -s http://127.0.0.1/rotated >/dev/null');
  await until(
    () => box.run('grep -q rotated /var/log/moat/access.log').status === 0,
    'the new log to be written',
  );

  box.do('mkdir /run/systemd/system/moat.service.d');
  box.do('printf "[Service]\\nWatchdogSec=2\\n" > /run/systemd/system/moat.service.d/watchdog.conf');
  box.do('systemctl daemon-reload; systemctl restart moat; kill -STOP $(cat /run/moat/moat.pid)');
  await until(() => show('NRestarts') === '1' && show('ActiveState') === 'active', 'the watchdog', 120_000);
  box.do('curl -sf http://127.0.0.1/ >/dev/null; rm -r /run/systemd/system/moat.service.d');

  box.do('dpkg --purge moat');
  assert.notEqual(box.run('pgrep -f [/]usr/lib/moat').status, 0);
  assert.equal(box.run('getent passwd moat').status, 2);
  const left = box.do(
    'find / -xdev -path "*moat*" -not -path "/proc/*" -not -path "/sys/*" -not -path "/root/*" -not -path "/var/lib/systemd/*"',
  );
  assert.equal(left, '');
});
