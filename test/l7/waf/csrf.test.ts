/** waf_csrf: what browsers send for pages of other sites, and what passes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, type Judgement, judge } from '../../../l7/csrf/judge.ts';
import { isToken, newToken } from '../../../l7/csrf/token.ts';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { type Reply, Wire } from '../../e2e/wire.ts';

const asked = (fields: Partial<Asked>): Asked => ({
  method: 'POST',
  upgrades: false,
  host: 'shop.example',
  site: undefined,
  origin: undefined,
  ...fields,
});

const CASES: readonly (readonly [Partial<Asked>, Judgement])[] = [
  [{ method: 'GET', site: 'cross-site', origin: 'https://evil.example' }, 'safe'],
  [{ method: 'OPTIONS', origin: 'https://evil.example' }, 'safe'],
  [{ method: 'GET', upgrades: true, origin: 'https://evil.example' }, 'foreign'],
  [{ method: 'GET', upgrades: true, origin: 'https://shop.example' }, 'own'],
  [{ site: 'same-origin' }, 'own'],
  [{ site: 'none' }, 'own'],
  [{ site: 'same-site', origin: 'https://blog.shop.example' }, 'foreign'],
  [{ site: 'cross-site' }, 'foreign'],
  [{ site: 'cross-site', origin: 'https://app.example' }, 'own'],
  [{ site: 'nonsense' }, 'foreign'],
  [{ origin: 'https://shop.example' }, 'own'],
  [{ origin: 'https://shop.example:443' }, 'own'],
  [{ origin: 'HTTPS://Shop.Example' }, 'own'],
  [{ host: 'shop.example:8080', origin: 'http://shop.example:8080' }, 'own'],
  [{ host: 'shop.example:8080', origin: 'http://shop.example:8081' }, 'foreign'],
  [{ origin: 'https://shop.example.evil.example' }, 'foreign'],
  [{ origin: 'https://evil.example/shop.example' }, 'foreign'],
  [{ origin: 'null' }, 'foreign'],
  [{ origin: '' }, 'foreign'],
  [{ method: 'BREW', origin: 'https://evil.example' }, 'foreign'],
  [{}, 'silent'],
];

test('judge: by the word of browsers', () => {
  for (const [fields, wanted] of CASES)
    assert.equal(judge(asked(fields), ['https://app.example']), wanted, JSON.stringify(fields));
});

test('tokens: of this secret and this host only', () => {
  const token = newToken('secret', 'shop.example');
  assert.ok(isToken(token, 'secret', 'shop.example'));
  assert.ok(!isToken(token, 'other', 'shop.example'));
  assert.ok(!isToken(token, 'secret', 'blog.example'));
  assert.ok(!isToken(`x${token}`, 'secret', 'shop.example'));
  for (const bad of ['', '.', 'a.b', token.slice(0, -1)]) assert.ok(!isToken(bad, 'secret', 'shop.example'));
});

interface Site extends AsyncDisposable {
  readonly moat: Running;
  readonly upstream: Upstream;
  ask(line: string, ...fields: string[]): Promise<Reply>;
}

async function site(settings: string): Promise<Site> {
  const [port = 0] = await freePorts(1);
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(
    await startUpstream(() => response(200, '<p>page</p>', ['Content-Type: text/html'])),
  );
  const moat = stack.use(
    await startMoat(
      httpConf(
        `error_log error.log error; log_format c '$status $csrf_status'; access_log c.log c; ${settings}
         server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream.port}; } }`,
      ),
    ),
  );
  const started = stack.move();
  return {
    moat,
    upstream,
    async ask(line, ...fields) {
      using wire = await Wire.dial(port);
      const lines = [`${line} HTTP/1.1`, 'Host: shop.example', ...fields];
      if (line.startsWith('POST')) lines.push('Content-Length: 0');
      return await wire.send(`${lines.join('\r\n')}\r\n\r\n`).reply();
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

test('waf_csrf block: the server sees nothing of a request of another site, the log says whose it was', async () => {
  await using it = await site('waf_csrf block https://app.example;');
  assert.equal((await it.ask('POST /', 'Origin: https://evil.example')).status, 403);
  assert.equal((await it.ask('POST /', 'Sec-Fetch-Site: cross-site', 'Origin: null')).status, 403);
  assert.equal(it.upstream.requests.length, 0);
  assert.match(it.moat.read(), /cross-site request: origin "https:\/\/evil\.example"/);
  assert.equal((await it.ask('POST /', 'Origin: https://app.example')).status, 200);
  assert.equal((await it.ask('POST /', 'Origin: http://shop.example')).status, 200);
  assert.equal((await it.ask('POST /')).status, 200);
  assert.equal((await it.ask('GET /', 'Origin: https://evil.example')).status, 200);
  assert.equal(
    (await it.ask('GET /', 'Origin: https://evil.example', 'Upgrade: websocket', 'Connection: upgrade'))
      .status,
    403,
  );
});

test('waf_csrf detect: it passes, and is written down', async () => {
  await using it = await site('waf_csrf detect;');
  assert.equal((await it.ask('POST /', 'Origin: https://evil.example')).status, 200);
  assert.match(it.moat.read(), /cross-site request/);
});

test('waf_csrf cookie: who says nothing shows a cookie of his own host, or has none at all', async () => {
  await using it = await site('waf_csrf block cookie=Seal;');
  const page = await it.ask('GET /', 'Accept: text/html');
  const given = header(page, 'set-cookie') ?? '';
  assert.match(given, /^seal=[\w-]+\.[\w-]+; Path=\/; HttpOnly; SameSite=Strict$/);
  const cookie = given.split(';')[0]!;
  assert.equal((await it.ask('POST /', 'Cookie: session=1')).status, 403);
  assert.equal((await it.ask('POST /', `Cookie: session=1; ${cookie}`)).status, 200);
  assert.equal((await it.ask('POST /', `Cookie: session=1; ${cookie}x`)).status, 403);
  assert.equal((await it.ask('POST /')).status, 200);
  const again = await it.ask('GET /', 'Accept: text/html', `Cookie: ${cookie}`);
  assert.equal(header(again, 'set-cookie'), undefined);
  assert.equal(header(await it.ask('GET /', 'Accept: image/png'), 'set-cookie'), undefined);
});
