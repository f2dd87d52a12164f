/** Which members are asked, in which order and what for, request by request beside Debian's nginx. */
import { after, before, test } from 'node:test';
import { freePorts } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { type Ask, besideNginx, type Pair } from '../beside-nginx.ts';

/** `{a}`, `{b}` and `{c}` answer; nobody listens on `{x}` and `{y}`. */
const POOLS: Readonly<Record<string, string>> = {
  weights: 'server {a} weight=3; server {b}; server {c} weight=2;',
  dead: 'server {a}; server {x} max_fails=0; server {b};',
  failing: 'server {x}; server {a}; server {b} weight=2;',
  backups: 'server {x}; server {y}; server {a} backup; server {b} backup weight=2;',
  down: 'server {a} down; server {b} backup;',
  alone: 'server {x};',
  none: 'server {x}; server {y};',
  'none-blamed': 'server {x} max_fails=0; server {y} max_fails=0;',
  'all-down': 'server {a} down; server {b} down;',
  hash: 'hash $arg_k; server {a}; server {x}; server {b};',
  consistent: 'hash $arg_k consistent; server {a}; server {x}; server {b};',
  'least-conn': 'least_conn; server {a}; server {b} weight=2; server {x};',
  'ip-hash': 'ip_hash; server {a}; server {x}; server {b};',
  kept: 'server {a}; server {b}; keepalive 4;',
  fails: 'server {a} max_fails=2; server {b} max_fails=1; server {c} max_fails=0;',
  zone: 'zone z 128k; server {a}; server {x}; server {b} weight=2; server {c} backup;',
};

const WAYS: Readonly<Record<string, string>> = {
  plain: '',
  statuses:
    'proxy_next_upstream error timeout http_500 http_502 http_503 http_504 http_403 http_404 http_429;',
  twice: 'proxy_next_upstream error http_500 non_idempotent; proxy_next_upstream_tries 2;',
  once: 'proxy_next_upstream off;',
  caught: `proxy_next_upstream http_404 http_500; proxy_intercept_errors on;
    error_page 404 500 502 = /plain/weights/fallback;`,
};

/** `500` has every member answer so, `500a` only the one. */
const TARGETS = ['ok', 'ok?k=1', '500', '500a', 'ok?k=3', '404b', '503a', '429', '403b', 'ok?k=10', 'ok'];

const members: Upstream[] = [];
let pair: Pair;

before(async () => {
  const places: Record<string, string> = {};
  for (const name of ['a', 'b', 'c']) {
    const member = await startUpstream(({ target }) => {
      const [, status, who] = /\/(\d+)(\w?)$/.exec(target) ?? [];
      return response(status && (who === '' || who === name) ? Number(status) : 200, name);
    });
    members.push(member);
    places[name] = `127.0.0.1:${member.port} fail_timeout=1h`;
  }
  const [x, y] = await freePorts(2);
  places.x = `127.0.0.1:${x} fail_timeout=1h`;
  places.y = `127.0.0.1:${y} fail_timeout=1h`;
  const upstreams = Object.entries(POOLS).map(
    ([pool, inside]) => `upstream ${pool} { ${inside.replace(/\{(\w)\}/g, (_, name) => places[name]!)} }`,
  );
  const locations = Object.entries(WAYS).flatMap(([way, inside]) =>
    Object.keys(POOLS).map(pool => `location /${way}/${pool}/ { proxy_pass http://${pool}/; ${inside} }`),
  );
  pair = await besideNginx({
    http: `proxy_http_version 1.1; proxy_set_header Connection ""; ${upstreams.join('\n')}
      server { listen {port};
        add_header X-Upstream "$upstream_addr|$upstream_status|$upstream_bytes_received|$upstream_response_length" always;
        ${locations.join('\n')} }`,
  });
});
after(async () => {
  await pair[Symbol.asyncDispose]();
  for (const member of members) await member.stop();
});

for (const pool of Object.keys(POOLS))
  test(`tries beside nginx: ${pool}`, async () => {
    const asks = Object.keys(WAYS).flatMap(way =>
      TARGETS.flatMap((target): Ask[] => [
        [`GET /${way}/${pool}/${target}`],
        [`POST /${way}/${pool}/${target}`, '>abc'],
      ]),
    );
    await pair.compare(asks);
  });
