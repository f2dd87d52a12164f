/** TLS to servers: what they are told and shown, which certificates are taken, and what becomes of those that are not. */
import assert from 'node:assert/strict';
import { createServer as createPlainServer } from 'node:net';
import { after, before, test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { freePorts, httpConf, type Running, startMoat } from '../e2e/rig.ts';
import { response } from '../e2e/upstream.ts';
import { request } from '../e2e/wire.ts';
import { Authority, type Issued, opensslWith } from './authority.ts';

const [port = 0] = await freePorts(1);
const ca = new Authority();
const stranger = new Authority('Stranger');
const between = new Authority('Between', ca);
const own = ca.issue('app.internal');
const revoked = ca.issue('app.internal');
const mine = ca.issue('moat.internal');
const yours = ca.issue('other.internal');
const deep = between.issue('app.internal');
const addressed = ca.issue('x', { names: [], extensions: ['subjectAltName=IP:127.0.0.1,IP:::1'] });
const servers: { close(): void }[] = [];
let moat: Running;

/** A server that says what it saw of the connection. */
async function serve({ cert, key }: Issued, options = {}): Promise<number> {
  const server = createServer({ cert, key, ...options }, socket => answer(socket));
  servers.push(server);
  server.on('tlsClientError', () => {});
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
  return (server.address() as { port: number }).port;
}

/** A server that accepts, and says nothing. */
async function silent(): Promise<number> {
  const server = createPlainServer(socket => void socket.on('error', () => {}));
  servers.push(server);
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done));
  return (server.address() as { port: number }).port;
}

function answer(socket: TLSSocket): void {
  const seen = {
    sni: socket.servername || '',
    shown: socket.getPeerCertificate().subject?.CN ?? '',
    reused: socket.isSessionReused(),
    protocol: socket.getProtocol(),
    cipher: socket.getCipher().standardName,
    port: socket.remotePort,
  };
  socket.on('error', () => {});
  socket.on('data', bytes => {
    const host = /^Host: (.*)\r$/im.exec(bytes.toString('latin1'))?.[1];
    const close = bytes.includes('/close');
    socket.write(response(200, JSON.stringify({ ...seen, host }), close ? ['Connection: close'] : []));
    if (close) socket.end();
  });
}

before(async () => {
  const good = await serve(own);
  const asking = await serve(own, { requestCert: true, rejectUnauthorized: false, ca: ca.cert });
  const to = (name: string, at: number, lines: string) =>
    `location /${name} { proxy_pass https://127.0.0.1:${at}; ${lines} }`;
  const trust = 'proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.crt; proxy_ssl_name app.internal;';
  moat = await startMoat(
    httpConf(`error_log error.log info;
      upstream pool { server 127.0.0.1:${good}; }
      server { listen 127.0.0.1:${port};
        ${to('plain', good, '')}
        ${to('named', good, 'proxy_ssl_name app.internal:8443; proxy_ssl_server_name on;')}
        ${to('variable', good, 'proxy_ssl_name $arg_name; proxy_ssl_server_name on;')}
        location /pool { proxy_pass https://pool; proxy_ssl_server_name on; }
        location /dynamic { set $to https://127.0.0.1:${good}; proxy_pass $to; }
        ${to('good', good, trust)}
        ${to('other-name', good, `${trust.replace('app.internal', 'other.internal')}`)}
        ${to('stranger', await serve(stranger.issue('app.internal')), trust)}
        ${to('revoked', await serve(revoked), `${trust} proxy_ssl_crl ca.crl;`)}
        ${to('unrevoked', good, `${trust} proxy_ssl_crl ca.crl;`)}
        ${to('deep', await serve({ cert: deep.cert + between.cert, key: deep.key }), trust)}
        ${to('too-deep', await serve({ cert: deep.cert + between.cert, key: deep.key }), `${trust} proxy_ssl_verify_depth 0;`)}
        ${to('shows', asking, 'proxy_ssl_certificate mine.crt; proxy_ssl_certificate_key mine.key;')}
        ${to('named-key', asking, 'proxy_ssl_certificate $arg_who.crt; proxy_ssl_certificate_key $arg_who.key; proxy_ssl_password_file passwords;')}
        location /inherits { proxy_ssl_certificate mine.crt; proxy_ssl_certificate_key mine.key;
          location /inherits/none { proxy_pass https://127.0.0.1:${asking}; proxy_ssl_certificate ""; } }
        ${to('forgets', good, 'proxy_ssl_session_reuse off;')}
        ${to('old', good, 'proxy_ssl_protocols TLSv1.2; proxy_ssl_ciphers ECDHE-ECDSA-CHACHA20-POLY1305;')}
        ${to('commanded', good, 'proxy_ssl_conf_command MaxProtocol TLSv1.2;')}
        ${to('listed', good, 'proxy_ssl_conf_command Protocol -ALL,TLSv1.2;')}
        ${to('plain-server', port, '')}
        ${to('silent', await silent(), 'proxy_connect_timeout 300ms;')}
        ${to('address', await serve(addressed), trust.replace('app.internal', '127.0.0.1'))}
        ${to('address6', await serve(addressed), trust.replace('app.internal', '[::1]'))}
        ${to('no-address', await serve(addressed), trust.replace('app.internal', '127.0.0.2'))}
      }`),
    {
      files: {
        'ca.crt': ca.cert,
        'ca.crl': ca.revocationList([revoked]),
        'mine.crt': mine.cert,
        'mine.key': mine.key,
        'other.crt': yours.cert,
        'other.key': opensslWith(yours.key, 'pkey', '-aes128', '-passout', 'pass:secret'),
        passwords: 'wrong\nsecret\n',
      },
    },
  );
});

after(async () => {
  await moat.stop();
  for (const server of servers) server.close();
  for (const authority of [ca, stranger, between]) authority[Symbol.dispose]();
});

async function ask(path: string) {
  const reply = await request(port, { path });
  return { status: reply.status, seen: reply.status === 200 ? JSON.parse(reply.body) : undefined };
}

test('proxy_ssl: requests go by TLS, and by default the server is told no name', async () => {
  const { status, seen } = await ask('/plain');
  assert.deepEqual([status, seen.sni, seen.shown, seen.protocol], [200, '', '', 'TLSv1.3']);
});

test('proxy_ssl_server_name: tells the name of proxy_ssl_name, without a port', async () => {
  assert.equal((await ask('/named')).seen.sni, 'app.internal');
  assert.equal((await ask('/variable?name=a.internal')).seen.sni, 'a.internal');
  assert.equal((await ask('/variable?name=b.internal')).seen.sni, 'b.internal');
  assert.equal((await ask('/variable?name=127.0.0.1')).seen.sni, '', 'an address is no name');
});

test('proxy_ssl_name: is the host of proxy_pass, here that of a pool', async () => {
  const { seen } = await ask('/pool');
  assert.deepEqual([seen.sni, seen.host], ['pool', 'pool']);
});

test('proxy_pass: https in a variable goes by TLS', async () => {
  assert.equal((await ask('/dynamic')).seen.protocol, 'TLSv1.3');
});

test('proxy_ssl_verify: a good certificate for the name is taken, others are not', async () => {
  assert.equal((await ask('/good')).status, 200);
  assert.equal((await ask('/other-name')).status, 502);
  assert.match(moat.read(), /\[error\].*upstream SSL certificate does not match "other\.internal"/);
  assert.equal((await ask('/stranger')).status, 502);
  assert.match(moat.read(), /\[error\].*upstream SSL certificate verify error: \(.*unable to .*\)/);
});

test('proxy_ssl_crl: a revoked certificate is not taken', async () => {
  assert.equal((await ask('/unrevoked')).status, 200);
  assert.equal((await ask('/revoked')).status, 502);
  assert.match(moat.read(), /verify error: \(.*certificate revoked\)/);
});

test('proxy_ssl_verify_depth: bounds the certificates between', async () => {
  assert.equal((await ask('/deep')).status, 200);
  assert.equal((await ask('/too-deep')).status, 502);
  assert.match(
    moat.read(),
    /verify error: \((20:unable to get local issuer certificate|22:.*too long)\).*too-deep/,
  );
});

test('proxy_ssl_certificate: is shown to a server that asks', async () => {
  assert.equal((await ask('/shows')).seen.shown, 'moat.internal');
});

test('proxy_ssl_certificate: with variables it is that which the request names, or none', async () => {
  assert.equal((await ask('/named-key?who=mine')).seen.shown, 'moat.internal');
  assert.equal((await ask('/named-key?who=other')).seen.shown, 'other.internal');
  assert.equal((await ask('/named-key?who=mine')).seen.shown, 'moat.internal');
  assert.equal((await ask('/inherits/none')).seen.shown, '');
});

test('proxy_ssl_certificate: a file that is not there is 500, and no fault of the server', async () => {
  assert.equal((await ask('/named-key?who=nobody')).status, 500);
  assert.match(
    moat.read(),
    /\[crit\].*cannot load certificate ".*nobody\.crt": ENOENT.*while connecting to upstream/,
  );
  assert.equal((await ask('/named-key?who=mine')).status, 200);
});

test('proxy_ssl_session_reuse: a new connection resumes the session of the last one, unless it is off', async () => {
  await ask('/plain/close');
  assert.equal((await ask('/plain/close')).seen.reused, true);
  await ask('/forgets/close');
  assert.equal((await ask('/forgets/close')).seen.reused, false);
});

test('proxy_ssl: connections are kept, and shared only by those who asked for the same', async () => {
  const [one, two] = [await ask('/good'), await ask('/good')];
  assert.equal(one.seen.port, two.seen.port);
  assert.notEqual((await ask('/named')).seen.port, one.seen.port);
});

test('proxy_ssl_protocols, proxy_ssl_ciphers: bound what is spoken', async () => {
  const { seen } = await ask('/old');
  assert.deepEqual(
    [seen.protocol, seen.cipher],
    ['TLSv1.2', 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'],
  );
});

test('proxy_ssl_conf_command: versions are bounded, or named', async () => {
  assert.equal((await ask('/commanded')).seen.protocol, 'TLSv1.2');
  assert.equal((await ask('/listed')).seen.protocol, 'TLSv1.2');
});

test('proxy_ssl: a server that speaks no TLS is 502, with the reason in the log', async () => {
  assert.equal((await ask('/plain-server')).status, 502);
  assert.match(moat.read(), /\[error\].*SSL_do_handshake\(\) failed \(SSL: error:.*\)/);
});

test('proxy_ssl: a server that does not shake hands in time is 504', async () => {
  assert.equal((await ask('/silent')).status, 504);
});

test('proxy_ssl_verify: an address is held against the addresses of the certificate', async () => {
  assert.equal((await ask('/address')).status, 200);
  assert.equal((await ask('/address6')).status, 200);
  assert.equal((await ask('/no-address')).status, 502);
});
