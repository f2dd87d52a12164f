/** Variants of files that lie ready: gzip_static beside nginx, brotli_static and zstd_static on their own. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, startMoat } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';
import { type Ask, besideNginx } from '../beside-nginx.ts';

const gz = (text: string) => gzipSync(text).toString('latin1');
const FILES = {
  'a.txt': 'plain a',
  'a.txt.gz': gz('packed a'),
  'only.txt.gz': gz('packed only'),
  'plain.txt': 'plain only',
  'big.bin': 'x'.repeat(100_000),
  'big.bin.gz': 'pretends to be packed '.repeat(5000),
  'secret.txt': 'open',
  'dir.txt': 'file beside a folder',
};

test('gzip_static: who gets the packed file', async () => {
  await using pair = await besideNginx({
    files: FILES,
    prepare(root) {
      mkdirSync(`${root}/dir.txt.gz`);
      symlinkSync('a.txt.gz', `${root}/secret.txt.gz`);
      chmodSync(`${root}/only.txt.gz`, 0o644);
    },
    http: `server { listen {port}; root {root}; gzip_static on;
      location /vary/ { alias {root}/; gzip_vary on; }
      location /always/ { alias {root}/; gzip_static always; gzip_vary on; }
      location /unpacked/ { alias {root}/; gzip_static always; gunzip on; }
      location /off/ { alias {root}/; gzip_static off; }
      location /proxied/ { alias {root}/; gzip_proxied any; }
      location /old/ { alias {root}/; gzip_http_version 1.0; }
      location /disabled/ { alias {root}/; gzip_disable "Old"; }
      location /both/ { alias {root}/; gzip on; gzip_min_length 1; }
      location /tried/ { alias {root}/; try_files $uri =404; }
    }`,
  });
  const fields = [
    [],
    ['Accept-Encoding: gzip'],
    ['Accept-Encoding: br, gzip;q=0.5'],
    ['Accept-Encoding: gzip;q=0'],
    ['Accept-Encoding: gzip', 'Via: 1.1 x'],
    ['Accept-Encoding: gzip', 'User-Agent: Old'],
    ['Accept-Encoding: gzip', 'Range: bytes=1-3'],
    ['Accept-Encoding: gzip', 'If-Modified-Since: Sun, 05 May 2024 10:20:30 GMT'],
  ];
  const places = ['', '/vary', '/always', '/off', '/proxied', '/disabled', '/tried'];
  const files = ['a.txt', 'only.txt', 'plain.txt', 'none.txt', 'dir.txt', 'secret.txt'];
  // A folder in the place of the packed file is no variant: all get the same answer.
  const same = (answer: string, [line]: Ask) =>
    line.endsWith('/dir.txt') ? answer.replace(/^Vary: .*\n?/m, '').trimEnd() : answer;
  await pair.compare(
    places.flatMap(place =>
      files.flatMap(file => fields.map((lines): Ask => [`GET ${place}/${file}`, ...lines])),
    ),
    same,
  );
  await pair.compare([
    ['HEAD /a.txt', 'Accept-Encoding: gzip'],
    ['POST /a.txt', 'Accept-Encoding: gzip', '>x'],
    ['GET /a.txt HTTP/1.0', 'Accept-Encoding: gzip'],
    ['GET /old/a.txt HTTP/1.0', 'Accept-Encoding: gzip'],
    ['GET /big.bin', 'Accept-Encoding: gzip'],
    ['GET /big.bin', 'Accept-Encoding: gzip', 'Range: bytes=0-1,5-6'],
    ['GET /unpacked/a.txt'],
    ['GET /unpacked/a.txt', 'Accept-Encoding: gzip'],
  ]);
});

test('brotli_static, zstd_static: the client chooses by weight, zstd before brotli before gzip', async () => {
  const [port = 0] = await freePorts(1);
  await using _moat = await startMoat(
    httpConf(
      `server { listen 127.0.0.1:${port}; root site; gzip_static on; brotli_static on; zstd_static on; gzip_vary on; }`,
    ),
    {
      files: {
        'site/a': 'plain',
        'site/a.gz': 'gz',
        'site/a.br': 'br',
        'site/a.zst': 'zst',
        'site/b': 'plain b',
        'site/b.br': 'b.br',
      },
    },
  );
  const told: unknown[] = [];
  for (const [path, accept] of [
    ['/a', 'gzip, br, zstd'],
    ['/a', 'gzip, br'],
    ['/a', 'zstd;q=0.5, br;q=0.7, gzip;q=0.6'],
    ['/a', 'identity'],
    ['/b', 'gzip, zstd, br;q=0.1'],
    ['/b', 'gzip'],
  ] as const) {
    const reply = await request(port, { path, headers: { 'Accept-Encoding': accept } });
    told.push([reply.body, header(reply, 'content-encoding'), header(reply, 'vary')]);
  }
  assert.deepEqual(told, [
    ['zst', 'zstd', 'Accept-Encoding'],
    ['br', 'br', 'Accept-Encoding'],
    ['br', 'br', 'Accept-Encoding'],
    ['plain', undefined, 'Accept-Encoding'],
    ['b.br', 'br', 'Accept-Encoding'],
    ['plain b', undefined, 'Accept-Encoding'],
  ]);
});
