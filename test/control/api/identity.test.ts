/** Passwords, codes and stores by themselves, with vectors of their RFCs and clocks that a test can turn. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Refusal } from '../../../control/api/refusal.ts';
import { Guard, wrong } from '../../../control/api/user/guard.ts';
import { hashPassword, isPassword } from '../../../control/api/user/password.ts';
import { IDLE_MS, isAlive, LIFE_MS, makeSession } from '../../../control/api/user/session.ts';
import { SessionStore } from '../../../control/api/user/session-store.ts';
import { type UserRecord, UserStore } from '../../../control/api/user/store.ts';
import { base32, bytesOfBase32, codeOf, stepAt, stepOf } from '../../../control/api/user/totp.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'moat-identity-'));

test('totp: codes of RFC 6238, appendix B; good once, within a step', () => {
  const secret = base32(Buffer.from('12345678901234567890'));
  assert.equal(secret, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
  assert.equal(bytesOfBase32(secret).toString(), '12345678901234567890');
  for (const [seconds, code] of [
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ] as const) {
    const nowMs = seconds * 1000;
    const step = stepAt(nowMs);
    assert.equal(codeOf(secret, step), code);
    assert.equal(stepOf(code, secret, 0, nowMs), step);
    assert.equal(stepOf(code, secret, 0, nowMs + 30_000), step, 'a clock that is late');
    assert.equal(stepOf(code, secret, 0, nowMs + 60_000), undefined);
    assert.equal(stepOf(code, secret, step, nowMs), undefined, 'taken twice');
  }
  for (const odd of ['', '28708', '2870822', ' 287082', '28708a'])
    assert.equal(stepOf(odd, secret, 0, 59_000), undefined);
});

test('password: argon2id with a salt of its own; bytes beyond ASCII count; nobody has one', async () => {
  const password = Buffer.from('密码密码密码密码').toString('latin1');
  const [one, two] = [await hashPassword(password), await hashPassword(password)];
  assert.match(one, /^\$argon2id\$v=19\$m=32768,t=3,p=1\$/);
  assert.notEqual(one, two);
  assert.ok(await isPassword(password, one));
  assert.ok(!(await isPassword(`${password}x`, one)));
  assert.ok(!(await isPassword(password, undefined)));
  await assert.rejects(hashPassword('short'), /12 to 256/);
});

test('session: ends when it is idle, and when it is old', () => {
  const { record } = makeSession({ user: 'a', role: 'viewer', from: '', agent: '' }, 0);
  assert.ok(isAlive(record, IDLE_MS - 1));
  assert.ok(!isAlive(record, IDLE_MS));
  assert.ok(isAlive({ ...record, seenMs: LIFE_MS - 1 }, LIFE_MS - 1));
  assert.ok(!isAlive({ ...record, seenMs: LIFE_MS }, LIFE_MS));
});

test('sessions: are bounded, for one and for all; live over a restart; a torn file has none', () => {
  const dir = folder();
  const path = join(dir, 'sessions.json');
  const told: string[] = [];
  const store = new SessionStore(path, message => told.push(message));
  const add = (user: string, nowMs: number) => {
    const { record } = makeSession({ user, role: 'viewer', from: '', agent: '' }, nowMs);
    store.add(record, nowMs);
    return record;
  };
  const first = add('a', 1);
  for (let at = 0; at < 20; at++) add('a', 2 + at);
  assert.equal(store.records.filter(({ user }) => user === 'a').length, 16);
  assert.ok(!store.records.includes(first), 'the oldest stays');
  for (let at = 0; at < 600; at++) add(`user${at}`, 100 + at);
  assert.equal(store.records.length, 512);
  assert.deepEqual(new SessionStore(path, message => told.push(message)).records, store.records);
  assert.equal(told.length, 0);
  writeFileSync(path, '[{"id":');
  assert.deepEqual(new SessionStore(path, message => told.push(message)).records, []);
  assert.match(told.join(), /all sessions have ended/);
  rmSync(dir, { recursive: true });
});

test('users: a file that cannot be read lets nobody in, and nobody becomes admin by breaking it', async () => {
  const dir = folder();
  const path = join(dir, 'users.json');
  for (const text of [
    '',
    '{}',
    'null',
    '[{"name":"a"}]',
    '[{"name":"a","role":"admin","password":"plain"}]',
  ]) {
    writeFileSync(path, text);
    const store = new UserStore(path);
    assert.ok(store.fault !== undefined, text);
    assert.ok(!store.isEmpty);
    assert.throws(() => store.add('a', 'admin', 'x', 0), /cannot be read/);
  }
  rmSync(path);
  const store = new UserStore(path);
  const hash = await hashPassword('a long enough password');
  store.add('a', 'admin', hash, 0);
  for (let at = 1; at < 256; at++) store.add(`u${at}`, 'viewer', hash, 0);
  assert.throws(() => store.add('more', 'viewer', hash, 0), /256 users/);
  assert.throws(() => store.change('a', { isDisabled: true }), /nobody would be left/);
  for (let at = 0; at < 20; at++) store.know('a', `192.0.2.${at}`);
  assert.equal(store.need('a').networks.length, 8);
  assert.deepEqual(new UserStore(path).records, JSON.parse(JSON.stringify(store.records)));
  rmSync(dir, { recursive: true });
});

test('guard: strangers of many addresses slow an account down, and not for who was there before', async () => {
  let nowMs = 0;
  const guard = new Guard(
    () => nowMs,
    () => {},
  );
  const user = { name: 'a', networks: ['192.0.2.1'] } as unknown as UserRecord;
  const bad = (from: string) =>
    guard
      .pass('a', user, from, () => Promise.reject(wrong('bad-login', 'wrong')))
      .catch((fault: Refusal) => fault.data.status);
  const good = (from: string) =>
    guard.pass('a', user, from, async () => 200).catch((fault: Refusal) => fault.data.status);
  for (let at = 0; at < 10; at++) assert.equal(await bad(`10.0.0.${at}`), 401);
  assert.equal(await bad('10.0.1.1'), 429, 'another address goes on');
  assert.equal(await good('10.0.1.2'), 429);
  assert.equal(await good('192.0.2.1'), 200);
  for (let at = 0; at < 20; at++) assert.equal(await good('192.0.2.1'), 200, 'good ones are counted');
  nowMs = 60_000;
  assert.equal(await good('10.0.1.2'), 200);
  for (let at = 0; at < 5000; at++)
    await guard.pass(`n${at}`, undefined, `10.1.${at >> 8}.${at & 255}`, async () => 1);
});
