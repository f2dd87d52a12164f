/** `moat doctor`: each thing that may be in the way, on machines made for it, and the whole on this one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { kernelFindings } from '../../control/doctor/kernel.ts';
import type { Answers, Device, Machine } from '../../control/doctor/machine.ts';
import { networkFindings } from '../../control/doctor/network.ts';
import { readSetting } from '../../control/host/facts.ts';
import { checkText, faultsOf } from '../config/check-text.ts';

const MOAT = resolve(import.meta.dirname, '../../bin/moat');
const dir = mkdtempSync(join(tmpdir(), 'moat-doctor-'));
after(() => rmSync(dir, { recursive: true }));

const LINKS: Machine['links'] = [
  {
    index: 1,
    name: 'lo',
    mtu: 65_536,
    up: true,
    addresses: ['127.0.0.1'],
    networks: [{ address: '127.0.0.0', bits: 8 }],
  },
  {
    index: 2,
    name: 'eth0',
    mtu: 1500,
    up: true,
    addresses: ['10.0.0.2', '192.0.2.1'],
    networks: [{ address: '10.0.0.0', bits: 24 }],
  },
  { index: 3, name: 'eth1', mtu: 9000, up: false, addresses: [], networks: [] },
];
const DEVICE: Device = {
  driver: 'ixgbe',
  kind: '',
  master: undefined,
  offloads: new Set(['rx-gro']),
  xdp: new Set(['basic']),
  xdpProgram: 0,
  hasDirector: false,
  peer: undefined,
};
const SOUND: Machine = {
  kernel: '6.1.0-1-amd64',
  capabilities: (1n << 41n) - 1n,
  bpffs: ['/sys/fs/bpf'],
  links: LINKS,
  setting: () => undefined,
  lockedBytes: 8 << 20,
  hasTypes: true,
  clockSource: 'tsc',
  canSet: () => true,
  device: name => ({ ...DEVICE, driver: name === 'eth0' ? 'ixgbe' : undefined }),
  ways: () => [{ link: 'eth0', gateway: '10.0.0.1', advertisedMss: undefined }],
  programs: () => [{ name: 'the director', fault: undefined }],
};

function findings(machine: Partial<Machine>, lines: string, answers: Answers = new Map(), cluster = '') {
  const checked = checkText(`${cluster} l4 { ${lines} }`);
  assert.deepEqual(faultsOf(checked), []);
  const routers = checked.model!.cluster?.instances ?? [];
  const looked = { machine: { ...SOUND, ...machine }, l4: checked.model!.l4, routers, answers };
  return [...kernelFindings(looked), ...networkFindings(looked)].filter(({ level }) => level !== 'fine');
}

const SERVICE = 'virtual_server 192.0.2.1:80 tcp { real_server 10.0.0.3; }';
const setting = (name: string, value: string) => ({
  setting: (path: readonly string[]) => (path.join('.') === name ? value : undefined),
});
const settings = (values: Readonly<Record<string, string>>) => ({
  setting: (path: readonly string[]) => values[path.join('.')],
});
const device = (changes: Partial<Device>) => ({ device: () => ({ ...DEVICE, ...changes }) });
const wide = (mtu: number) => ({ links: LINKS.map(link => ({ ...link, mtu })) });

/** What is wrong with the machine, the lines of its l4 block, what is found. */
const CASES: Record<
  string,
  readonly [machine: Partial<Machine>, lines: string, level: string, what: RegExp]
> = {
  'an old kernel': [
    { kernel: '4.19.0', lockedBytes: undefined },
    SERVICE,
    'fault',
    /kernel 4\.19\.0 is too old/,
  ],
  'a kernel that keeps no neighbours': [{ kernel: '5.11.0' }, SERVICE, 'warning', /link addresses/],
  'a kernel without types': [{ hasTypes: false }, SERVICE, 'fault', /does not tell its types/],
  'no JIT': [setting('net.core.bpf_jit_enable', '0'), SERVICE, 'warning', /interprets/],
  'no rights': [
    { capabilities: 1n << 12n },
    SERVICE,
    'fault',
    /lacks CAP_NET_RAW, CAP_BPF, CAP_PERFMON: whether the programs load was not tried/,
  ],
  'no bpffs': [{ bpffs: [] }, SERVICE, 'fault', /pin_path \/sys\/fs\/bpf\/moat lies in no bpffs/],
  'another bpffs': [{ bpffs: ['/run/bpf'] }, SERVICE, 'fault', /lies in no bpffs/],
  'bridges through iptables': [
    setting('net.bridge.bridge-nf-call-iptables', '1'),
    SERVICE,
    'warning',
    /iptables/,
  ],
  'an interface that is not there': [
    {},
    `attach eth7; ${SERVICE}`,
    'fault',
    /attach eth7: there is no such interface/,
  ],
  'an interface that is down': [{}, `attach eth1; ${SERVICE}`, 'fault', /attach eth1: it is down/],
  'a virtual address that is nowhere': [
    {},
    SERVICE.replace('192.0.2.1', '192.0.2.9'),
    'warning',
    /192\.0\.2\.9 is on no interface/,
  ],
  'a real server behind a gateway': [
    {},
    SERVICE.replace('10.0.0.3', '10.9.0.3'),
    'fault',
    /real server 10\.9\.0\.3 .* crosses no gateway/,
  ],
  'programs that do not load': [
    { programs: () => [{ name: 'the director for XDP', fault: 'unknown func bpf_loop#181' }] },
    SERVICE,
    'fault',
    /the director for XDP does not load: unknown func bpf_loop#181/,
  ],
  'constants that are hidden': [
    setting('net.core.bpf_jit_harden', '2'),
    SERVICE,
    'warning',
    /bpf_jit_harden/,
  ],
  'a slow clock': [{ clockSource: 'hpet' }, SERVICE, 'warning', /clock source hpet is slow/],
  'a driver without XDP': [
    device({ driver: 'e1000e', xdp: new Set() }),
    `attach eth0 xdp; ${SERVICE}`,
    'fault',
    /XDP in the driver cannot be: driver e1000e has none/,
  ],
  'frames that are too big for XDP': [
    wide(9000),
    `attach eth0 xdp; ${SERVICE}`,
    'fault',
    /MTU 9000 is too big/,
  ],
  'LRO and tc': [
    device({ offloads: new Set(['rx-gro', 'rx-lro']) }),
    `attach eth0 tc; ${SERVICE}`,
    'warning',
    /LRO is on at eth0/,
  ],
  'no GRO': [device({ offloads: new Set() }), SERVICE, 'warning', /GRO is off at eth0/],
  'a port of a bridge': [device({ master: 'br0' }), `attach eth0; ${SERVICE}`, 'warning', /part of br0/],
  'a lost setting': [
    { ...setting('net.ipv4.conf.eth0.forwarding', '0'), ...device({ hasDirector: true }) },
    SERVICE,
    'fault',
    /forwarding is 0 while a director stands there/,
  ],
  'a setting that cannot be changed': [
    { ...setting('net.ipv4.conf.eth0.forwarding', '0'), canSet: () => false },
    SERVICE,
    'fault',
    /forwarding is 0 and cannot be changed/,
  ],
  'a full table of conntrack': [
    settings({ 'net.netfilter.nf_conntrack_max': '1000', 'net.netfilter.nf_conntrack_count': '950' }),
    SERVICE,
    'warning',
    /conntrack holds 950 of 1000/,
  ],
  'a real server without a route': [
    { ways: () => [] },
    SERVICE.replace('{', '{ mode nat;').replace('10.0.0.3', '10.9.0.3'),
    'fault',
    /there is no route to it/,
  ],
  'a pool that is nowhere': [
    {},
    `source_pool 10.0.0.77; ${SERVICE}`,
    'fault',
    /10\.0\.0\.77 of source_pool is on no interface/,
  ],
  'an address that answers nothing': [
    setting('net.ipv4.conf.eth0.arp_ignore', '8'),
    SERVICE,
    'fault',
    /answers ARP for nothing/,
  ],
  'tunnels that are too narrow': [
    {},
    SERVICE.replace('{', '{ mode tun; tunnel gue;'),
    'warning',
    /do not fit into tunnels on eth0 \(MTU 1500\)/,
  ],
};

for (const [what, [machine, lines, level, expected]] of Object.entries(CASES))
  test(`moat doctor: ${what}`, () => {
    const found = findings(machine, lines);
    assert.deepEqual(
      found.map(one => one.level),
      [level],
      JSON.stringify(found),
    );
    assert.match(found[0]!.what, expected);
    assert.ok(found[0]!.remedy);
  });

/** What the network has answered, what is found. */
const ANSWERED: readonly [answers: Record<string, string[]>, level: string, what: RegExp][] = [
  [{ '10.0.0.3': [] }, 'fault', /real server 10\.0\.0\.3 .* does not answer ARP on eth0/],
  [{ '10.0.0.3': ['aa', 'bb'] }, 'fault', /answered for by aa and bb: two hosts/],
  [{ '192.0.2.1': ['cc'] }, 'fault', /192\.0\.2\.1 is on eth0 here, and is answered for by cc:/],
  [
    { '192.0.2.1': ['aa'], '10.0.0.3': ['aa'] },
    'fault',
    /answered for by the real server 10\.0\.0\.3 \(aa\)/,
  ],
];

test('moat doctor: what the network answers', () => {
  for (const [said, level, expected] of ANSWERED) {
    const answers = new Map(Object.entries(said).map(([address, macs]) => [address, { link: 'eth0', macs }]));
    const found = findings({}, SERVICE, answers);
    assert.deepEqual(
      found.map(one => one.level),
      [level],
      JSON.stringify(found),
    );
    assert.match(found[0]!.what, expected);
    assert.ok(found[0]!.remedy);
  }
  const elsewhere = new Map([['192.0.2.9', { link: 'eth0', macs: ['cc'] }]]);
  assert.deepEqual(findings({}, SERVICE.replace('192.0.2.1', '192.0.2.9'), elsewhere), []);
});

test('moat doctor: an address that a virtual router of this configuration will have is none that nobody has', () => {
  const service = SERVICE.replace('192.0.2.1', '192.0.2.9');
  const without = (router: string) =>
    findings({}, service, new Map(), `cluster { vrrp_instance V { ${router} } }`).map(({ what }) => what);
  assert.deepEqual(without('interface lo; election off; virtual_address 192.0.2.9/32;'), []);
  assert.deepEqual(without('interface eth0; vrid 1; virtual_address 192.0.2.9/24;'), []);
  assert.match(without('interface eth0; vrid 1; virtual_address 192.0.2.8/24;')[0]!, /on no interface/);
  const routed = (router: string) => {
    const links = LINKS.map(link => (link.name === 'lo' ? { ...link, addresses: ['192.0.2.9'] } : link));
    const silent = { links, ...setting('net.ipv4.conf.all.arp_ignore', '1') };
    return findings(silent, service, new Map(), router).map(({ what }) => what);
  };
  assert.match(routed('')[0]!, /on lo alone/);
  const anycast = 'vrrp_instance V { interface lo; election off; virtual_address 192.0.2.9/32; }';
  assert.deepEqual(routed(`cluster { ${anycast} }`), []);
});

test('moat doctor: locked memory counts before Linux 5.11, and only where there is a limit', () => {
  const found = findings({ kernel: '5.10.0' }, SERVICE).map(({ what }) => what);
  assert.ok(found.some(what => what.includes('8388608 bytes')));
  assert.ok(
    !findings({ kernel: '5.10.0', lockedBytes: undefined }, SERVICE).some(({ what }) =>
      what.includes('bytes'),
    ),
  );
});

test('moat doctor: nothing is found where nothing is wrong', () => {
  assert.deepEqual(findings({}, `attach eth0; ${SERVICE}`), []);
  const tunnel = SERVICE.replace('{', '{ mode tun;').replace('10.0.0.3', '10.9.0.3');
  const wide = LINKS.map(link => ({ ...link, mtu: 9000 }));
  assert.deepEqual(findings({ links: wide }, tunnel), []);
});

test('moat doctor: looks at this host', () => {
  const conf = join(dir, 'moat.conf');
  writeFileSync(conf, `l4 { attach nosuch0; ${SERVICE} }\n`);
  const { stdout, status } = spawnSync(MOAT, ['doctor', '-c', conf], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stdout, /^FAULT +attach nosuch0: there is no such interface\n +→ /m);
  assert.match(stdout, /kernel \d+\.\d+/);
  const json = spawnSync(MOAT, ['doctor', '-c', conf, '--json'], { encoding: 'utf8' });
  assert.ok(JSON.parse(json.stdout).findings.length > 4);
});

test('doctor: a setting that only root may read is unknown to others', () => {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.('nobody');
  try {
    assert.equal(readSetting(['net', 'core', 'bpf_jit_harden']), undefined);
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});
