/** Metrics of the L4 tier and of virtual routers: scraped from a running moat in the lab, beside what its commands tell. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { L4Figures } from '../../l4/figures.ts';
import { programMissing } from '../l4/program.ts';
import { type Family, numberOf, readExposition } from '../l7/metrics/exposition.ts';
import { labMissing, until } from '../lab/lab.ts';
import { MOAT, Site, service, VIP } from './l4-site.ts';

const skip = labMissing('curl') || programMissing();
const LABELS = `vip="${VIP}:80",protocol="tcp"`;
const labelsOf = (real: string) => `${LABELS},real="${real}"`;
const RA = labelsOf('192.0.2.11');
const RB = labelsOf('192.0.2.12');

const PAGE = 'http { server { listen 127.0.0.1:9100; location = /metrics { metrics; } } }';
const cluster = (site: Site) =>
  `cluster { state_path ${site.dir}/state; vrrp_instance VI_1 { interface eth0; vrid 51; priority 120; virtual_address 192.0.2.200/24; } }`;

type Families = Map<string, Family>;

async function scrape(site: Site): Promise<Families> {
  const { stdout } = await site.director.run('curl', '-sS', '-m', '20', 'http://127.0.0.1:9100/metrics');
  return readExposition(stdout);
}

async function command(site: Site, ...words: string[]): Promise<string> {
  const where = ['-c', join(site.dir, 'moat.conf'), '-p', site.dir];
  const { stdout, stderr, status } = await site.director.run(MOAT, ...words, ...where);
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Scrapes until it is so: a page is of the last second. */
async function scrapeUntil(site: Site, holds: (found: Families) => boolean, what: string): Promise<Families> {
  let found: Families = new Map();
  await until(async () => holds((found = await scrape(site))), what);
  return found;
}

const sumOf = (family: Family | undefined): number =>
  [...(family?.samples.values() ?? [])].reduce((sum, value) => sum + value, 0);

function agree(found: Families, { services, reasons, table }: L4Figures): void {
  for (const real of services[0]!.reals) {
    const labels = labelsOf(real.name);
    const told = (name: string, more = '') => numberOf(found, `moat_l4_${name}{${labels}${more}}`);
    assert.equal(told('connections_total'), real.connections);
    assert.equal(told('packets_total', ',direction="in"'), real.packets);
    assert.equal(told('bytes_total', ',direction="in"'), real.bytes);
    assert.equal(told('real_weight'), real.weight);
    assert.equal(told('real_state', `,state="${real.state}"`), 1);
  }
  for (const [reason, count] of Object.entries(reasons)) {
    const family = found.get('moat_l4_drops_total')!.samples.has(`moat_l4_drops_total{reason="${reason}"}`)
      ? 'drops'
      : 'passes';
    assert.equal(numberOf(found, `moat_l4_${family}_total{reason="${reason}"}`), count, reason);
  }
  assert.equal(numberOf(found, 'moat_l4_flow_table_limit'), table.room);
}

test('metrics: the L4 tier counts as moat l4 stats does, and a virtual router tells its state', {
  skip,
}, async () => {
  await using site = new Site();
  await site.serve();
  const l4 = service(site, 'deny 198.51.100.0/24;').replace('l4 {', 'l4 { lease 20s;');
  site.configure(`${PAGE} ${cluster(site)} ${l4}`);
  await site.start();
  await site.answers(10);
  const isActive = 'moat_vrrp_state{vrrp_instance="VI_1",interface="eth0",vrid="51",state="active"}';
  const whole = (found: Families) =>
    numberOf(found, `moat_l4_connections_total{${RA}}`) +
      numberOf(found, `moat_l4_connections_total{${RB}}`) >=
      10 && numberOf(found, isActive) === 1;
  await scrapeUntil(site, whole, 'ten connections, and an active router');

  await until(async () => {
    const figures: L4Figures = JSON.parse(await site.ask('stats', '--json'));
    const found = await scrape(site);
    const after: L4Figures = JSON.parse(await site.ask('stats', '--json'));
    if (JSON.stringify(after.reasons) !== JSON.stringify(figures.reasons)) return false; // packets came between
    agree(found, figures);
    return true;
  }, 'a moment without packets');

  const found = await scrape(site);
  assert.equal(numberOf(found, 'moat_l4_up'), 1);
  assert.equal(numberOf(found, 'moat_control_up'), 1);
  assert.equal(numberOf(found, `moat_l4_quorum{${LABELS}}`), 1);
  assert.equal(numberOf(found, 'moat_l4_attached{interface="eth0",place="tc"}'), 1);
  assert.equal(numberOf(found, 'moat_l4_lease_seconds'), 20);
  const leftS = numberOf(found, 'moat_l4_lease_left_seconds');
  assert.ok(leftS > 0 && leftS <= 20, `${leftS} s of the lease are left`);
  assert.ok(numberOf(found, 'moat_l4_flow_table_entries') >= 10);
  assert.equal(numberOf(found, 'moat_vrrp_priority{vrrp_instance="VI_1",interface="eth0",vrid="51"}'), 120);
  assert.equal(
    numberOf(
      found,
      'moat_vrrp_transitions_total{vrrp_instance="VI_1",interface="eth0",vrid="51",to="active"}',
    ),
    1,
  );
  assert.ok(
    numberOf(
      found,
      'moat_vrrp_adverts_total{vrrp_instance="VI_1",interface="eth0",vrid="51",direction="sent"}',
    ) > 0,
  );
  assert.ok(
    numberOf(
      found,
      'moat_vrrp_last_transition_timestamp_seconds{vrrp_instance="VI_1",interface="eth0",vrid="51"}',
    ) > 1.7e9,
  );
  await site.kill('SIGTERM');
});

test('metrics: a dead real server is told of, and series of what is configured no more go', {
  skip,
}, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(`${PAGE} ${cluster(site)} ${service(site)}`);
  await site.start();
  site.servers[1]!.kill('SIGKILL');
  const found = await scrapeUntil(
    site,
    now => now.get('moat_l4_real_up')?.samples.get(`moat_l4_real_up{${RB}}`) === 0,
    'the death to be told',
  );
  assert.equal(numberOf(found, `moat_l4_real_state{${RB},state="dead"}`), 1);
  assert.equal(numberOf(found, `moat_l4_real_up{${RA}}`), 1);
  assert.ok(numberOf(found, `moat_l4_check_failures_total{${RB}}`) >= 2);
  assert.equal(sumOf(found.get('moat_l4_real_state')), 2, 'each is in one state');

  site.configure(`${PAGE} ${service(site).replace('real_server 192.0.2.12 ;', '')}`);
  site.moat!.kill('SIGHUP');
  const text = (families: Families) => JSON.stringify([...families].map(([, { samples }]) => [...samples]));
  await scrapeUntil(
    site,
    now => !text(now).includes('192.0.2.12') && !now.has('moat_vrrp_up'),
    'the series to go',
  );

  site.configure(PAGE);
  site.moat!.kill('SIGHUP');
  const last = await scrapeUntil(site, now => !now.has('moat_l4_up'), 'the tier to go');
  assert.ok(![...last.keys()].some(name => /^moat_(l4|vrrp)_/.test(name)), [...last.keys()].join());
  await site.kill('SIGTERM');
});

test('metrics: while the L4 process is down, the page says so; moat metrics has the same families', {
  skip,
}, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(`${PAGE} ${service(site)}`);
  await site.start();
  const told = readExposition(await command(site, 'metrics'));
  assert.equal(numberOf(told, 'moat_l4_up'), 1);
  const page = await scrape(site);
  assert.deepEqual(
    [...told.keys()],
    [...page.keys()].filter(name => name.startsWith('moat_l4_')),
  );
  const pids = site.director.do(`ip netns pids ${site.director.namespace}`).trim().split('\n').map(Number);
  const l4 = pids.find(pid => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('l4/process.ts'))!;
  process.kill(l4, 'SIGSTOP');
  await scrapeUntil(site, now => now.get('moat_l4_up')?.samples.get('moat_l4_up') === 0, 'it to be missed');
  process.kill(l4, 'SIGCONT');
  await scrapeUntil(site, now => numberOf(now, 'moat_l4_up') === 1, 'it to be back');
  await site.kill('SIGTERM');
});

test('moat metrics: an l4 block without http', { skip }, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(service(site));
  await site.start();
  const told = readExposition(await command(site, 'metrics'));
  assert.equal(numberOf(told, `moat_l4_real_weight{${RA}}`), 1);
  await site.kill('SIGTERM');
});
