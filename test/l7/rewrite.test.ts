/** The rewrite module, asked side by side with nginx: programs × requests, every answer the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Running } from '../e2e/rig.ts';
import { until } from '../e2e/rig.ts';
import { startTwins } from './twins.ts';

type Program = { readonly conf: string; readonly asks: readonly string[] };

/** What a location answers when it is reached: shows where the request went. */
const SHOW = 'return 200 "$uri|$args|$request_uri";';

const STATUSES = [
  200, 201, 204, 206, 300, 301, 302, 303, 305, 307, 308, 400, 403, 404, 408, 413, 444, 499, 503,
];

/** Paths that hold what nginx escapes, or might. */
const ODD = [
  '/c/a%20b',
  '/c/a+b',
  '/c/%26%3d%3F%25',
  '/c/x%22%3Cy%3E%5C%5E%60%7B%7C%7D;,@:',
  '/c/caf%C3%A9',
  '/c/a&b=c',
];

const PROGRAMS: Readonly<Record<string, Program>> = {
  'return-status': {
    conf: STATUSES.map(status => `location = /${status} { return ${status}; }`).join('\n'),
    asks: STATUSES.map(status => `/${status}`),
  },
  'return-text': {
    conf: STATUSES.map(status => `location = /${status} { return ${status} "to $arg_x"; }`).join('\n'),
    asks: STATUSES.map(status => `/${status}?x=1`),
  },
  'return-url': {
    conf: `location = /a { return http://h/p; } location = /b { return $scheme://h$uri; } location = /c { return 301 /x?$args; }
      location = /d { return 302 ""; } location = /e { return 302 x; } location = /f.gif { return 200 a; }
      location = /g { default_type a/b; return 500 t; } location = /h { error_page 403 /200; return 403; }
      location = /i { error_page 403 /200; return 403 text; } location = /200 { return 200 page; }`,
    asks: ['/a', '/b', '/c?y', '/c', '/d', '/e', '/f.gif', '/g', '/h', '/i'],
  },
  'if-value': {
    conf: `set $r "";
      if ($arg_x) { set $r "\${r}set "; }
      if ($arg_x = "") { set $r "\${r}empty "; }
      if ($arg_x != 1) { set $r "\${r}not1 "; }
      if ($arg_x = $arg_y) { set $r "\${r}same "; }
      if ( $arg_x ) { set $r "\${r}spaced "; }
      if ($arg_x = "a b" ) { set $r "\${r}ab "; }
      return 200 $r;`,
    asks: ['/', '/?x=', '/?x=0', '/?x=00', '/?x=1', '/?x=1&y=1', '/?x=a%20b', '/?y=2'],
  },
  'if-match': {
    conf: `set $r "";
      if ($uri ~ ^/(a+)(b)?) { set $r "\${r}[$1,$2]"; }
      if ($uri ~* ^/A(.)) { set $r "\${r}i[$1]"; }
      if ($uri !~ b) { set $r "\${r}nob[$1]"; }
      if ($uri !~* B) { set $r "\${r}noB[$1]"; }
      if ($uri ~ "^/(?<first>[^/]*)/(?<second>.*)$") { set $r "\${r}<$first,$second>"; }
      set $r "\${r}($1)";
      return 200 "$r $first";`,
    asks: ['/', '/a', '/aab', '/Aab', '/aa/x y', '/ab/c/d', '/a%20/b%2Bc'],
  },
  'if-file': {
    conf: `root site; set $r "";
      if (-f $document_root$uri) { set $r "\${r}f"; } if (!-f $document_root$uri) { set $r "\${r}F"; }
      if (-d $document_root$uri) { set $r "\${r}d"; } if (!-d $document_root$uri) { set $r "\${r}D"; }
      if (-e $document_root$uri) { set $r "\${r}e"; } if (!-e $document_root$uri) { set $r "\${r}E"; }
      if (-x $document_root$uri) { set $r "\${r}x"; } if (!-x $document_root$uri) { set $r "\${r}X"; }
      if (-e /dev/null) { set $r "\${r}n"; } if (-f "") { set $r "\${r}0"; }
      return 200 $r;`,
    asks: ['/a.txt', '/dir', '/dir/', '/none', '/a.txt/below', `/${'x'.repeat(300)}`],
  },
  'if-captures-in-files': {
    conf: `root site; location ~ ^/c/(.*) { if (-f $document_root/$1) { return 200 there; } return 200 "not there"; }`,
    asks: ['/c/a.txt', '/c/b%20c.txt', '/c/b+c.txt'],
  },
  'if-location': {
    conf: `location / { root /outer; set $x 1;
        if ($arg_a) { root /inner/a; set $x 2; }
        if ($arg_b) { root /inner/b; set $x "$x 3 $document_root"; return 200 $x; }
        if ($arg_c) { return 200 "c $x $document_root"; }
        set $x "$x 4"; return 200 "$x $document_root"; }`,
    asks: ['/', '/?a=1', '/?b=1', '/?a=1&b=1', '/?c=1', '/?a=1&c=1'],
  },
  'if-proxy': {
    conf: `location /p/ { proxy_pass http://UPSTREAM/base/; if ($arg_m) { set $y 1; } if ($arg_t) { proxy_pass http://UPSTREAM; } }
      location /q/ { proxy_pass http://UPSTREAM/base/; if ($arg_m) { rewrite ^/q/(.*) /z/$1 break; } }`,
    asks: ['/p/x?k', '/p/x?m=1', '/p/x%20y?m=1', '/p/x?t=1', '/q/x', '/q/x?m=1'],
  },
  'server-if': {
    conf: `if ($arg_r) { rewrite ^/a/(.*)$ /b/$1; } if ($arg_s) { return 403; } location /a/ { return 200 "A $uri"; } location /b/ { return 200 "B $uri"; }`,
    asks: ['/a/1', '/a/1?r=1', '/a/1?s=1', '/b/2?r=1'],
  },
  flags: {
    conf: `location /last/ { rewrite ^/last/(.*)$ /end/$1 last; return 500; }
      location /break/ { rewrite ^/break/(.*)$ /end/$1 break; return 500; }
      location /none/ { rewrite ^/none/(.*)$ /end/$1; rewrite ^/end/x$ /end/y; rewrite ^/end/z$ /other/z; }
      location /nonebreak/ { rewrite ^/nonebreak/(.*)$ /end/$1; break; }
      location /redirect/ { rewrite ^/redirect/(.*)$ /end/$1 redirect; }
      location /permanent/ { rewrite ^/permanent/(.*)$ /end/$1 permanent; }
      location /absolute/ { rewrite ^/absolute/(.*)$ http://other/$1; return 500; }
      location /scheme/ { rewrite ^/scheme/(.*)$ $scheme://other/$1 last; }
      location /abspermanent/ { rewrite ^/abspermanent/(.*)$ https://other/$1 permanent; }
      location /relative/ { rewrite ^/relative/(.*)$ rel/$1 redirect; }
      location /then/ { rewrite ^/then/(.*)$ /end/$1; return 200 "then $uri"; }
      location /proxied/ { rewrite ^/proxied/(.*)$ /went/$1 break; proxy_pass http://UPSTREAM; }
      location /replaced/ { rewrite ^/replaced/(.*)$ /went/$1 break; proxy_pass http://UPSTREAM/base/; }
      location /mixed/ { rewrite ^/mixed/(.*)$ /went/$1; break; proxy_pass http://UPSTREAM/base/; }
      location /end/ { internal; ${SHOW} }
      location /other/ { return 200 "other $uri"; }
      location / { return 200 "root $uri"; }`,
    asks: [
      'last',
      'break',
      'none',
      'nonebreak',
      'redirect',
      'permanent',
      'absolute',
      'scheme',
      'abspermanent',
    ]
      .concat(['relative', 'then', 'proxied', 'replaced', 'mixed'])
      .flatMap(name => [`/${name}/1?a=b`, `/${name}/x`, `/${name}/z`]),
  },
  internal: {
    conf: `location /end/ { internal; ${SHOW} } location /a { rewrite ^ /end/a; } `,
    asks: ['/end/', '/a?q'],
  },
  args: {
    conf: `location /keep { rewrite ^ /s/e; } location /drop { rewrite ^ /s/e?; } location /add { rewrite ^ /s/e?n=1; }
      location /replace { rewrite ^ /s/e?n=1?; } location /two { rewrite ^ /s/e?n=1?m=2; } location /var { rewrite ^ /s/e?$arg_v; }
      location /varq { rewrite ^ /s/e$arg_q; } location /emptyargs { rewrite ^ /s/e?$arg_none; }
      location /only { rewrite ^ ?x=1; } location /qredirect { rewrite ^ /e?n=1 redirect; } location /dredirect { rewrite ^ /e?n=1? redirect; }
      location /kredirect { rewrite ^ /e redirect; } location /setargs { set $args "z=$arg_v"; rewrite ^ /s/e; }
      location /s/ { ${SHOW} }`,
    asks: [
      'keep',
      'drop',
      'add',
      'replace',
      'two',
      'var',
      'varq',
      'emptyargs',
      'only',
      'qredirect',
      'dredirect',
      'kredirect',
      'setargs',
    ].flatMap(name => [`/${name}`, `/${name}?v=1&q=%3Fk`, `/${name}?`]),
  },
  escapes: {
    conf: `location /c/ { rewrite ^/c/(.*)$ /s/$1?q=$1; } location /s/ { ${SHOW} }`,
    asks: ODD,
  },
  'escapes-redirect': {
    conf: `location /c/ { rewrite ^/c/(.*)$ /to/$1 redirect; }`,
    asks: [...ODD, '/c/%25zz', '/c/a%25%34x?k=%20'],
  },
  'escapes-redirect-literal': {
    conf: `location /d/ { rewrite ^/d/(.*)$ "/a%2Fb%20c%zz%3fd%2F$1" redirect; } location /e { rewrite ^ "/%4" redirect; } location /f { rewrite ^ "/%41%4x%" redirect; }`,
    asks: ['/d/x', '/d/a%2Fb', '/e', '/f'],
  },
  'escapes-set': {
    conf: `location ~ ^/c/(.*)$ { set $before $1; rewrite ^/c/(.*)$ /s/x; set $after $1; if ($arg_eq = $1) { set $after "$after same"; } return 200 "$before|$after|$1"; }`,
    asks: [...ODD, '/c/k?eq=k'],
  },
  'escapes-return': {
    conf: `location ~ ^/c/(.*)$ { return 302 /to/$1?x=$1; }`,
    asks: ODD,
  },
  'escapes-named': {
    conf: `location /c/ { rewrite ^/c/(?<rest>.*)$ /s/$rest?q=$rest; } location /s/ { ${SHOW} }`,
    asks: ODD,
  },
  'escapes-proxy': {
    conf: `location /c/ { rewrite ^/c/(.*)$ /s/$1 break; proxy_pass http://UPSTREAM; }`,
    asks: ODD,
  },
  'server-rewrite': {
    conf: `rewrite ^/old/(.*)$ /new/$1; rewrite ^/brk/(.*)$ /new/$1 break; rewrite ^/new/gone$ /x; location /new/ { ${SHOW} } location / { return 200 "root $uri"; }`,
    asks: ['/old/1', '/old/gone', '/brk/1', '/brk/gone', '/new/gone', '/other'],
  },
  'server-break-proxy': {
    conf: `rewrite ^/brk/(.*)$ /p/$1 break; rewrite ^/lst/(.*)$ /p/$1 last; location /p/ { proxy_pass http://UPSTREAM/base/; }`,
    asks: ['/brk/1', '/lst/1', '/p/1', '/p/a%20b'],
  },
  'no-location': {
    conf: `set $n "\${n}s"; rewrite ^/x$ /y; location = /only { return 200 only; } location /e { error_page 404 @named; return 404; } location @named { set $n "\${n}n"; rewrite ^/e/again$ /only; return 200 "$n $uri"; }`,
    asks: ['/only', '/e', '/e/again'],
  },
  cycles: {
    conf: `location /loop { rewrite ^ /loop; } location /count { rewrite ^/count(.*)$ /count/x$1; ${''} }
      location ~ ^/n(x*)$ { rewrite ^/nxxxxxxxxx$ /done; rewrite ^/n(.*)$ /nx$1; } location /done { return 200 done; }
      location ~ ^/m(x*)$ { rewrite ^/mxxxxxxxxxx$ /done; rewrite ^/m(.*)$ /mx$1; }
      location ~ ^/o(x*)$ { rewrite ^/oxxxxxxxx$ /done; rewrite ^/o(.*)$ /ox$1; } error_page 500 /oops; location /oops { return 200 oops; }`,
    asks: ['/loop', '/count', '/n', '/m', '/o'],
  },
  empty: {
    conf: `location /a { rewrite ^ $arg_none; } location /b { rewrite ^ $arg_x; return 200 "[$uri]"; }`,
    asks: ['/a', '/b?x=/y', '/b?x=rel'],
  },
  'set-family': {
    conf: `location /a { return 200 "$arg_k $http_x_y"; } location /b { set $arg_k mine; set $http_x_y other; return 200 "$arg_k $http_x_y"; }`,
    asks: ['/a?k=1', '/b?k=1'],
  },
  'numbered-captures': {
    conf: `location ~ ^/(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)?$ { return 200 "$9$8$7$6$5$4$3$2$1-$10"; }`,
    asks: ['/abcdefghi', '/abcdefghij'],
  },
};

const FILES = { 'site/a.txt': 'a', 'site/b c.txt': 'b', 'site/dir/x': 'x' };

test('rewrite: each program answers as under nginx', async t => {
  const servers = Object.fromEntries(Object.entries(PROGRAMS).map(([name, { conf }]) => [name, conf]));
  await using twins = await startTwins(servers, 'default_type text/plain;', { files: FILES });
  for (const [name, { asks }] of Object.entries(PROGRAMS)) {
    await t.test(name, async () => {
      for (const path of asks) {
        const { nginx, moat } = await twins.ask(name, { path, headers: { 'X-Y': 'sent' } });
        assert.equal(`${path}: ${moat}`, `${path}: ${nginx}`);
      }
    });
  }
});

/** What the error log says, without time, process, connection and what follows the client. */
const messages = (running: Running): string[] =>
  running
    .read()
    .split('\n')
    .map(line => /^[^[]+(\[\w+\] )\S+ \*\d+ (.*), client: 127\.0\.0\.1/.exec(line))
    .flatMap(match => (match ? [`${match[1]}${match[2]}`] : []));

test('rewrite_log and uninitialized_variable_warn: the error log says what nginx says', async () => {
  const program = (more: string) => `error_log error.log notice; ${more}
    location /set { set $known 1; return 200 "$known $late $late"; }
    location /late { set $late 1; return 200 x; }
    location / { rewrite ^/no$ /x; rewrite ^/(a)(.*)$ /b$2?c=$1; if ($uri ~* B) { set $known 2; } if ($uri !~ ^/z) { set $known 3; } rewrite ^/bend /e redirect; }
    location /empty { rewrite ^ $arg_none; }
    location /loop { rewrite ^ /loop; }`;
  await using twins = await startTwins({
    log: program('rewrite_log on;'),
    quiet: program('uninitialized_variable_warn off;'),
  });
  for (const host of ['log', 'quiet'])
    for (const path of ['/set', '/late', '/ax?q', '/aend?q', '/empty', '/loop']) await twins.ask(host, path);
  const theirs = messages(twins.nginx).filter(
    message => !message.includes('"/') || !message.includes('open()'),
  );
  await until(() => messages(twins.moat).length >= theirs.length, 'the log of moat');
  const ours = messages(twins.moat).filter(message => !message.includes('open()'));
  assert.ok(theirs.length > 20, `nginx logged ${theirs.length} messages`);
  assert.deepEqual(ours, theirs);
});
