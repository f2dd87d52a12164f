/** An l4 block that cannot be on this host: what is missing is said, and nothing stays behind. */
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { PROXIES, Tiers, VIP } from '../e2e/tiers/tiers.ts';
import { programMissing } from '../l4/program.ts';
import { labMissing } from '../lab/lab.ts';

const skip = programMissing() || labMissing('setpriv');
const MOAT = resolve(import.meta.dirname, '../../bin/moat');
const XDP_PEER = resolve(import.meta.dirname, '../l4/xdp-peer.ts');

const without = (...names: string[]) => {
  const list = ['sys_admin', ...names].map(name => `-${name}`).join();
  return ['setpriv', `--bounding-set=${list}`, `--inh-caps=${list}`];
};

test('moat run: an l4 block that cannot be is refused with what is missing, and leaves nothing in the kernel', {
  skip,
}, async () => {
  await using tiers = new Tiers();
  const { host, dir } = tiers.director;
  const block = (attach: string, pins = `${tiers.pins}/moat`) =>
    `l4 { pin_path ${pins}; hash_secret 0123456789abcdef; ${attach} virtual_server ${VIP[4]}:80 tcp { real_server ${PROXIES[4][0]}; } }`;
  const isRefused = async (says: RegExp, text: string, before: string[] = []) => {
    tiers.director.configure(text);
    const { status, stderr } = await host.run(
      ...before,
      MOAT,
      'run',
      '-c',
      join(dir, 'moat.conf'),
      '-p',
      dir,
    );
    assert.equal(status, 1);
    assert.match(stderr, says);
    assert.doesNotMatch(host.do('tc filter show dev eth0 ingress'), /director/);
  };
  await isRefused(/l4: attach nosuch0: there is no such interface/, block('attach eth0 tc; attach nosuch0;'));
  await isRefused(/mount -t bpf/, block('attach eth0 tc;', join(dir, 'nowhere')));
  for (const name of ['bpf', 'net_admin', 'perfmon'])
    await isRefused(
      new RegExp(`l4: this process lacks CAP_${name.toUpperCase()}: run moat as root`),
      block('attach eth0 tc;'),
      without(name),
    );
  assert.equal((await host.run(process.execPath, XDP_PEER, 'eth0')).status, 0);
  await isRefused(/Cannot attach an XDP program to eth0: another one/, block('attach eth0 xdp;'));
});

test('moat l4: without a program, without an l4 block, and with a real server that is none', {
  skip,
}, async () => {
  await using tiers = new Tiers();
  const { director } = tiers;
  const refused = async (words: string[], status: number, says: RegExp) => {
    const { status: code, stdout, stderr } = await director.l4(...words);
    assert.deepEqual([code, stdout], [status, '']);
    assert.match(stderr, says);
  };
  director.configure('');
  for (const words of [['list'], ['stats', '--json'], ['connections'], ['drain', '10.7.0.11']])
    await refused(words, 1, /no running moat answers at/);
  await refused(['bogus'], 2, /"bogus" is not one of list, /);
  await refused(['weight', '70000', '10.7.0.11'], 2, /"70000" is not a weight: take 0 to 65535/);
  await director.start();
  for (const words of [['list'], ['stats', '--json'], ['connections']])
    await refused(words, 1, /has no l4 block in force/);
  await refused(['drain', '10.7.0.11'], 1, /there is no real server 10\.7\.0\.11/);
  await director.reload(
    `l4 { pin_path ${tiers.pins}/moat; hash_secret 0123456789abcdef; attach eth0 tc; virtual_server ${VIP[4]}:80 tcp { real_server 10.7.0.11; } }`,
  );
  await refused(
    ['drain', '10.7.0.11', '10.7.0.99:80'],
    1,
    /there is no real server 10\.7\.0\.11 of 10\.7\.0\.99:80/,
  );
  assert.match(await director.shown('connections'), /^pro +idle +state/);
  assert.equal(await director.shown('connections', '--json'), '[]\n');
});
