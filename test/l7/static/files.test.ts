/** Which file answers for which URI, beside nginx: root, alias, index, try_files, redirects of folders. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Ask, besideNginx } from '../beside-nginx.ts';

const FILES = {
  'site/index.html': '<p>home\n',
  'site/about.html': '<p>about\n',
  'site/plain': 'no extension\n',
  'site/empty.txt': '',
  'site/.hidden': 'a dot\n',
  'site/a.tar.GZ': 'upper case\n',
  'site/odd.xyz': 'unknown type\n',
  'site/with space.txt': 'blank\n',
  'site/caf\xe9.txt': 'latin1 name\n',
  'site/caf\xc3\xa9.txt': 'utf-8 name\n',
  'site/quest?ion.txt': 'question mark\n',
  'site/d/index.html': 'index of d\n',
  'site/d/x y/index.html': 'index of x y\n',
  'site/d/br{ace/index.html': 'brace\n',
  'site/noindex/file.txt': 'file\n',
  'site/second/index.htm': 'second index\n',
  'site/indexdir/index.html/inner': 'a folder called index.html\n',
  'site/big.bin': 'big '.repeat(100_000),
  'other/one.txt': 'other one\n',
  'other/sub/two.txt': 'other two\n',
  'other/sub/index.html': 'other index\n',
  'hosts/example.org/site.txt': 'by host\n',
};

/** GET for each of some targets, which blanks part. */
const gets = (targets: string): Ask[] =>
  targets
    .trim()
    .split(/\s+/)
    .map(target => [`GET ${target}`]);

function prepare(root: string): void {
  symlinkSync('about.html', `${root}/site/link.html`);
  symlinkSync('../other', `${root}/site/linkdir`);
  symlinkSync('nowhere', `${root}/site/dangling`);
  symlinkSync('loop', `${root}/site/loop`);
  writeFileSync(`${root}/site/secret.txt`, 'secret');
  chmodSync(`${root}/site/secret.txt`, 0);
  mkdirSync(`${root}/site/closed`);
  chmodSync(`${root}/site/closed`, 0);
}

test('static: files, folders and what is neither', async () => {
  await using pair = await besideNginx({
    files: FILES,
    prepare,
    http: `server { listen {port}; root {root}/site; index index.html index.htm; types { text/html html; text/plain txt; application/gzip gz; } default_type application/octet-stream; }`,
  });
  const targets = [
    ...['/', '/index.html', '/about.html', '/plain', '/empty.txt', '/.hidden', '/a.tar.GZ', '/odd.xyz'],
    ...['/with%20space.txt', '/caf%e9.txt', '/caf%C3%A9.txt', '/caf\xe9.txt', '/quest%3fion.txt', '/big.bin'],
    ...['/d', '/d/', '/d?a=b&c', '/d/?a', '/d/x%20y', '/d/x%20y?q=%20', '/d/br%7bace', '/d/x%20y/'],
    ...['/noindex', '/noindex/', '/second/', '/indexdir/', '/none', '/none/', '/none/x', '/about.html/'],
    ...['/about.html/x', '/link.html', '/linkdir', '/linkdir/', '/linkdir/one.txt', '/dangling', '/loop'],
    ...['/loop/', '/secret.txt', '/closed', '/closed/', '/closed/x', '/d//index.html', '/./d/../about.html'],
    ...['/%61bout.html', '/d/.', '/d/..'],
  ];
  await pair.compare(targets.map(target => [`GET ${target}`]));
  pair.compareLogs();
  await pair.compare([`/${'n'.repeat(300)}`, `/${'n/'.repeat(1000)}`].map(target => [`GET ${target}`]));
  await pair.compare(targets.slice(0, 24).map(target => [`HEAD ${target}`]));
  await pair.compare(
    ['/about.html', '/d', '/d/', '/none', '/noindex/', '/secret.txt'].flatMap(target => [
      [`POST ${target}`, '>a=1'],
      [`PUT ${target}`, '>a=1'],
      [`DELETE ${target}`],
      [`OPTIONS ${target}`],
      [`PROPFIND ${target}`],
    ]),
  );
});

test('static: root and alias with variables and captures', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `server { listen {port}; root {root}/site/; default_type text/plain;
        location /docs/ { alias {root}/other/; }
        location /docs-noslash { alias {root}/other; }
        location /docs/deep/ { alias {root}/site/d/; index index.html; location /docs/deep/er/ { root {root}/hosts; } }
        location ~ ^/re/(\\w+)/(.*)$ { alias {root}/$1/$2; }
        location ~ ^/whole/ { alias {root}/other/sub/; index index.html; }
        location /byhost/ { root {root}/hosts/$host; }
        location = /exact { alias {root}/other/one.txt; }
        location = /file/ { alias {root}/other/one.txt; }
        location ~ ^/any { alias {root}/other/one.txt; error_page 500 =200 /exact; }
        location /v/ { alias {root}/$arg_dir/; }
        location /rel/ { root $http_x_root; }
        location /nested/ { alias {root}/other/; location ~ \\.txt$ { add_header X-Nested yes; } }
      }`,
  });
  await pair.compare([
    ...gets(`
      /docs/one.txt /docs/ /docs/sub /docs/sub/ /docs/sub?x /docs /docs/none /docs/../docs/one.txt
      /docs-noslash/one.txt /docs-noslash /docs-noslash/ /docs/deep/ /docs/deep /docs/deep/x%20y
      /docs/deep/er/x /re/other/one.txt /re/other/sub /re/other/sub/ /re/none/x /whole/ /whole/x
      /byhost/site.txt /exact /file/ /any /any/ /nested/one.txt /nested/sub /nested/sub/two.txt /v/one.txt?dir=other
      /v/x?dir=`),
    ['GET /byhost/../site.txt', 'Host: other.org'],
    ['GET /rel/x', 'X-Root: {root}/site'],
  ]);
  pair.compareLogs();
});

test('static: index takes variables, an absolute last name, and stops at what can not be read', async () => {
  await using pair = await besideNginx({
    files: { ...FILES, 'site/lang/index.de.html': 'deutsch\n', 'site/lang/index.html': 'english\n' },
    prepare,
    http: `server { listen {port}; root {root}/site;
      location /lang/ { index index.$arg_lang.html index.html; }
      location /noindex/ { index none.html /about.html; }
      location /d/ { index $arg_to index.html; }
      location /second/ { index none.html index.htm index.html; }
      location /none/ { index /about.html; }
      location /plain/ { index x; }
      location /cycle/ { index /cycle/; }
    }`,
  });
  await pair.compare([
    ...gets(`
      /lang/ /lang/?lang=de /lang/?lang=fr /noindex/ /noindex/?keep=1 /d/ /d/?to=/about.html
      /d/?to=x%20y /second/ /none/ /plain/ /cycle/ /noindex`),
  ]);
  pair.compareLogs();
});

test('static: try_files', async () => {
  await using pair = await besideNginx({
    files: FILES,
    prepare,
    http: `server { listen {port}; root {root}/site; try_files /about.html =404;
      location / { try_files $uri $uri/ /d/index.html?from=$uri; }
      location /dirs { try_files $uri/ =410; }
      location /named { try_files $uri @named; }
      location /lost { try_files $uri @lost; }
      location /status { try_files $uri =418; }
      location /loop { try_files $uri /loop; }
      location /closed/ { try_files $uri =404; }
      location /two { try_files /none $uri.html /plain /about.html =404; }
      location /al/ { alias {root}/other/; try_files $uri $uri/ =404; }
      location /al2/ { alias {root}/other/; try_files $uri /al2/one.txt; }
      location /al3/ { alias {root}/other/; try_files one.txt =404; }
      location /al5/ { alias {root}/other/; rewrite ^/al5(.*) /al5$1 break; try_files $uri /al2/one.txt =404; }
      location ~ ^/al6/ { alias {root}/other; rewrite ^ /one.txt break; try_files $uri =404; }
      location /al4/ { alias {root}/other/; index index.html; try_files $uri $uri/ /al4$arg_x; }
      location ~ ^/re/(.*)$ { alias {root}/other/$1; try_files "" /x =404; }
      location ~ ^/re2/(.*)$ { alias {root}/other; try_files /sub/two.txt =404; }
      location ~ ^/re3/(.*)$ { alias {root}/other/; try_files $1 $1/ =404; }
      location /code { try_files $uri =204; }
      location @named { return 203 "named $uri $args"; }
      location /types/ { types { text/x-try html; } try_files /about.html =404; }
    }
    server { listen {port}; server_name bare; root {root}/site; try_files /about.html =404; }`,
  });
  await pair.compare([
    ...gets(`
      / /about.html /d /d/ /none /none?a=1 /dirs /named?x=1 /lost /status /loop
      /closed/x /two /al/one.txt /al/sub /al/sub/ /al/none /al2/none /al2/one.txt /al3/x
      /al4/ /al4/sub /al4/none /al4/none?x=/one.txt /re/one.txt /re/none /re2/x /re3/one.txt
      /re3/sub /al5/one.txt /al5/none /al6/one.txt /code /types/x.html /link.html /dangling /secret.txt /loop/`),
    ['GET /anything', 'Host: bare'],
    ['GET /', 'Host: bare'],
    ['POST /none', '>x'],
    ['POST /named', '>x'],
    ['HEAD /none'],
  ]);
  pair.compareLogs();
});

test('static: the address in redirects', async () => {
  const folder =
    'root {root}/site; location /p/ { proxy_pass http://127.0.0.1:1; } location = /r { return 301 /to?$args; }';
  await using pair = await besideNginx({
    files: FILES,
    http: `
      server { listen {port}; server_name first.org second.org; ${folder} }
      server { listen {port}; server_name named.org alias.org; server_name_in_redirect on; ${folder} }
      server { listen {port}; server_name portless.org; port_in_redirect off; ${folder} }
      server { listen {port}; server_name relative.org; absolute_redirect off; ${folder} }
      server { listen {port}; server_name ~^re\\.; server_name_in_redirect on; ${folder} }`,
  });
  const hosts = [
    'first.org',
    'second.org',
    'FIRST.org:80',
    'alias.org',
    'portless.org',
    'relative.org',
    're.x',
    'unknown.org',
  ];
  await pair.compare(
    hosts.flatMap((host): Ask[] =>
      ['/d', '/d?a', '/p', '/p?x=1', '/r?y=2'].map(target => [`GET ${target}`, `Host: ${host}`]),
    ),
  );
  await pair.compare([
    ['GET /d HTTP/1.0', 'Host:'],
    ['GET /p HTTP/1.0', 'Connection: close'],
  ]);
});

test('static: a location that proxies redirects to its slash, whatever else would match', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `server { listen {port}; root {root}/site;
      location /a/ { proxy_pass http://127.0.0.1:1; }
      location /b/ { proxy_pass http://127.0.0.1:1/x/; location ~ inner { return 200 inner; } }
      location /b { return 200 b; }
      location = /c/ { proxy_pass http://127.0.0.1:1; }
      location ^~ /d/ { proxy_pass http://127.0.0.1:1; }
      location ~ ^/(a|e)$ { return 200 regex; }
      location /e/ { proxy_pass http://127.0.0.1:1; }
      location /i/ { internal; proxy_pass http://127.0.0.1:1; }
      location "/s p{c%/" { proxy_pass http://127.0.0.1:1; }
      location /out/ { return 200 out; location /out/in/ { proxy_pass http://127.0.0.1:1; } }
    }`,
  });
  await pair.compare(
    gets(`
      /a /a?x=1 /b /c /d /e /i /s%20p%7bc%25 /out/in /out /ab`),
  );
});
