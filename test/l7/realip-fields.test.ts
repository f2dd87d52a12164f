/** realip, asked side by side with nginx. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTwins } from './twins.ts';

const SHOW = 'return 200 "$remote_addr [$remote_port] $realip_remote_addr $proxy_add_x_forwarded_for";';
/** Without a port of its own: the connection's is another one each time. */
const SHOW_ADDRESS = 'return 200 "$remote_addr $realip_remote_addr $binary_remote_addr";';

const FROM = 'set_real_ip_from 127.0.0.0/8; set_real_ip_from 10.0.0.0/8; set_real_ip_from 2001:db8::/32;';

const FIELDS: readonly (readonly string[])[] = [
  ['192.0.2.1'],
  ['192.0.2.1, 10.0.0.1'],
  ['192.0.2.1,10.0.0.1 , 10.0.0.2'],
  ['10.0.0.3, 10.0.0.1'],
  ['192.0.2.1:8080'],
  ['[2001:DB8:0::1]:80'],
  ['192.0.2.9, 2001:db8::5'],
  ['2001:db9::0:5'],
  ['nonsense'],
  ['192.0.2.1, unknown'],
  ['192.0.2.1', '10.0.0.1'],
  ['192.0.2.1', 'unknown', '10.0.0.1'],
  ['127.0.0.1'],
];

const SERVERS: Readonly<Record<string, string>> = {
  forwarded: `${FROM} real_ip_header X-Forwarded-For; location / { ${SHOW} }`,
  recursive: `${FROM} real_ip_header X-Forwarded-For; real_ip_recursive on; location / { ${SHOW} }`,
  default: `${FROM} location / { ${SHOW} }`,
  other: `${FROM} real_ip_header X-Client; real_ip_recursive on; location / { ${SHOW} }`,
  untrusted: `set_real_ip_from 10.0.0.0/8; set_real_ip_from unix:; real_ip_header X-Forwarded-For; location / { ${SHOW_ADDRESS} }`,
  nobody: `real_ip_header X-Forwarded-For; location / { ${SHOW_ADDRESS} }`,
  location: `location / { ${FROM} real_ip_header X-Forwarded-For; try_files /none @show; } location @show { ${SHOW} }`,
  twice: `${FROM} real_ip_header X-Forwarded-For; location / { set_real_ip_from 0.0.0.0/0; real_ip_header X-Client; try_files /none @show; } location @show { ${SHOW} }`,
  denied: `${FROM} real_ip_header X-Forwarded-For; location / { deny 192.0.2.0/24; try_files /none @show; } location @show { ${SHOW} }`,
  binary: `${FROM} real_ip_header X-Forwarded-For; location / { ${SHOW_ADDRESS} }`,
};

test('realip: every field gives the address that nginx finds', async t => {
  await using twins = await startTwins(SERVERS);
  for (const host of Object.keys(SERVERS)) {
    await t.test(host, async () => {
      let replaced = 0;
      for (const values of FIELDS)
        for (const field of ['X-Forwarded-For', 'X-Real-IP', 'X-Client']) {
          const { nginx, moat } = await twins.ask(host, { headers: { [field]: values } });
          const same = (line: string) => line.replace(/\[\d{5}\]/, '[PORT]');
          if (!moat.includes('| 127.0.0.1 ')) replaced++;
          assert.equal(`${field}: ${values} ${same(moat)}`, `${field}: ${values} ${same(nginx)}`);
        }
      assert.ok(
        replaced > 5 || ['untrusted', 'nobody'].includes(host),
        `${replaced} addresses were replaced`,
      );
    });
  }
});

test('realip: a client of IPv4 has one name, however it is spelled', async () => {
  await using twins = await startTwins({ all: SERVERS['forwarded']! });
  const { moat } = await twins.ask('all', { headers: { 'X-Forwarded-For': '::ffff:192.0.2.1' } });
  assert.match(moat, / 192\.0\.2\.1 \[\] 127/);
});
