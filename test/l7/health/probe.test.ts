/** Questions to servers over TLS, to ones that are slow, and to ones that say nonsense. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROXY_TLS_DEFAULTS, type ProxyTlsSettings } from '#model/l7/proxy-tls.ts';
import { AnswerVariables } from '../../../l7/health/answer.ts';
import { PROBES } from '../../../l7/health/table.ts';
import { CheckContexts } from '../../../l7/health/tls.ts';
import { checkModel } from './check-model.ts';

const MEANS = { variables: new AnswerVariables([]), contexts: new CheckContexts() };

async function listen(server: Server): Promise<number> {
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done).unref());
  return (server.address() as AddressInfo).port;
}

/** Asks once. */
async function ask(check: ReturnType<typeof checkModel>, port: number): Promise<string | undefined> {
  const probe = PROBES[check.type](check, { host: '127.0.0.1', port, unixPath: undefined }, MEANS);
  const wrong = await probe.run();
  probe.close();
  return wrong;
}

function makeCertificate(): { key: string; cert: string } {
  const dir = mkdtempSync(join(tmpdir(), 'health-'));
  const make = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ];
  const names = ['-subj', '/CN=app.test', '-addext', 'subjectAltName=DNS:app.test'];
  execFileSync('openssl', [...make, ...names, '-keyout', join(dir, 'key'), '-out', join(dir, 'cert')], {
    stdio: 'ignore',
  });
  const made = {
    key: readFileSync(join(dir, 'key'), 'latin1'),
    cert: readFileSync(join(dir, 'cert'), 'latin1'),
  };
  rmSync(dir, { recursive: true });
  return made;
}

const tls = (also: Partial<ProxyTlsSettings>) => ({ ...PROXY_TLS_DEFAULTS, serverName: true, ...also });

test('probe: TLS with the name and the certificate as the location says', async () => {
  const pair = makeCertificate();
  const names: (string | false | null | undefined)[] = [];
  const server = createHttps(pair, (asked, reply) => {
    names.push(Reflect.get(asked.socket, 'servername'));
    reply.end('ok');
  });
  const port = await listen(server);
  const verified = (name: string) =>
    tls({ verify: true, trustedCertificate: { path: '', text: pair.cert }, name });
  const check = (proxyTls: ProxyTlsSettings) => ask(checkModel({ scheme: 'https', proxyTls }), port);
  assert.equal(await check(verified('app.test')), undefined);
  assert.match((await check(verified('other.test')))!, /other\.test/);
  assert.match((await check(tls({ verify: true, name: 'app.test' })))!, /certificate/);
  assert.equal(await check(tls({})), undefined, 'nobody asked to verify it');
  assert.equal(names[0], 'app.test');
  server.closeAllConnections();
  server.close();
});

test('probe: gRPC over TLS', async () => {
  const server = createSecureServer(makeCertificate());
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
  });
  const port = await listen(server);
  assert.equal(await ask(checkModel({ scheme: 'https', type: 'grpc', proxyTls: tls({}) }), port), undefined);
  server.close();
});

/** What a server that does `serve` with each connection is found to be. */
async function verdictOn(
  serve: (socket: Socket) => void,
  also: Parameters<typeof checkModel>[0] = {},
  patienceMs = 20_000,
): Promise<string | undefined> {
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.once('data', () => serve(socket));
  });
  const port = await listen(server);
  const wrong = await ask(
    checkModel(also, { connectTimeoutMs: patienceMs, readTimeoutMs: patienceMs }),
    port,
  );
  server.close();
  return wrong;
}

test('probe: silence, a cut and nonsense are failures with a reason', async () => {
  assert.equal(await verdictOn(() => {}, {}, 200), 'no answer in time');
  assert.match((await verdictOn(socket => socket.destroy()))!, /hang up|ECONNRESET/);
  assert.match((await verdictOn(socket => socket.end('SSH-2.0\r\n\r\n')))!, /Parse Error|Expected/);
  assert.match((await verdictOn(socket => socket.end('nonsense'), { type: 'grpc' }))!, /./);
  assert.equal(await verdictOn(() => {}, { type: 'grpc' }, 200), 'no answer in time');
});

test('probe: a body that never ends is read as far as tests look', async () => {
  const flood = (socket: Socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
    const more = () => socket.writable && socket.write('x'.repeat(65_536), more);
    more();
  };
  const pattern = { source: 'y', flags: '', names: [] };
  const match = { name: 'm', tests: [{ test: 'body' as const, pattern, negated: false }] };
  assert.equal(await verdictOn(flood, { match }), 'body does not match y');
  assert.equal(await verdictOn(flood), undefined);
});

test('probe: nobody there', async () => {
  const server = createServer();
  const port = await listen(server);
  await new Promise(done => server.close(done));
  for (const type of ['http', 'tcp', 'grpc'] as const)
    assert.match((await ask(checkModel({ type }), port))!, /ECONNREFUSED/, type);
});
