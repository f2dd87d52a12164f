/** Parts of a login by a provider by themselves: claims, roles, and logins that wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimAt, nameOf, roleOf, valuesOf } from '../../../control/api/oidc/claims.ts';
import { PendingLogins } from '../../../control/api/oidc/pending.ts';

test('claims: by a whole name or a path; what is no text gives nothing', () => {
  const claims = {
    groups: ['a', 7, 'b'],
    'https://example.org/groups': ['c'],
    realm_access: { roles: ['d'] },
    one: 'e f',
  };
  assert.deepEqual(valuesOf(claimAt(claims, 'groups')), ['a', 'b']);
  assert.deepEqual(valuesOf(claimAt(claims, 'https://example.org/groups')), ['c']);
  assert.deepEqual(valuesOf(claimAt(claims, 'realm_access.roles')), ['d']);
  assert.deepEqual(valuesOf(claimAt(claims, 'one')), ['e f'], 'a text is cut into pieces');
  for (const none of [
    'realm_access',
    'realm_access.none',
    'none',
    'groups.length',
    'constructor.name',
    'one.length',
  ])
    assert.deepEqual(valuesOf(claimAt(claims, none)), [], none);
});

test('claims: the role is the one that may most, of whole values in their case; none without one', () => {
  const roles = [
    { role: 'viewer', value: 'staff' },
    { role: 'admin', value: 'admins' },
    { role: 'operator', value: 'night' },
  ] as const;
  assert.equal(roleOf(['staff', 'night'], roles), 'operator');
  assert.equal(roleOf(['night', 'admins', 'staff'], roles), 'admin');
  for (const values of [[], ['Admins'], ['admins2'], ['admin'], ['']])
    assert.equal(roleOf(values, roles), undefined);
});

test('claims: a name that a list or a log cannot bear is not taken', () => {
  assert.equal(nameOf({ sub: '17', email: 'a@example.org' }, 'email'), 'a@example.org');
  for (const email of [undefined, '', 7, 'a b', 'a\nb', 'ü', 'x'.repeat(65), ['a']])
    assert.equal(nameOf({ sub: '17', email }, 'email'), '17', String(email));
  assert.equal(nameOf({ sub: 'a\nb'.repeat(40) }, 'email').length, 64);
  assert.ok(!nameOf({ sub: 'a\nb' }, 'email').includes('\n'));
});

test('pending logins: good once, for the browser that began, and not for long', () => {
  const pending = new PendingLogins();
  const wish = { redirectUri: 'https://lb.example.org/login/oidc', again: false };
  const { login, ticket } = pending.begin('192.0.2.1', wish, 0);
  const texts = [login.state, login.nonce, login.verifier, ticket];
  assert.equal(new Set(texts).size, 4);
  for (const text of texts) assert.match(text, /^[\w-]{43}$/);
  assert.equal(pending.take(login.state, '', 1), undefined);
  assert.equal(pending.take(login.state, login.state, 1), undefined);
  assert.equal(pending.take('', ticket, 1), undefined);
  assert.deepEqual(pending.take(login.state, ticket, 1), login);
  assert.equal(pending.take(login.state, ticket, 1), undefined);
  const late = pending.begin('192.0.2.1', wish, 0);
  assert.equal(pending.take(late.login.state, late.ticket, 600_000), undefined);
});

test('pending logins: one network pushes out its own, and many those of the greatest', () => {
  const pending = new PendingLogins();
  const wish = { redirectUri: 'https://lb.example.org/login/oidc', again: false };
  const lone = pending.begin('192.0.2.1', wish, 0);
  for (let at = 0; at < 100; at++) pending.begin('198.51.100.1', wish, 1);
  assert.equal(pending.size, 17);
  for (let at = 0; at < 3000; at++) pending.begin(`10.0.${at % 100}.1`, wish, 2);
  assert.equal(pending.size, 1024);
  assert.deepEqual(
    pending.take(lone.login.state, lone.ticket, 3),
    lone.login,
    'strangers have pushed it out',
  );
  pending.begin('192.0.2.1', wish, 700_000);
  assert.equal(pending.size, 1, 'old ones stay');
});
