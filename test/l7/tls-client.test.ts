/** Certificates of clients: who is let in, who is told what is missing, and what variables say of them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { freePorts, httpConf, type Running, startMoat } from '../e2e/rig.ts';
import { Authority, type Issued } from './authority.ts';

const [port = 0, bare = 0] = await freePorts(2);
const ca = new Authority();
const trusted = new Authority('Trusted');
const stranger = new Authority('Stranger');
const between = new Authority('Between', ca);
const own = ca.issue('own.test');
const known = ca.issue('known');
const other = trusted.issue('other');
const strange = stranger.issue('strange');
const revoked = ca.issue('revoked');
const deep = between.issue('deep');
const chain = { cert: deep.cert + between.cert, key: deep.key };
let moat: Running | undefined;

before(async () => {
  const server = (name: string, lines: string) =>
    `server { listen 127.0.0.1:${port} ssl; server_name ${name}; ssl_certificate own.crt; ssl_certificate_key own.key; ${lines}
      location / { return 200 "$ssl_client_verify $ssl_client_s_dn"; } }`;
  moat = await startMoat(
    httpConf(`error_log error.log info;
      ${server('on.test', 'ssl_verify_client on; ssl_client_certificate ca.crt;')}
      ${server('optional.test', 'ssl_verify_client optional; ssl_client_certificate ca.crt; ssl_trusted_certificate trusted.crt;')}
      ${server('off.test', 'ssl_client_certificate ca.crt;')}
      ${server('any.test', 'ssl_verify_client optional_no_ca; ssl_client_certificate ca.crt;')}
      ${server('shallow.test', 'ssl_verify_client on; ssl_client_certificate ca.crt; ssl_verify_depth 0;')}
      ${server('revoking.test', 'ssl_verify_client on; ssl_client_certificate ca.crt; ssl_crl ca.crl;')}
      server { listen 127.0.0.1:${port} ssl; server_name asks-only.test; ssl_verify_client on;
        location / { return 200 "$ssl_client_verify"; } }
      server { listen 127.0.0.1:${bare}; ssl_verify_client on; location / { return 200 "<$ssl_client_verify>"; } }`),
    {
      files: {
        'own.crt': own.cert,
        'own.key': own.key,
        'ca.crt': ca.cert + ca.cert,
        'trusted.crt': trusted.cert,
        'ca.crl': ca.revocationList([revoked]),
      },
    },
  );
});
after(async () => {
  await moat?.stop();
  for (const authority of [ca, trusted, stranger, between]) authority[Symbol.dispose]();
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function dial(servername: string, who: Issued | undefined): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, ...who });
  await new Promise<void>((done, fail) => void socket.once('secureConnect', done).once('error', fail));
  return socket;
}

/** @param host in the request, when it is not the name of the greeting */
async function ask(servername: string, who?: Issued, host = servername): Promise<Answer> {
  const socket = await dial(servername, who);
  let text = '';
  socket.on('data', bytes => (text += bytes.toString('latin1')));
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  await new Promise(done => socket.once('end', done));
  socket.destroy();
  return { status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
}

const CASES: readonly [name: string, who: Issued | undefined, status: number, says: RegExp][] = [
  ['on.test', undefined, 400, /No required SSL certificate was sent/],
  ['on.test', known, 200, /^SUCCESS CN=known$/],
  ['on.test', strange, 400, /The SSL certificate error/],
  ['on.test', chain, 200, /^SUCCESS CN=deep$/],
  ['optional.test', undefined, 200, /^NONE $/],
  ['optional.test', known, 200, /^SUCCESS CN=known$/],
  ['optional.test', other, 200, /^SUCCESS CN=other$/],
  ['optional.test', strange, 400, /The SSL certificate error/],
  ['off.test', known, 200, /^NONE $/],
  ['any.test', strange, 200, /^FAILED:unable to .* CN=strange$/],
  ['any.test', undefined, 200, /^NONE $/],
  ['shallow.test', known, 200, /^SUCCESS CN=known$/],
  ['shallow.test', chain, 400, /The SSL certificate error/],
  ['revoking.test', known, 200, /^SUCCESS CN=known$/],
  ['revoking.test', revoked, 400, /The SSL certificate error/],
  ['asks-only.test', undefined, 400, /No required SSL certificate was sent/],
  ['asks-only.test', known, 200, /^SUCCESS$/],
];

for (const [at, [name, who, status, says]] of CASES.entries()) {
  test(`ssl_verify_client: ${name}, case ${at}: ${status}`, async () => {
    const answer = await ask(name, who);
    assert.equal(answer.status, status, answer.body);
    assert.match(answer.body, says);
  });
}

test('ssl_verify_client: a request for another server than the client was asked for is 421', async () => {
  assert.equal((await ask('off.test', undefined, 'on.test')).status, 421);
  assert.equal((await ask('on.test', known, 'off.test')).status, 200, 'that one asks nothing');
});

test('ssl_crl: the reason stands in the log', async () => {
  await ask('revoking.test', revoked);
  assert.match(moat!.read(), /client SSL certificate verify error: \(23:certificate revoked\) while reading/);
});

test('ssl_client_certificate: clients are told whose certificates are wanted, each once, and not the trusted ones', async () => {
  const { spawn } = await import('node:child_process');
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'optional.test', '-tls1_2'];
  const child = spawn('openssl', args);
  let said = '';
  child.stdout.on('data', text => (said += text));
  child.stdin.end('Q\n');
  await new Promise(done => child.once('close', done));
  const [, names = ''] =
    /Acceptable client certificate CA names\n([\s\S]*?)\n[A-Z]\w+ [A-Z]\w+/.exec(said) ?? [];
  assert.deepEqual(
    names.split('\n').filter(line => line.startsWith('CN')),
    ['CN = Test CA'],
  );
});

test('ssl_verify_client: means nothing where no TLS is spoken', async () => {
  const reply = await fetch(`http://127.0.0.1:${bare}/`);
  assert.equal(await reply.text(), '<>');
});
