/** secure_link, its digests made here, answer by answer beside nginx. */
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type Ask, besideNginx } from './beside-nginx.ts';

const md5 = (text: string) => createHash('md5').update(text, 'latin1');
const link = (text: string) => md5(text).digest('base64url');

const FUTURE = Math.floor(Date.now() / 1000) + 86_400;
const PAST = FUTURE - 2 * 86_400;
const GOOD = link('secret/test.html');
const timed = (time: string | number) => `/timed?md5=${link(`secret/timed${time}`)}&expires=${time}`;
const hex = (text: string) => md5(`${text}word`).digest('hex');

test('secure_link: the digest of a link, and the time until which it is good', async () => {
  await using pair = await besideNginx({
    http: `server { listen {port};
      location / { secure_link $arg_md5; secure_link_md5 secret$uri; return 200 "[$secure_link][$secure_link_expires]"; }
      location /timed { secure_link $arg_md5,$arg_expires; secure_link_md5 secret$uri$arg_expires; return 200 "[$secure_link][$secure_link_expires]"; }
      location /half { secure_link $arg_md5; return 200 "[$secure_link]"; }
      location /none { return 200 "[$secure_link][$secure_link_expires]"; } }`,
  });
  const asks = [
    ...[
      GOOD,
      `${GOOD}==`,
      `${GOOD}=`,
      `${GOOD}QQ`,
      `${GOOD}=QQ`,
      `${GOOD}-TOOLONG`,
      GOOD.slice(0, -1),
      '',
      'BADHASHLENGTH',
    ],
    ...[`${GOOD.slice(0, -2)}XX`, `${GOOD}%3d%3d`, `+${GOOD.slice(1)}`, `${GOOD},1`],
  ].map((digest): Ask => [`GET /test.html?md5=${digest}`]);
  const times = [FUTURE, PAST, 0, 1, -1, 'x', '', `${FUTURE}x`, `0${FUTURE}`, `${FUTURE},5`, '9'.repeat(30)];
  await pair.compare([
    ...asks,
    ['GET /test.html'],
    ...times.map((time): Ask => [`GET ${timed(time)}`]),
    [`GET ${timed(FUTURE)}0`],
    ['GET /timed'],
    [`GET /half?md5=${link('')}`],
    ['GET /none'],
  ]);
});

test('secure_link_secret: links in the path', async () => {
  await using pair = await besideNginx({
    files: { 'site/test.html': 'there\n' },
    http: `server { listen {port}; root {root}/site;
      location / { return 200 "[$secure_link]"; }
      location /p/ { secure_link_secret word; if ($secure_link = "") { return 403; } rewrite ^ /$secure_link break; }
      location /shown/ { secure_link_secret word; return 200 "[$secure_link]"; }
      location /outer/ { secure_link_secret word;
        location /outer/own { secure_link $arg_md5; secure_link_md5 x; return 200 "[$secure_link]"; }
        location /outer/same { return 200 "[$secure_link]"; } } }`,
  });
  const paths = [
    ...[
      `/p/${hex('test.html')}/test.html`,
      `/p/${hex('none')}/none`,
      `/p/${hex('x')}/test.html`,
      '/p/foo/test.html',
    ],
    ...[`/p/${'x'.repeat(32)}/test.html`, '/p%2f', '/p/test.html', `/p/${hex('')}/`, `/p/${hex('')}`],
    ...[`/shown/${hex('a/b')}/a/b`, `/shown/${hex('a%20b?c=d')}/a%20b?c=d`, `/shown/${hex('a')}/a?x`],
    ...[`/shown/${hex('a').toUpperCase()}/a`, `//shown/${hex('a')}/a`, `/shown//${hex('a')}/a`],
    ...[
      `/outer/${hex('a')}/a`,
      `/outer/own?md5=${link('x')}`,
      `/outer/own/${hex('a')}/a`,
      `/outer/same/${hex('a')}/a`,
    ],
  ];
  await pair.compare(paths.map((path): Ask => [`GET ${path}`]));
});
