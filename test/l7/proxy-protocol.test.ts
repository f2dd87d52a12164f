/** The PROXY protocol in front of clients' connections: read whole, or the connection ends. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { readProxyHeader } from '../../l7/wire/proxy/header.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { exchange, Wire } from '../e2e/wire.ts';
import { Authority } from './authority.ts';

const [port = 0, secure = 0] = await freePorts(2);
const ca = new Authority();
const own = ca.issue('first.test');
let moat: Running;

const SHOWN = [
  '$proxy_protocol_addr',
  '$proxy_protocol_port',
  '$proxy_protocol_server_addr',
  '$proxy_protocol_server_port',
  '$proxy_protocol_tlv_authority',
  '$proxy_protocol_tlv_0x00ea',
  '$proxy_protocol_tlv_ssl_version',
  '$proxy_protocol_tlv_ssl_0x22',
  '$proxy_protocol_tlv_ssl_verify',
].join('|');

before(async () => {
  moat = await startMoat(
    httpConf(`client_header_timeout 1s;
      server { listen 127.0.0.1:${port} proxy_protocol; location / { return 200 "${SHOWN}|$remote_addr"; } }
      server { listen 127.0.0.1:${secure} ssl proxy_protocol; ssl_certificate a.crt; ssl_certificate_key a.key;
        location / { return 200 "$proxy_protocol_addr $scheme"; } }`),
    { files: { 'a.crt': own.cert, 'a.key': own.key } },
  );
});
after(async () => {
  await moat.stop();
  ca[Symbol.dispose]();
});

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const two = (value: number) => String.fromCharCode(value >> 8, value & 255);
const tlv = (type: number, value: string) => String.fromCharCode(type) + two(value.length) + value;
const v2 = (command: number, kind: number, rest: string) =>
  SIGNATURE + String.fromCharCode(0x20 | command, kind) + two(rest.length) + rest;
const ADDRESSES4 = `\xc0\x00\x02\x01\xcb\x00\x71\x07${two(4711)}${two(443)}`;

const seen = async (header: string) => (await exchange(port, header + GET)).split('\r\n\r\n')[1]!.split('|');

test('proxy_protocol: version 1 says who the client is', async () => {
  assert.deepEqual((await seen('PROXY TCP4 192.0.2.1 203.0.113.7 4711 443\r\n')).slice(0, 4), [
    '192.0.2.1',
    '4711',
    '203.0.113.7',
    '443',
  ]);
  const [address, , target] = await seen('PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n');
  assert.deepEqual([address, target], ['2001:db8::1', '2001:db8::2']);
  assert.equal((await seen('PROXY UNKNOWN whatever it says\r\n')).join(''), '127.0.0.1');
});

test('proxy_protocol: version 2 does so too, and more', async () => {
  const tls = `\x07\x00\x00\x00\x05${tlv(0x21, 'TLSv1.3')}${tlv(0x22, 'Ann')}`;
  const tlvs = tlv(2, 'site.test') + tlv(0xea, 'own') + tlv(0x20, tls);
  assert.deepEqual(await seen(v2(1, 0x11, ADDRESSES4 + tlvs)), [
    '192.0.2.1',
    '4711',
    '203.0.113.7',
    '443',
    'site.test',
    'own',
    'TLSv1.3',
    'Ann',
    '5',
    '127.0.0.1',
  ]);
  const six = `\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01`;
  assert.equal((await seen(v2(1, 0x21, six + six + two(1) + two(2))))[0], '2001:db8::1');
});

test('proxy_protocol: LOCAL and kinds of sockets without addresses say nothing', async () => {
  assert.equal((await seen(v2(0, 0x11, ADDRESSES4))).join(''), '127.0.0.1');
  assert.equal((await seen(v2(1, 0, ''))).join(''), '127.0.0.1');
  assert.equal((await seen(v2(1, 0x31, 'x'.repeat(216)))).join(''), '127.0.0.1');
});

test('proxy_protocol: a header may come byte by byte', async () => {
  const wire = await Wire.dial(port);
  for (const byte of `PROXY TCP4 192.0.2.1 203.0.113.7 4711 443\r\n${GET}`) {
    wire.send(byte);
    await new Promise(setImmediate);
  }
  assert.match((await wire.reply()).body, /^192\.0\.2\.1\|/);
  wire.socket.destroy();
});

const BROKEN: Readonly<Record<string, string>> = {
  'no header': GET,
  'another family': 'PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n',
  'an address of the other family': 'PROXY TCP4 ::1 2.2.2.2 1 2\r\n',
  'a bad port': 'PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n',
  'a word too much': 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n',
  'LF alone': 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n',
  'a line without end': `PROXY UNKNOWN ${'x'.repeat(107)}`,
  'version 3': `${SIGNATURE}\x31\x11\x00\x0c${ADDRESSES4}`,
  'an unknown command': v2(2, 0x11, ADDRESSES4),
  'addresses cut short': v2(1, 0x11, ADDRESSES4.slice(1)),
  'a TLV beyond the end': v2(1, 0x11, `${ADDRESSES4}\x02\x00\x09x`),
};

test('proxy_protocol: a broken header ends the connection without an answer, and is logged', async () => {
  for (const [what, bytes] of Object.entries(BROKEN)) assert.equal(await exchange(port, bytes), '', what);
  assert.match(
    moat.read(),
    /\[error\].*broken header: "GET \/ HTTP\/1\.1.*" while reading PROXY protocol, client: 127\.0\.0\.1/,
  );
});

test('proxy_protocol: none is read twice, nor split where it is whole', () => {
  const header = 'PROXY TCP4 192.0.2.1 203.0.113.7 4711 443\r\n';
  for (const whole of [header, v2(1, 0x11, ADDRESSES4)]) {
    const bytes = Buffer.from(`${whole}rest`, 'latin1');
    for (let at = 1; at < whole.length; at++) assert.equal(readProxyHeader(bytes.subarray(0, at)), 'partial');
    const read = readProxyHeader(bytes);
    assert.equal(typeof read === 'object' && read.bytes, whole.length);
  }
});

test('proxy_protocol: a header that does not come in time ends the connection', async () => {
  const wire = await Wire.dial(port);
  assert.equal(await wire.send('PROXY ').rest(), '');
});

test('proxy_protocol: stands before TLS', async () => {
  const plain = connect(secure, '127.0.0.1');
  plain.write('PROXY TCP4 192.0.2.9 203.0.113.7 4711 443\r\n');
  const socket = connectTls({ socket: plain, servername: 'first.test', rejectUnauthorized: false });
  socket.write(GET);
  let said = '';
  socket.on('data', bytes => (said += bytes));
  await until(() => said.includes('192.0.2.9 https'));
  socket.destroy();
});
