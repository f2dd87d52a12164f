/** The firewall of a running moat: what is refused, spared, told, and what a server never sees. */
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { type Reply, Wire } from '../../e2e/wire.ts';

const LOG = `log_format waf '$status $waf_action $waf_score $waf_rules $waf_id';`;

interface Site extends AsyncDisposable {
  readonly port: number;
  readonly moat: Running;
  readonly upstream: Upstream;
  /** The last line of the access log, once it holds `count` lines. */
  logged(count: number): Promise<string>;
}

/** A server whose locations are all passed to one upstream that echoes nothing. */
async function site(
  locations: string,
  answer = response(200, 'from the server'),
  http = '',
  files: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const [port = 0] = await freePorts(1);
  const upstream = await startUpstream(() => answer);
  const pass = `proxy_pass http://127.0.0.1:${upstream.port};`;
  const moat = await startMoat(
    httpConf(
      `${LOG} access_log waf.log waf; ${http} server { listen 127.0.0.1:${port}; ${locations.replaceAll('PASS', pass)} }`,
    ),
    { files },
  );
  return {
    port,
    moat,
    upstream,
    async logged(count) {
      for (let tries = 0; tries < 200; tries++) {
        const lines = moat.read('waf.log').split('\n').filter(Boolean);
        if (lines.length >= count) return lines[count - 1]!;
        await sleep(50);
      }
      throw new Error(`the log has fewer than ${count} lines: ${moat.read('waf.log')}`);
    },
    async [Symbol.asyncDispose]() {
      await moat[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const SQL = "/?q=1'%20OR%20'1'='1";
const post = (path: string, type: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a.example\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`;

async function ask(port: number, bytes: string): Promise<Reply> {
  using wire = await Wire.dial(port);
  return await wire.send(bytes).reply();
}

const statusOf = async (port: number, bytes: string): Promise<number> => (await ask(port, bytes)).status;

test('waf block: an attack gets 403 with a reference, and the server sees nothing of it', async () => {
  await using it = await site('waf block; location / { PASS }');
  assert.equal((await ask(it.port, get('/?q=hello'))).status, 200);
  const before = it.upstream.requests.length;
  const refused = await ask(it.port, get(SQL));
  assert.equal(refused.status, 403);
  const id = /Reference: ([0-9a-f]{32})/.exec(refused.body)?.[1];
  assert.ok(id, refused.body);
  assert.equal(it.upstream.requests.length, before);
  assert.equal(await it.logged(2), `403 block 5 3600,3990 ${id}`);
  assert.match(it.moat.read(), new RegExp(`waf blocked, score 5, id ${id} \\[id "3600"\\]`));
});

test('waf detect: the attack passes, and is written down', async () => {
  await using it = await site('waf detect; location / { PASS }');
  assert.equal((await ask(it.port, get(SQL))).status, 200);
  assert.match(await it.logged(1), /^200 detect 5 3600,3990 -$/);
});

test('waf off: nothing is looked at', async () => {
  await using it = await site('waf block; location / { waf off; PASS }');
  assert.equal((await ask(it.port, get(SQL))).status, 200);
  assert.equal(await it.logged(1), '200 - - - -');
});

const BODIES: readonly (readonly [string, string, string, number])[] = [
  ['a form', 'application/x-www-form-urlencoded', "a=b&q=1'+OR+'1'='1", 403],
  ['JSON', 'application/json', `{"a":[{"b":"<script>alert(1)</script>"}]}`, 403],
  ['broken JSON', 'application/json', '{"a":', 400],
  ['XML', 'text/xml', '<a><b>;cat /etc/passwd</b></a>', 403],
  [
    'an upload',
    'multipart/form-data; boundary=x',
    '--x\r\nContent-Disposition: form-data; name="f"; filename="a.php"\r\n\r\n1\r\n--x--\r\n',
    403,
  ],
  ['an honest form', 'application/x-www-form-urlencoded', 'name=O%27Reilly&text=select+a+shirt', 200],
  ['honest JSON', 'application/json', '{"title":"Drop the table by the window","n":1}', 200],
];

for (const [what, type, body, status] of BODIES) {
  test(`waf block: ${what} in a body gets ${status}`, async () => {
    await using it = await site('waf block; location / { PASS }');
    assert.equal(await statusOf(it.port, post('/', type, body)), status);
    assert.equal(it.upstream.requests.length, status === 200 ? 1 : 0);
  });
}

test('waf block: a body that comes in pieces, in chunks, or lies in a file is judged as a whole', async () => {
  await using it = await site('waf block; client_body_buffer_size 1k; location / { PASS }');
  const padding = 'a'.repeat(5000);
  const body = `p=${padding}&q=1'+OR+'1'='1`;
  assert.equal(await statusOf(it.port, post('/', 'application/x-www-form-urlencoded', body)), 403);
  const chunks = [...body].map(char => `1\r\n${char}\r\n`).join('');
  const head =
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.equal(await statusOf(it.port, `${head}${chunks}0\r\n\r\n`), 403);
  assert.equal(it.upstream.requests.length, 0);
});

test('waf block: what passes reaches the server byte by byte', async () => {
  await using it = await site('waf block; client_body_buffer_size 1k; location / { PASS }');
  const body = `text=${'lorem+ipsum+'.repeat(700)}`;
  assert.equal(await statusOf(it.port, post('/', 'application/x-www-form-urlencoded', body)), 200);
  assert.equal(it.upstream.requests[0]!.body, body);
});

test('waf_exclude: spares one parameter on one path from one rule, and nothing else', async () => {
  await using it = await site('waf block; waf_exclude rule=3600 path=/search param=q; location / { PASS }');
  const attack = encodeURIComponent("1' OR '1'='1");
  assert.equal((await ask(it.port, get(`/search?q=${attack}`))).status, 200);
  assert.equal((await ask(it.port, get(`/search?p=${attack}`))).status, 403);
  assert.equal((await ask(it.port, get(`/other?q=${attack}`))).status, 403);
  assert.equal((await ask(it.port, get('/search?q=%3Cscript%3Ealert(1)%3C/script%3E'))).status, 403);
});

test('waf_exclude: takes rules out by id, by range, by tag; spares header fields and cookies', async () => {
  const excludes =
    'waf_exclude rule=3200; waf_exclude tag=moat/sql cookie=c; waf_exclude rule=3100-3499 header=X-Note;';
  await using it = await site(`waf block; ${excludes} location / { PASS }`);
  assert.equal((await ask(it.port, get('/', 'User-Agent: sqlmap\r\n'))).status, 200);
  assert.equal((await ask(it.port, get('/', "Cookie: c=1' OR '1'='1\r\n"))).status, 200);
  assert.equal((await ask(it.port, get('/', "Cookie: d=1' OR '1'='1\r\n"))).status, 403);
  assert.equal((await ask(it.port, get('/', 'X-Note: ${jndi:ldap://x}\r\n'))).status, 200);
  assert.equal((await ask(it.port, get('/', 'X-Other: ${jndi:ldap://x}\r\n'))).status, 403);
});

test('waf_threshold: a higher one lets pass what one rule says', async () => {
  await using it = await site('waf block; location / { waf_threshold 6; PASS }');
  assert.equal((await ask(it.port, get(SQL))).status, 200);
  assert.equal(await it.logged(1), '200 pass 5 3600 -');
});

test('waf_body_limit: a longer body is refused, or looked at in part', async () => {
  await using it = await site(
    'waf block; location / { waf_body_limit 1k; PASS } location /part { waf_body_limit 1k partial; PASS }',
  );
  const form = 'application/x-www-form-urlencoded';
  const long = `a=${'b'.repeat(2000)}`;
  assert.equal(await statusOf(it.port, post('/', form, long)), 413);
  assert.equal(await statusOf(it.port, post('/part', form, long)), 200);
  assert.equal(await statusOf(it.port, post('/part', form, `q=1'+OR+'1'='1&${long}`)), 403);
});

test('waf_response: an answer that leaks is not sent; others go out unchanged, HEAD and ranges too', async () => {
  const leak = response(200, 'x\nroot:x:0:0:root:/root:/bin/sh\n', ['Content-Type: text/plain']);
  await using bad = await site('waf block; waf_response on; location / { PASS }', leak);
  const refused = await ask(bad.port, get('/'));
  assert.equal(refused.status, 502);
  assert.doesNotMatch(refused.body, /root:/);
  const long = 'lorem ipsum '.repeat(100_000);
  const good = response(200, long, ['Content-Type: text/html']);
  await using fine = await site('waf block; waf_response on; gzip on; location / { PASS }', good);
  const answer = await ask(fine.port, get('/'));
  assert.equal(answer.status, 200);
  assert.equal(answer.body.length, long.length);
  using wire = await Wire.dial(fine.port);
  assert.equal((await wire.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n').reply('HEAD')).status, 200);
});

test('waf_audit_log: a line of JSON with the rule, the variable and the part that matched', async () => {
  await using it = await site('waf block; waf_audit_log audit.log; location / { PASS }');
  await ask(it.port, get(SQL));
  await it.logged(1);
  const { transaction } = JSON.parse(it.moat.read('audit.log').trim());
  assert.equal(transaction.producer.connector, 'moat');
  assert.equal(transaction.messages[0].details.ruleId, '3600');
  assert.equal(transaction.request.uri, SQL);
});

test('waf_audit_log concurrent: a file for each request, and an index; what cannot be written is in the index', async () => {
  await using it = await site('waf block; waf_audit_log index.log concurrent=audit; location / { PASS }');
  await ask(it.port, get(SQL));
  await it.logged(1);
  const [index] = it.moat
    .read('index.log')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  assert.deepEqual([index.transaction.response.http_code, index.transaction.request.uri], [403, SQL]);
  assert.match(index.file, /^(\d{8})\/\1-\d{4}\/\1-\d{6}-[0-9a-f]{32}$/);
  const text = it.moat.read(`audit/${index.file}`);
  assert.equal(text.length, index.size);
  const { transaction } = JSON.parse(text);
  assert.equal(transaction.unique_id, index.transaction.unique_id);
  assert.equal(transaction.messages[0].details.ruleId, '3600');
  rmSync(join(it.moat.dir, 'audit'), { recursive: true });
  it.moat.write('audit', 'no folder');
  await ask(it.port, get(SQL));
  await it.logged(2);
  const [, whole, fault] = it.moat
    .read('index.log')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  assert.equal(whole.transaction.messages[0].details.ruleId, '3600');
  assert.match(fault.fault, /^\(\d+: .*\)$/);
});

test('an error page of a refused request is not inspected again, and may show $waf_id', async () => {
  await using it = await site(
    'waf block; error_page 403 /refused; location / { PASS } location = /refused { internal; return 403 "see $waf_id"; }',
  );
  assert.match((await ask(it.port, get(SQL))).body, /^see [0-9a-f]{32}$/);
});

const RULE = (word: string): string => `SecRule ARGS "@streq ${word}" "id:1,phase:2,deny,msg:'no ${word}'"\n`;

test('a reload brings new rules into force, and faulty ones leave the old in force', async () => {
  await using it = await site('waf block; waf_rules own.conf; location / { PASS }', undefined, '', {
    'own.conf': RULE('one'),
  });
  const statuses = async (): Promise<number[]> => [
    (await ask(it.port, get('/?q=one'))).status,
    (await ask(it.port, get('/?q=two'))).status,
  ];
  assert.deepEqual(await statuses(), [403, 200]);
  it.moat.write('own.conf', 'SecRule ARGS "@nothing x" "id:1,phase:2,deny"\n');
  it.moat.signal('SIGHUP');
  await until(() => /own\.conf:1/.test(it.moat.read()), 'the fault in the log');
  assert.deepEqual(await statuses(), [403, 200]);
  it.moat.write('own.conf', RULE('two'));
  it.moat.signal('SIGHUP');
  await until(async () => (await statuses())[1] === 403, 'the new rules');
  assert.deepEqual(await statuses(), [200, 403]);
});

test('the OWASP rules of Debian load unchanged and block', {
  skip: existsSync('/usr/share/modsecurity-crs') ? false : 'modsecurity-crs is not installed',
}, async () => {
  await using it = await site('waf block; waf_rules crs; location / { PASS }');
  assert.equal((await ask(it.port, get('/?q=hello', 'User-Agent: a\r\nAccept: */*\r\n'))).status, 200);
  assert.equal((await ask(it.port, get(SQL, 'User-Agent: a\r\nAccept: */*\r\n'))).status, 403);
  assert.match(await it.logged(2), /^403 block 5 942100,949110/);
});
