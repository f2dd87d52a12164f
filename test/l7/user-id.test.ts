/** userid beside nginx: what is in a cookie is random, all around it is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reply, request } from '../e2e/wire.ts';
import { besideNginx, type Pair } from './beside-nginx.ts';

const CONF = `map $arg_reset $uid_reset { default ''; ~. $arg_reset; }
  server { listen {port}; root {root};
    add_header X-Got $uid_got; add_header X-Set $uid_set; userid on;
    location / { return 204; }
    location /v1 { userid v1; return 204; }
    location /v1s { userid v1; userid_service 258; return 204; }
    location /log { userid log; return 204; }
    location /off { userid off; return 204; }
    location /name { userid_name Test; return 204; }
    location /path { userid_path /0123; userid_domain test.example; return 204; location /path/none { userid_domain none; return 204; } }
    location /mark { userid_mark z; return 204; }
    location /equals { userid_mark =; return 204; }
    location /max { userid_expires max; return 204; }
    location /year { userid_expires 365d; return 204; }
    location /far { userid_expires 50y; return 204; }
    location /p3p { userid_p3p 'policyref="/w3c/p3p.xml"'; return 204; }
    location /service { userid_service 65534; return 204; }
    location /flags { userid_flags secure httponly samesite=lax; return 204; location /flags/off { userid_flags off; return 204; } }
    location /missing { }
  }`;

const PATHS =
  '/ /v1 /v1s /log /off /name /path /path/none /mark /equals /max /year /far /p3p /service /flags /flags/off /missing'.split(
    ' ',
  );

/** The identifier as text: only its first number is not random. */
const HIDDEN = /=([0-9A-F]{8})[0-9A-F]{24}/;

function shown({ status, headers }: Reply): string {
  const lines = headers
    .filter(([name]) => /^(?:Set-Cookie|P3P|X-)/.test(name))
    .map(([name, value]) => {
      const stable = name.startsWith('X-') ? value.replace(HIDDEN, '=$1…') : hideCookie(value);
      return `${name}: ${stable}`;
    });
  return [status, ...lines].join('\n');
}

/** The time has its day, and the value what follows the 16 bytes. */
const hideCookie = (value: string) =>
  value.replace(/=[A-Za-z0-9+/]{22}/, '={id}').replace(/(expires=\w+, \d+-\w+-\d+) [\d:]+/, '$1');

async function both(pair: Pair, path: string, headers: Record<string, string> = {}): Promise<void> {
  const [moat, nginx] = await Promise.all(
    [pair.port.moat, pair.port.nginx].map(port => request(port, { path, headers })),
  );
  assert.equal(`${path}\n${shown(moat!)}`, `${path}\n${shown(nginx!)}`);
}

test('userid: cookies of every kind of location', async () => {
  await using pair = await besideNginx({ http: CONF });
  for (const path of PATHS) await both(pair, path);
});

test('userid: what a client sends is read, kept, marked anew or reset', async () => {
  await using pair = await besideNginx({ http: CONF });
  const id = 'fwAAAWZ3XW5abcdeAwMDAg';
  const cookies = [
    ...[`uid=${id}==`, `uid=${id}z=`, `UID=${id}`, `a=b; uid=${id}==; c`, `uid=${id}garbage`, `test=${id}==`],
    ...[
      'uid=',
      'uid=short',
      `uid=${'!'.repeat(24)}`,
      `uid=${'A'.repeat(22)}==`,
      `uid="${id}=="`,
      `xuid=${id}==`,
    ],
  ];
  for (const path of ['/', '/log', '/off', '/v1', '/mark', '/equals', '/name'])
    for (const cookie of cookies) await both(pair, path, { Cookie: cookie });
  for (const reset of ['0', '1', 'log', 'x', '00'])
    for (const path of ['/', '/mark', '/log']) {
      await both(pair, `${path}?reset=${reset}`, { Cookie: `uid=${id}==` });
      await both(pair, `${path}?reset=${reset}`);
    }
  pair.compareLogs();
});

test('userid: identifiers differ, and begin with the address or the service', async () => {
  await using pair = await besideNginx({ http: CONF });
  const seen = new Set<string>();
  for (let at = 0; at < 50; at++) {
    const { headers } = await request(pair.port.moat, { path: at % 2 ? '/' : '/v1' });
    seen.add(headers.find(([name]) => name === 'X-Set')![1]);
  }
  assert.equal(seen.size, 50);
});
