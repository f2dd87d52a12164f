/** `moat import nginx`: one file that moat takes, in which nothing is open that was closed; and it runs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { freePorts, PROGRAMS, startMoat } from '../e2e/rig.ts';
import { response, startUpstream } from '../e2e/upstream.ts';
import { request } from '../e2e/wire.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-import-nginx-'));
after(() => rmSync(dir, { recursive: true }));

function imported(name: string, files: Readonly<Record<string, string>>) {
  const folder = join(dir, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const words = ['import', 'nginx', join(folder, 'nginx.conf')];
  const { stdout, stderr, status } = spawnSync(PROGRAMS.moat, words, { encoding: 'utf8' });
  return { text: stdout, said: stderr.replaceAll(`${folder}/`, '').trim().split('\n'), status, folder };
}

const site = (port: number, backend: number) => ({
  'nginx.conf': `user www-data;
pid /run/nginx.pid;
events { }
http {
    include mime.types;
    upstream app { least_conn; server 127.0.0.1:${backend}; }
    include conf.d/*.conf;
}
stream {
    server { listen 5432; proxy_pass 10.0.0.1:5432; }
}
`,
  'mime.types': 'types {\n    text/html html;\n}\n',
  'conf.d/site.conf': `server {
    listen 127.0.0.1:${port};
    location / { proxy_cache c; proxy_pass http://app; include snippets/host.conf; }
    location /private/ {
        auth_jwt "closed";
        proxy_pass http://app;
    }
    location ~ \\.php$ { fastcgi_pass unix:/run/php.sock; }
}
`,
  'snippets/host.conf': 'proxy_set_header Host "from $host";\n',
});

test('moat import nginx: includes are in their places, and each line that is left out is told of', () => {
  const { text, said, status } = imported('site', site(8080, 8081));
  assert.equal(status, 0, said.join('\n'));
  assert.doesNotMatch(text, /^\s*include/m);
  assert.match(text, /proxy_set_header Host "from \$host";/);
  assert.match(text, /^pid \/run\/moat\/moat.pid;$/m);
  assert.deepEqual(
    said.flatMap(line => /^(\S+): not taken over: "(\w+)"/.exec(line)?.slice(1).join(' ') ?? []),
    [
      'conf.d/site.conf:3 proxy_cache',
      'conf.d/site.conf:5 auth_jwt',
      'conf.d/site.conf:8 fastcgi_pass',
      'nginx.conf:9 stream',
    ],
  );
  assert.match(said.join('\n'), /nginx.conf:2: changed: pid: /);
});

test('moat import nginx: what was made runs, and what kept somebody out keeps everybody out', async () => {
  const [port = 0] = await freePorts(1);
  await using backend = await startUpstream(({ headers }) =>
    response(200, headers.find(([name]) => name.toLowerCase() === 'host')?.[1]),
  );
  const { text } = imported('runs', site(port, backend.port));
  const conf = text.replace(/^user .*$/m, '').replace(/^pid .*$/m, 'pid rig.pid;');
  await using _moat = await startMoat(conf, { files: { 'html/x.php': '<?php secret();' } });
  assert.equal((await request(port, { path: '/' })).body, 'from localhost');
  assert.equal((await request(port, { path: '/private/x' })).status, 403);
  assert.equal((await request(port, { path: '/x.php' })).status, 502);
});

test('moat import nginx: a file that is not there, or no configuration, is told', () => {
  const missing = imported('missing', { 'nginx.conf': 'events { }\nhttp { include absent.conf; }\n' });
  assert.equal(missing.status, 3);
  assert.match(missing.said.join(''), /cannot import .*no such file/i);
  const broken = imported('broken', { 'nginx.conf': 'events { \n' });
  assert.equal(broken.status, 3);
  assert.match(broken.said.join(''), /is not made of directives and blocks/);
  const circle = imported('circle', { 'nginx.conf': 'include nginx.conf;\n' });
  assert.equal(circle.status, 3);
  assert.match(circle.said.join(''), /without end/);
});
