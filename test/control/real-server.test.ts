/** `moat real-server`: in a host of the lab, before a client that sends it what a director would. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { type Host, Lab, labMissing } from '../lab/lab.ts';

const MOAT = resolve(import.meta.dirname, '../../bin/moat');
const skip = labMissing('curl', 'ping');
const dir = mkdtempSync(join(tmpdir(), 'moat-real-server-'));
after(() => rmSync(dir, { recursive: true }));

const SERVER = `import { createServer } from 'node:http'; createServer((_, answer) => answer.end('real')).listen(80, '::');`;
const VIP = '192.0.2.10';
const VIP6 = '2001:db8::10';

function hosts(lab: Lab): { client: Host; real: Host } {
  const network = lab.network('net');
  const [client, real] = [lab.host('client'), lab.host('real')];
  lab.wire(client, 'eth0', network, {
    addresses: ['10.1.0.1/24', '192.0.2.1/24', 'fd01::1/64', '2001:db8::1/64'],
  });
  lab.wire(real, 'eth0', network, {
    addresses: ['10.1.0.2/24', '192.0.2.2/24', 'fd01::2/64', '2001:db8::2/64'],
  });
  return { client, real };
}

const moat = (host: Host, record: string, ...words: string[]) =>
  host.run(MOAT, 'real-server', ...words, '--record', join(dir, record));

const settings = (host: Host) =>
  host
    .do('cat /proc/sys/net/ipv4/conf/all/arp_ignore /proc/sys/net/ipv4/conf/all/arp_announce')
    .trim()
    .split('\n');

/** Sends to the real server what is for the virtual address, as a director in mode dr does. */
function direct(client: Host, real: Host): void {
  const [, mac = ''] = /link\/ether (\S+)/.exec(real.do('ip link show eth0')) ?? [];
  for (const address of [VIP, VIP6])
    client.do(`ip neigh replace ${address} lladdr ${mac} dev eth0 nud permanent`);
}

const answer = async (client: Host, host: string) =>
  (await client.run('curl', '-s', '-m', '2', `http://${host}/`)).stdout;

test('moat real-server: joins, serves what a director sends, is silent in ARP, and leaves no trace', {
  skip,
}, async () => {
  using lab = new Lab();
  const { client, real } = hosts(lab);
  const before = settings(real);
  real.start(process.execPath, '--input-type=module', '-e', SERVER);
  await real.listening(80);

  const joined = await moat(real, 'a', 'join', VIP, '2001:DB8:0::10');
  assert.equal(joined.status, 0, joined.stderr);
  assert.match(
    joined.stderr,
    /^net\.ipv4\.conf\.all\.arp_ignore = 1 \(was 0\)\n.*arp_announce = 2.*\n192\.0\.2\.10 is on lo\n2001:db8::10 is on lo\n$/,
  );
  const sound = await moat(real, 'a', 'status');
  assert.equal(sound.status, 0, sound.stdout);
  assert.match(sound.stdout, /^ok +192\.0\.2\.10 is on lo$/m);

  assert.equal(await answer(client, VIP), '', 'it answered ARP for the virtual address');
  assert.equal(await answer(client, `[${VIP6}]`), '', 'it answered for the virtual address of IPv6');
  direct(client, real);
  assert.equal(await answer(client, VIP), 'real');
  assert.equal(await answer(client, `[${VIP6}]`), 'real');

  assert.equal((await moat(real, 'a', 'join', VIP)).stderr, 'nothing to do\n');
  const left = await moat(real, 'a', 'leave');
  assert.equal(left.status, 0, left.stderr);
  assert.deepEqual(settings(real), before);
  assert.doesNotMatch(real.do('ip address show dev lo'), /192\.0\.2\.10|2001:db8::10/);
  assert.equal((await moat(real, 'a', 'leave')).stderr, 'nothing to do\n');
});

test('moat real-server status: tells what is wrong, and how to mend it', { skip }, async () => {
  using lab = new Lab();
  const { client, real } = hosts(lab);
  await moat(real, 'b', 'join', VIP);
  real.do('ip address del 192.0.2.10/32 dev lo');
  real.do('sysctl -qw net.ipv4.conf.all.arp_ignore=0');
  real.do('sysctl -qw net.ipv4.conf.all.arp_announce=0');
  real.do('sysctl -qw net.ipv4.conf.eth0.rp_filter=1');
  lab.wire(real, 'eth1', lab.network('other'), { addresses: ['10.9.0.1/24'] });
  real.do('ip route add default via 10.9.0.2');
  const { status, stdout } = await moat(real, 'b', 'status');
  assert.equal(status, 1);
  assert.match(
    stdout,
    /^FAULT +192\.0\.2\.10 is on no interface.*\n +→ moat real-server join 192\.0\.2\.10$/m,
  );
  assert.match(stdout, /^FAULT +eth0 answers ARP for addresses on lo \(arp_ignore 0\)/m);
  assert.match(stdout, /^FAULT +eth0 may ask ARP with a virtual address \(arp_announce 0\)/m);
  assert.match(
    stdout,
    /^warning +eth0 drops packets of clients whose answers go out elsewhere \(rp_filter 1\), .* on eth1$/m,
  );
  const { findings } = JSON.parse((await moat(real, 'b', 'status', '--json')).stdout);
  assert.ok(findings.length >= 4);

  real.do('ip address add 192.0.2.10/24 dev eth0');
  assert.match((await moat(real, 'b', 'status')).stdout, /^FAULT +192\.0\.2\.10 is on eth0: /m);
  assert.equal(await client.run('ping', '-c', '1', '-W', '5', VIP).then(({ status }) => status), 0); // that is what the fault means
});

test('moat real-server join: an address on another interface is refused, and nothing is changed', {
  skip,
}, async () => {
  using lab = new Lab();
  const { real } = hosts(lab);
  const before = settings(real);
  const { status, stderr } = await moat(real, 'c', 'join', VIP, '192.0.2.2');
  assert.equal(status, 1);
  assert.match(stderr, /192\.0\.2\.2 is on eth0: .*ip address del 192\.0\.2\.2 dev eth0/);
  assert.deepEqual(settings(real), before);
  assert.doesNotMatch(real.do('ip address show dev lo'), /192\.0\.2\.10/);
});

test('moat real-server leave: what was there before stays, and what others changed since is left', {
  skip,
}, async () => {
  using lab = new Lab();
  const { real } = hosts(lab);
  real.do('ip address add 192.0.2.10/32 dev lo');
  real.do('sysctl -qw net.ipv4.conf.all.arp_ignore=1');
  await moat(real, 'd', 'join', VIP);
  real.do('sysctl -qw net.ipv4.conf.all.arp_announce=1');
  assert.equal((await moat(real, 'd', 'leave')).stderr, 'nothing to do\n');
  assert.deepEqual(settings(real), ['1', '1']);
  assert.match(real.do('ip address show dev lo'), /192\.0\.2\.10/);
});

test('moat real-server: wrong words', async () => {
  const run = (...words: string[]) => spawnSync(MOAT, ['real-server', ...words], { encoding: 'utf8' });
  for (const words of [[], ['join'], ['join', 'web1'], ['join', '127.0.0.1'], ['leave', VIP], ['jion', VIP]])
    assert.equal(run(...words).status, 2, words.join(' '));
});
