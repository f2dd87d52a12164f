/** `moat doctor`: each thing that may be in the way, on machines made for it, and the whole on this one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { kernelFindings } from '../../control/doctor/kernel.ts';
import type { Machine } from '../../control/doctor/machine.ts';
import { networkFindings } from '../../control/doctor/network.ts';
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
const SOUND: Machine = {
  kernel: '6.1.0-1-amd64',
  capabilities: (1n << 41n) - 1n,
  bpffs: ['/sys/fs/bpf'],
  links: LINKS,
  setting: () => undefined,
  driver: name => (name === 'eth0' ? 'ixgbe' : undefined),
};

function findings(machine: Partial<Machine>, lines: string) {
  const checked = checkText(`l4 { ${lines} }`);
  assert.deepEqual(faultsOf(checked), []);
  const looked = { machine: { ...SOUND, ...machine }, l4: checked.model!.l4 };
  return [...kernelFindings(looked), ...networkFindings(looked)].filter(({ level }) => level !== 'fine');
}

const SERVICE = 'virtual_server 192.0.2.1:80 tcp { real_server 10.0.0.3; }';
const setting = (name: string, value: string) => ({
  setting: (path: readonly string[]) => (path.join('.') === name ? value : undefined),
});

/** What is wrong with the machine, the lines of its l4 block, what is found. */
const CASES: Record<
  string,
  readonly [machine: Partial<Machine>, lines: string, level: string, what: RegExp]
> = {
  'an old kernel': [{ kernel: '4.19.0' }, SERVICE, 'fault', /kernel 4\.19\.0 is too old/],
  'a kernel that keeps no neighbours': [{ kernel: '5.10.0' }, SERVICE, 'warning', /link addresses/],
  'no JIT': [setting('net.core.bpf_jit_enable', '0'), SERVICE, 'warning', /interprets/],
  'no rights': [{ capabilities: 1n << 12n }, SERVICE, 'fault', /lacks CAP_NET_RAW, CAP_BPF, CAP_PERFMON/],
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
