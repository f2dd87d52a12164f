/** How TLS sessions are resumed: by tickets and by caches, in every worker, and only where the same is shown and asked. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { Authority } from './authority.ts';

/** A server each: what it says of sessions, and whether one is resumed. */
const KINDS = [
  { name: 'tickets, as is the default', lines: '', resumes: true },
  { name: 'tickets beside a cache', lines: 'ssl_session_cache shared:A:1m;', resumes: true },
  {
    name: 'a shared cache alone',
    lines: 'ssl_session_cache shared:A:1m; ssl_session_tickets off;',
    resumes: true,
  },
  { name: 'no cache', lines: 'ssl_session_cache none; ssl_session_tickets off;', resumes: false },
  { name: 'a cache that is off', lines: 'ssl_session_cache off; ssl_session_tickets off;', resumes: false },
  { name: 'a key file of 48 bytes', lines: 'ssl_session_ticket_key short.key;', resumes: true },
  { name: 'a key file of 80 bytes', lines: 'ssl_session_ticket_key long.key;', resumes: true },
] as const;
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

const ports = await freePorts(KINDS.length + 5);
const [builtin = 0, brief = 0, named = 0, early = 0, late = 0] = ports.slice(KINDS.length);
const ca = new Authority();
const own = ca.issue('own.test');
const other = ca.issue('other.test');
let moat: Running;

const server = (port: number, lines: string, more = '') =>
  `server { listen 127.0.0.1:${port} ssl; ${lines} ${more}
    location / { return 200 "$ssl_session_reused $ssl_session_id $revision"; } }`;
const shows = (name: string) => `ssl_certificate ${name}.crt; ssl_certificate_key ${name}.key;`;

const conf = (revision: string) =>
  httpConf(
    `ssl_certificate own.crt; ssl_certificate_key own.key;
    map $host $revision { default ${revision}; }
    ${KINDS.map(({ lines }, at) => server(ports[at]!, lines)).join('\n')}
    ${server(builtin, 'ssl_session_cache builtin:100; ssl_session_tickets off;')}
    ${server(brief, 'ssl_session_cache shared:A:1m; ssl_session_timeout 1s; ssl_session_tickets off;')}
    server { listen 127.0.0.1:${early} ssl; ssl_early_data on; location / { return 200 "<$ssl_early_data$ssl_session_reused>"; } }
    server { listen 127.0.0.1:${late} ssl; location / { return 200 "<$ssl_early_data$ssl_session_reused>"; } }
    ${server(named, 'ssl_session_cache shared:A:1m; ssl_session_tickets off;', 'server_name own.test;')}
    ${server(named, `${shows('other')} ssl_session_cache shared:A:1m; ssl_session_tickets off;`, 'server_name other.test;')}`,
    'worker_processes 2;',
  );

before(async () => {
  const files = {
    'own.crt': own.cert,
    'own.key': own.key,
    'other.crt': other.cert,
    'other.key': other.key,
    'short.key': randomBytes(48).toString('latin1'),
    'long.key': randomBytes(80).toString('latin1'),
  };
  moat = await startMoat(conf('old'), { files });
});
after(async () => {
  await moat.stop();
  ca[Symbol.dispose]();
});

interface Visit {
  readonly reused: boolean;
  /** As the server knows it. */
  readonly body: string;
  /** What the client may resume; undefined when it got nothing. */
  readonly session: Buffer | undefined;
}

function visit(port: number, options: ConnectionOptions): Promise<Visit> {
  return new Promise((done, fail) => {
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      servername: 'own.test',
      rejectUnauthorized: false,
      ...options,
    });
    let session: Buffer | undefined;
    let text = '';
    socket.on('session', given => (session = given));
    socket.on('data', bytes => (text += bytes.toString('latin1')));
    socket.on('error', fail);
    socket.on('secureConnect', () =>
      socket.write('GET / HTTP/1.1\r\nHost: own.test\r\nConnection: close\r\n\r\n'),
    );
    socket.on('end', () => {
      const body = text.slice(text.indexOf('\r\n\r\n') + 4);
      done({ reused: socket.isSessionReused(), body, session });
      socket.end();
    });
  });
}

for (const version of VERSIONS) {
  const options = { minVersion: version, maxVersion: version };
  for (const [at, { name, resumes }] of KINDS.entries()) {
    test(`sessions: ${name}, ${version}: ${resumes ? '' : 'not '}resumed, by any worker`, async () => {
      for (let round = 0; round < 6; round++) {
        const first = await visit(ports[at]!, options);
        const again = await visit(ports[at]!, {
          ...options,
          ...(first.session && { session: first.session }),
        });
        assert.equal(again.reused, resumes);
        assert.match(again.body, resumes ? /^r / : /^\. /);
      }
    });
  }

  test(`sessions: a builtin cache, ${version}: resumed by the worker that has it`, async () => {
    const first = await visit(builtin, options);
    const outcomes: boolean[] = [];
    for (let round = 0; round < 20 && !outcomes.includes(true); round++)
      outcomes.push((await visit(builtin, { ...options, session: first.session! })).reused);
    assert.ok(outcomes.includes(true));
  });

  test(`sessions: one that is too old is not resumed, ${version}`, async () => {
    const first = await visit(brief, options);
    const late = Date.now() + 10_000;
    let { reused } = await visit(brief, { ...options, session: first.session! });
    while (reused && Date.now() < late) {
      await new Promise(done => setTimeout(done, 100));
      ({ reused } = await visit(brief, { ...options, session: first.session! }));
    }
    assert.equal(reused, false);
  });
}

test('sessions: one made with a server is not resumed with another that shows another certificate', async () => {
  const options = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
  const first = await visit(named, options);
  assert.equal((await visit(named, { ...options, session: first.session! })).reused, true);
  const elsewhere = await visit(named, { ...options, servername: 'other.test', session: first.session! });
  assert.equal(elsewhere.reused, false);
});

test('sessions: $ssl_session_id is that of the session, the same when it is resumed', async () => {
  const options = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
  const port = ports[KINDS.findIndex(({ name }) => name === 'a shared cache alone')]!;
  const first = await visit(port, options);
  assert.match(first.body, /^\. [0-9a-f]{64} /);
  const again = await visit(port, { ...options, session: first.session! });
  assert.equal(again.body, first.body.replace('.', 'r'));
});

test('sessions: they outlive a reload', async () => {
  const options = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
  const port = ports[KINDS.findIndex(({ name }) => name === 'a shared cache alone')]!;
  const first = await visit(port, options);
  moat.reload(conf('new'));
  let again = first;
  await until(async () => {
    again = await visit(port, { ...options, session: first.session! });
    return again.body.endsWith('new');
  });
  assert.equal(again.reused, true);
});

/** What openssl's client shows of two connections: the second resumes, and sends its request with the first flight. */
async function twice(port: number): Promise<readonly [string, string]> {
  const dir = mkdtempSync(join(tmpdir(), 'moat-early-'));
  const request = 'GET / HTTP/1.1\r\nHost: own.test\r\nConnection: close\r\n\r\n';
  writeFileSync(join(dir, 'request'), request);
  const ask = async (args: readonly string[], input: string) => {
    const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-ign_eof', ...args]);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text));
    child.stdin.end(input);
    await new Promise(done => child.once('close', done));
    return said;
  };
  const first = await ask(['-sess_out', join(dir, 'session')], request);
  const second = await ask(
    ['-sess_in', join(dir, 'session'), '-early_data', join(dir, 'request')],
    // Where nothing is taken early it must be sent again.
    port === late ? request : '',
  );
  rmSync(dir, { recursive: true });
  return [first, second];
}

test('ssl_early_data: a request of the first flight is answered, and knows that it is one', async () => {
  const [first, second] = await twice(early);
  assert.match(first, /<\.>/);
  assert.match(second, /Early data was accepted/);
  assert.match(second, /<1r>/);
});

test('ssl_early_data: is not taken unless it is on', async () => {
  const [, second] = await twice(late);
  assert.doesNotMatch(second, /Early data was accepted/);
  assert.match(second, /<r>/);
});
