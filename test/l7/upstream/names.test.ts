/** Members and targets by name, through a running moat and a name server whose records the test writes. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePorts, httpConf, startMoat, until } from '../../e2e/rig.ts';
import { response } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';
import { DNSMASQ, startDnsmasq } from '../resolve/name-servers.ts';
import { Servers } from './servers.ts';

const skip = existsSync(DNSMASQ) ? false : 'dnsmasq is not installed';
const [port = 0, shared = 0] = await freePorts(2);

const conf = (http: string, pass = 'http://app', main = '') =>
  httpConf(
    `${http} server { listen 127.0.0.1:${port}; location / { proxy_pass ${pass}; } }`,
    `error_log error.log notice; ${main}`,
  );

async function bodies(count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let n = 0; n < count; n++) seen.push((await request(port)).body);
  return seen;
}
const sorted = async (count: number) => [...new Set(await bodies(count))].sort().join(' ');

/** Servers on several addresses of this machine with one port; each answers with the last number of its address, after `holdMs`. */
async function addresses(numbers: readonly number[], holdMs = { ms: 0 }) {
  const servers = await Promise.all(
    numbers.map(async number => {
      const server = createServer(socket => {
        socket.on('error', () => {});
        socket.on('data', () => setTimeout(() => socket.write(response(200, String(number))), holdMs.ms));
      });
      await new Promise<void>(done => server.listen(shared, `127.0.0.${number}`, done));
      return server;
    }),
  );
  return {
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) server.close();
    },
  };
}

test('names: one that cannot be resolved keeps nothing from starting, and is told', async () => {
  await using servers = await Servers.start(1);
  const pool = `upstream app { server nothing.invalid:81; server ${servers.at('a')}; }`;
  await using moat = await startMoat(conf(pool));
  assert.deepEqual(await bodies(3), ['a', 'a', 'a']);
  assert.match(moat.read(), /\[error\] .*nothing\.invalid could not be resolved/);
});

test('names: a target that cannot be resolved answers 502', async () => {
  await using moat = await startMoat(conf('', 'http://nothing.invalid'));
  assert.equal((await request(port)).status, 502);
  assert.match(moat.read(), /no live upstreams/);
});

test('names: plain names are those of the system', async () => {
  await using servers = await Servers.start(1);
  const local = `localhost:${servers.get('a').port}`;
  await using moat = await startMoat(conf(`upstream app { server ${local}; }`));
  assert.equal(await sorted(2), 'a');
  moat.reload(conf('', `http://${local}/x`));
  await until(async () => {
    assert.equal((await request(port)).body, 'a');
    return servers.get('a').requests.some(seen => seen.target === '/x');
  }, 'the target');
  assert.match(moat.read(), /localhost is now at .*127\.0\.0\.1/);
});

test('names: members follow the records, in all workers, while requests under way go on', {
  skip,
}, async () => {
  const hold = { ms: 0 };
  await using _servers = await addresses([2, 3, 4], hold);
  await using dns = await startDnsmasq(['host-record=app.test,127.0.0.2', 'host-record=app.test,127.0.0.3']);
  const http = `resolver 127.0.0.1:${dns.port} valid=1s ipv6=off; upstream app { server app.test:${shared} resolve; }`;
  await using moat = await startMoat(conf(http, 'http://app', 'worker_processes 2;'));
  assert.equal(await sorted(8), '2 3');
  hold.ms = 1500;
  const underWay = bodies(1);
  await new Promise(done => setTimeout(done, 100)); // it is at its server by now
  hold.ms = 0;
  await dns.serve(['host-record=app.test,127.0.0.4']);
  await until(async () => (await sorted(6)) === '4', 'the new address');
  assert.match((await underWay)[0]!, /^[23]$/);
  assert.match(moat.read(), /\[notice\] .*app\.test is now at 127\.0\.0\.4/);
  await dns.serve(undefined);
  await until(
    () => /app\.test could not be resolved: .*its last addresses stay in use/.test(moat.read()),
    'the fault',
  );
  assert.equal(await sorted(4), '4', 'what was known stays in use');
  await dns.serve([]);
  await until(async () => (await request(port)).status === 502, 'the name to be gone');
  await dns.serve(['host-record=app.test,127.0.0.2']);
  await until(async () => (await sorted(4)) === '2', 'the name to be back');
});

test('names: a member that comes by name later joins those that are there', { skip }, async () => {
  await using _servers = await addresses([2]);
  await using servers = await Servers.start(1);
  await using dns = await startDnsmasq([]);
  const http = `upstream app { resolver 127.0.0.1:${dns.port} valid=1s; server ${servers.at('a')}; server late.test:${shared} resolve; }`;
  await using _moat = await startMoat(conf(http));
  assert.equal(await sorted(4), 'a');
  await dns.serve(['host-record=late.test,127.0.0.2']);
  await until(async () => (await sorted(6)) === '2 a', 'the late member');
});

test('names: SRV records give ports, weights and backups', { skip }, async () => {
  await using servers = await Servers.start(3);
  const record = (letter: string, priority: number, weight: number) =>
    `srv-host=_http._tcp.app.test,host.test,${servers.get(letter).port},${priority},${weight}`;
  const host = 'host-record=host.test,127.0.0.1';
  await using dns = await startDnsmasq([record('a', 1, 3), record('b', 1, 1), record('c', 2, 1), host]);
  const http = `resolver 127.0.0.1:${dns.port} valid=1s ipv6=off; upstream app { server app.test service=http resolve; }`;
  await using _moat = await startMoat(conf(http));
  assert.equal((await bodies(8)).sort().join(''), 'aaaaaabb');
  await dns.serve([record('c', 2, 1), host]);
  await until(async () => (await sorted(3)) === 'c', 'the last one to be the first');
});

test('targets: names out of requests are looked up', { skip }, async () => {
  await using _servers = await addresses([2, 3]);
  await using servers = await Servers.start(1);
  await using dns = await startDnsmasq([
    'host-record=two.test,127.0.0.2',
    'host-record=both.test,127.0.0.2',
    'host-record=both.test,127.0.0.3',
  ]);
  const http = `resolver 127.0.0.1:${dns.port} ipv6=off; resolver_timeout 2s; upstream pool { server ${servers.at('a')}; }`;
  await using moat = await startMoat(conf(http, 'http://$arg_h'));
  const ask = async (host: string) => {
    const { status, body } = await request(port, { path: `/?h=${host}` });
    return status === 200 ? body : String(status);
  };
  assert.equal(await ask(`two.test:${shared}`), '2');
  assert.equal(await ask(`TWO.test:${shared}`), '2');
  assert.equal(await ask('pool'), 'a', 'the name of an upstream block is that');
  assert.equal(await ask('POOL'), 'a', 'in any case of its letters');
  assert.equal(await ask(servers.at('a')), 'a');
  const both = new Set([await ask(`both.test:${shared}`), await ask(`both.test:${shared}`)]);
  assert.deepEqual([...both].sort(), ['2', '3']);
  assert.deepEqual([await ask('none.test'), await ask('none.test')], ['502', '502']);
  assert.deepEqual([await ask('two.test:99999'), await ask('')], ['500', '500']);
  assert.match(moat.read(), /none\.test could not be resolved/);
  const crowd = await Promise.all(
    Array.from({ length: 40 }, (_, n) => ask(n % 2 ? `two.test:${shared}` : `127.0.0.3:${shared}`)),
  );
  assert.deepEqual([...new Set(crowd)].sort(), ['2', '3']);
});

test('targets: addresses of a name out of a request that fail are tried again by the next one', {
  skip,
}, async () => {
  await using dns = await startDnsmasq([
    'host-record=both.test,127.0.0.2',
    'host-record=both.test,127.0.0.3',
  ]);
  const http = `resolver 127.0.0.1:${dns.port} ipv6=off; error_page 502 /tried;`;
  const tried = 'location = /tried { return 200 "$upstream_addr"; }';
  await using _moat = await startMoat(
    httpConf(
      `${http} server { listen 127.0.0.1:${port}; ${tried} location / { proxy_pass http://$arg_h; } }`,
    ),
  );
  for (const host of ['both.test', 'BOTH.test', 'both.TEST']) {
    const { body } = await request(port, { path: `/?h=${host}:${shared}` });
    const addresses = body.split(', ').sort();
    assert.deepEqual(addresses, [`127.0.0.2:${shared}`, `127.0.0.3:${shared}`]);
  }
});

test('upstream: its name is the same in any case of its letters', async () => {
  await using servers = await Servers.start(1);
  await using _moat = await startMoat(conf(`upstream App { server ${servers.at('a')}; }`, 'http://aPP'));
  assert.deepEqual(await bodies(2), ['a', 'a']);
});

test('targets: a name out of a request needs no resolver where a fixed target has the same host and port', async () => {
  await using servers = await Servers.start(1);
  const there = servers.at('a').replace(/^.*:/, 'localhost:');
  await using moat = await startMoat(
    httpConf(
      `server { listen 127.0.0.1:${port};
        location /fixed { proxy_pass http://${there}; }
        location / { proxy_pass http://$arg_h$request_uri; } }`,
    ),
  );
  assert.equal((await request(port, { path: `/?h=${there}` })).body, 'a');
  assert.equal((await request(port, { path: `/?h=${there.toUpperCase()}` })).body, 'a');
  assert.equal((await request(port, { path: '/?h=localhost:1' })).status, 502);
  assert.match(moat.read(), /no resolver defined to resolve localhost/);
});

test('targets: without a resolver a name out of a request cannot be reached', async () => {
  await using moat = await startMoat(conf('', 'http://$arg_h'));
  assert.equal((await request(port, { path: '/?h=two.test' })).status, 502);
  assert.match(moat.read(), /no resolver defined to resolve two\.test/);
});
