/** Certificates whose paths have variables: chosen and read when a client comes. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { Authority, opensslWith } from './authority.ts';

const [port = 0, cached = 0, inline = 0] = await freePorts(3);
const ca = new Authority();
const [one, two, rsa, locked] = [
  ca.issue('one.test'),
  ca.issue('two.test'),
  ca.issue('two.test', { type: 'rsa' }),
  ca.issue('locked.test'),
];
let moat: Running;

const server = (at: number, lines: string) =>
  `server { listen 127.0.0.1:${at} ssl; server_name ~^(?<site>[^.]+); ${lines}
    location / { return 200 "$ssl_server_name"; } }`;

before(async () => {
  moat = await startMoat(
    httpConf(`error_log error.log info;
      map $ssl_server_name $file { default $ssl_server_name; three.test two.test; }
      ${server(
        port,
        `ssl_certificate ec/$file.crt; ssl_certificate_key ec/$file.key; ssl_password_file passwords;
         ssl_certificate rsa/two.test.crt; ssl_certificate_key rsa/two.test.key;`,
      )}
      ${server(cached, 'ssl_certificate ec/$site.test.crt; ssl_certificate_key ec/$site.test.key; ssl_certificate_cache max=2 valid=1h;')}
      map $ssl_server_name $text { default ""; one.test "${one.cert}"; }
      ${server(inline, `ssl_certificate data:$text; ssl_certificate_key ec/one.test.key;`)}`),
    {
      files: {
        'ec/one.test.crt': one.cert,
        'ec/one.test.key': one.key,
        'ec/two.test.crt': two.cert,
        'ec/two.test.key': two.key,
        'ec/locked.test.crt': locked.cert,
        'ec/locked.test.key': opensslWith(locked.key, 'pkey', '-aes128', '-passout', 'pass:secret'),
        'ec/broken.test.crt': 'no certificate',
        'ec/broken.test.key': one.key,
        'rsa/two.test.crt': rsa.cert,
        'rsa/two.test.key': rsa.key,
        passwords: 'wrong\nsecret\n',
      },
    },
  );
});
after(async () => {
  await moat.stop();
  ca[Symbol.dispose]();
});

/** The certificate that a client is shown. @throws the fault of the handshake */
async function shown(at: number, servername: string, sigalgs = 'ECDSA+SHA256'): Promise<X509Certificate> {
  const socket = connectTls({ host: '127.0.0.1', port: at, servername, sigalgs, rejectUnauthorized: false });
  await new Promise<void>((done, fail) => void socket.once('secureConnect', done).once('error', fail));
  const certificate = new X509Certificate(socket.getPeerCertificate().raw);
  socket.destroy();
  return certificate;
}
const serialOf = ({ cert }: { cert: string }) => new X509Certificate(cert).serialNumber;

test('ssl_certificate with variables: each name gets its own file', async () => {
  assert.equal((await shown(port, 'one.test')).serialNumber, serialOf(one));
  assert.equal((await shown(port, 'two.test')).serialNumber, serialOf(two));
  assert.equal((await shown(port, 'three.test')).serialNumber, serialOf(two), 'by a map');
  assert.equal((await shown(cached, 'two.test')).serialNumber, serialOf(two), 'by a capture of server_name');
});

test('ssl_certificate with variables: beside a certificate of another type', async () => {
  assert.equal((await shown(port, 'one.test', 'RSA-PSS+SHA256')).serialNumber, serialOf(rsa));
});

test('ssl_certificate with variables: keys under a password', async () => {
  assert.equal((await shown(port, 'locked.test')).serialNumber, serialOf(locked));
});

test('ssl_certificate with variables: the text itself, by data:', async () => {
  assert.equal((await shown(inline, 'one.test')).serialNumber, serialOf(one));
});

test('ssl_certificate with variables: what cannot be read is an alert, and a line in the log', async () => {
  await assert.rejects(shown(port, 'absent.test'), /alert internal error/);
  await until(() => /\[error\].*cannot load certificate ".*ec\/absent\.test\.crt": ENOENT/.test(moat.read()));
  await assert.rejects(shown(port, 'broken.test'), /alert internal error/);
  await until(() => /PEM_read_bio_X509_AUX\(\) failed.* while SSL handshaking/.test(moat.read()));
});

test('ssl_certificate with variables: a file that changed is read again, unless ssl_certificate_cache holds it', async () => {
  await shown(cached, 'one.test');
  const renewed = ca.issue('one.test');
  moat.write('ec/one.test.key', renewed.key);
  moat.write('ec/one.test.crt', renewed.cert);
  assert.equal((await shown(port, 'one.test')).serialNumber, serialOf(renewed));
  assert.equal((await shown(cached, 'one.test')).serialNumber, serialOf(one));
});
