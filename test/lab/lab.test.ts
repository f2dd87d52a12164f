/** The lab itself: hosts reach each other, packets are seen, and nothing is left, also after a kill. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Lab, labMissing, sweepLabs } from './lab.ts';

const skip = labMissing('ping');
const namespaces = (pid: number) => readdirSync('/run/netns').filter(name => name.startsWith(`mlab-${pid}-`));

test('Lab: two hosts on one network reach each other, and a capture sees it', { skip }, async () => {
  using lab = new Lab();
  const network = lab.network('net');
  const [a, b] = [lab.host('a'), lab.host('b')];
  lab.wire(a, 'eth0', network, { addresses: ['10.1.0.1/24', 'fd01::1/64'] });
  lab.wire(b, 'eth0', network, { addresses: ['10.1.0.2/24', 'fd01::2/64'] });
  const capture = await b.capture('eth0', 'icmp or icmp6');
  a.do('ping -c 1 -W 5 10.1.0.2');
  a.do('ping -c 1 -W 5 fd01::2');
  await capture.packet(/10\.1\.0\.1 > 10\.1\.0\.2: ICMP echo request/);
  await capture.packet(/fd01::1 > fd01::2: ICMP6, echo request/);
});

test('Lab: a command that fails is told with what it said', { skip }, () => {
  using lab = new Lab();
  assert.throws(() => lab.host('a').do('ip link show nothing'), /nothing.*does not exist/);
});

test('Lab: close() ends what runs in the hosts and removes them', { skip }, async () => {
  const lab = new Lab();
  const child = lab.host('a').start('sleep', '1000');
  await once(child, 'spawn');
  assert.equal(namespaces(process.pid).length, 2);
  lab.close();
  await once(child, 'close');
  assert.deepEqual(namespaces(process.pid), []);
});

test('Lab: what a killed process has left is swept by the next one', { skip }, async () => {
  const code = `const { Lab } = await import(${JSON.stringify(join(import.meta.dirname, 'lab.ts'))});
    const lab = new Lab(); lab.host('a').start('sleep', '1000'); console.log('made'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  assert.equal(line, 'made');
  assert.equal(namespaces(child.pid!).length, 2);
  child.kill('SIGKILL');
  await once(child, 'close');
  sweepLabs();
  assert.deepEqual(namespaces(child.pid!), []);
});
