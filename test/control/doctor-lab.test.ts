/** `moat doctor` on a host of the lab: each bad condition is made, found, mended by the remedy, and not found any more. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import type { Finding } from '../../control/host/finding.ts';
import { programMissing } from '../l4/program.ts';
import { type Host, Lab, labMissing } from '../lab/lab.ts';

const MOAT = resolve(import.meta.dirname, '../../bin/moat');
const skip = programMissing() || labMissing('ethtool', 'sysctl');
const dir = mkdtempSync(join(tmpdir(), 'moat-doctor-lab-'));
after(() => rmSync(dir, { recursive: true }));

const VIP = '10.1.0.100';
const VIP6 = 'fd01::100';

class Bench implements Disposable {
  readonly lab = new Lab();
  readonly director: Host;
  readonly real: Host;
  readonly #conf = join(mkdtempSync(join(dir, 'conf-')), 'moat.conf');

  constructor(lines: string) {
    this.lab.network('net');
    this.director = this.lab.host('director');
    this.real = this.lab.host('real');
    this.lab.wire(this.director, 'eth0', 'net', { addresses: ['10.1.0.2/24', 'fd01::2/64'] });
    this.lab.wire(this.real, 'eth0', 'net', { addresses: ['10.1.0.11/24', 'fd01::11/64'] });
    this.director.do(`ip address add ${VIP}/32 dev eth0`);
    this.director.do(`ip address add ${VIP6}/128 dev eth0 nodad`);
    this.configure(lines);
  }

  configure(lines: string): void {
    writeFileSync(this.#conf, `l4 { ${lines} }\n`);
  }

  /** All that is not fine. */
  async found(): Promise<Finding[]> {
    const { stdout, stderr, status } = await this.director.run(MOAT, 'doctor', '-c', this.#conf, '--json');
    const { findings } = JSON.parse(
      stdout || `{"findings":[{"level":"fault","what":${JSON.stringify(stderr)}}]}`,
    );
    assert.equal(status, findings.some(({ level }: Finding) => level === 'fault') ? 1 : 0);
    // What this machine as a whole is like is not what these tests are about.
    return findings.filter(
      ({ level, what }: Finding) => level !== 'fine' && !/bpffs|on bridges|bpf_jit/.test(what),
    );
  }

  /** It is found, its remedy heeded, and it is found no more. */
  async heals(what: RegExp, mend: (remedy: string) => void | Promise<void>): Promise<void> {
    const finding = (await this.found()).find(one => what.test(one.what));
    assert.ok(finding, `${what} among ${JSON.stringify(await this.found())}`);
    await mend(finding.remedy ?? '');
    const left = await this.found();
    assert.deepEqual(left, [], JSON.stringify(left));
  }

  [Symbol.dispose](): void {
    this.lab.close();
  }
}

const SERVICE = `virtual_server ${VIP}:80 tcp { real_server 10.1.0.11; } virtual_server [${VIP6}]:80 tcp { real_server fd01::11; }`;

test('moat doctor: finds nothing where nothing is wrong', { skip }, async () => {
  using bench = new Bench(SERVICE);
  await joined(bench);
  assert.deepEqual(await bench.found(), []);
});

/** Real servers hold the addresses in silence. */
async function joined({ real }: Bench): Promise<void> {
  const words = ['real-server', 'join', VIP, VIP6, '--record', join(dir, 'record')];
  const { status, stderr } = await real.run(MOAT, ...words);
  assert.equal(status, 0, stderr);
}

test('moat doctor: real servers that answer for the virtual address, in both families', {
  skip,
}, async () => {
  using bench = new Bench(SERVICE);
  bench.real.do(`ip address add ${VIP}/32 dev lo`);
  await bench.heals(
    /10\.1\.0\.100 is on eth0 here, and is answered for by the real server 10\.1\.0\.11/,
    async remedy => {
      assert.match(remedy, /moat real-server join 10\.1\.0\.100$/);
      await joined(bench);
    },
  );
  bench.real.do(`ip address add ${VIP6}/128 dev eth0 nodad`);
  await bench.heals(/fd01::100 is on eth0 here, and is answered for by the real server fd01::11/, () => {
    bench.real.do(`ip address del ${VIP6}/128 dev eth0`);
  });
});

test('moat doctor: a second master, and an address that nobody has', { skip }, async () => {
  using bench = new Bench(SERVICE);
  await joined(bench);
  const other = bench.lab.host('other');
  bench.lab.wire(other, 'eth0', 'net', { addresses: ['10.1.0.3/24', `${VIP}/32`] });
  const mac = /link\/ether (\S+)/.exec(other.do('ip link show eth0'))![1]!;
  await bench.heals(new RegExp(`10\\.1\\.0\\.100 is on eth0 here, and is answered for by ${mac}:`), () => {
    other.do(`ip address del ${VIP}/32 dev eth0`);
  });
  bench.director.do(`ip address del ${VIP}/32 dev eth0`);
  await bench.heals(/10\.1\.0\.100 is on no interface/, remedy => {
    bench.director.do(remedy.split(',')[0]!.replace('INTERFACE', 'eth0'));
  });
});

test('moat doctor: a backup, whose address another host has', { skip }, async () => {
  using bench = new Bench(SERVICE);
  await joined(bench);
  const other = bench.lab.host('other');
  bench.lab.wire(other, 'eth0', 'net', { addresses: ['10.1.0.3/24', `${VIP}/32`] });
  bench.director.do(`ip address del ${VIP}/32 dev eth0`);
  assert.deepEqual(await bench.found(), []);
});

test('moat doctor: real servers that are not there', { skip }, async () => {
  using bench = new Bench(SERVICE);
  await joined(bench);
  bench.real.do('ip link set eth0 down');
  const found = await bench.found();
  assert.deepEqual(
    found.map(({ what }) => /real server (\S+) of .* does not answer/.exec(what)?.[1]),
    ['10.1.0.11', 'fd01::11'],
  );
  bench.real.do('ip link set eth0 up');
  bench.real.do('ip address replace fd01::11/64 dev eth0 nodad');
  assert.deepEqual(await bench.found(), []);
});

test('moat doctor: XDP on veth: checksums, the other end, frames that are too big', { skip }, async () => {
  using bench = new Bench(`attach eth0 xdp; ${SERVICE}`);
  await joined(bench);
  await bench.heals(/eth0 is veth with tx checksum offload/, remedy => {
    bench.director.do(remedy.split(',')[0]!);
  });
  bench.lab.onSwitch('ip link set p1 mtu 4000');
  bench.director.do('ip link set eth0 mtu 4000');
  await bench.heals(/XDP in the driver cannot be: MTU 4000 is too big/, () => {
    bench.director.do('ip link set eth0 mtu 1500');
  });
  // The other end in sight: a pair of its own.
  bench.director.do('ip link add eth7 type veth peer name eth8');
  for (const name of ['eth7', 'eth8']) bench.director.do(`ip link set ${name} up`);
  bench.director.do('ethtool -K eth7 tx off');
  bench.configure(`attach eth0 xdp; attach eth7 xdp; ${SERVICE}`);
  await bench.heals(/eth7 is veth, and its other end eth8 has neither an XDP program nor GRO/, remedy => {
    bench.director.do(remedy);
  });
});

test('moat doctor: interfaces that are down, absent, or part of a bridge', { skip }, async () => {
  using bench = new Bench(`attach eth0; attach eth9; ${SERVICE}`);
  await joined(bench);
  assert.match((await bench.found())[0]!.what, /attach eth9: there is no such interface/);
  bench.director.do('ip link add eth9 type veth peer name eth10');
  await bench.heals(/attach eth9: it is down/, remedy => {
    bench.director.do(remedy);
  });
  bench.director.do('ip link add br9 type bridge');
  bench.director.do('ip link set eth9 master br9');
  await bench.heals(/eth9 is part of br9/, () => {
    bench.director.do('ip link set eth9 nomaster');
  });
});

test('moat doctor: settings of the kernel', { skip }, async () => {
  using bench = new Bench(SERVICE.replaceAll('{ real', '{ mode nat; real'));
  bench.director.do('sysctl -qw net.ipv4.conf.all.send_redirects=1');
  const apply = (remedy: string) => {
    bench.director.do(remedy.replace('sysctl -w', 'sysctl -qw'));
  };
  await bench.heals(/send_redirects/, apply);
  bench.lab.wire(bench.director, 'eth1', bench.lab.network('other'), { addresses: ['10.2.0.2/24'] });
  bench.director.do('sysctl -qw net.ipv4.conf.eth0.rp_filter=1');
  await bench.heals(/eth0 drops packets .* \(rp_filter 1\)/, apply);
  bench.director.do('sysctl -qw net.ipv4.conf.eth0.arp_ignore=8');
  await bench.heals(/answers ARP for nothing \(arp_ignore 8\)/, apply);
});
