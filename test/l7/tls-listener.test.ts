/** TLS to clients through a running moat: which certificate is shown, what is spoken, how sessions are resumed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { request, Wire } from '../e2e/wire.ts';
import { Authority, opensslWith } from './authority.ts';

const [port = 0, stateless = 0, hasty = 0] = await freePorts(3);
const ca = new Authority();
const [first, second, third] = ['first.test', 'second.test', 'third.test'].map(name => ca.issue(name));
const rsa = ca.issue('both.test', { type: 'rsa' });
const both = ca.issue('both.test');
let moat: Running;

const server = (name: string, lines: string) =>
  `server { listen 127.0.0.1:${port} ssl; server_name ${name}; ${lines} location / { return 200 "$server_name $scheme"; } }`;
const shows = (file: string) => `ssl_certificate ${file}.crt; ssl_certificate_key ${file}.key;`;

const conf = () =>
  httpConf(
    `error_log error.log info;
    ${server('first.test', `${shows('first')} error_page 497 =418 /plain;`)}
    ${server('*.second.test second.test', shows('second'))}
    ${server('~^third', shows('third'))}
    ${server('both.test', `${shows('rsa')} ${shows('both')}`)}
    ${server('strict.test', `${shows('first')} ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256;`)}
    ${server('old.test', `${shows('first')} ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;`)}
    ${server('bare.test', '')}
    ${server('never.test', 'ssl_reject_handshake on;')}
    ${server('locked.test', `${shows('locked')} ssl_password_file passwords;`)}
    ${server('bundle.test', 'ssl_certificate bundle.p12; ssl_password_file passwords;')}
    server { listen 127.0.0.1:${hasty} ssl; ${shows('first')} client_header_timeout 300ms; keepalive_timeout 300ms;
      location / { return 200 ok; } location /over { keepalive_timeout 0; return 200 ok; } }
    server { listen 127.0.0.1:${stateless} ssl; ${shows('first')} ssl_session_tickets off; location / { return 200 ok; } }`,
    'worker_processes 2;',
  );

function files(): Record<string, string> {
  const pairs = { first, second, third, rsa, both };
  const texts = Object.entries(pairs).flatMap(([name, pair]) => [
    [`${name}.crt`, pair!.cert],
    [`${name}.key`, pair!.key],
  ]);
  return { ...Object.fromEntries(texts), ...lockedFiles() };
}

/** A key under a password, and a bundle. */
function lockedFiles(): Record<string, string> {
  const own = ca.issue('locked.test');
  return {
    'locked.crt': own.cert,
    'locked.key': opensslWith(own.key, 'pkey', '-aes128', '-passout', 'pass:second word'),
    'bundle.p12': ca.bundle(own, 'second word'),
    passwords: 'first\nsecond word\n',
  };
}

before(async () => {
  moat = await startMoat(conf(), { files: files() });
});
after(async () => {
  await moat.stop();
  ca[Symbol.dispose]();
});

/** Shakes hands, and waits for a ticket if asked to. @throws the fault of the handshake */
async function shake(servername: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    servername,
    ca: ca.cert,
    rejectUnauthorized: false,
    ...options,
  });
  await new Promise<void>((done, fail) => void socket.once('secureConnect', done).once('error', fail));
  return socket;
}

async function nameShown(servername: string, options?: ConnectionOptions): Promise<string> {
  const socket = await shake(servername, options);
  const { subjectAltName = '' } = new X509Certificate(socket.getPeerCertificate().raw);
  socket.destroy();
  return subjectAltName.replace('DNS:', '');
}

/** The answer to a request by TLS. */
async function ask(host: string, tls: ConnectionOptions = {}, at = port) {
  const wire = await Wire.dial({ port: at, tls: { servername: host, ...tls } });
  const reply = await wire.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`).reply();
  wire.socket.destroy();
  return reply;
}

test('tls: the certificate is that of the server that the client names', async () => {
  assert.equal(await nameShown('first.test'), 'first.test');
  assert.equal(await nameShown('SECOND.test'), 'second.test');
  assert.equal(await nameShown('deep.www.second.test'), 'second.test');
  assert.equal(await nameShown('third.example'), 'third.test');
});

test('tls: without a name, for an unknown one, and for a server without certificate it is that of the default server', async () => {
  assert.equal(await nameShown(''), 'first.test');
  assert.equal(await nameShown('unknown.test'), 'first.test');
  assert.equal(await nameShown('bare.test'), 'first.test');
});

test('tls: requests are served, and know that they came by TLS', async () => {
  assert.equal((await ask('second.test')).body, '*.second.test https');
  assert.equal((await ask('bare.test')).body, 'bare.test https');
});

test('tls: of an RSA and an ECDSA certificate the client gets what it can verify', async () => {
  const typeFor = async (sigalgs: string) => {
    const socket = await shake('both.test', { sigalgs });
    const { publicKey } = new X509Certificate(socket.getPeerCertificate().raw);
    socket.destroy();
    return publicKey.asymmetricKeyType;
  };
  assert.equal(await typeFor('ECDSA+SHA256'), 'ec');
  assert.equal(await typeFor('RSA-PSS+SHA256'), 'rsa');
});

test('tls: keys under a password and PKCS#12 bundles are opened', async () => {
  assert.equal(await nameShown('locked.test'), 'locked.test');
  assert.equal(await nameShown('bundle.test'), 'locked.test');
});

test('tls: versions and ciphers are those of the server that the client names', async () => {
  const speak = async (name: string, options: ConnectionOptions = {}) => {
    const socket = await shake(name, options);
    const spoken = `${socket.getProtocol()} ${socket.getCipher().standardName}`;
    socket.destroy();
    return spoken;
  };
  assert.equal(await speak('strict.test'), 'TLSv1.3 TLS_CHACHA20_POLY1305_SHA256');
  assert.equal(await speak('old.test'), 'TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256');
  await assert.rejects(speak('strict.test', { maxVersion: 'TLSv1.2' }), /protocol version/);
  await assert.rejects(
    speak('first.test', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
    /alert/,
  );
});

test('tls: ssl_reject_handshake answers the name with an alert', async () => {
  await assert.rejects(shake('never.test'), /unrecognized name/);
});

test('tls: h2 is not agreed on where it is not spoken, http/1.1 is', async () => {
  const socket = await shake('first.test', { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(socket.alpnProtocol, 'http/1.1');
  socket.destroy();
  await assert.rejects(shake('first.test', { ALPNProtocols: ['h2'] }), /no application protocol/);
});

test('tls: plain HTTP is answered with what is wrong, or with the error page for it', async () => {
  const plain = await request(port, { headers: { Host: 'second.test' } });
  assert.equal(plain.status, 400);
  assert.match(plain.body, /The plain HTTP request was sent to HTTPS port/);
  assert.equal((await request(port)).status, 418);
});

test('tls: a first message in many pieces, and in many records, is put together', async () => {
  const bytes = await clientHello('second.test');
  const message = bytes.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += 100) {
    const piece = message.subarray(at, at + 100);
    records.push(Buffer.from([22, 3, 1, 0, piece.length]), piece);
  }
  for (const sent of [bytes, Buffer.concat(records)]) {
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    for (const byte of sent) socket.write(Buffer.from([byte]));
    const answer = await new Promise<Buffer>(done => socket.once('data', bytes => done(Buffer.from(bytes))));
    assert.deepEqual([answer[0], answer[5]], [22, 2], 'it is a ServerHello');
    socket.destroy();
  }
});

/** What a client says first: taken off a socket that never answers. */
async function clientHello(servername: string): Promise<Buffer> {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  const first = new Promise<Buffer>(done => server.once('connection', socket => socket.once('data', done)));
  await new Promise(done => server.once('listening', done));
  const { port: at } = server.address() as { port: number };
  const socket = connectTls({ port: at, host: '127.0.0.1', servername, maxVersion: 'TLSv1.2' }).on(
    'error',
    () => {},
  );
  const hello = await first;
  socket.destroy();
  server.close();
  return hello;
}

test('tls: what is no TLS message is answered with an alert, logged, and no harm', async () => {
  const socket = connect(port, '127.0.0.1');
  socket.write(Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 0]));
  const answer = await new Promise<Buffer>(done => socket.once('data', bytes => done(Buffer.from(bytes))));
  assert.equal(answer[0], 21, 'an alert');
  await until(() =>
    /SSL_do_handshake\(\) failed \(SSL: error:0A0000A0:SSL routines::length too short\) while SSL handshaking, client: 127\.0\.0\.1/.test(
      moat.read(),
    ),
  );
  socket.destroy();
  assert.equal((await ask('first.test')).status, 200);
});

test('tls: records without an end and without content are refused', async () => {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  const empty = Buffer.from([22, 3, 1, 0, 0]);
  socket.write(Buffer.alloc(empty.length * 40_000, empty));
  const answer = await new Promise<Buffer>(done => socket.once('data', bytes => done(Buffer.from(bytes))));
  assert.equal(answer[0], 21, 'an alert');
  await new Promise(done => socket.once('close', done));
});

test('tls: a client that stops in the midst of its handshake is closed when its time is over', async () => {
  const hello = await clientHello('first.test');
  for (const sent of [hello.subarray(0, 40), hello]) {
    const socket = connect(hasty, '127.0.0.1');
    socket.write(sent);
    const answers: Buffer[] = [];
    socket.on('data', bytes => answers.push(Buffer.from(bytes)));
    await new Promise(done => socket.once('end', done).once('error', done).once('close', done));
    socket.destroy();
    assert.equal(answers.length > 0, sent === hello, 'only a whole hello is answered');
  }
  await until(() => /client timed out while SSL handshaking, client: 127\.0\.0\.1/.test(moat.read()));
});

test('tls: an end is announced (close_notify), after an answer and when a kept connection is over', async () => {
  for (const path of ['/', '/over']) {
    const said = await sClient(hasty, `GET ${path} HTTP/1.1\r\nHost: first.test\r\n\r\n`, '-ign_eof');
    assert.match(said, /200 OK[\s\S]*\nclosed\n/);
    assert.doesNotMatch(said, /unexpected eof/);
  }
});

test('tls: clients that go in the midst of a handshake leave a line at info, and no harm', async () => {
  const hello = await clientHello('first.test');
  for (const leave of ['destroy', 'resetAndDestroy'] as const) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    await new Promise(done => socket.once('connect', done));
    socket.write(hello);
    await new Promise(done => socket.once('data', done));
    socket[leave]();
  }
  await until(() => (moat.read().match(/peer closed connection in SSL handshake/g) ?? []).length >= 2);
  assert.equal((await ask('first.test')).status, 200);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`tls: every worker resumes sessions of ${version} that any of them began`, async () => {
    const options: ConnectionOptions = { minVersion: version, maxVersion: version };
    for (let round = 0; round < 8; round++) {
      const session = await sessionOf('first.test', options);
      const again = await shake('first.test', { ...options, session });
      assert.equal(again.isSessionReused(), true, `round ${round}`);
      again.destroy();
    }
  });
}

/** A session that the server lets a client keep. */
async function sessionOf(servername: string, options: ConnectionOptions): Promise<Buffer> {
  const socket = connectTls({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, ...options });
  const session = new Promise<Buffer>((done, fail) => void socket.once('session', done).once('error', fail));
  socket.write(`GET / HTTP/1.1\r\nHost: ${servername}\r\n\r\n`);
  const kept = await session;
  socket.destroy();
  return kept;
}

test('tls: ssl_session_tickets off gives no tickets out', async () => {
  const output = await sClient(stateless, 'Q\n', '-tls1_2', '-no_ticket');
  assert.match(output, /^New, TLSv1\.2/m);
  assert.doesNotMatch(await sClient(stateless, 'Q\n', '-tls1_2'), /TLS session ticket:/);
});

test('tls: clients do not start a new handshake within a connection', async () => {
  const child = spawn('openssl', [
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-tls1_2',
    '-servername',
    'first.test',
  ]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text));
  await until(() => said.includes('Verify return code'));
  child.stdin.write('R\n');
  await new Promise(done => child.once('close', done));
  assert.match(said, /RENEGOTIATING[\s\S]*no renegotiation/);
});

/** What openssl's client says, on both of its outputs. */
async function sClient(at: number, input: string, ...args: string[]): Promise<string> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${at}`, ...args]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text));
  child.stdin.end(input);
  await new Promise(done => child.once('close', done));
  return said;
}

test('tls: a reload brings new certificates, and a connection that stands goes on', async () => {
  const wire = await Wire.dial({ port, tls: { servername: 'third.test' } });
  const get = () => wire.send('GET / HTTP/1.1\r\nHost: third.test\r\n\r\n').reply();
  assert.equal((await get()).status, 200);
  const renewed = ca.issue('renewed.test');
  moat.write('third.crt', renewed.cert);
  moat.write('third.key', renewed.key);
  moat.reload(conf());
  await until(async () => (await nameShown('third.test')) === 'renewed.test');
  assert.equal((await get()).status, 200);
  wire.socket.destroy();
});

test('tls: a reload puts TLS on an address, and takes it off', async () => {
  const at = stateless;
  const bare = (ssl: string) =>
    conf().replace(
      new RegExp(`server \\{ listen 127\\.0\\.0\\.1:${at} ssl;[^\n]*`),
      `server { listen 127.0.0.1:${at} ${ssl}; ${shows('first')} location / { return 200 "$scheme"; } }`,
    );
  const scheme = async (secure: boolean) => {
    const wire = await Wire.dial({ port: at, ...(secure && { tls: { servername: 'first.test' } }) });
    const reply = await wire.send('GET / HTTP/1.1\r\nHost: first.test\r\nConnection: close\r\n\r\n').reply();
    wire.socket.destroy();
    return reply.body;
  };
  moat.reload(bare(''));
  await until(async () => (await scheme(false).catch(() => '')) === 'http');
  moat.reload(bare('ssl'));
  await until(async () => (await scheme(true).catch(() => '')) === 'https');
});
