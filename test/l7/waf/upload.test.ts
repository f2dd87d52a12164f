/** waf_upload: files that are what they say pass, others never reach the server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { contradiction } from '../../../l7/waf/file-kinds.ts';
import { freePorts, httpConf, startMoat } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { Wire } from '../../e2e/wire.ts';

const PNG = '\x89PNG\r\n\x1a\n\0\0\0\rIHDR';
const ELF = '\x7fELF\x02\x01\x01\0';

const CASES: readonly (readonly [extension: string, start: string, fits: boolean])[] = [
  ['png', PNG, true],
  ['png', ELF, false],
  ['png', 'GIF89a', false],
  ['png', 'just text', false],
  ['jpg', '\xff\xd8\xff\xe0', true],
  ['pdf', '%PDF-1.7', true],
  ['pdf', '<?php system(1);', false],
  ['docx', 'PK\x03\x04\x14\0', true],
  ['txt', 'MZ stands for Mark Zbikowski', true],
  ['txt', 'MZ\x90\0\x03\0', false],
  ['txt', ' <?php echo 1;', false],
  ['txt', '#!/bin/sh\nid', false],
  ['csv', 'a,b\n1,2\n', true],
  ['txt', gzipSync('x').toString('latin1'), false],
  ['', ELF, false],
  ['', '', true],
];

test('contradiction: of extension and content', () => {
  for (const [extension, start, fits] of CASES)
    assert.equal(
      contradiction(extension, start) === undefined,
      fits,
      `${extension} ${JSON.stringify(start)}`,
    );
});

test('waf_upload: by extension, content and size; detect only tells', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream(() => response(200, 'taken'));
  const pass = `proxy_pass http://127.0.0.1:${upstream.port};`;
  await using moat = await startMoat(
    httpConf(
      `error_log error.log warn; waf block; waf_rules own.conf; waf_upload types=png,txt max=1k;
       server { listen 127.0.0.1:${port}; location / { ${pass} } location /detect { waf detect; ${pass} }
         location /any { waf_upload on; ${pass} } location /off { waf_upload off; ${pass} } }`,
    ),
    { files: { 'own.conf': 'SecAction "id:1,phase:1,pass,nolog"\n' } },
  );
  const send = async (path: string, filename: string, content: string, more = ''): Promise<number> => {
    const body = `--b\r\nContent-Disposition: form-data; name="f"; filename="${filename}"${more}\r\n\r\n${content}\r\n--b--\r\n`;
    using wire = await Wire.dial(port);
    const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n`;
    return (await wire.send(head + body).reply()).status;
  };
  assert.equal(await send('/', 'a.png', PNG), 200);
  assert.equal(await send('/', 'A.PNG', PNG), 200);
  assert.equal(await send('/', 'a.txt', ''), 200);
  assert.equal(await send('/', '', 'no file'), 200);
  const before = upstream.requests.length + 1;
  assert.equal(await send('/', 'a.txt', 'text', "; filename*=utf-8''b.php"), 403);
  assert.equal(await send('/', 'a.png', ELF), 403);
  assert.equal(await send('/', 'a.php', '<?php'), 403);
  assert.equal(await send('/', 'a.png.', ELF), 403);
  assert.equal(await send('/', 'a', 'text'), 403);
  assert.equal(await send('/', 'a.txt', 'text', "; filename*=utf-8''b.txt"), 200);
  assert.equal(await send('/', 'a.txt', 'x'.repeat(2000)), 413);
  assert.equal(await send('/any', 'a.gif', ELF), 403);
  assert.equal(upstream.requests.length, before);
  assert.equal(await send('/any', 'a.anything', 'x'.repeat(2000)), 200);
  assert.equal(await send('/detect', 'a.png', ELF), 200);
  assert.equal(await send('/off', 'a.png', ELF), 200);
  assert.match(moat.read(), /waf blocked the file "a\.png" is a program for Linux/);
  assert.match(moat.read(), /upload would be refused: the file "a\.png" is a program for Linux/);
});
