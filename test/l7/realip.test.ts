/** realip through a running moat and, with the same configuration, Debian's nginx. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts, httpConf, startMoat, startNginx } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';

const SERVERS = (port: number) => `
  log_format who '$remote_addr $realip_remote_addr';
  server {
    listen 127.0.0.1:${port};
    set_real_ip_from 127.0.0.1; set_real_ip_from 10.0.0.0/8; set_real_ip_from 2001:db8::/32;
    real_ip_header X-Forwarded-For;
    location / { return 200 "$remote_addr $remote_port $realip_remote_addr"; }
    location /recursive { real_ip_recursive on; error_page 418 = @who; return 418; }
    location @who { return 200 "$remote_addr"; }
  }
  server {
    listen 127.0.0.1:${port}; server_name recursive;
    set_real_ip_from 127.0.0.1; set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; real_ip_recursive on;
    location / { return 200 "$remote_addr $remote_port"; }
  }
  server {
    listen 127.0.0.1:${port}; server_name stranger;
    set_real_ip_from 192.0.2.1; real_ip_header X-Forwarded-For;
    location / { return 200 "$remote_addr"; }
  }
  server {
    listen 127.0.0.1:${port}; server_name default-field;
    set_real_ip_from localhost;
    location / { return 200 "$remote_addr"; }
  }`;

const VALUES = [
  '1.2.3.4',
  '1.2.3.4, 5.6.7.8',
  '1.2.3.4,10.1.1.1',
  '10.0.0.1, 10.0.0.2',
  '1.2.3.4:99',
  '[2001:db8::1]:80',
  '2001:db8::1',
  'rubbish',
  '1.2.3.4, rubbish',
  'rubbish, 1.2.3.4',
  '1.2.3.4, 10.0.0.1, 10.0.0.2',
  '',
  '  1.2.3.4  ',
  '1.2.3.4 5.6.7.8',
  '300.1.1.1',
  '1.2.3.4:99999',
];

test('realip: sees the clients that nginx sees', async () => {
  const [ours = 0, theirs = 0] = await freePorts(2);
  await using moat = await startMoat(httpConf(SERVERS(ours)));
  await using nginx = await startNginx(httpConf(SERVERS(theirs)));
  let compared = 0;
  for (const host of ['first', 'recursive', 'stranger', 'default-field']) {
    for (const value of VALUES) {
      for (const headers of [
        { Host: host, 'X-Forwarded-For': value },
        { Host: host, 'X-Real-IP': value },
      ]) {
        const [mine, its] = [await request(ours, { headers }), await request(theirs, { headers })];
        // The port of the connection itself differs between the two.
        const known = (text: string) => text.replace(/ \d{5}\b/, ' PORT');
        assert.equal(known(mine.body), known(its.body), `${host} ${JSON.stringify(headers)}`);
        compared++;
      }
    }
  }
  assert.equal(compared, 4 * VALUES.length * 2);
  assert.ok(moat.pid && nginx.pid);
});
