/** What sources say, read: each format, what is left out, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../../l7/discovery/answer.ts';
import { healthPath, nextIndex, readHealth } from '../../../l7/discovery/consul.ts';
import { readContainers } from '../../../l7/discovery/containers.ts';
import { readSlice } from '../../../l7/discovery/endpoint-slice.ts';
import { readList } from '../../../l7/discovery/file.ts';
import { memberOf, sift } from '../../../l7/discovery/found.ts';
import { keptSourcesOf } from '../../../l7/discovery/kept.ts';
import { container, instance, slice } from './answers.ts';
import { discovery } from './models.ts';

const refused = (work: () => unknown, reason: RegExp) =>
  assert.throws(work, fault => fault instanceof Refusal && reason.test(fault.message));

test('readList: lines, JSON and groups of targets name the same members', () => {
  const expected = [
    { host: '10.0.0.1', port: 8080 },
    { host: '::1', port: 81 },
  ];
  for (const text of [
    '# the web\n10.0.0.1:8080\n\n  [::1]:81   # six\n',
    '["10.0.0.1:8080", "[::1]:81"]',
    '{"members": [{"address": "10.0.0.1:8080"}, {"address": "[::1]:81"}]}',
    '[{"targets": ["10.0.0.1:8080", "[::1]:81"], "labels": {"env": "test"}}]',
  ])
    assert.deepEqual(readList(text, 80), expected, text);
  assert.deepEqual(readList('', 80), []);
  assert.deepEqual(readList('10.0.0.1 weight=3 drain\nunix:/run/a.sock down', 8000), [
    { host: '10.0.0.1', port: 8000, weight: 3, drain: true },
    { host: '', port: 0, unixPath: '/run/a.sock', down: true },
  ]);
  assert.deepEqual(readList('[{"address":"10.0.0.1:1","weight":2,"down":true,"drain":false}]', 80), [
    { host: '10.0.0.1', port: 1, weight: 2, down: true },
  ]);
});

test('readList: says where a fault is, and quotes nothing of the file', () => {
  for (const [text, reason] of [
    ['10.0.0.1\nroot:secret:0', /^line 2 has no address/],
    ['10.0.0.1 weight=0', /^line 1: weight is no number from 1 to 65535$/],
    ['10.0.0.1 secret', /^line 1: after the address there may be/],
    ['10.0.0.1:99999', /^line 1: the port is no number/],
    ['{', /^the file is not JSON$/],
    ['{"member": []}', /^members is no list$/],
    ['[{"address": "10.0.0.1", "wieght": 3}]', /^entry 1 has something else than address/],
    ['[{"address": 3}]', /^entry 1.address is no text$/],
    ['["10.0.0.1", 3]', /^entry 2 is no object$/],
    ['[{"address": "10.0.0.1", "drain": "yes"}]', /^entry 1.drain is neither true nor false$/],
  ] as const) {
    refused(() => readList(text, 80), reason);
    assert.throws(
      () => readList(text, 80),
      ({ message }: Error) => !message.includes('secret'),
    );
  }
});

test('readHealth: critical instances are none, a warning has its weight, an address may be that of the node', () => {
  const answer = [
    instance('10.0.0.1', 80, { weights: { Passing: 10, Warning: 2 } }),
    instance('10.0.0.2', 80, { weights: { Passing: 10, Warning: 2 }, checks: ['passing', 'warning'] }),
    instance('10.0.0.3', 80, { checks: ['passing', 'critical'] }),
    instance('', 8080, { weights: null }),
    instance('10.0.0.5', 80, { weights: { Passing: 0, Warning: 0 } }),
    instance('10.0.0.6', 80, { checks: ['maintenance'] }),
  ];
  assert.deepEqual(readHealth(answer), [
    { host: '10.0.0.1', port: 80, weight: 10 },
    { host: '10.0.0.2', port: 80, weight: 2 },
    { host: '10.9.9.9', port: 8080 },
    { host: '10.0.0.5', port: 80, drain: true },
  ]);
  refused(() => readHealth({ Services: [] }), /^the answer is no list$/);
  refused(
    () => readHealth([{ Node: {}, Service: { Address: 5, Port: 80 } }]),
    /^entry 1.Service.Address is no text$/,
  );
  refused(
    () => readHealth([{ Service: { Address: 'a', Port: '80' } }]),
    /^entry 1.Service.Port is no number/,
  );
  refused(() => readHealth([{ Checks: [{ Status: 1 }] }]), /^the status of a check of entry 1 is no text$/);
});

test('healthPath, nextIndex: a question waits from the second on; an index that goes back, or is none, begins anew', () => {
  const model = discovery('consul', 'http://c:8500 service=a/b tag=x&y datacenter=d');
  assert.equal(healthPath(model, 0), '/v1/health/service/a%2Fb?tag=x%26y&dc=d');
  assert.equal(healthPath(model, 7), '/v1/health/service/a%2Fb?index=7&wait=55s&tag=x%26y&dc=d');
  assert.deepEqual(
    [nextIndex('9', 7), nextIndex('7', 7), nextIndex('6', 7), nextIndex(undefined, 7), nextIndex('0', 7)],
    [9, 7, 0, undefined, undefined],
  );
});

test('readSlice: who is ready counts, who is on its way out drains, unknown is ready; the port is found by name or number', () => {
  const endpoints = [
    ['10.0.0.1', { ready: true, serving: true, terminating: false }],
    ['10.0.0.2', { ready: false, serving: true, terminating: true }],
    ['10.0.0.3', { ready: false, serving: false, terminating: true }],
    ['10.0.0.4', {}],
    ['10.0.0.5', { ready: null }],
  ] as const;
  assert.deepEqual(readSlice(slice('web-1', endpoints), undefined), {
    name: 'web-1',
    found: [
      { host: '10.0.0.1', port: 8080 },
      { host: '10.0.0.2', port: 8080, drain: true },
      { host: '10.0.0.4', port: 8080 },
      { host: '10.0.0.5', port: 8080 },
    ],
  });
  const ports = [
    { name: 'http', port: 80 },
    { name: 'admin', port: 81, protocol: 'TCP' },
    { name: 'quic', port: 443, protocol: 'UDP' },
  ];
  const two = slice('web-1', [['10.0.0.1']], { ports });
  const portOf = (port: string) => readSlice(two, port).found[0]?.port;
  assert.deepEqual(
    [portOf('http'), portOf('81'), portOf('quic'), portOf('9')],
    [80, 81, undefined, undefined],
  );
  refused(() => readSlice(two, undefined), /^web-1 has 2 ports: say which by port=$/);
  assert.deepEqual(readSlice(slice('web-2', null, { ports: null }), undefined).found, []);
  assert.deepEqual(readSlice(slice('web-3', [['a.test']], { type: 'FQDN' }), undefined).found, []);
  refused(() => readSlice({ metadata: {} }, undefined), /^metadata.name is no text$/);
  refused(
    () => readSlice(slice('w', [['10.0.0.1', { ready: 'yes' as never }]]), undefined),
    /a condition is neither/,
  );
});

test('readContainers: network and port are the only ones or the said ones, ill ones are none, labels are heeded, a bad label bars its own container alone', () => {
  const said = { port: undefined, network: undefined };
  const { found, unclear } = readContainers(
    [
      container('one', { front: '172.18.0.2' }),
      container('two', { front: '172.18.0.3' }, { labels: { 'moat.port': '9000', 'moat.weight': '5' } }),
      container('ill', { front: '172.18.0.4' }, { status: 'Up 2 minutes (unhealthy)' }),
      container('new', { front: '172.18.0.5' }, { status: 'Up 1 second (health: starting)' }),
      container('gone', { front: '172.18.0.6' }, { state: 'exited', status: 'Exited (0) 1 second ago' }),
      container('both', { front: '172.18.0.7', back: '172.19.0.7' }),
      container('ports', { front: '172.18.0.8' }, { ports: [80, 81] }),
      container('host', { host: '' }),
      container('odd', { front: '172.18.0.9' }, { labels: { 'moat.port': '99999' } }),
      container('odder', { front: '172.18.0.9' }, { labels: { 'moat.weight': 'much' } }),
    ],
    said,
  );
  assert.deepEqual(found, [
    { host: '172.18.0.2', port: 8080 },
    { host: '172.18.0.3', port: 9000, weight: 5 },
  ]);
  assert.deepEqual(unclear, [
    'both: it is in 2 networks: say which by network=',
    'ports: it has 2 TCP ports: say which by port= or its label moat.port',
    'host: it has no address in its network',
    'odd: its label moat.port is no port',
    'odder: its label moat.weight is no weight',
  ]);
  const both = [container('both', { front: '172.18.0.7', back: '172.19.0.7' }, { ports: [] })];
  assert.deepEqual(readContainers(both, { port: 80, network: 'back' }).found, [
    { host: '172.19.0.7', port: 80 },
  ]);
  assert.deepEqual(readContainers(both, { port: 80, network: 'side' }).unclear, [
    'both: it is not in the network side',
  ]);
  refused(() => readContainers({ message: 'no' }, said), /^the answer is no list$/);
});

test('sift: each address once and in one order; what is no address of another host is left out, and too many are refused', () => {
  const consul = discovery('consul', 'http://c:8500 service=web max_members=2');
  const at = (host: string, port = 80) => ({ host, port });
  const { members, leftOut } = sift(
    [
      ...[
        at('10.0.0.2'),
        at('10.0.0.1'),
        { ...at('10.0.0.2'), weight: 9 },
        at('127.0.0.1'),
        at('169.254.169.254'),
      ],
      ...[at('::1'), at('fe80::1'), at('0.0.0.0'), at('224.0.0.1'), at('::ffff:127.0.0.1'), at('a.test')],
      ...[at('10.0.0.3', 0), { host: '', port: 0, unixPath: '/run/x' }, at('fe80::1%eth0')],
    ],
    consul,
  );
  assert.deepEqual(members, [at('10.0.0.1'), at('10.0.0.2')]);
  assert.equal(leftOut.length, 11);
  assert.match(leftOut[0]!, /^127\.0\.0\.1:80: an address of this host or link: it takes allow_local$/);
  assert.match(leftOut.find(one => one.startsWith('a.test'))!, /names are for server lines/);
  refused(
    () => sift([at('10.0.0.1'), at('10.0.0.2'), at('10.0.0.3')], consul),
    /names 3 members, and max_members is 2/,
  );
  const local = discovery('consul', 'http://c:8500 service=web allow_local');
  assert.equal(sift([at('127.0.0.1'), at('224.0.0.1'), at('255.255.255.255')], local).members.length, 1);
});

test('memberOf: what a source says goes before its line', () => {
  const model = discovery('file', 'a.json weight=4 max_fails=0 backup');
  const { name, weight, maxFails, backup, drain } = memberOf({ host: '::1', port: 81, drain: true }, model);
  assert.deepEqual([name, weight, maxFails, backup, drain], ['[::1]:81', 4, 0, true, true]);
  assert.equal(memberOf({ host: '10.0.0.1', port: 81, weight: 2 }, model).weight, 2);
});

test('keptSourcesOf: takes what was kept, and nothing else', () => {
  const kept = [{ source: 'file /a', succeededMs: 5, members: [{ host: '10.0.0.1', port: 80, weight: 2 }] }];
  assert.deepEqual(keptSourcesOf(JSON.parse(JSON.stringify(kept))), kept);
  refused(() => keptSourcesOf([{ source: 'a' }]), /succeededMs/);
  refused(() => keptSourcesOf([{ source: 'a', succeededMs: 1, members: [{ host: 1 }] }]), /host is no text/);
});
