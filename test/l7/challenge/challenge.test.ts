/** The challenge of a running moat: asked by hand, by a browser, and by a browser without JavaScript. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import vm from 'node:vm';
import { isSolved } from '../../../l7/challenge/token.ts';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { type Reply, request } from '../../e2e/wire.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);
const browserMissing = CHROMIUM ? false : 'there is no chromium: apt-get install chromium';

interface Site extends AsyncDisposable {
  readonly port: number;
  readonly moat: Running;
  readonly upstream: Upstream;
  /** Lets the server answer what was asked of /slow. */
  release(): void;
  ask(path: string, headers?: Record<string, string>, method?: string): Promise<Reply>;
}

async function site(settings: string, locations = 'location / { PASS }', main = ''): Promise<Site> {
  const [port = 0] = await freePorts(1);
  const held = Promise.withResolvers<void>();
  const upstream = await startUpstream(async ({ target }) => {
    if (target === '/slow') await held.promise;
    return response(200, '<title>behind</title>', ['Content-Type: text/html']);
  });
  const pass = `proxy_pass http://127.0.0.1:${upstream.port};`;
  const moat = await startMoat(
    httpConf(
      `log_format c '$status $challenge_status'; access_log c.log c; set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
       ${settings} server { listen 127.0.0.1:${port}; ${locations.replaceAll('PASS', pass)} }`,
      main,
    ),
  );
  return {
    port,
    moat,
    upstream,
    release: held.resolve,
    ask(path, headers = {}, method = 'GET') {
      return request(port, {
        path,
        method,
        headers: { Accept: 'text/html', 'User-Agent': 'tester', 'X-Real-IP': '192.0.2.1', ...headers },
      });
    },
    async [Symbol.asyncDispose]() {
      await moat[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const cookiesOf = ({ headers }: Reply): string[] =>
  headers.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, value]) => value.split(';')[0]!);

/** Runs the script of the page as a browser would, until it asks for the page again. @returns what it left as cookie */
async function work(body: string): Promise<string> {
  const [, script = ''] = /<script nonce="[^"]*">([\s\S]*?)<\/script>/.exec(body) ?? [];
  const document = { cookie: '', getElementById: () => ({ textContent: '' }) };
  await new Promise<void>(done =>
    vm.runInNewContext(script, { document, location: { reload: done }, setTimeout, Date, Math }),
  );
  return document.cookie.split(';')[0]!;
}

test('challenge: who asks for a page gets one with a task; its work lets in, and the cookie after it', async () => {
  await using at = await site('challenge on; challenge_bits 12;');
  const shown = await at.ask('/page?a=1');
  assert.equal(shown.status, 403);
  assert.equal(at.upstream.requests.length, 0);
  const policy = header(shown, 'content-security-policy')!;
  const [, nonce] = /script-src 'nonce-([^']+)'/.exec(policy) ?? [];
  assert.match(policy, /^default-src 'none';/);
  assert.ok(shown.body.includes(`<script nonce="${nonce}">`));
  assert.equal(header(shown, 'cache-control'), 'no-store');
  assert.match(shown.body, /<noscript><meta http-equiv="refresh" content="6"><\/noscript>/);
  const answer = await work(shown.body);
  const solved = await at.ask('/page', { Cookie: answer });
  assert.equal(solved.status, 200);
  const [pass = '', gone] = cookiesOf(solved);
  assert.match(pass, /^moat_challenge=p\./);
  assert.equal(gone, 'moat_challenge_a=');
  const again = await at.ask('/other', { Cookie: pass });
  assert.equal(again.status, 200);
  assert.deepEqual(cookiesOf(again), []);
  await until(
    () => at.moat.read('c.log') === '403 SHOWN\n200 SOLVED\n200 PASSED\n',
    'three lines of the log',
  );
});

test('challenge: what lets in is good for its network and browser alone, and nothing of it can be made up', async () => {
  await using at = await site('challenge on; challenge_bits 12;');
  const answer = await work((await at.ask('/')).body);
  const [pass = ''] = cookiesOf(await at.ask('/', { Cookie: answer }));
  const status = async (headers: Record<string, string>) => (await at.ask('/', headers)).status;
  assert.equal(await status({ Cookie: pass, 'X-Real-IP': '192.0.2.200' }), 200, 'the same network');
  assert.equal(await status({ Cookie: pass, 'X-Real-IP': '192.0.3.1' }), 403);
  assert.equal(await status({ Cookie: pass, 'User-Agent': 'another' }), 403);
  assert.equal(await status({ Cookie: answer, 'X-Real-IP': '192.0.3.1' }), 403);
  assert.equal(await status({ Cookie: answer.replace(/~\d+$/, '~0') }), 403);
  assert.equal(await status({ Cookie: pass.replace('=p.', '=t.') }), 403);
  for (let at = pass.indexOf('=') + 1; at < pass.length; at++) {
    const other = pass[at] === 'A' ? 'B' : 'A';
    assert.equal(await status({ Cookie: pass.slice(0, at) + other + pass.slice(at + 1) }), 403, `char ${at}`);
  }
});

test('challenge: without JavaScript the cookie lets in after the wait, and not before; other pages do not begin it anew', async () => {
  await using at = await site('challenge on; challenge_wait 2s;');
  const [task = ''] = cookiesOf(await at.ask('/'));
  const early = await at.ask('/', { Cookie: task });
  assert.equal(early.status, 403);
  assert.deepEqual(cookiesOf(early), [task]);
  await sleep(2100);
  const late = await at.ask('/', { Cookie: task });
  assert.equal(late.status, 200);
  assert.match(cookiesOf(late)[0]!, /^moat_challenge=p\./);
  await until(() => at.moat.read('c.log').includes('200 WAITED'), 'the line of the log');
});

test('challenge_wait off: waiting lets nobody in', async () => {
  await using at = await site('challenge on; challenge_wait off;');
  const shown = await at.ask('/');
  assert.doesNotMatch(shown.body, /http-equiv/);
  assert.match(shown.body, /switch JavaScript on/);
});

test('challenge: only navigations are asked, unless it is strict; paths, variables and locations may be exempt', async () => {
  await using at = await site(
    'map $arg_hard $hard { default 0; yes 1; } challenge $hard; challenge_exempt /api/;',
    'location / { PASS } location /strict { challenge on strict; PASS } location /never { challenge off; PASS }',
  );
  const status = async (path: string, headers = {}, method = 'GET') =>
    (await at.ask(path, headers, method)).status;
  assert.equal(await status('/'), 200);
  assert.equal(await status('/?hard=yes'), 403);
  assert.equal(await status('/?hard=yes', { 'Sec-Fetch-Mode': 'navigate', Accept: '*/*' }), 403);
  assert.equal(await status('/?hard=yes', { 'Sec-Fetch-Mode': 'cors' }), 200);
  assert.equal(await status('/?hard=yes', { Accept: 'image/png' }), 200);
  assert.equal(await status('/?hard=yes', {}, 'POST'), 200);
  assert.equal(await status('/api/x?hard=yes'), 200);
  assert.equal(await status('/never?hard=yes'), 200);
  assert.equal(await status('/strict', { Accept: 'image/png' }), 403);
  assert.equal(await status('/strict', {}, 'POST'), 403);
});

test('challenge in_flight: on only while there is more to do than that', async () => {
  await using at = await site('challenge in_flight=3;', 'location / { PASS } location /slow { PASS }');
  assert.equal((await at.ask('/')).status, 200);
  const slow = Array.from({ length: 4 }, () =>
    at.ask('/slow', { 'Sec-Fetch-Mode': 'cors' }).catch(() => undefined),
  );
  await until(async () => (await at.ask('/')).status === 403, 'the challenge to be on');
  at.release();
  await Promise.all(slow);
});

/** Answers PTR and A questions. */
async function nameServer(records: Readonly<Record<string, string>>) {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (message, peer) => {
    const labels: string[] = [];
    let at = 12;
    for (; message[at] !== 0; at += message[at]! + 1)
      labels.push(message.toString('latin1', at + 1, at + 1 + message[at]!));
    const question = message.subarray(12, at + 5);
    const type = message.readUInt16BE(at + 1);
    const name = labels.join('.').toLowerCase();
    asked.push(name);
    const found = records[name];
    const head = Buffer.from(message.subarray(0, 12));
    head.writeUInt16BE(found ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(found ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const data = !found
      ? Buffer.alloc(0)
      : type === 12
        ? Buffer.concat([
            ...found.split('.').map(l => Buffer.from([l.length, ...Buffer.from(l)])),
            Buffer.from([0]),
          ])
        : Buffer.from(found.split('.').map(Number));
    const record = Buffer.alloc(found ? 12 : 0);
    if (found) {
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(type, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(60, 6);
      record.writeUInt16BE(data.length, 10);
    }
    socket.send(Buffer.concat([head, question, record, data]), peer.port, peer.address);
  });
  await new Promise<void>(done => socket.bind(0, '127.0.0.1', done));
  return { port: socket.address().port, asked, [Symbol.dispose]: () => socket.close() };
}

test('challenge_bot: a crawler is let in when the name of its address has that address, and asked for once', async () => {
  using names = await nameServer({
    '1.2.0.192.in-addr.arpa': 'crawl-1.bot.example',
    'crawl-1.bot.example': '192.0.2.1',
    '2.2.0.192.in-addr.arpa': 'crawl-2.bot.example',
    'crawl-2.bot.example': '192.0.2.99',
    '3.2.0.192.in-addr.arpa': 'crawl.bot.example.evil.example',
    'crawl.bot.example.evil.example': '192.0.2.3',
  });
  await using at = await site(
    `resolver 127.0.0.1:${names.port}; challenge on; challenge_bot FindBot bot.example;`,
  );
  const status = async (client: string, agent = 'Mozilla/5.0 (compatible; FindBot/2.1)') =>
    (await at.ask('/', { 'X-Real-IP': client, 'User-Agent': agent })).status;
  assert.equal(await status('192.0.2.1'), 200);
  assert.equal(await status('192.0.2.1'), 200);
  assert.equal(names.asked.filter(name => name === 'crawl-1.bot.example').length, 1);
  assert.equal(await status('192.0.2.2'), 403, 'the name is not of that address');
  assert.equal(await status('192.0.2.3'), 403, 'the name is of another domain');
  assert.equal(await status('192.0.2.4'), 403, 'no name');
  assert.equal(await status('192.0.2.1', 'curl'), 403, 'it does not say that it is the bot');
});

test('the work of the page is what the server takes for it', async () => {
  const { pageText } = await import('../../../l7/challenge/page.ts');
  for (const bits of [4, 9, 14]) {
    const token = `t.${'x'.repeat(60 + bits)}`;
    const text = pageText({ token, bits, waitMs: 1000, cookie: 'c', secure: false }, 'n');
    const [name, value = ''] = (await work(text)).split('=');
    assert.equal(name, 'c_a');
    const [told = '', answer = ''] = value.split('~');
    assert.equal(told, token);
    assert.ok(isSolved(token, answer, bits));
    assert.ok(!isSolved(token, `${answer}0`, 24));
  }
});

async function browse(url: string, ...flags: string[]): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'moat-chromium-'));
  try {
    const { stdout } = await promisify(execFile)(
      CHROMIUM!,
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        `--user-data-dir=${profile}`,
        ...flags,
        '--dump-dom',
        url,
      ],
      { timeout: 120_000 },
    );
    return stdout;
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

test('a real browser works and comes to the page behind', { skip: browserMissing }, async () => {
  await using at = await site('challenge on; challenge_bits 14; challenge_wait off;');
  const page = await browse(`http://127.0.0.1:${at.port}/`, '--timeout=60000', '--virtual-time-budget=60000');
  assert.match(page, /<title>behind<\/title>/);
  await until(() => at.moat.read('c.log').includes('403 SHOWN\n200 SOLVED\n'), 'the lines of the log');
});
