/** HTTP/2 as others speak it: node:http2 (nghttp2), curl and h2load against a running moat, many streams at a time. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { fieldOf, H2Wire, pseudo } from '../../e2e/h2-wire.ts';
import { freePorts, httpConf, type Running, startMoat } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { Authority } from '../authority.ts';

const run = promisify(execFile);
const [plain = 0, secure = 0, behind = 0] = await freePorts(3);
const ca = new Authority();
const [pair, other] = [ca.issue('one.test'), ca.issue('two.test')];
const FILE = randomBytes(700_000).toString('latin1');
let moat: Running;
let upstream: Upstream;

const sha = (bytes: string | Buffer) =>
  createHash('sha256')
    .update(bytes as string, 'latin1')
    .digest('hex');

before(async () => {
  upstream = await startUpstream(({ body }) => response(200, sha(body)));
  const locations = `location / { return 200 "$http2 $server_name $remote_addr"; } location /file { alias file; }
      location /sum/ { proxy_pass http://127.0.0.1:${upstream.port}; }
      location /sum/now/ { proxy_pass http://127.0.0.1:${upstream.port}; proxy_request_buffering off; }`;
  const tls = 'ssl_certificate one.crt; ssl_certificate_key one.key;';
  moat = await startMoat(
    httpConf(
      `http2 on; client_max_body_size 0; keepalive_requests 100000;
    server { listen 127.0.0.1:${plain}; ${locations} }
    server { listen 127.0.0.1:${secure} ssl; server_name one.test; ${tls} ${locations} }
    server { listen 127.0.0.1:${secure} ssl; server_name two.test; ssl_certificate two.crt; ssl_certificate_key two.key;
      ssl_client_certificate ca.crt; ssl_verify_client on; ${locations} }
    server { listen 127.0.0.1:${secure} ssl; server_name old.test; http2 off; ${tls} ${locations} }
    server { listen 127.0.0.1:${behind} proxy_protocol; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol; ${locations} }`,
      'worker_processes 2;',
    ),
    {
      files: {
        file: FILE,
        'one.crt': pair.cert,
        'one.key': pair.key,
        'two.crt': other.cert,
        'two.key': other.key,
        'ca.crt': ca.cert,
      },
    },
  );
});

after(async () => {
  await moat?.stop();
  await upstream?.stop();
  ca[Symbol.dispose]();
});

/** Asks on a stream of its own. @returns what came back */
function ask(session: ClientHttp2Session, path: string, body?: Buffer): Promise<string> {
  return new Promise((done, fail) => {
    const stream = session.request(
      { ':path': path, ':method': body ? 'POST' : 'GET' },
      { endStream: body === undefined },
    );
    let text = '';
    stream.setEncoding('latin1');
    stream.on('data', chunk => (text += chunk));
    stream.on('end', () => done(text));
    stream.on('error', fail);
    if (body) stream.end(body);
  });
}

for (const url of [`http://127.0.0.1:${plain}`, `https://127.0.0.1:${secure}`])
  test(`h2 peers: node:http2, uploads and downloads side by side (${url.split(':')[0]})`, async () => {
    const session = connect(url, {
      rejectUnauthorized: false,
      servername: 'one.test',
      maxSessionMemory: 1000,
    });
    const bodies = Array.from({ length: 60 }, (_, at) => randomBytes([0, 10, 70_000, 900_000][at % 4]!));
    const answers = await Promise.all(
      bodies.map(async (body, at) => {
        if (at % 5 === 0) return [await ask(session, '/file'), FILE];
        return [await ask(session, at % 2 ? '/sum/' : '/sum/now/', body), sha(body)];
      }),
    );
    session.close();
    for (const [got, expected] of answers) assert.equal(sha(got!), sha(expected!));
  });

test('h2 peers: a client without room for a table hears that none is kept', async () => {
  const session = connect(`http://127.0.0.1:${plain}`, { settings: { headerTableSize: 0 } });
  try {
    await once(session, 'localSettings');
    for (const nth of [1, 2]) {
      const stream = session.request({ ':path': '/' });
      const [fields] = await once(stream.resume(), 'response');
      assert.equal(fields[':status'], 200, `answer ${nth}`);
    }
  } finally {
    session.destroy();
  }
});

test('h2 peers: curl, several transfers on one connection', async () => {
  const urls = Array.from({ length: 8 }, () => `https://127.0.0.1:${secure}/file`);
  const outs = urls.flatMap(() => ['-o', '/dev/null']);
  const written = '%{http_version} %{http_code} %{size_download}\n';
  const { stdout } = await run('curl', ['-sk', '--http2', '--parallel', '-w', written, ...outs, ...urls]);
  assert.deepEqual(stdout.trim().split('\n'), Array(8).fill(`2 200 ${FILE.length}`));
});

test('h2 peers: h2load, thousands of requests', {
  skip: existsSync('/usr/bin/h2load') ? false : 'h2load is not installed (nghttp2-client)',
}, async () => {
  const args = ['-n', '4000', '-c', '20', '-m', '30', `https://127.0.0.1:${secure}/sum/`];
  const { stdout } = await run('/usr/bin/h2load', args);
  assert.match(stdout, /4000 succeeded, 0 failed, 0 errored/);
  assert.match(stdout, /4000 2xx/);
});

test('h2 peers: what is agreed on follows the server that the client names', async () => {
  for (const [name, version] of [
    ['one.test', '2'],
    ['old.test', '1.1'],
  ] as const) {
    const at = ['--resolve', `${name}:${secure}:127.0.0.1`, `https://${name}:${secure}/`];
    const { stdout } = await run('curl', ['-sk', '--http2', '-w', ' %{http_version}', ...at]);
    assert.equal(stdout, `${version === '2' ? 'h2' : ''} ${name} 127.0.0.1 ${version}`);
  }
});

test('h2 peers: a connection to one name is no way to another that wants certificates', async () => {
  await using wire = await H2Wire.dial({ port: secure, tls: { servername: 'one.test' } });
  assert.equal((await wire.answer(wire.open(pseudo('/', 'GET', 'one.test')))).body, 'h2 one.test 127.0.0.1');
  assert.equal((await wire.answer(wire.open(pseudo('/', 'GET', 'two.test')))).status, 421);
});

test('h2 peers: behind a PROXY protocol header', async () => {
  await using wire = await H2Wire.dial({ port: behind, before: 'PROXY TCP4 192.0.2.7 192.0.2.1 5 6\r\n' });
  const answer = await wire.get('/');
  assert.equal(answer.body, 'h2c  192.0.2.7');
  assert.equal(fieldOf(answer.fields, 'content-length'), String(answer.body.length));
});
