/** Which way connections to servers leave: proxy_bind, socket options and the PROXY protocol, with a moat as the server. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { readEndpoint } from '../../kit/endpoint.ts';
import { readProxyHeader } from '../../l7/wire/proxy/header.ts';
import { proxyHeaderWriter } from '../../l7/wire/proxy/write.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { request, Wire } from '../e2e/wire.ts';
import { withoutRoot } from '../native/outside.ts';
import { Authority } from './authority.ts';

const [port = 0, seen = 0, told = 0, other = 0, picky = 0, bound = 0, secret = 0] = await freePorts(7);
const ca = new Authority();
const certificate = ca.issue('server.test');
let moat: Running;

before(async () => {
  moat = await startMoat(
    httpConf(`
      upstream named { server 127.0.0.1:${seen}; }
      upstream checked { server 127.0.0.1:${told}; }
      server { listen 127.0.0.1:${seen}; location / { return 200 "$remote_addr $remote_port"; } }
      server { listen 127.0.0.1:${told} proxy_protocol;
        location / { return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_port $connection"; } }
      server { listen 127.0.0.1:${secret} ssl proxy_protocol; ssl_certificate a.crt; ssl_certificate_key a.key;
        location / { return 200 "$proxy_protocol_addr $proxy_protocol_port $remote_addr $scheme"; } }
      server { listen 127.0.0.1:${port}; set_real_ip_from 127.0.0.0/8; real_ip_header X-From;
        location / { proxy_pass http://127.0.0.1:${seen}; }
        location /bind { proxy_pass http://127.0.0.1:${seen}; proxy_bind 127.0.0.9; proxy_socket_rcvbuf 256k;
          location /bind/off { proxy_pass http://127.0.0.1:${seen}; proxy_bind off; } }
        location /port { proxy_pass http://127.0.0.1:${seen}; proxy_bind 127.0.0.9:${bound}; }
        location /variable { proxy_pass http://127.0.0.1:${seen}; proxy_bind $arg_from; }
        location /probed { proxy_pass http://127.0.0.1:${other}; proxy_socket_keepalive on; proxy_read_timeout 20s; }
        location /v1 { proxy_pass http://127.0.0.1:${told}; proxy_protocol on; }
        location /v2 { proxy_pass http://127.0.0.1:${told}; proxy_protocol v2; proxy_bind 127.0.0.8; }
        location /tls { proxy_pass https://127.0.0.1:${secret}; proxy_protocol v2; proxy_bind 127.0.0.8; }
        location /checked { proxy_pass http://checked; proxy_protocol v2; health_check interval=50ms mandatory; }
        location /who { proxy_pass http://named; add_header X-Who $upstream_last_server_name; }
        location /tcp { return 200 "$tcpinfo_rtt $tcpinfo_rttvar $tcpinfo_snd_cwnd $tcpinfo_rcv_space"; }
      }`),
    { files: { 'a.crt': certificate.cert, 'a.key': certificate.key } },
  );
});
after(async () => {
  await moat.stop();
  ca[Symbol.dispose]();
});

const body = async (path: string) => (await request(port, { path })).body;

test('proxy_bind: connections come from the address, and no others do', async () => {
  assert.match(await body('/bind'), /^127\.0\.0\.9 \d+$/);
  assert.match(await body('/bind/off'), /^127\.0\.0\.1 \d+$/);
  assert.match(await body('/'), /^127\.0\.0\.1 \d+$/);
  assert.match(await body('/bind'), /^127\.0\.0\.9 \d+$/);
});

test('proxy_bind: a port is taken too', async () => {
  assert.equal(await body('/port'), `127.0.0.9 ${bound}`);
});

test('proxy_bind: variables say it for each request; what is empty or no address binds nothing', async () => {
  assert.match(await body('/variable?from=127.0.0.21'), /^127\.0\.0\.21 /);
  assert.match(await body('/variable?from=127.0.0.22'), /^127\.0\.0\.22 /);
  assert.match(await body('/variable?from=127.0.0.21'), /^127\.0\.0\.21 /);
  assert.match(await body('/variable'), /^127\.0\.0\.1 /);
  assert.match(await body('/variable?from=here'), /^127\.0\.0\.1 /);
  assert.match(moat.read(), /\[error\].* invalid local address "here" while connecting to upstream/);
});

test('proxy_bind: an address that this machine has not is nobody else’s fault', async () => {
  assert.equal((await request(port, { path: '/variable?from=192.0.2.1' })).status, 500);
  assert.match(
    moat.read(),
    /\[crit\].* bind\(192\.0\.2\.1:0\) failed \(99: Cannot assign requested address\)/,
  );
  assert.equal((await request(port, { path: '/variable?from=::1' })).status, 500);
  assert.match(moat.read(), /\[crit\].* bind\(::1\) failed \(97: Address family not supported by protocol\)/);
  assert.match(await body('/variable'), /^127\.0\.0\.1 /, 'the server counts as well');
});

test('proxy_bind transparent: workers keep what it needs after they gave root away', {
  skip: withoutRoot,
}, async () => {
  const conf = (also: string, user: string) =>
    httpConf(
      `server { listen 127.0.0.1:${picky}; location / { proxy_pass http://127.0.0.1:${seen}; } location = /t { ${also} } }`,
      `${user}worker_processes 2;`,
    );
  const transparent = `proxy_pass http://127.0.0.1:${seen}; proxy_bind $arg_from transparent;`;
  const at = (path: string) => request(picky, { path });
  for (const user of ['user nobody nogroup;\n', 'user root;\n']) {
    await using one = await startMoat(conf(transparent, user));
    assert.match((await at('/t?from=127.0.0.77')).body, /^127\.0\.0\.77 /, `${user}${one.read()}`);
  }
  await using two = await startMoat(conf('return 404;', 'user nobody nogroup;\n'));
  two.reload(conf(transparent, 'user nobody nogroup;\n'));
  await until(() => two.read().includes('start moat anew'), 'the refusal of what root is needed for');
  assert.equal((await at('/t')).status, 404, 'the old configuration goes on');
});

test('proxy_socket_keepalive: the kernel probes idle connections', async () => {
  const [hex, keepAlive] = [other.toString(16).toUpperCase().padStart(4, '0'), ' 02:'];
  const server = createServer(() => {}).listen(other, '127.0.0.1');
  const asked = await Wire.dial(port);
  asked.send('GET /probed HTTP/1.1\r\nHost: a\r\n\r\n');
  // Local, remote, state, queues, and the timer that runs: 02 is that of keep-alive.
  const line = new RegExp(`^ *\\d+: \\S+ 0100007F:${hex} 01 \\S+ \\S+`, 'm');
  const timer = () => line.exec(readFileSync('/proc/net/tcp', 'latin1'))?.[0] ?? '';
  await until(() => timer().includes(keepAlive), 'the keep-alive timer');
  asked.socket.destroy();
  server.close();
});

test('proxy_protocol: the server hears of the client, by realip too', async () => {
  const client = await Wire.dial(port);
  const get = async (path: string, from = '') =>
    (await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n${from}\r\n`).reply()).body.split(' ');
  const own = String(client.socket.localPort);
  assert.deepEqual((await get('/v1')).slice(0, 3), ['127.0.0.1', own, String(port)]);
  assert.deepEqual((await get('/v2')).slice(0, 3), ['127.0.0.1', own, String(port)]);
  assert.deepEqual((await get('/v2', 'X-From: 192.0.2.7:99\r\n')).slice(0, 2), ['192.0.2.7', '99']);
  assert.deepEqual((await get('/v1', 'X-From: 2001:db8::7\r\n')).slice(0, 1), ['2001:db8::7']);
  client.socket.destroy();
});

test('proxy_protocol: the header stands before TLS', async () => {
  const client = await Wire.dial(port);
  const { body } = await client.send('GET /tls HTTP/1.1\r\nHost: a\r\n\r\n').reply();
  assert.equal(body, `127.0.0.1 ${client.socket.localPort} 127.0.0.8 https`);
  client.socket.destroy();
});

test('proxy_protocol: a connection serves one client, again and again', async () => {
  const clients = await Promise.all([Wire.dial(port), Wire.dial(port)]);
  const connections = new Set<string>();
  for (const client of [...clients, ...clients, ...clients]) {
    const { body } = await client.send('GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n').reply();
    const [, clientPort, , connection] = body.split(' ');
    assert.equal(clientPort, String(client.socket.localPort));
    connections.add(connection!);
  }
  assert.equal(connections.size, 2);
  for (const client of clients) client.socket.destroy();
});

test('proxy_protocol: health checks speak it too', async () => {
  await until(async () => (await request(port, { path: '/checked' })).status === 200, 'the check to pass');
});

test('$upstream_last_server_name and $tcpinfo_*', async () => {
  const { headers } = await request(port, { path: '/who' });
  assert.match(headers.join('\n'), new RegExp(`^X-Who,127\\.0\\.0\\.1:${seen}$`, 'm'));
  const [rtt, variance, window, space] = (await body('/tcp')).split(' ').map(Number);
  assert.ok(rtt! > 0 && variance! > 0 && window! > 0 && space! > 0);
});

const HEADERS: readonly (readonly [from: string, to: string, seen: string])[] = [
  ['192.0.2.1', '198.51.100.2', '192.0.2.1 198.51.100.2'],
  ['2001:db8::1', '2001:db8::2', '2001:db8::1 2001:db8::2'],
  ['::ffff:192.0.2.1', '198.51.100.2', '192.0.2.1 198.51.100.2'],
  ['unix:', '198.51.100.2', 'nothing'],
];

for (const version of ['v1', 'v2'] as const) {
  const write = proxyHeaderWriter(version);
  const read = (from: string, to: string) => {
    const header = write({ address: from, port: 4711 }, { address: to, port: 65_535 });
    const reading = readProxyHeader(Buffer.from(`${header}GET`, 'latin1'));
    assert.ok(typeof reading === 'object');
    assert.equal(reading.bytes, header.length);
    return reading.proxied;
  };

  test(`proxy_protocol ${version}: what is written is what is read`, () => {
    for (const [from, to, expected] of HEADERS) {
      const proxied = read(from, to);
      assert.equal(proxied ? `${proxied.sourceAddress} ${proxied.targetAddress}` : 'nothing', expected);
      if (proxied) assert.deepEqual([proxied.sourcePort, proxied.targetPort], [4711, 65_535]);
    }
  });

  test(`proxy_protocol ${version}: of two families both are written as IPv6`, () => {
    const proxied = read('2001:db8::1', '198.51.100.2');
    assert.match(
      `${proxied?.sourceAddress} ${proxied?.targetAddress}`,
      /^2001:db8::1 (::ffff:)?198\.51\.100\.2$/,
    );
  });
}

test('readEndpoint: an address, with a port or without', () => {
  for (const [text, address, portRead] of [
    ['192.0.2.1', '192.0.2.1', 0],
    ['192.0.2.1:80', '192.0.2.1', 80],
    ['2001:db8::1', '2001:db8::1', 0],
    ['[2001:db8::1]', '2001:db8::1', 0],
    ['[::1]:65535', '::1', 65_535],
  ] as const)
    assert.deepEqual(readEndpoint(text), { address, port: portRead }, text);
  for (const text of [
    '',
    'here',
    '192.0.2',
    '192.0.2.1:',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '[192.0.2.1]',
    ':80',
  ])
    assert.equal(readEndpoint(text), undefined, text);
});
