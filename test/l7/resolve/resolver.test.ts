/** The resolver against dnsmasq, and against name servers that misbehave. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { ResolverSettings } from '#model/l7/core.ts';
import { DnsClient, ServerFault } from '../../../l7/resolve/client.ts';
import { Resolver } from '../../../l7/resolve/resolver.ts';
import { addressRecord, DNSMASQ, replyTo, startDnsmasq, startServer } from './name-servers.ts';

/** A clock that stands still until it is moved. */
const clock = { ms: 1000 };
const resolver = (ports: readonly number[], also: Partial<ResolverSettings> = {}, timeoutMs = 3000) =>
  new Resolver(
    {
      servers: ports.map(port => ({ address: '127.0.0.1', port })),
      validMs: undefined,
      ipv4: true,
      ipv6: true,
      ...also,
    },
    timeoutMs,
    () => clock.ms,
  );
const RESPONSE = 0x8180;

const many = Array.from({ length: 60 }, (_, n) => `host-record=many.test,10.9.0.${n}`);
const skip = existsSync(DNSMASQ) ? false : 'dnsmasq is not installed';
const dnsmasq = skip
  ? undefined
  : await startDnsmasq([
      'host-record=two.test,10.0.0.2,300',
      'host-record=two.test,10.0.0.1,2001:db8::1,300',
      'cname=alias.test,next.test,60',
      'cname=next.test,two.test,90',
      'srv-host=_http._tcp.app.test,two.test,8080,0,5',
      'srv-host=_http._tcp.app.test,alias.test,8081,1,0',
      'host-record=four.test,10.0.0.4,300',
      ...many,
    ]);

test('resolver: addresses of both kinds, sorted; or of one', { skip }, async () => {
  const both = await resolver([dnsmasq!.port]).addresses('two.test');
  assert.deepEqual(both, {
    kind: 'found',
    values: ['10.0.0.1', '10.0.0.2', '2001:db8::1'],
    untilMs: clock.ms + 300_000,
  });
  const values = async (also: Partial<ResolverSettings>) => {
    const found = await resolver([dnsmasq!.port], also).addresses('TWO.test.');
    return found.kind === 'found' ? found.values : [];
  };
  assert.deepEqual(await values({ ipv6: false }), ['10.0.0.1', '10.0.0.2']);
  assert.deepEqual(await values({ ipv4: false }), ['2001:db8::1']);
  assert.deepEqual(await values({ validMs: 5000 }), ['10.0.0.1', '10.0.0.2', '2001:db8::1']);
});

test('resolver: valid= stands for the time of the records', { skip }, async () => {
  const { untilMs } = await resolver([dnsmasq!.port], { validMs: 5000 }).addresses('two.test');
  assert.equal(untilMs, clock.ms + 5000);
});

test('resolver: aliases are followed, and the shortest time counts', { skip }, async () => {
  const found = await resolver([dnsmasq!.port]).addresses('alias.test');
  assert.deepEqual(found.kind === 'found' && found.values, ['10.0.0.1', '10.0.0.2', '2001:db8::1']);
  assert.equal(found.untilMs, clock.ms + 60_000);
});

test('resolver: an alias whose target is not in the answer is asked for', async () => {
  await using server = await startServer(question => {
    const name = question.toString('latin1', 13, 13 + question[12]!);
    if (name !== 'start') return replyTo(question, RESPONSE, [addressRecord('10.0.0.7', 50)]);
    const alias = Buffer.from('c00c00050001000000280006036f6e6500', 'hex');
    alias.writeUInt16BE(5, 10);
    return replyTo(question, RESPONSE, [alias]);
  });
  const found = await resolver([server.port], { ipv6: false }).addresses('start');
  assert.deepEqual(found, { kind: 'found', values: ['10.0.0.7'], untilMs: clock.ms + 40_000 });
});

test('resolver: SRV records', { skip }, async () => {
  const found = await resolver([dnsmasq!.port]).services('_http._tcp.app.test');
  assert.deepEqual(found.kind === 'found' && [...found.values].sort((a, b) => a.priority - b.priority), [
    { priority: 0, weight: 5, port: 8080, target: 'two.test' },
    { priority: 1, weight: 0, port: 8081, target: 'alias.test' },
  ]);
});

test('resolver: an answer that is too long for UDP comes over TCP', { skip }, async () => {
  const found = await resolver([dnsmasq!.port], { ipv6: false }).addresses('many.test');
  assert.equal(found.kind === 'found' && found.values.length, 60);
});

test('resolver: a name that is not there, or has nothing of the kind, is missing', { skip }, async () => {
  const names = resolver([dnsmasq!.port]);
  assert.equal((await names.addresses('none.test')).kind, 'missing');
  assert.equal((await names.services('two.test')).kind, 'missing');
  assert.equal((await names.addresses('not a name')).kind, 'missing');
  assert.equal((await resolver([dnsmasq!.port], { ipv4: false }).addresses('four.test')).kind, 'missing');
});

test('resolver: answers are remembered for their time, also that there is none', async () => {
  let last = 0;
  await using server = await startServer(question =>
    question.includes('none')
      ? replyTo(question, RESPONSE | 3)
      : replyTo(question, RESPONSE, [addressRecord(`10.0.0.${++last}`, 5)]),
  );
  const names = resolver([server.port], { ipv6: false });
  const ask = async (name: string) => {
    const found = await names.addresses(name);
    return found.kind === 'found' ? found.values.join() : found.kind;
  };
  const both = await Promise.all([ask('a.test'), ask('a.test')]);
  assert.deepEqual(both, ['10.0.0.1', '10.0.0.1'], 'one question for both');
  clock.ms += 4999;
  assert.equal(await ask('a.test'), '10.0.0.1');
  assert.deepEqual(names.known('a.test'), ['10.0.0.1']);
  clock.ms += 1;
  assert.equal(names.known('a.test'), undefined);
  assert.equal(await ask('a.test'), '10.0.0.2');
  assert.equal(await ask('none.test'), 'missing');
  const asked = server.questions.length;
  assert.equal(await ask('none.test'), 'missing');
  assert.equal(server.questions.length, asked);
  assert.deepEqual(names.known('none.test'), []);
});

test('resolver: old answers stand in while no server gives new ones', async () => {
  let works = true;
  await using server = await startServer(question =>
    works ? replyTo(question, RESPONSE, [addressRecord('10.0.0.1', 5)]) : replyTo(question, RESPONSE | 2),
  );
  const names = resolver([server.port], { ipv6: false }, 300);
  await names.addresses('a.test');
  works = false;
  clock.ms += 60_000;
  const stale = await names.addresses('a.test');
  assert.deepEqual(stale.kind === 'found' && stale.values, ['10.0.0.1']);
  clock.ms += 7_200_000;
  await assert.rejects(names.addresses('a.test'), /says SERVFAIL/);
  await assert.rejects(names.addresses('b.test'), ServerFault);
});

test('client: the next server is asked when one is silent, refuses, or is not there', { skip }, async () => {
  await using silent = await startServer(() => undefined);
  await using refusing = await startServer(question => replyTo(question, RESPONSE | 5));
  const [gone] = [await startServer(() => undefined)].map(server => {
    void server[Symbol.asyncDispose]();
    return server.port;
  });
  for (const port of [silent.port, refusing.port, gone!]) {
    const found = await resolver([port, dnsmasq!.port]).addresses('four.test');
    assert.deepEqual(found.kind === 'found' && found.values, ['10.0.0.4']);
  }
  const client = new DnsClient(
    [silent, dnsmasq!].map(({ port }) => ({ address: '127.0.0.1', port })),
    3000,
  );
  await client.ask('four.test', 'A');
  const before = silent.questions.length;
  await client.ask('two.test', 'A');
  assert.equal(silent.questions.length, before, 'the one that answered is asked first');
});

test('client: answers to something else are passed over', async () => {
  await using server = await startServer(question => {
    const wrong = replyTo(question, RESPONSE, [addressRecord('6.6.6.6', 9)]);
    wrong.writeUInt16BE((question.readUInt16BE(0) + 1) & 0xffff, 0);
    return wrong;
  });
  await using other = await startServer(question => {
    const wrong = replyTo(question, RESPONSE, [addressRecord('6.6.6.6', 9)]);
    wrong.write('x', 13, 'latin1');
    return wrong;
  });
  await using junk = await startServer(() => Buffer.from('junk'));
  for (const { port } of [server, other, junk]) {
    const client = new DnsClient([{ address: '127.0.0.1', port }], 300);
    await assert.rejects(client.ask('a.test', 'A'), /does not answer/);
  }
});

test.after(() => dnsmasq?.[Symbol.asyncDispose]());
