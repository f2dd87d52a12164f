/** modern_browser and ancient_browser beside nginx. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from '../e2e/wire.ts';
import { type Ask, besideNginx } from './beside-nginx.ts';

const NAMES = [
  'Opera/7.50 (X11; FreeBSD i386; U)  [en]',
  'Mozilla/5.0 (X11; FreeBSD i386; U) Opera 7.50  [en]',
  'Mozilla/4.0 (compatible; MSIE 6.0; X11; FreeBSD i386) Opera 7.50  [en]',
  'Opera/9.01 (X11; FreeBSD 6 i386; U; en)',
  'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)',
  'Mozilla/4.0 (compatible; MSIE 5.5; Windows 98)',
  'Mozilla/4.0 (compatible; MSIE 4.0; Windows 95)',
  'Mozilla/4.0 (compatible; MSIE 10.0; Windows NT 6.1)',
  'Mozilla/4.0 (compatible; MSIE ',
  'MSIE 6.0',
  'Mozilla/5.0 (X11; U; Linux i686; en-US; rv:1.0.0) Gecko/20020610',
  'Mozilla/5.0 (X11; U; FreeBSD i386; en-US; rv:1.8.0.5) Gecko/20060729 Firefox/1.5.0.5',
  'Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0',
  'Mozilla/5.0 (Macintosh; U; PPC Mac OS X; ru-ru) AppleWebKit/125.2 (KHTML, like Gecko) Safari/125.7',
  'Mozilla/5.0 (Macintosh; U; PPC Mac OS X; en) AppleWebKit/418 (KHTML, like Gecko) Safari/417.9.3',
  'Mozilla/5.0 (compatible; Konqueror/3.4; Linux) KHTML/3.4.2 (like Gecko)',
  'Mozilla/4.72 [en] (X11; U; Linux)',
  'Mozilla/4.72',
  'Lynx/2.8.5rel.1 libwww-FM/2.14',
  'Links (0.99; Linux)',
  'curl/8.0',
  '',
];

const PLACES = [
  ...['', 'modern_browser unlisted;', 'ancient_browser Links Lynx netscape4;', 'ancient_browser netscape4;'],
  'modern_browser msie 5.5; modern_browser gecko 1.0.0; modern_browser opera 9.0; modern_browser safari 413; modern_browser konqueror 3.0;',
  'modern_browser msie 5.5; modern_browser gecko 1.8.0.4; modern_browser unlisted; ancient_browser Links Lynx netscape4;',
  'modern_browser msie 5; ancient_browser MSIE; modern_browser_value new; ancient_browser_value old;',
  'modern_browser opera 8; modern_browser msie 7.0;',
  'modern_browser unlisted; ancient_browser Lynx curl;',
];

test('browser: which are modern, which ancient, which Internet Explorer', async () => {
  const shown = 'return 200 "[$modern_browser][$ancient_browser][$msie]";';
  await using pair = await besideNginx({
    http: `server { listen {port}; ${PLACES.map((lines, at) => `location /${at} { ${lines} ${shown} }`).join('\n')} }`,
  });
  for (let at = 0; at < PLACES.length; at++)
    await pair.compare([...NAMES.map((name): Ask => [`GET /${at}`, `User-Agent: ${name}`]), [`GET /${at}`]]);
});

test('browser: blocks inside take lists over as a whole, and a configuration may take the names', async () => {
  await using pair = await besideNginx({
    http: `map $http_x_mapped $msie { default 'mapped $http_x_mapped'; }
      modern_browser msie 5.0; modern_browser unlisted; modern_browser_value modern;
      server { listen {port}; location / { return 200 "[$modern_browser][$msie]"; }
      location /own { modern_browser opera 1.0; return 200 "[$modern_browser]"; }
      location /set { if ($arg_x) { set $ancient_browser set; } return 200 "[$ancient_browser]"; } }`,
  });
  const ask = async (path: string, agent: string) =>
    (await request(pair.port.moat, { path, headers: { 'User-Agent': agent, 'X-Mapped': 'm' } })).body;
  const msie = 'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)';
  assert.equal(await ask('/', msie), '[modern][mapped m]');
  assert.equal(await ask('/', 'curl/8.0'), '[modern][mapped m]');
  assert.equal(await ask('/own', msie), '[]', 'a block with a list of its own has nothing of the outer one');
  assert.equal(await ask('/own', 'Opera/9.0 (X11)'), '[modern]');
  assert.equal(await ask('/set', 'curl/8.0'), '[]');
  assert.equal(await ask('/set?x=1', 'curl/8.0'), '[set]');
});
