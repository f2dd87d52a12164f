/** ssl_ocsp through a running moat: authorities are asked about the certificates of clients. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { freePorts, httpConf, type Running, startMoat } from '../e2e/rig.ts';
import { Authority, type Issued, openssl } from './authority.ts';

const [leaf = 0, all = 0, cached = 0, mute = 0] = await freePorts(4);
const root = new Authority();
const between = new Authority('Between', root);
const own = root.issue('own.test');
/** By the serial number of whom they are about. */
const answers = new Map<string, Buffer>();
let asked = 0;
let responder: Server | undefined;
let moat: Running | undefined;
let good: Issued;
let revoked: Issued;
let deep: Issued;

before(async () => {
  responder = createServer((request, response) => {
    asked++;
    const question = Buffer.from(decodeURIComponent(request.url!.slice(1)), 'base64')
      .toString('hex')
      .toUpperCase();
    const answer = [...answers].find(([serial]) => question.includes(serial))?.[1];
    response.writeHead(answer ? 200 : 404, { 'Content-Type': 'application/ocsp-response' }).end(answer);
  });
  await new Promise<void>(done => void responder!.listen(0, '127.0.0.1', done));
  const { port } = responder.address() as { port: number };
  const names = { extensions: [`authorityInfoAccess=OCSP;URI:http://127.0.0.1:${port}`] };
  good = root.issue('good', names);
  revoked = root.issue('revoked', names);
  deep = between.issue('deep', names);
  answer(root, good, 'good');
  answer(root, revoked, 'revoked');
  answer(between, deep, 'good');
  const server = (at: number, lines: string) =>
    `server { listen 127.0.0.1:${at} ssl; ${lines} location / { return 200 "$ssl_client_verify $ssl_session_reused"; } }`;
  moat = await startMoat(
    httpConf(`error_log error.log info; ssl_certificate own.crt; ssl_certificate_key own.key;
      ssl_verify_client on; ssl_client_certificate root.crt; ssl_verify_depth 2; ssl_ocsp leaf;
      ${server(leaf, '')}
      ${server(all, `ssl_ocsp on; ssl_ocsp_responder http://127.0.0.1:${port}/;`)}
      ${server(cached, 'ssl_ocsp_cache shared:OCSP:1m;')}
      ${server(mute, 'ssl_ocsp_responder http://127.0.0.1:1/;')}`),
    { files: { 'own.crt': own.cert, 'own.key': own.key, 'root.crt': root.cert } },
  );
});
after(async () => {
  await moat?.stop();
  responder?.close();
  for (const authority of [root, between]) authority[Symbol.dispose]();
});

/** Makes the answer about a certificate. */
function answer(authority: Authority, about: Issued, status: 'good' | 'revoked'): void {
  const path = (name: string) => join(authority.dir, name);
  const { serialNumber } = new X509Certificate(about.cert);
  authority.statusFile(status === 'good' ? [about] : [], status === 'good' ? [] : [about]);
  writeFileSync(path('about.crt'), about.cert);
  openssl(
    ...['ocsp', '-index', path('status'), '-CA', path('ca.crt'), '-rsigner', path('ca.crt')],
    ...['-rkey', path('ca.key'), '-issuer', path('ca.crt'), '-cert', path('about.crt')],
    ...['-respout', path('answer.der'), '-ndays', '1'],
  );
  answers.set(serialNumber, readFileSync(path('answer.der')));
}

interface Visit {
  readonly status: number;
  readonly body: string;
  readonly session: Buffer | undefined;
}

function visit(port: number, who: Issued | undefined, options: ConnectionOptions = {}): Promise<Visit> {
  return new Promise((done, fail) => {
    let text = '';
    let session: Buffer | undefined;
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...who, ...options });
    socket.on('session', given => (session = given)).on('error', fail);
    socket.on('data', bytes => (text += bytes.toString('latin1')));
    socket.write('GET / HTTP/1.1\r\nHost: own.test\r\nConnection: close\r\n\r\n');
    socket.on('end', () => {
      socket.end();
      done({ status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4), session });
    });
  });
}

test('ssl_ocsp: a certificate that its authority holds good is taken', async () => {
  const { status, body } = await visit(leaf, good);
  assert.deepEqual([status, body], [200, 'SUCCESS .']);
});

test('ssl_ocsp: a revoked one is refused, also when its session is resumed', async () => {
  const { status, body } = await visit(leaf, revoked);
  assert.equal(status, 400);
  assert.match(body, /SSL certificate error/);
  assert.match(moat!.read(), /client SSL certificate verify error: \(23:certificate revoked\)/);
  const { session } = await visit(leaf, good);
  answer(root, good, 'revoked');
  assert.equal((await visit(leaf, good, { session: session! })).status, 400);
  answer(root, good, 'good');
  assert.equal((await visit(leaf, good, { session: session! })).body, 'SUCCESS r');
});

test('ssl_ocsp: leaf asks about the own certificate, on about those between too', async () => {
  const chain = { cert: deep.cert + between.cert, key: deep.key };
  assert.equal((await visit(leaf, chain)).body, 'SUCCESS .');
  assert.equal((await visit(all, chain)).status, 400, 'nobody answers about the one between');
  answer(root, between, 'good');
  assert.equal((await visit(all, chain)).body, 'SUCCESS .');
});

test('ssl_ocsp: where nobody answers, the certificate is refused, and the log says why', async () => {
  assert.equal((await visit(mute, good)).status, 400);
  assert.match(
    moat!.read(),
    /\[error\].*ECONNREFUSED.* while requesting certificate status, responder: .*:1\//,
  );
  assert.match(moat!.read(), /\(23:certificate status request failed\)/);
});

test('ssl_ocsp: without a certificate nobody is asked', async () => {
  const before = asked;
  assert.equal((await visit(leaf, undefined)).status, 400);
  assert.equal(asked, before);
});

test('ssl_ocsp_cache: an answer is kept', async () => {
  await visit(cached, good);
  const before = asked;
  assert.equal((await visit(cached, good)).body, 'SUCCESS .');
  assert.equal(asked, before);
});
