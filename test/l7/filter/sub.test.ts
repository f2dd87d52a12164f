/** sub_filter through a running moat beside Debian's nginx, with answers cut into pieces at every place. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat, startNginx } from '../../e2e/rig.ts';
import { startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';

const PAGE = '<head>Hello hello HELLO hel</head>hellohello aab aaab abab<!-- $end -->hel';
const [ours = 0, theirs = 0] = await freePorts(2);
let upstream: Upstream;
let moat: Running;
let nginx: Running;

const conf = (port: number, server: number) =>
  httpConf(`server {
    listen 127.0.0.1:${port};
    sub_filter_types text/html text/css;
    proxy_http_version 1.1;
    location /once { sub_filter hello Bye; proxy_pass http://127.0.0.1:${server}/; }
    location /all { sub_filter hello Bye; sub_filter_once off; proxy_pass http://127.0.0.1:${server}/; }
    location /several { sub_filter </head> '<x>$arg_x</x></head>'; sub_filter aab 1; sub_filter hel ''; sub_filter_once off; proxy_pass http://127.0.0.1:${server}/; }
    location /several-once { sub_filter ab 1; sub_filter hello 2; proxy_pass http://127.0.0.1:${server}/; }
    location /overlap { sub_filter 'hello hello hello' 1; sub_filter lo 2; sub_filter 'aab aaab ' 3; sub_filter b 4; sub_filter_once off; proxy_pass http://127.0.0.1:${server}/; }
    location /alike { sub_filter aab 1; sub_filter aa 2; sub_filter a 3; sub_filter 'hello hello' 4; sub_filter hel 5; sub_filter_once off; proxy_pass http://127.0.0.1:${server}/; }
    location /variable { sub_filter $arg_x [$arg_x]; sub_filter_once off; proxy_pass http://127.0.0.1:${server}/; }
    location /kept { sub_filter hello Bye; sub_filter_last_modified on; proxy_pass http://127.0.0.1:${server}/; }
  }`);

before(async () => {
  upstream = await startUpstream(({ target }, socket) => {
    const cut = Number(/cut=(\d+)/.exec(target)?.[1] ?? 0);
    const type = /type=([^&]+)/.exec(target)?.[1] ?? 'text/html';
    socket.write(
      `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${PAGE.length}\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: "x"\r\n\r\n${PAGE.slice(0, cut)}`,
    );
    // Two packets: the program reads the page in two pieces.
    setTimeout(() => socket.write(PAGE.slice(cut)), 2);
    return undefined;
  });
  [moat, nginx] = await Promise.all([
    startMoat(conf(ours, upstream.port)),
    startNginx(conf(theirs, upstream.port)),
  ]);
});

after(async () => {
  await moat.stop();
  await nginx.stop();
  await upstream.stop();
});

for (const path of [
  '/once',
  '/all',
  '/several',
  '/several-once',
  '/overlap',
  '/alike',
  '/variable',
  '/kept',
]) {
  test(`sub_filter ${path}: as under nginx, wherever the pieces are cut`, async () => {
    for (let cut = 0; cut <= PAGE.length; cut += path === '/alike' ? 1 : 3) {
      const ask = { path: `${path}?x=el&cut=${cut}` };
      const [mine, its] = [await request(ours, ask), await request(theirs, ask)];
      assert.equal(mine.body, its.body, `cut at ${cut}`);
      for (const name of ['last-modified', 'etag', 'content-length'])
        assert.equal(header(mine, name), header(its, name), name);
    }
  });
}

test('sub_filter: other media types and HEAD pass untouched', async () => {
  const image = await request(ours, { path: '/all?type=image/png' });
  assert.equal(image.body, PAGE);
  assert.equal(header(image, 'etag'), '"x"');
});
