/** Certificates by ACME from a real authority: ordered, shown, renewed, refused, by each challenge and through a kill in the middle. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import type { ShownIssued } from '../../../control/acme/issued.ts';
import type { Renewed } from '../../../control/acme/keeper.ts';
import { ask } from '../../../control/status/client.ts';
import { drawStatus } from '../../../control/status/table.ts';
import { freePorts, httpConf, PROGRAMS, type Running, startMoat, until } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';
import { call } from '../api/api-rig.ts';
import { type Pebble, skip, startPebble } from './pebble.ts';

const EAB = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
const [http = 0, tls = 0, api = 0] = await freePorts(3);
const state = mkdtempSync(join(tmpdir(), 'moat-acme-'));
const hook = join(state, 'hook');
const hookLog = join(state, 'hook.log');
const blocker = join(state, 'block');
let pebble: Pebble;
let moat: Running;
let hasEnded = false;

/** Tells the name server; while there is a file `block` it hangs, as one that an operator would curse. */
const hookText = (dnsUrl: string) => `#!/bin/sh
echo "$MOAT_ACME_ACTION $MOAT_ACME_DOMAIN $MOAT_ACME_NAME $MOAT_ACME_VALUE $(id -un) \${SECRET-none}" >> ${hookLog}
if [ "$MOAT_ACME_ACTION" = present ]; then
  curl -sf -d "{\\"host\\":\\"$MOAT_ACME_NAME.\\",\\"value\\":\\"$MOAT_ACME_VALUE\\"}" ${dnsUrl}/set-txt || exit 1
  while [ -e ${blocker} ]; do sleep 0.05; done
else
  curl -sf -d "{\\"host\\":\\"$MOAT_ACME_NAME.\\"}" ${dnsUrl}/clear-txt
fi
`;

const issuer = (name: string, lines = '') =>
  `acme_issuer ${name} { uri ${pebble.uri}; contact admin@example.org; ssl_trusted_certificate ca.pem; accept_terms_of_service;
     external_account_key kid-1 data:${EAB}; state_path ${state}/${name}; ${lines} }`;
const server = (names: string, certificate: string, lines = '') =>
  `server { listen 127.0.0.1:${tls} ssl; server_name ${names}; acme_certificate ${certificate}; ${lines}
     location / { return 200 $ssl_server_name; } }`;
const SHOWN = 'ssl_certificate $acme_certificate; ssl_certificate_key $acme_certificate_key;';

const conf = () =>
  httpConf(
    `acme_shared_zone zone=acme:1M;
     ${issuer('web', 'challenge http;')}
     ${issuer('alpn', 'challenge tls-alpn-01; account_key rsa:2048; preferred_chain "no such root";')}
     ${issuer('dns', `challenge dns-01; dns_hook ${hook} user=nobody timeout=5m;`)}
     ${issuer('nobody').replace(/external_account_key [^;]*;/, '')}
     server { listen 127.0.0.1:${http}; server_name _; return 301 https://$host$request_uri; }
     ${server('www.example.org example.org', 'web', SHOWN)}
     ${server('one.example.net', 'alpn one.example.net two.example.net 127.0.0.1 key=rsa:2048')}
     ${server('.example.com', 'dns')}
     ${server('bare.example.org', 'nobody')}`,
    `error_log error.log info; env SECRET=1; api { listen 127.0.0.1:${api}; state_path ${state}/api; }`,
  );

const start = () => startMoat(conf(), { files: { 'ca.pem': pebble.ca } });
const command = (...words: string[]) =>
  spawnSync(PROGRAMS.moat, [...words, '-c', join(moat.dir, 'nginx.conf'), '-p', `${moat.dir}/`], {
    encoding: 'utf8',
  });
const shown = async (): Promise<readonly ShownIssued[]> =>
  (await ask(join(moat.dir, 'rig.sock'), 'acme').catch(() => undefined)) ?? [];
const stateOf = async (issuerName: string) => (await shown()).find(one => one.issuer === issuerName);
const valid = (issuerName: string) =>
  until(
    async () => (await stateOf(issuerName))?.state === 'valid',
    `${issuerName} to have a certificate`,
    60_000,
  ).catch(fault => {
    throw new Error(`${fault.message}\n${moat.read()}`);
  });

/** As the command does, without a process of its own. */
async function renew(which: string, force = true): Promise<readonly Renewed[]> {
  const answer = await ask(join(moat.dir, 'rig.sock'), 'acme-renew', JSON.stringify({ which, force }));
  if ('fault' in answer) throw new Error(answer.fault);
  return answer.done;
}

let tokens = 0;

async function tokenOf(role: string): Promise<string> {
  const order = JSON.stringify({ kind: 'create', name: `${role}-${tokens++}`, role });
  const made = await ask(join(moat.dir, 'rig.sock'), 'token-order', order);
  assert.ok('done' in made && made.done.token !== undefined, JSON.stringify(made));
  return made.done.token;
}

/** A connection to the TLS listener that stays open. */
function dial(servername: string): Promise<TLSSocket> {
  return new Promise((done, fail) => {
    const socket = connect({ port: tls, host: '127.0.0.1', servername, rejectUnauthorized: false });
    socket.once('secureConnect', () => done(socket)).once('error', fail);
  });
}

async function certificateOf(servername: string): Promise<X509Certificate> {
  const socket = await dial(servername);
  const found = socket.getPeerX509Certificate()!;
  socket.destroy();
  return found;
}

/** One request over a connection that is there already. */
function askOver(socket: TLSSocket): Promise<string> {
  return new Promise(done => {
    socket.once('data', data => done(data.toString()));
    socket.write('GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n');
  });
}

before(async () => {
  if (skip) return;
  pebble = await startPebble({
    httpPort: http,
    tlsPort: tls,
    badNonces: 30,
    external: { 'kid-1': EAB },
    alternateRoots: 1,
  });
  chmodSync(state, 0o755);
  writeFileSync(hook, hookText(pebble.dnsUrl), { mode: 0o755 });
  writeFileSync(hookLog, '', { mode: 0o666 });
  chmodSync(hookLog, 0o666);
  moat = await start();
});

after(async () => {
  if (skip) return;
  if (!hasEnded) await moat?.stop();
  await pebble?.[Symbol.asyncDispose]();
  rmSync(state, { recursive: true, force: true });
});

test('acme: http-01 is answered before a redirect, through refused nonces, with an external account', {
  skip,
}, async () => {
  await valid('web');
  const found = await certificateOf('www.example.org');
  assert.match(found.issuer, /Pebble Intermediate/);
  assert.deepEqual(found.subjectAltName?.split(', ').sort(), ['DNS:example.org', 'DNS:www.example.org']);
  assert.equal((await request(http, { path: '/.well-known/acme-challenge/other' })).status, 301);
});

test('acme: tls-alpn-01 proves several names and an address, with keys of RSA', { skip }, async () => {
  await valid('alpn');
  const found = await certificateOf('one.example.net');
  assert.match(found.issuer, /Pebble Intermediate/);
  assert.match(found.subjectAltName ?? '', /DNS:two\.example\.net/);
  assert.match(found.subjectAltName ?? '', /IP Address:127\.0\.0\.1/);
  assert.equal(found.publicKey.asymmetricKeyType, 'rsa');
});

test('acme: dns-01 has a program prove a name and its wildcard, as another user and with nothing of our environment', {
  skip,
}, async () => {
  await valid('dns');
  const found = await certificateOf('any.example.com');
  assert.deepEqual(found.subjectAltName?.split(', ').sort(), ['DNS:*.example.com', 'DNS:example.com']);
  const lines = readFileSync(hookLog, 'utf8').trim().split('\n');
  assert.equal(
    lines.filter(line => line.startsWith('present example.com _acme-challenge.example.com ')).length,
    2,
  );
  assert.equal(lines.filter(line => line.startsWith('cleanup ')).length, 2);
  assert.ok(
    lines.every(line => line.endsWith(' nobody none')),
    lines.join('\n'),
  );
});

test('acme: until an authority has issued, a self-signed certificate is shown, and all say why', {
  skip,
}, async () => {
  await until(async () => (await stateOf('nobody'))?.state === 'failing', 'the refusal');
  const found = await certificateOf('bare.example.org');
  assert.match(found.subject, /nothing was issued yet/);
  assert.match((await stateOf('nobody'))?.lastError ?? '', /add external_account_key/);
  assert.match(
    moat.read(),
    /acme: nobody\/bare\.example\.org-\w+: clients are shown a self-signed certificate until/,
  );
  const { stdout, status } = command('acme', 'status');
  assert.equal(status, 0);
  assert.match(stdout, /nobody\/bare.* failing, stand-in +self-signed/);
  assert.match(stdout, /wants an account that is there already/);
  const report = await ask(join(moat.dir, 'rig.sock'), 'status');
  assert.deepEqual(report.certificates, { expiring: 0, failing: 1, standIns: 1 });
  const drawn = drawStatus({ report, atMs: 0 }, undefined);
  assert.match(drawn, /! certificates that could not be ordered: 1/);
});

test('acme: what is kept is for the owner alone, and no key is in the log', { skip }, async () => {
  const folders = ['web', 'alpn', 'dns'].map(name => join(state, name));
  for (const folder of folders) {
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    const names = readdirSync(folder);
    assert.deepEqual(
      names.filter(name => name.startsWith('.')),
      [],
      'nothing half-written is left',
    );
    assert.equal(names.filter(name => name.endsWith('.pem')).length, 1);
    for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  }
  assert.doesNotMatch(moat.read() + moat.output(), /PRIVATE KEY|zWNDZM6eQGHWpSRTPal5/);
});

test('acme: a renewed certificate is shown without a reload, and connections go on', { skip }, async () => {
  const kept = await dial('www.example.org');
  const serial = kept.getPeerX509Certificate()!.serialNumber;
  assert.match(await askOver(kept), /www\.example\.org/);
  assert.deepEqual(await renew('example.org', false), [], 'nothing is due');
  const { stdout, status, stderr } = command('acme', 'renew', '--force', 'example.org');
  assert.equal(status, 0, stderr + stdout + moat.read());
  assert.match(stdout, /^web\/example\.org-\w+: issued\n$/);
  assert.notEqual((await certificateOf('www.example.org')).serialNumber, serial);
  assert.match(await askOver(kept), /www\.example\.org/, 'the connection from before goes on');
  kept.destroy();
});

test('acme: one that is taken back has another in its place first, by command; by API an order is begun now', {
  skip,
}, async () => {
  const { serialNumber: old } = await certificateOf('one.example.net');
  assert.match(command('acme', 'revoke').stderr, /say which/);
  assert.match(command('acme', 'revoke', 'x', '--reason', 'superceded').stderr, /not one of unspecified/);
  assert.match(command('acme', 'revoke', 'bare.example.org').stderr, /nothing was issued yet/);
  const { stdout, stderr, status } = command('acme', 'revoke', 'one.example.net', '--reason', 'superseded');
  assert.equal(status, 0, stderr + moat.read());
  assert.equal(stdout, `the certificate ${old} is revoked\n`);
  const { serialNumber: now } = await certificateOf('one.example.net');
  assert.deepEqual([await pebble.statusOf(old), await pebble.statusOf(now)], ['Revoked', 'Valid']);

  const at = `/api/v1/certificates/${encodeURIComponent((await stateOf('alpn'))!.id)}`;
  const [viewer, operator, admin] = await Promise.all(['viewer', 'operator', 'admin'].map(tokenOf));
  const said = (token: string, etag?: unknown, body?: object) => ({
    ...{ method: 'POST', token, headers: etag === undefined ? {} : { 'if-match': String(etag) } },
    ...(body && { body }),
  });
  const seen = await call(api, at, { token: viewer });
  assert.deepEqual([seen.body.serial, seen.body.acme.revocation.serial], [now, old]);
  const { etag } = seen.headers;
  assert.equal((await call(api, `${at}/renew`, said(viewer!, etag))).status, 403);
  assert.equal((await call(api, `${at}/revoke`, said(operator!, etag, {}))).status, 403);
  assert.equal((await call(api, `${at}/renew`, said(operator!))).status, 428);
  assert.equal((await call(api, `${at}/renew`, said(operator!, etag))).status, 202);
  const isAnother = async (serial: string) =>
    (await certificateOf('one.example.net')).serialNumber !== serial;
  await until(() => isAnother(now), 'another certificate', 60_000);
  assert.equal(
    (await call(api, `${at}/renew`, said(operator!, etag))).status,
    412,
    'it was of the one before',
  );

  await until(async () => (await stateOf('alpn'))?.state === 'valid', 'the order to be over');
  const next = await call(api, at, { token: viewer });
  assert.equal((await call(api, `${at}/revoke`, said(admin!, next.headers.etag, {}))).status, 202);
  const revoked = async () => (await stateOf('alpn'))?.revocation?.serial === next.body.serial;
  await until(revoked, 'the revocation', 60_000);
  assert.equal(await pebble.statusOf(next.body.serial), 'Revoked');
  assert.equal(await pebble.statusOf((await certificateOf('one.example.net')).serialNumber), 'Valid');
  const { body } = await call(api, '/api/v1/audit?limit=50', { token: admin });
  const done = body.items.map(({ what }: { what: string }) => what);
  for (const what of ['acme-renew', 'acme-revoke']) assert.ok(done.includes(what), what);
});

test('acme: a new L7 process shows what was issued, and a reload orders what is new', { skip }, async () => {
  const { serialNumber } = await certificateOf('www.example.org');
  const l7 = Number(/L7 process (\d+)/.exec(moat.read())?.[1]);
  process.kill(l7, 'SIGKILL');
  await until(() => /is started anew as/.test(moat.read()), 'another L7 process');
  assert.equal((await certificateOf('www.example.org')).serialNumber, serialNumber);
  const more = server('late.example.org', 'web', SHOWN);
  moat.reload(conf().replace(/(server \{ listen 127.0.0.1:\d+; server_name _;)/, `${more} $1`));
  await until(async () => {
    const found = (await shown()).find(({ names }) => names.includes('late.example.org'));
    return found?.state === 'valid';
  }, 'the new server to have a certificate');
  assert.match((await certificateOf('late.example.org')).subjectAltName ?? '', /DNS:late\.example\.org/);
  assert.equal((await certificateOf('www.example.org')).serialNumber, serialNumber);
  await pebble.tellDns('/add-a', { host: 'extra.example.org', addresses: ['127.0.0.9'] });
  moat.reload(
    conf().replace('www.example.org example.org;', 'www.example.org example.org extra.example.org;'),
  );
  const extra = async () => (await shown()).find(({ names }) => names.includes('extra.example.org'));
  await until(async () => (await extra())?.state === 'failing', 'the order with one name more to be refused');
  assert.deepEqual([(await extra())?.isStandIn, (await extra())?.isBorrowed], [true, true]);
  assert.equal(
    (await certificateOf('www.example.org')).serialNumber,
    serialNumber,
    'the site goes on with what it has',
  );
  moat.reload(conf());
  // The API follows last: whoever asks it before that may be refused.
  const inForce = () => moat.read().split('is in force in all workers').length - 1;
  await until(() => inForce() === 3, 'the reloads');
  assert.equal((await shown()).length, 4);
});

test('acme: a name that is not proved leaves the certificate before in force, and says what the authority found', {
  skip,
}, async () => {
  const before = (await certificateOf('www.example.org')).serialNumber;
  await pebble.tellDns('/add-a', { host: 'example.org', addresses: ['127.0.0.9'] });
  const [refused] = await renew('www.example.org');
  assert.match(refused?.fault ?? '', /^example\.org was not proved: .*\(connection\)/);
  assert.equal((await certificateOf('www.example.org')).serialNumber, before);
  assert.match(moat.read(), /the certificate before stays in force; try 2 at 20/);
  const kept = command('acme', 'revoke', 'www.example.org');
  assert.deepEqual([kept.status, kept.stdout], [1, ''], kept.stderr + moat.read());
  assert.match(kept.stderr, /is not revoked: there is no other in its place: .*--force revokes all the same/);
  assert.equal(await pebble.statusOf(before), 'Valid');
  const token = await tokenOf('viewer');
  const { body } = await call(api, '/api/v1/certificates', { token });
  const item = body.items.find((one: { acme?: { issuer: string } }) => one.acme?.issuer === 'web');
  assert.deepEqual([item.acme.state, item.acme.failures, item.state], ['failing', 2, 'good']);
  assert.match(item.acme.lastError, /was not proved/);
  assert.ok(item.acme.nextTryMs > Date.now() - 60_000);
  assert.doesNotMatch(JSON.stringify(body), /PRIVATE/);
  await pebble.tellDns('/clear-a', { host: 'example.org' });
  const [again] = await renew('www.example.org', false);
  assert.ok(again && again.fault === undefined, 'one that has failed is due');
});

test('acme: killed in the middle of an order, it goes on with that order, and takes out what the hook had written', {
  skip,
}, async () => {
  const serial = (await certificateOf('any.example.com')).serialNumber;
  const webSerial = (await certificateOf('www.example.org')).serialNumber;
  writeFileSync(blocker, '');
  writeFileSync(hookLog, '');
  const cut = renew('example.com').catch((fault: Error) => fault.message);
  await until(() => readFileSync(hookLog, 'utf8').includes('present'), 'the hook to run');
  const [order = ''] = readdirSync(join(state, 'dns')).filter(name => name.endsWith('.order'));
  const { url }: { url: string } = JSON.parse(readFileSync(join(state, 'dns', order), 'utf8'));
  const orders = pebble.output().split('Added order').length - 1;
  process.kill(moat.pid, 'SIGKILL');
  assert.match(String(await cut), /without an answer|ECONNRESET/);
  await moat.stop().catch(() => {}); // it has died, as it was to
  rmSync(blocker);
  moat = await start();
  assert.equal(
    (await certificateOf('any.example.com')).serialNumber,
    serial,
    'what was kept is shown at once',
  );
  assert.equal((await certificateOf('www.example.org')).serialNumber, webSerial);
  assert.equal((await stateOf('web'))?.state, 'valid', 'what is not due is not ordered');
  const [again] = await renew('example.com');
  assert.ok(again && again.fault === undefined, again?.fault ?? 'nothing was ordered');
  assert.match(
    readFileSync(hookLog, 'utf8'),
    /^present [^\n]*\ncleanup /,
    'the record of the dead is taken out first',
  );
  assert.equal(pebble.output().split('Added order').length - 1, orders, 'no other order was made');
  assert.match(url, /^https:/);
  assert.equal(existsSync(join(state, 'dns', order)), false);
  assert.notEqual((await certificateOf('any.example.com')).serialNumber, serial);
});

test('acme: an authority that has forgotten the account gets it registered anew', { skip }, async () => {
  await pebble.restart();
  const [again] = await renew('example.org');
  assert.ok(again && again.fault === undefined, moat.read());
});

test('acme: a moat that is told to end does not wait for an order, nor for the program of dns-01', {
  skip,
}, async () => {
  writeFileSync(blocker, '');
  writeFileSync(hookLog, '');
  const cut = renew('example.com').catch((fault: Error) => fault.message);
  await until(() => readFileSync(hookLog, 'utf8').includes('present'), 'the hook to run');
  await moat.stop();
  assert.match(JSON.stringify(await cut), /ending|without an answer|ECONNRESET/);
  const hooks = spawnSync('pgrep', ['-f', hook], { encoding: 'utf8' }).stdout;
  assert.equal(hooks, '', 'nothing of it is left');
  hasEnded = true;
});
