/** `@rbl` in a running moat: clients that a DNS block list holds, asked of a real name server. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { freePorts, httpConf, type Running, startMoat } from '../../e2e/rig.ts';
import { Wire } from '../../e2e/wire.ts';
import { DNSMASQ, startDnsmasq } from '../resolve/name-servers.ts';

const skip = existsSync(DNSMASQ) ? false : 'dnsmasq is not installed';
const RULES = `SecRule REMOTE_ADDR "@rbl bl.test" "id:1,phase:1,deny,status:429"
SecRule REQUEST_HEADERS:X-Other "@rbl bl.test" "id:2,phase:1,deny,status:451"
`;

async function site(
  resolverPort: number,
  rules = RULES,
): Promise<AsyncDisposable & { port: number; moat: Running }> {
  const [port = 0] = await freePorts(1);
  const moat = await startMoat(
    httpConf(
      `error_log error.log warn; resolver 127.0.0.1:${resolverPort}; waf block; waf_rules own.conf;
       set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
       server { listen 127.0.0.1:${port}; location / { root .; try_files /none =204; } }`,
      'worker_processes 1;',
    ),
    { files: { 'own.conf': rules } },
  );
  return { port, moat, [Symbol.asyncDispose]: () => moat[Symbol.asyncDispose]() };
}

async function status(port: number, address: string, fields = ''): Promise<number> {
  using wire = await Wire.dial(port);
  return (await wire.send(`GET / HTTP/1.1\r\nHost: a\r\nX-Real-IP: ${address}\r\n${fields}\r\n`).reply())
    .status;
}

test('@rbl: listed clients are found at their first request; refusals of the list are no listing', {
  skip,
}, async () => {
  await using names = await startDnsmasq([
    'address=/7.2.0.192.bl.test/127.0.0.2',
    'address=/8.2.0.192.bl.test/127.255.255.254',
    'address=/9.2.0.192.bl.test/192.0.2.1',
  ]);
  await using it = await site(names.port);
  assert.equal(await status(it.port, '192.0.2.7'), 429);
  assert.equal(await status(it.port, '192.0.2.6'), 204);
  assert.equal(await status(it.port, '192.0.2.8'), 204, 'the list says that it does not answer us');
  assert.equal(await status(it.port, '192.0.2.9'), 204, 'that is no answer of a list');
  assert.equal(await status(it.port, '2001:db8::1'), 204);
  await names.serve(undefined);
  assert.equal(await status(it.port, '192.0.2.7'), 429, 'it is remembered');
});

test('@rbl: an address that only a header names is known from the next request on', { skip }, async () => {
  await using names = await startDnsmasq(['address=/7.2.0.192.bl.test/127.0.0.2']);
  await using it = await site(names.port);
  const asked = () => status(it.port, '192.0.2.6', 'X-Other: 192.0.2.7\r\n');
  assert.equal(await asked(), 204);
  let last = 0;
  for (let tries = 0; tries < 100 && last !== 451; tries++) last = await asked();
  assert.equal(last, 451);
});

test('@rbl: where no name server answers, requests pass, and the log says so', { skip }, async () => {
  const [silent = 0] = await freePorts(1);
  await using it = await site(silent);
  assert.equal(await status(it.port, '192.0.2.7'), 204);
  assert.match(it.moat.read(), /a DNS block list gave no answer, nobody is listed: /);
});

const KEYED = `SecHttpBlKey abcdefghijkl
SecRule REMOTE_ADDR "@rbl dnsbl.httpbl.org" "id:1,phase:1,pass,nolog,capture,setvar:'tx.said=%{tx.0}'"
SecRule TX:said "@rx RBL lookup of ([0-9.]+)\\.dnsbl\\.httpbl\\.org succeeded at TX:checkip. Comment spammer IP: 3 days since last activity, threat score 45" "id:2,phase:1,deny,status:429"
SecRule TX:said "@rx Search Engine" "id:3,phase:1,deny,status:451"
`;

test('@rbl dnsbl.httpbl.org: asked with the key, and says what kind of visitor it is', { skip }, async () => {
  await using names = await startDnsmasq([
    'address=/abcdefghijkl.7.2.0.192.dnsbl.httpbl.org/127.3.45.4',
    'address=/abcdefghijkl.8.2.0.192.dnsbl.httpbl.org/127.0.1.0',
    'address=/mnopqrstuvwx.9.2.0.192.dnsbl.httpbl.org/127.3.45.4',
  ]);
  await using it = await site(names.port, KEYED);
  assert.equal(await status(it.port, '192.0.2.7'), 429);
  assert.equal(await status(it.port, '192.0.2.8'), 451);
  assert.equal(await status(it.port, '192.0.2.9'), 204);
  await names.serve(undefined);
  assert.equal(await status(it.port, '192.0.2.10'), 204);
  assert.match(it.moat.read(), /gave no answer.*10\.2\.0\.192\.dnsbl\.httpbl\.org/);
  assert.doesNotMatch(it.moat.read(), /abcdefghijkl/);
});
