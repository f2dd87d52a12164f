/** OCSP stapling through a running moat; the responder is that of the openssl command. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { ocspVerdict } from '../../native/ocsp.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { Authority, type Issued, openssl } from './authority.ts';
import { addressRecord, replyTo, type Server, startServer } from './resolve/name-servers.ts';

const ports = await freePorts(9);
const [responder = 0, named = 0, overridden = 0, revokedPort = 0, strange = 0] = ports;
const [fromFile = 0, deaf = 0, verified = 0, trustedOnly = 0] = ports.slice(5);
const ca = new Authority();
const stranger = new Authority('Stranger');
const asks = (host: string) => ({
  extensions: [`authorityInfoAccess=OCSP;URI:http://${host}:${responder}`],
});
const ec = ca.issue('own.test', asks('responder.test'));
const rsa = ca.issue('own.test', { type: 'rsa', ...asks('responder.test') });
const revoked = ca.issue('revoked.test', asks('127.0.0.1'));
const foreign = stranger.issue('foreign.test', asks('127.0.0.1'));
let moat: Running | undefined;
let names: Server;
const started = new AsyncDisposableStack();

/** `openssl ocsp` answers for its authority. */
async function startResponder(): Promise<void> {
  const path = (name: string) => join(ca.dir, name);
  const status = ca.statusFile([ec, rsa], [revoked]);
  const signer = ['-CA', path('ca.crt'), '-rsigner', path('ca.crt'), '-rkey', path('ca.key')];
  const args = ['ocsp', '-port', String(responder), '-index', status, ...signer, '-nmin', '60', '-text'];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'openssl', ...args]);
  started.defer(() => void child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text));
  await until(() => /waiting for OCSP client connections/i.test(said), 'the responder');
}

/** An answer made beforehand. */
function answerFile(about: Issued): string {
  const path = (name: string) => join(ca.dir, name);
  ca.statusFile([ec, rsa], [revoked]);
  openssl(
    ...['ocsp', '-index', path('status'), '-CA', path('ca.crt'), '-rsigner', path('ca.crt')],
    ...['-rkey', path('ca.key'), '-issuer', path('ca.crt'), '-serial', serialOf(about)],
    ...['-respout', path('answer.der'), '-ndays', '1'],
  );
  return readFileSync(path('answer.der'), 'latin1');
}
const serialOf = ({ cert }: Issued) => `0x${new X509Certificate(cert).serialNumber}`;

const shows = (name: string) => `ssl_certificate ${name}.crt; ssl_certificate_key ${name}.key;`;
const server = (port: number, lines: string) =>
  `server { listen 127.0.0.1:${port} ssl; ${lines} location / { return 200 ok; } }`;

before(async () => {
  for (const authority of [ca, stranger]) started.use(authority);
  names = started.use(
    await startServer(question => replyTo(question, 0x8180, [addressRecord('127.0.0.1', 60)])),
  );
  await startResponder();
  const at = (port: number) => `ssl_stapling_responder http://127.0.0.1:${port}/;`;
  const files = { ec, rsa, revoked, foreign };
  moat = await startMoat(
    httpConf(`error_log error.log info; ssl_stapling on; resolver 127.0.0.1:${names.port} ipv6=off;
      ${server(named, `${shows('ec')} ${shows('rsa')} ssl_trusted_certificate ca.crt;`)}
      ${server(overridden, `${shows('ec')} ssl_trusted_certificate ca.crt; ${at(responder)}`)}
      ${server(revokedPort, `${shows('revoked')} ssl_trusted_certificate ca.crt;`)}
      ${server(strange, `${shows('foreign')} ssl_trusted_certificate stranger.crt;`)}
      ${server(fromFile, `${shows('ec')} ssl_stapling_file ec.ocsp;`)}
      ${server(deaf, `${shows('ec')} ssl_trusted_certificate ca.crt; ${at(1)}`)}
      ${server(verified, `${shows('ec')} ssl_trusted_certificate ca.crt; ssl_stapling_verify on;`)}
      ${server(trustedOnly, `${shows('ec')}`)}`),
    {
      files: {
        ...Object.fromEntries(
          Object.entries(files).flatMap(([name, { cert, key }]) => [
            [`${name}.crt`, cert],
            [`${name}.key`, key],
          ]),
        ),
        'ca.crt': ca.cert,
        'stranger.crt': stranger.cert,
        'ec.ocsp': answerFile(ec),
      },
    },
  );
});
after(async () => {
  await moat?.stop();
  await started.disposeAsync();
});

/** What comes along with the certificate; undefined for nothing. @throws the fault of the handshake */
async function stapled(port: number, sigalgs = 'ECDSA+SHA256'): Promise<Buffer | undefined> {
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    servername: 'own.test',
    sigalgs,
    requestOCSP: true,
    rejectUnauthorized: false,
  });
  let answer: Buffer | null = null;
  socket.on('OCSPResponse', (got: Buffer | null) => (answer = got));
  await new Promise<void>((done, fail) => void socket.once('secureConnect', done).once('error', fail));
  socket.destroy();
  return answer ?? undefined;
}

const der = ({ cert }: { cert: string }) => new X509Certificate(cert).raw;
const statusIn = (answer: Buffer, about: Issued) =>
  ocspVerdict({
    certificate: der(about),
    issuer: der(ca),
    answer,
    verify: true,
    trusted: Buffer.from(ca.cert, 'latin1'),
  }).status;

async function untilStapled(port: number, sigalgs?: string): Promise<Buffer> {
  let answer: Buffer | undefined;
  await until(async () => (answer = await stapled(port, sigalgs)) !== undefined);
  return answer!;
}

test('ssl_stapling: the responder that a certificate names is asked, by its own name, for each certificate', async () => {
  assert.equal(statusIn(await untilStapled(named), ec), 'good');
  assert.equal(statusIn(await untilStapled(named, 'RSA-PSS+SHA256'), rsa), 'good');
  assert.ok(names.questions.length > 0, 'the name was looked up');
});

test('ssl_stapling_responder: is asked in place of it', async () => {
  assert.equal(statusIn(await untilStapled(overridden), ec), 'good');
});

test('ssl_stapling_verify: an answer signed by the authority is taken', async () => {
  assert.equal(statusIn(await untilStapled(verified), ec), 'good');
});

test('ssl_stapling_file: is sent as it is', async () => {
  assert.equal(statusIn((await stapled(fromFile))!, ec), 'good');
});

test('ssl_stapling: a revoked certificate is shown without the answer, and the log says so', async () => {
  await until(() =>
    /\[warn\].*certificate status "revoked" in the OCSP response while requesting certificate status, responder: http:\/\/127\.0\.0\.1/.test(
      moat!.read(),
    ),
  );
  assert.equal(await stapled(revokedPort), undefined);
});

test('ssl_stapling: a certificate that the responder does not know', async () => {
  await until(() => /\[warn\].*certificate status "unknown" in the OCSP response/.test(moat!.read()));
  assert.equal(await stapled(strange), undefined);
});

test('ssl_stapling: where nobody answers, handshakes go on without', async () => {
  await until(() =>
    /ECONNREFUSED.* while requesting certificate status, responder: .*:1\//.test(moat!.read()),
  );
  assert.equal(await stapled(deaf), undefined);
});

test('ssl_stapling: a certificate without its issuer is told of when the configuration is read', async () => {
  assert.match(
    moat!.output(),
    /"ssl_stapling" ignored, issuer certificate not found for certificate ".*ec\.crt"/,
  );
  assert.equal(await stapled(trustedOnly), undefined);
});
