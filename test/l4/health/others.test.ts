/** Health checks that are no talks over TCP: datagrams, echoes, programs, files. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { asked, reasonFor } from './asking.ts';
import { closedPort, udpPeer } from './servers.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-l4-checks-'));
chmodSync(dir, 0o777);
after(() => rmSync(dir, { recursive: true }));

const isRoot = process.geteuid?.() === 0;

test('udp: an answer that matches, one that does not, and none', async () => {
  await using peer = await udpPeer(got => (got.length > 0 ? Buffer.from([...got].reverse()) : undefined));
  assert.equal(await reasonFor('udp send=hex:0102 expect=^\\x02\\x01$', peer), '');
  assert.equal(await reasonFor('udp send=ab expect=^ab$', peer), '"ba" does not match');
  assert.equal(await reasonFor('udp expect=x timeout=150ms', peer), 'no answer within 150 ms');
});

test('udp: silence is fine where no answer is asked for, a closed port is not', async () => {
  await using peer = await udpPeer(() => undefined);
  assert.equal(await reasonFor('udp send=x timeout=200ms', peer), '');
  assert.equal(await reasonFor('udp send=x', { port: await closedPort() }), 'connection refused');
});

/** An answer to a query, with so many records told of. */
function dnsAnswer(query: Buffer, code: number, records: number): Buffer {
  const answer = Buffer.from(query);
  answer.writeUInt16BE(0x8180 | code, 2);
  answer.writeUInt16BE(records, 6);
  return answer;
}

test('dns: a record, none, a fault, and answers that are not ours', async () => {
  await using good = await udpPeer(query => dnsAnswer(query, 0, 1));
  await using empty = await udpPeer(query => dnsAnswer(query, 0, 0));
  await using refusing = await udpPeer(query => dnsAnswer(query, 5, 0));
  await using foreign = await udpPeer(query => {
    const answer = dnsAnswer(query, 0, 1);
    answer[0] = (answer[0] ?? 0) ^ 1;
    return answer;
  });
  assert.equal(await reasonFor('dns name=a.example record=A', good), '');
  assert.equal(await reasonFor('dns name=a.example record=A', empty), 'there is no A record of a.example');
  assert.equal(await reasonFor('dns', refusing), 'the answer is REFUSED');
  assert.equal(await reasonFor('dns timeout=150ms', foreign), 'no answer within 150 ms');
});

test('ping: an echo comes back, over IPv4 and IPv6', {
  skip: isRoot ? false : 'needs CAP_NET_RAW',
}, async () => {
  assert.equal(await reasonFor('ping', { address: '127.0.0.1', port: 0 }), '');
  assert.equal(await reasonFor('ping', { address: '::1', port: 0 }), '');
});

test('ping: nobody answers', { skip: isRoot ? false : 'needs CAP_NET_RAW' }, async () => {
  const reason = await reasonFor('ping timeout=150ms', { address: '192.0.2.77', port: 0 });
  assert.match(reason, /no answer within 150 ms|ENETUNREACH|EHOSTUNREACH/);
});

function program(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

test('script: exit codes, with and without dynamic weight', async () => {
  const script = program('exit', 'exit $1');
  const said = (code: number, more = '') => asked(`script "command=${script} ${code}" ${more}`, { port: 80 });
  assert.deepEqual(await said(0), { passed: true });
  assert.deepEqual(await said(1), { passed: false, reason: 'exit code 1' });
  assert.deepEqual(await said(7), { passed: false, reason: 'exit code 7' });
  assert.deepEqual(await said(7, 'dynamic_weight'), { passed: true, weight: 5 });
  assert.deepEqual(await said(1, 'dynamic_weight'), { passed: false, reason: 'exit code 1' });
});

test('script: is told who is meant, and runs as its user', async () => {
  const out = join(dir, 'said');
  const script = program(
    'env',
    `echo "$MOAT_VIRTUAL_SERVER,$MOAT_REAL_SERVER,$MOAT_ADDRESS,$MOAT_PORT,$HOME,$(id -un)" > ${out}`,
  );
  assert.equal(await reasonFor(`script command=${script}`, { port: 80 }), '');
  const [server, real, address, port, home, user] = readFileSync(out, 'latin1').trim().split(',');
  assert.deepEqual(
    [server, real, address, port, home],
    ['192.0.2.1:80 tcp', '10.0.0.1', '127.0.0.1', '80', ''],
  );
  if (isRoot) assert.equal(user, 'nobody');
});

test('script: one that takes too long is ended with all that it started', async () => {
  const mark = join(dir, 'survivor');
  const script = program('slow', `(sleep 1; touch ${mark}) & sleep 60`);
  assert.equal(
    await reasonFor(`script command=${script} timeout=200ms`, { port: 80 }),
    'no answer within 200 ms',
  );
  await new Promise(done => setTimeout(done, 1300));
  assert.equal(existsSync(mark), false);
});

test('script: a program that is not there, a user that is not there', async () => {
  assert.match(await reasonFor('script command=/nowhere/x', { port: 80 }), /ENOENT/);
  if (isRoot)
    assert.match(
      await reasonFor('script command=/bin/true user=no-such-user', { port: 80 }),
      /no user "no-such-user"/,
    );
});

test('file: up, down, absent, and weights', async () => {
  const path = join(dir, 'state');
  const says = async (text: string, more = '') => {
    writeFileSync(path, `${text}\n`);
    return await asked(`file path=${path} ${more}`, { port: 0, weight: 10 });
  };
  assert.deepEqual(await says('up'), { passed: true });
  assert.deepEqual(await says('DOWN'), { passed: false, reason: `${path} says down` });
  assert.deepEqual(await says('40%', 'dynamic_weight'), { passed: true, weight: 4 });
  assert.deepEqual(await says('7', 'dynamic_weight'), { passed: true, weight: 7 });
  assert.deepEqual(await says('drain', 'dynamic_weight'), { passed: true, weight: 0 });
  assert.deepEqual(await says('up', 'dynamic_weight'), { passed: true, weight: undefined });
  assert.match(JSON.stringify(await says('-1', 'dynamic_weight')), /which is no weight/);
  assert.match(await reasonFor(`file path=${dir}/none`, { port: 0 }), /no such file/);
});
