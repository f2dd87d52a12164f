/** What is added to answers, beside nginx: add_header, add_trailer, expires, types, server_tokens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, startMoat } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';
import { type Ask, besideNginx } from '../beside-nginx.ts';

const gets = (targets: string): Ask[] =>
  targets
    .trim()
    .split(/\s+/)
    .map(target => [`GET ${target}`]);

const FILES = { 'a.txt': 'file a', 'b.html': '<p>b', 'sub/c.txt': 'file c', 'new.bin': 'x' };

test('headers: add_header and its inheritance', async () => {
  await using upstream = await startUpstream(({ target }) =>
    response(Number(target.slice(1)) || 200, 'up', [
      'Cache-Control: private',
      'ETag: "up"',
      'X-Own: 1',
      'Link: </a>',
    ]),
  );
  await using pair = await besideNginx({
    files: FILES,
    upstream: upstream.port,
    http: `add_header X-Http h; add_header X-Http-Always ha always;
      server { listen {port}; root {root}; default_type text/x-none;
        location /inherit/ { alias {root}/; }
        location /own/ { alias {root}/; add_header X-Own "$uri $status $sent_http_content_type"; }
        location /empty/ { alias {root}/; add_header X-Empty ""; add_header X-Blank $arg_none; }
        location /twice/ { alias {root}/; add_header X-Twice 1; add_header X-Twice 2; add_header X-Always 3 always; }
        location /special/ { alias {root}/; add_header ETag '"mine"'; add_header last-modified "Mon, 01 Jan 2024 00:00:00 GMT"; add_header Cache-Control public; add_header Cache-Control "max-age=1"; }
        location /taken/ { alias {root}/; add_header ETag ""; add_header Last-Modified ""; }
        location /typed/ { alias {root}/; add_header Content-Type text/x-more; add_header Date x; }
        location /status/ { add_header X-On-Status s; add_header X-Each e always;
          location /status/200 { return 200 x; } location /status/201 { return 201; } location /status/204 { return 204; }
          location /status/206 { return 206 x; } location /status/301 { return 301 /; } location /status/302 { return 302 /; }
          location /status/303 { return 303 /; } location /status/307 { return 307 /; }
          location /status/308 { return 308 /; } location /status/400 { return 400; } location /status/404 { return 404; }
          location /status/500 { return 500; } location /status/203 { return 203 x; } location /status/299 { return 299 x; } }
        location /up/ { proxy_pass http://{upstream}/; add_header X-Own 2; add_header ETag '"b"'; add_header Link "</b>"; add_header X-Up always always; }
        location /if/ { alias {root}/; add_header X-Out o; if ($arg_a) { add_header X-In i; } }
        location /nested/ { add_header X-Nest n; location /nested/in/ { alias {root}/; } location /nested/own/ { alias {root}/; expires 1h; } }
      }`,
  });
  await pair.compare(
    gets(`/inherit/a.txt /inherit/none /own/a.txt /own/none /empty/a.txt /twice/a.txt /twice/none /special/a.txt
      /taken/a.txt /up/ /up/404 /up/206 /if/a.txt /if/a.txt?a=1 /nested/in/a.txt /nested/own/a.txt /inherit /b.html
      /status/200 /status/201 /status/204 /status/206 /status/301 /status/302 /status/303 /status/307
      /status/308 /status/400 /status/404 /status/500 /status/203 /status/299`),
  );
  await pair.compare([
    ['HEAD /own/a.txt'],
    ['GET /special/a.txt', 'If-None-Match: "mine"'],
    ['GET /special/a.txt', 'If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT'],
    ['GET /special/a.txt', 'Range: bytes=0-1', 'If-Range: "mine"'],
    ['GET /own/a.txt', 'Range: bytes=0-1'],
  ]);
});

test('headers: expires', async () => {
  const forms = {
    off: 'off',
    epoch: 'epoch',
    max: 'max',
    zero: '0',
    hour: '1h',
    plus: '+90',
    minus: '-1',
    year: '1y',
    mixed: '1d12h',
    modified: 'modified 10y',
    modifiednow: 'modified 0',
    modifiedminus: 'modified -1h',
    daily: '@23h59m',
    daily0: '@0',
    variable: '$arg_e',
    variablemodified: 'modified $arg_e',
  };
  const locations = Object.entries(forms).map(
    ([name, form]) => `location /${name}/ { alias {root}/; expires ${form}; }`,
  );
  await using upstream = await startUpstream(() =>
    response(200, 'up', ['Expires: 0', 'Cache-Control: private', 'Cache-Control: no-store']),
  );
  await using pair = await besideNginx({
    files: FILES,
    upstream: upstream.port,
    http: `server { listen {port}; root {root}; ${locations.join('\n')}
      location /up { proxy_pass http://{upstream}; expires 1h; } location /upoff { proxy_pass http://{upstream}; }
      location /both/ { alias {root}/; expires 1h; add_header Cache-Control public; }
      location /missing/ { alias {root}/; expires 1h; } location /go { expires 1h; return 302 /; } location /no { expires 1h; return 400; } }`,
  });
  await pair.compare(
    gets(
      Object.keys(forms)
        .map(name => `/${name}/a.txt`)
        .join(' '),
    ),
  );
  await pair.compare(
    gets(
      ['', 'off', 'epoch', 'max', '1h', '-1', '@12h', '@25h', 'x', '0', '1x']
        .map(e => `/variable/a.txt?e=${e}`)
        .join(' '),
    ),
  );
  await pair.compare(
    gets(
      ['', 'off', 'max', '1h', '10y', '-1', '@12h', 'x'].map(e => `/variablemodified/a.txt?e=${e}`).join(' '),
    ),
  );
  await pair.compare(gets('/up /upoff /both/a.txt /missing/none /go /no /none'));
});

test('headers: add_trailer sends the values of the end', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `server { listen {port}; root {root}; add_trailer X-Bytes $body_bytes_sent; add_trailer X-Empty $arg_none;
      location /always/ { alias {root}/; add_trailer X-A a always; add_trailer X-B b; }
      location /text { return 200 "a text"; } location /unchunked/ { alias {root}/; chunked_transfer_encoding off; add_trailer X-A a; } }`,
  });
  // nginx counts what was sent when the filter runs; moat when the body is out.
  const same = (answer: string) => answer.replace(/trailer X-Bytes: \d+/, 'trailer X-Bytes: 6');
  await pair.compare(gets('/always/a.txt /always/none /unchunked/a.txt'), same);
  await pair.compare([
    ['HEAD /a.txt'],
    ['GET /always/a.txt HTTP/1.0'],
    ['GET /always/a.txt', 'Range: bytes=0-1'],
  ]);
});

test('headers: types and default_type', async () => {
  await using pair = await besideNginx({
    files: {
      ...FILES,
      'x.UP': 'x',
      'a.b.c': 'x',
      '.dot': 'x',
      'd.ot/file': 'x',
      'trail.': 'x',
      'c.html': 'x',
    },
    http: `default_type text/x-http; types { text/x-one one up; text/x-two c; }
      server { listen {port}; root {root};
        location /own/ { alias {root}/; types { text/x-html html; } types { text/x-txt txt; } }
        location /none/ { alias {root}/; types { } default_type ""; }
        location /if/ { alias {root}/; default_type text/x-if; }
        location ~ /text(.*)$ { return 200 text; } }`,
  });
  await pair.compare(
    gets(`/a.txt /b.html /x.UP /a.b.c /.dot /d.ot/file /trail. /own/a.txt /own/b.html /own/x.UP /none/a.txt /if/x
      /text /text.one /text.one/ /text.c?x.one /text.ONE`),
  );
});

test('headers: server_tokens', async () => {
  const [port = 0] = await freePorts(1);
  const server = (name: string, tokens: string) =>
    `server { listen 127.0.0.1:${port}; server_name ${name}; server_tokens ${tokens}; location /up { proxy_pass http://127.0.0.1:1; } location /ok { return 200 x; } }`;
  await using _moat = await startMoat(
    httpConf(
      `${server('on', 'on')} ${server('off', 'off')} ${server('build', 'build')} ${server('own', '"shop of $host"')} ${server('none', '""')}`,
    ),
  );
  const told: unknown[] = [];
  for (const host of ['on', 'off', 'build', 'own', 'none']) {
    const page = await request(port, { path: '/up', headers: { Host: host } });
    told.push([host, header(page, 'server'), /<hr>(.*)/.exec(page.body)?.[1], page.status]);
    assert.equal(
      header(await request(port, { path: '/ok', headers: { Host: host } }), 'server'),
      header(page, 'server'),
    );
  }
  assert.deepEqual(told, [
    ['on', 'moat/0.1.0', 'moat/0.1.0', 502],
    ['off', 'moat', 'moat', 502],
    ['build', 'moat/0.1.0', 'moat/0.1.0', 502],
    ['own', 'shop of own', 'shop of own', 502],
    ['none', undefined, '', 502],
  ]);
});
