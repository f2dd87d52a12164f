/** Health checks that talk over TCP, against small servers that say right and wrong things. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, reasonFor } from './asking.ts';
import { closedPort, saying, scripted } from './servers.ts';

type Server = () => ReturnType<typeof scripted>;

const http = (head: string, body = '') =>
  saying(`HTTP/1.1 ${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
const ready = () => http('200 OK\r\nX-Up: yes', 'all ready');
const smtp = (greeting: string, ehlo: string) => () =>
  scripted(greeting, got => (got.startsWith('EHLO') ? ehlo : undefined));

/** A packet of MySQL. */
const mysql = (sequence: number, body: string) =>
  `${String.fromCharCode(body.length, 0, 0, sequence)}${body}`;
const GREETING = mysql(0, `\x0a8.0.1\0${'x'.repeat(40)}`);
/** A message of PostgreSQL. */
const postgres = (kind: string, body: string) =>
  `${kind}\0\0\0${String.fromCharCode(body.length + 4)}${body}`;

/** The check, the server, why it fails; '' where it passes. */
const CASES: Record<string, readonly [line: string, server: Server, reason: string | RegExp]> = {
  'tcp: a connection': ['tcp', () => scripted(''), ''],
  'tcp: an answer that matches': [
    'tcp send=hello expect=^well',
    () => scripted('', got => `well, ${got}`),
    '',
  ],
  'tcp: a greeting that matches, in pieces': [
    'tcp expect=ready$',
    () => scripted('not yet re', () => undefined),
    /no answer within|does not match/,
  ],
  'tcp: an answer that does not match': [
    'tcp expect=^220',
    () => saying('554 go away'),
    '"554 go away" does not match',
  ],
  'tcp: an answer that does not match, of a server that waits for more': [
    'tcp expect=^220 timeout=500ms',
    () => scripted('450 busy'),
    '"450 busy" does not match, and no more came within 500 ms',
  ],
  'tcp: bytes': [
    'tcp send=hex:00ff expect=^\\xff\\x00$',
    () => scripted('', got => [...got].reverse().join('')),
    '',
  ],
  'http: a good status': ['http', ready, ''],
  'http: a bad status': ['http', () => http('503 Busy'), 'status 503'],
  'http: the statuses asked for': ['http status=200,503', () => http('503 Busy'), ''],
  'http: a header': ['http header=x-up', ready, ''],
  'http: a header that is not there': ['http header=X-Down', ready, 'there is no header x-down'],
  'http: a value that does not match': ['http header=X-Up:^no', ready, 'header x-up is "yes"'],
  'http: a body': ['http "body=all ready$"', ready, ''],
  'http: a body that does not match': ['http body=broken', ready, 'the body does not match'],
  'http: a body in chunks': [
    'http body=^ready$',
    () => saying('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2;x=1\r\ndy\r\n0\r\n\r\n'),
    '',
  ],
  'http: a body to the end of the connection': [
    'http version=1.0 body=^ready$',
    () => saying('HTTP/1.0 200 OK\n\nready'),
    '',
  ],
  'http: a body that is cut off': [
    'http body=ready',
    () => saying('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nready'),
    'the connection was closed before the answer was whole',
  ],
  'http: a digest, MD5': [
    'http digest=b2e0d84f19e4c49bd2a1e5bc39bc4f6c',
    () => http('200 OK', 'x'),
    /^the digest of the body is 9dd4e461268c8034f5c8564e155c67a6$/,
  ],
  'http: a digest, SHA-256': [
    'http digest=2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881',
    () => http('200 OK', 'x'),
    '',
  ],
  'http: no answer of HTTP': ['http', () => saying('SSH-2.0-x\r\n\r\n'), '"SSH-2.0-x" is no answer of HTTP'],
  'http: half a head': ['http', () => saying('HTTP/1.1 200 OK\r\nX: y'), /is no whole answer/],
  'http: 100 before the answer': [
    'http',
    () => saying('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n'),
    '',
  ],
  'http: version 2 of a server that has it not': [
    'http version=2',
    () => saying('HTTP/1.1 400 Bad\r\n\r\n'),
    /./,
  ],
  'https: a server without TLS': ['https', () => saying('HTTP/1.1 200 OK\r\n\r\n'), /./],
  'smtp: a talk': ['smtp hello=moat.test', smtp('220-hi\r\n220 mx\r\n', '250-mx\r\n250 HELP\r\n'), ''],
  'smtp: a greeting that refuses': ['smtp', smtp('554 no\r\n', ''), 'the greeting is "554 no"'],
  'smtp: EHLO refused': ['smtp', smtp('220 mx\r\n', '421 later\r\n'), 'the answer to EHLO is "421 later"'],
  'redis: loading': [
    'redis',
    () => scripted('', () => '-LOADING data\r\n'),
    'the answer to PING is "-LOADING data"',
  ],
  'redis: a wrong password': [
    'redis password=x',
    () => scripted('', () => '-WRONGPASS\r\n'),
    'the answer to AUTH is "-WRONGPASS"',
  ],
  'mysql: a greeting': ['mysql', () => scripted(GREETING), ''],
  'mysql: a greeting that refuses': [
    'mysql',
    () => saying(mysql(0, '\xff\x69\x04Host is blocked')),
    'Host is blocked',
  ],
  'mysql: a login': [
    'mysql user=moat',
    () => scripted(GREETING, got => (got.includes('moat\0') ? mysql(2, '\0\0\0\x02\0\0\0') : undefined)),
    '',
  ],
  'mysql: another method of login': [
    'mysql user=moat',
    () =>
      scripted(GREETING, got =>
        got.includes('moat\0')
          ? mysql(2, '\xfecaching_sha2_password\0salt\0')
          : got.length === 4
            ? mysql(4, '\0\0\0\x02\0\0\0')
            : undefined,
      ),
    '',
  ],
  'mysql: a login refused': [
    'mysql user=moat',
    () => scripted(GREETING, () => mysql(2, '\xff\x15\x04#28000Access denied')),
    'Access denied',
  ],
  'mysql: another protocol': ['mysql', () => saying(mysql(0, '\x09x')), 'the greeting is of protocol 9'],
  'postgres: asked for a password': [
    'postgres',
    () => scripted('', () => postgres('R', '\0\0\0\x05salt')),
    '',
  ],
  'postgres: still starting': [
    'postgres',
    () => scripted('', () => postgres('E', 'SFATAL\0C57P03\0Mthe database system is starting up\0\0')),
    'the database system is starting up',
  ],
  'postgres: something else': ['postgres', () => saying('HTTP/1.1 400 Bad'), /is no answer of PostgreSQL/],
  'grpc: a server without HTTP/2': ['grpc', () => saying('HTTP/1.1 400 Bad\r\n\r\n'), /./],
};

for (const [what, [line, server, expected]] of Object.entries(CASES))
  test(what, async () => {
    await using peer = await server();
    const reason = await reasonFor(what.includes('in pieces') ? `${line} timeout=200ms` : line, peer);
    if (typeof expected === 'string') assert.equal(reason, expected);
    else assert.match(reason, expected);
  });

const TALKERS = ['tcp', 'http', 'https', 'smtp', 'grpc', 'redis', 'mysql', 'postgres'];

for (const type of TALKERS) {
  test(`${type}: a closed port`, async () => {
    const port = await closedPort();
    assert.equal(await reasonFor(type, { port }), 'connection refused');
  });

  test(`${type}: a server that says nothing`, async () => {
    if (type === 'tcp') return; // it was asked for a connection only
    await using peer = await scripted('');
    assert.equal(await reasonFor(`${type} timeout=150ms`, peer), 'no answer within 150 ms');
  });

  test(`${type}: a server that hangs up`, async () => {
    if (type === 'tcp') return;
    await using peer = await saying('');
    assert.notEqual(await reasonFor(type, peer), '');
  });
}

test('tcp: over TLS, a certificate that ends soon is warned of, and one that nobody vouches for refused where asked', async () => {
  const { tlsPeer } = await import('./tls-peer.ts');
  await using peer = await tlsPeer(5);
  const plain = await asked('tcp tls', peer);
  assert.ok(plain.passed);
  assert.match(plain.warning ?? '', /^its certificate ends on \d{4}-\d\d-\d\d, in [45] days$/);
  assert.deepEqual(await asked('tcp tls expiry_warning=1d', peer), { passed: true, warning: undefined });
  assert.match(await reasonFor('tcp tls sni=peer.test verify', peer), /self-signed/);
  assert.equal(
    await reasonFor('tcp tls sni=peer.test verify ca=ca.pem', {
      ...peer,
      files: { '/conf/ca.pem': peer.pem },
    }),
    '',
  );
  assert.match(
    await reasonFor('tcp tls sni=other.test verify ca=ca.pem', {
      ...peer,
      files: { '/conf/ca.pem': peer.pem },
    }),
    /other\.test/,
  );
});
