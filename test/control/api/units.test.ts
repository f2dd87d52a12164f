/** Parts of the API by themselves: what they promise, with clocks and disks that a test can turn. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DIRECTIVES } from '../../../config/directives/table.ts';
import { AuditLog, entryOf, readAudit } from '../../../control/api/audit.ts';
import { FlowPages } from '../../../control/api/desk/flows.ts';
import { withoutSecrets } from '../../../control/api/desk/redact.ts';
import { type Json, mergePatch } from '../../../control/api/feed/merge-patch.ts';
import { Idempotency } from '../../../control/api/http/idempotency.ts';
import { Throttle } from '../../../control/api/http/throttle.ts';
import { pageFrom } from '../../../control/api/page.ts';
import { RemoteDesk } from '../../../control/api/remote-desk.ts';
import { TokenStore } from '../../../control/api/token/store.ts';
import { findToken, makeToken } from '../../../control/api/token/token.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'moat-api-unit-'));
const change = (what: string) => entryOf({ who: 'x', what, wish: {}, before: null, after: null });

test('audit: is bounded, keeps the file before, and pages from the newest on', () => {
  const dir = folder();
  const log = new AuditLog(dir, 64 << 10);
  for (let at = 0; at < 2000; at++) log.write(change(`change-${at}`));
  const sizes = ['audit.jsonl', 'audit.jsonl.1'].map(name => statSync(join(dir, name)).size);
  assert.ok(
    sizes.every(size => size <= 64 << 10),
    String(sizes),
  );
  const all = readAudit(dir);
  assert.equal(all[0]!.what, 'change-1999');
  assert.ok(all.length > 400);
  log.write({ ...change('large'), wish: 'x'.repeat(100_000) });
  assert.equal(readAudit(dir)[0]!.wish, 'cut');
  log.close();
  writeFileSync(join(dir, 'audit.jsonl'), '{"half', { flag: 'a' });
  assert.equal(readAudit(dir)[0]!.what, 'large', 'half a line hides what was before');
  rmSync(dir, { recursive: true });
});

test('audit: a full disk is told, and stays told until the line is written', () => {
  const dir = folder();
  symlinkSync('/dev/full', join(dir, 'audit.jsonl'));
  const log = new AuditLog(dir, 64 << 10);
  assert.throws(() => log.write(change('lost')), /ENOSPC/);
  assert.throws(() => log.flush(), /ENOSPC/);
  log.close();
  rmSync(dir, { recursive: true });
});

test('tokens: a faulty file believes nobody; what is not whole is none', () => {
  const dir = folder();
  const path = join(dir, 'tokens.json');
  for (const text of [
    '',
    '{}',
    '[{"id":"a"}]',
    'null',
    '[{"id":"a","name":"b","role":"root","createdMs":1,"hash":"c"}]',
  ]) {
    writeFileSync(path, text);
    const broken = new TokenStore(path);
    assert.deepEqual([typeof broken.fault, broken.records], ['string', []], text);
    assert.throws(() => broken.create({ kind: 'create', name: 'a', role: 'viewer' }, 0), /mend/);
    assert.equal(readFileSync(path, 'utf8'), text, 'it is left for who mends it');
  }
  rmSync(path);
  const store = new TokenStore(path);
  const { token, record } = store.create({ kind: 'create', name: 'a', role: 'viewer', lengthMs: 1000 }, 5000);
  const records = new Map([[record.id, record]]);
  assert.equal(findToken(token, records, 5999), record);
  assert.equal(findToken(token, records, 6000), undefined);
  for (const wrong of ['', 'moat_', token.slice(1), `${token} `, makeToken(record, 0).token])
    assert.equal(findToken(wrong, records, 5000), undefined, wrong);
  assert.deepEqual(new TokenStore(path).records, JSON.parse(readFileSync(path, 'utf8')));
  rmSync(dir, { recursive: true });
});

test('throttle: counts networks of IPv6, forgets after a minute, and does not grow', () => {
  let nowMs = 0;
  const throttle = new Throttle(() => nowMs);
  for (let at = 0; at < 10; at++) throttle.bad(`2001:db8::${at + 1}`);
  assert.equal(throttle.waitS('2001:db8:0:0:ffff::1'), 60);
  assert.equal(throttle.waitS('2001:db8:0:1::1'), undefined);
  nowMs = 60_000;
  assert.equal(throttle.waitS('2001:db8::1'), undefined);
  assert.equal(throttle.bad('2001:db8::1'), 1);
  for (let at = 0; at < 10; at++) throttle.bad('192.0.2.1');
  for (let at = 0; at < 5000; at++) throttle.bad(`10.0.${at >> 8}.${at & 255}`);
  assert.equal(throttle.waitS('192.0.2.1'), undefined, 'the oldest went');
});

test('idempotency: keys end after a day, and the oldest give way', async () => {
  let nowMs = 0;
  let done = 0;
  const repeats = new Idempotency<number>(() => nowMs);
  const once = (key: string) => repeats.once('me', key, 'a', async () => ++done);
  assert.deepEqual([await once('a'), await once('a')], [1, 1]);
  nowMs = 24 * 3600 * 1000;
  assert.equal(await once('a'), 2);
  for (let at = 0; at < 1024; at++) await once(`k${at}`);
  assert.equal(await once('a'), done);
  await assert.rejects(
    repeats.once('me', 'fails', 'a', () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await repeats.once('me', 'fails', 'a', async () => 7), 7, 'what failed may be tried again');
});

test('desk: few questions at once, the same one not twice, the rest is told to come again', async () => {
  let most = 0;
  let open = 0;
  let asked = 0;
  const ends: (() => void)[] = [];
  const desk = new RemoteDesk(async () => {
    asked++;
    most = Math.max(most, ++open);
    await new Promise<void>(end => ends.push(end));
    open--;
    return { value: 1 };
  });
  const same = [desk.read('l4', undefined), desk.read('l4', undefined)];
  const many = Array.from({ length: 300 }, (_, at) =>
    desk.read('waf-event', `${at}`).then(
      () => 'told',
      () => 'busy',
    ),
  );
  const ending = setInterval(() => ends.shift()?.(), 0);
  const told = await Promise.all(many);
  await Promise.all(same);
  clearInterval(ending);
  assert.equal(most, 8);
  assert.equal(told.filter(word => word === 'told').length + 1, asked);
  assert.ok(told.includes('busy'));
  assert.equal(asked, 8 + 128);
});

test('flows: pages of a table that changes show each flow that stays once', async () => {
  const flow = (port: number) => ({
    ...{
      protocol: 'tcp' as const,
      client: '192.0.2.1',
      clientPort: port,
      virtual: '192.0.2.9',
      virtualPort: 80,
    },
    ...{ real: port % 2 ? 'a' : 'b', state: 'established' as never, idleMs: 0 },
  });
  let looks = 0;
  const pages = new FlowPages(async () => {
    looks++;
    return Array.from({ length: 50 }, (_, at) => flow(10_000 + at));
  });
  const seen: number[] = [];
  let after: string | undefined;
  do {
    const page = await pages.page({ limit: 7, real: 'a', after });
    seen.push(...page.flows.map(({ clientPort }) => clientPort));
    after = page.next;
  } while (after !== undefined);
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, at) => 10_001 + 2 * at),
  );
  assert.equal(looks, 1, 'each page walks the table');
  assert.equal((await pages.page({ limit: 9, virtual: '192.0.2.9:81' })).flows.length, 0);
});

test('page: cursors go on behind items that have gone', () => {
  const items = ['a', 'b', 'c', 'd'];
  const first = pageFrom(items, { limit: 2 }, item => item);
  assert.deepEqual(first.items, ['a', 'b']);
  const second = pageFrom(['a', 'c', 'd'], { limit: 2, cursor: first.next }, item => item);
  assert.deepEqual(second, { items: ['c', 'd'], next: undefined });
});

test('merge patch: applied to what was it gives what is', () => {
  const apply = (target: Json, patch: Json | undefined): Json => {
    if (patch === undefined) return target;
    if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
    const isMap = typeof target === 'object' && target !== null && !Array.isArray(target);
    const result: Record<string, Json> = Object.fromEntries(isMap ? Object.entries(target) : []);
    for (const [name, value] of Object.entries(patch))
      if (value === null) delete result[name];
      else result[name] = apply(result[name] ?? {}, value);
    return result;
  };
  const values: Json[] = [
    {},
    { a: 1 },
    { a: { b: [1], c: 2 } },
    { a: { b: [1, 2] }, d: 'x' },
    { a: 'y', d: { e: {} } },
    { '': 0 },
  ];
  for (const before of values)
    for (const now of values) assert.deepEqual(apply(before, mergePatch(before, now)), now);
  assert.equal(mergePatch(values[2]!, values[2]!), undefined);
});

test('secrets: of directives, parameters, fields and URLs are hidden; paths and variables are not', () => {
  for (const [text, shown] of [
    ['key 0123456789abcdef;', 'key ***;'],
    ['heartbeat { key "a b c d \\" e f"; }', 'heartbeat { key ***; }'],
    ['key file:/etc/key;', 'key file:/etc/key;'],
    ['hash_secret abc; challenge_secret "x";', 'hash_secret ***; challenge_secret ***;'],
    ['auth_pass 1234;', 'auth_pass ***;'],
    ['witness etcd http://root:pw@10.0.0.9:2379;', 'witness etcd http://***@10.0.0.9:2379;'],
    ['ssl_certificate_key "data:-----BEGIN";', 'ssl_certificate_key ***;'],
    ['ssl_certificate_key a.key;', 'ssl_certificate_key a.key;'],
    ['proxy_set_header Authorization "Basic x";', 'proxy_set_header Authorization ***;'],
    ['proxy_set_header Host $host;', 'proxy_set_header Host $host;'],
    ['sticky cookie sid secret=abc;', 'sticky cookie sid secret=***;'],
    ['secure_link_md5 "$uri s3cret";', 'secure_link_md5 ***;'],
    ['upstream a { sticky_secret abcdefgh; }', 'upstream a { sticky_secret ***; }'],
    ['vrrp_instance a {\n  password moat1234;\n}', 'vrrp_instance a {\n  password ***;\n}'],
    ['events { }\n# key 0123456789abcdef;', 'events { }\n# key ***;'],
    ['"sticky_secret" abcdefgh;', '"sticky_secret" ***;'],
    ['return 200 "the password is wrong";', 'return 200 "the password is wrong";'],
  ] as const)
    assert.equal(withoutSecrets(text), shown);
});

/** Arguments whose names or descriptions speak of secrets, and that are none. */
const NO_SECRETS = new Set([
  ...['server_tokens value', 'waf_mask kinds', 'witness key', 'health_check user'],
  ...[
    'limit_req_zone key',
    'limit_conn_zone key',
    'limit_ban_zone key',
    'hash key',
    'balance method',
    'balance key',
  ],
  // Files, which are not in the text.
  ...[
    'ssl_password_file value',
    'proxy_ssl_password_file value',
    'proxy_ssl_certificate_key value',
    'certificate key',
  ],
  // Kinds of keys and names of files; what is in `data:` there has its own mark.
  ...['account_key key', 'external_account_key kid', 'acme_certificate key', 'discover token_file'],
  ...['kubernetes token_file', 'kubernetes no_secrets'],
  // A part of it, in the place of a file: see `data:`.
  'ssl_certificate_key file',
  'ssl_session_ticket_key file',
]);

test('secrets: each argument of the table that could be one is hidden, or known to be none', () => {
  let held = 0;
  const unmarked: string[] = [];
  for (const { name, args, doc } of [...DIRECTIVES.values()].flat())
    for (const [key, argument] of Object.entries(args)) {
      const said = [name, key, argument.says, doc.args?.[key]].join(' ');
      const speaks = /secret|passw|passphrase|\bkeys?\b|_key\b|token|credential/i.test(said);
      if (!argument.isSecret) {
        if (speaks && !NO_SECRETS.has(`${name} ${key}`)) unmarked.push(`${name} ${key}`);
        continue;
      }
      held++;
      const line = argument.standing === 'param' ? `${name} x ${key}=Zx9secretZx9;` : `${name} Zx9secretZx9;`;
      for (const text of [line, `a { ${line} }`, line.replace('Zx9secretZx9', '"Zx9 secret;Zx9"')])
        assert.ok(!/Zx9|secret;/.test(withoutSecrets(text)), `${text} shows as ${withoutSecrets(text)}`);
    }
  assert.deepEqual(unmarked, [], 'mark them as secret()');
  assert.ok(held >= 12, `only ${held} are marked`);
});
