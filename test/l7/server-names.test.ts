/** Which server a name in Host leads to, and what its variables say, as under nginx. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTwins } from './twins.ts';

const NAMES = [
  'First.Example',
  '*.example.com',
  'Exact.Example.COM',
  '.dotted.example',
  'www.trailing.*',
  '*.deep.example.com',
  '~^(?<who>[a-z]+)\\.regex\\.example$',
  '~^r\\d+\\.',
  '_',
];

const HOSTS = [
  'first.example',
  'FIRST.example',
  'first.example.',
  'first.example:81',
  'example.com',
  '.example.com',
  'a.example.com',
  'a.b.example.com',
  'exact.example.com',
  'EXACT.example.com.',
  'x.exact.example.com',
  'deep.example.com',
  'x.deep.example.com',
  '.deep.example.com',
  'dotted.example',
  '.dotted.example',
  'x.dotted.example',
  'xdotted.example',
  'www.trailing.org',
  'www.trailing.co.uk',
  'www.trailing.',
  'www.trailing',
  'joe.regex.example',
  'JOE.regex.example',
  'joe.x.regex.example',
  'r12.anything',
  '_',
  '127.0.0.1',
  '[::1]',
  'unknown.example',
];

test('server names: each host finds the server that it finds under nginx', async () => {
  const shown = `return 200 "$server_name|$host|$who";`;
  const first = { 'default.example': 'return 200 "default|$host";' };
  const servers = Object.fromEntries(NAMES.map(name => [`"${name}"`, shown]));
  await using twins = await startTwins({ ...first, ...servers });
  const seen = new Set<string>();
  for (const host of HOSTS) {
    const { nginx, moat } = await twins.ask(host, '/');
    assert.equal(`${host} ${moat}`, `${host} ${nginx}`);
    seen.add(nginx);
  }
  assert.ok(seen.size > HOSTS.length / 2, `${seen.size}`);
});
