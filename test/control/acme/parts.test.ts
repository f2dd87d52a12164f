/** Parts of the ACME client by themselves: times, identities, requests, and authorities that mean no good. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { test } from 'node:test';
import { AnswerBoard } from '../../../control/acme/board.ts';
import { readChain, refuseMisfit } from '../../../control/acme/chain.ts';
import { AcmeFault, plain, problemIn } from '../../../control/acme/fault.ts';
import { newKey, openKey } from '../../../control/acme/keys.ts';
import { OrderWork } from '../../../control/acme/order.ts';
import { serverNameOf, tlsAnswer, txtRecord } from '../../../control/acme/proof.ts';
import { askRenewal, renewalId } from '../../../control/acme/renewal-info.ts';
import { lookMs, pauseMs, renewalAtMs } from '../../../control/acme/schedule.ts';
import { Session } from '../../../control/acme/session.ts';
import { AcmeStore } from '../../../control/acme/store.ts';
import { retryAfterMs, secureUrl } from '../../../control/acme/wire.ts';
import { DEFAULT_RULES } from '../../../control/api/alert/defaults.ts';
import { readInto } from '../../../control/api/history/readings.ts';
import type { StatusReport } from '../../../control/status/report.ts';
import { identityOf } from '../../../control/x509/identity.ts';
import { certificateRequest } from '../../../control/x509/request.ts';
import { selfSigned } from '../../../control/x509/self-signed.ts';
import type { AcmeIssuer } from '../../../model/l7/acme.ts';
import { Authority } from '../../l7/authority.ts';
import { CERTIFICATE, ISSUER } from './issuer.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('acme schedule: renewal goes by the life, or by the window of the authority', () => {
  for (const days of [6, 64, 90]) {
    const life = { notBeforeMs: 0, notAfterMs: days * DAY_MS };
    const [first, last] = [renewalAtMs(life, undefined, 0), renewalAtMs(life, undefined, 0.999)];
    assert.ok(Math.abs(first - (days * DAY_MS * 2) / 3) < 1000, `${days} days`);
    assert.ok(last > first && last < days * DAY_MS * 0.7, `${days} days`);
    const window = { startMs: DAY_MS, endMs: 2 * DAY_MS };
    assert.equal(renewalAtMs(life, window, 0.5), 1.5 * DAY_MS);
  }
});

test('acme schedule: pauses double, heed what is left, and never come before what the authority says', () => {
  const failure = { retryAfterMs: undefined, isLimited: false, leftMs: 30 * DAY_MS };
  const pauses = Array.from({ length: 12 }, (_, at) => pauseMs({ ...failure, count: at + 1 }, 0.5));
  assert.deepEqual(pauses.slice(0, 4), [60_000, 120_000, 240_000, 480_000]);
  assert.equal(pauses.at(-1), 4 * HOUR_MS);
  assert.equal(pauseMs({ ...failure, count: 12, leftMs: 10 * HOUR_MS }, 0.5), HOUR_MS);
  assert.equal(
    pauseMs({ ...failure, count: 99, leftMs: -1 }, 0.5),
    60_000,
    'one that is over is tried each minute',
  );
  assert.equal(pauseMs({ ...failure, count: 1, retryAfterMs: 2 * DAY_MS }, 0.5), 2 * DAY_MS);
  assert.equal(pauseMs({ ...failure, count: 1, isLimited: true }, 0.5), HOUR_MS);
  assert.ok(pauseMs({ ...failure, count: 1 }, 0) < pauseMs({ ...failure, count: 1 }, 0.9));
});

test('acme schedule: an authority is asked about renewal as it says, within bounds, more often for a short life', () => {
  assert.equal(lookMs(6 * HOUR_MS, 90 * DAY_MS), 6 * HOUR_MS);
  assert.equal(lookMs(1, 90 * DAY_MS), 600_000);
  assert.equal(lookMs(99 * DAY_MS, 90 * DAY_MS), DAY_MS);
  assert.equal(lookMs(DAY_MS, DAY_MS), DAY_MS / 10);
});

/** RFC 9773, appendix A. */
const EXAMPLE = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
`;

test('acme: an authority knows a certificate by its key and serial number', () => {
  assert.equal(renewalId(EXAMPLE), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
  const der = new X509Certificate(EXAMPLE).raw;
  for (let length = 0; length < der.length; length++)
    assert.equal(identityOf(der.subarray(0, length)), undefined, `cut to ${length}`);
  for (let at = 0; at < der.length; at++) {
    const bent = Buffer.from(der);
    bent[at] = 0xff;
    identityOf(bent); // whatever it says, it ends and does not throw
  }
  assert.equal(renewalId(selfSigned({ commonName: 'x', names: [], days: 1 }).certificate), undefined);
});

test('acme: requests are what openssl takes them for, with each kind of key', async () => {
  for (const kind of ['ecdsa:256', 'ecdsa:384', 'ecdsa:521', 'rsa:2048'] as const) {
    const key = openKey(await newKey(kind));
    const names = [
      { type: 'dns', value: '*.example.org' },
      { type: 'ip', value: '192.0.2.1' },
      { type: 'ip', value: '2001:db8::1' },
    ] as const;
    const input = certificateRequest(key, names);
    const args = ['req', '-inform', 'DER', '-noout', '-verify', '-text'];
    const { stdout, stderr, status } = spawnSync('openssl', args, { input, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stdout + stderr, /self-signature verify OK|verify OK/i);
    assert.match(stdout, /DNS:\*\.example\.org, IP Address:192\.0\.2\.1, IP Address:2001:DB8:0:0:0:0:0:1/);
  }
});

test('acme: proofs are as the RFCs have them', () => {
  assert.equal(serverNameOf({ type: 'ip', value: '192.0.2.1' }), '1.2.0.192.in-addr.arpa');
  assert.match(
    serverNameOf({ type: 'ip', value: '2001:db8::1' }),
    /^1\.0\.0\.0(?:\.0){16}\.0\.0\.0\.0\.8\.b\.d\.0\.1\.0\.0\.2\.ip6\.arpa$/,
  );
  assert.equal(txtRecord({ type: 'dns', value: 'a.test' }, 'x').name, '_acme-challenge.a.test');
  const answer = tlsAnswer({ type: 'dns', value: 'a.test' }, 'token.thumb');
  assert.ok(answer.kind === 'tls-alpn-01');
  const { stdout } = spawnSync('openssl', ['x509', '-noout', '-text'], {
    input: answer.certificate,
    encoding: 'utf8',
  });
  assert.match(stdout, /1\.3\.6\.1\.5\.5\.7\.1\.31: critical/);
});

test('acme: what was issued is held against what was ordered', () => {
  using ca = new Authority();
  const good = ca.issue('a.test', { names: ['a.test', '*.b.test'] });
  const key = createPrivateKey(good.key);
  const check = (text: string, names: readonly string[], of = key) =>
    refuseMisfit(
      readChain(text),
      of,
      names.map(value => ({ type: 'dns', value })),
      Date.now(),
    );
  check(good.cert + ca.cert, ['a.test', '*.b.test']);
  assert.throws(() => check(good.cert, ['c.test']), /not for c\.test/);
  assert.throws(
    () => check(good.cert, ['x.b.test']),
    /not for x\.b\.test/,
    'a wildcard is not what was ordered',
  );
  assert.throws(() => check(ca.issue('a.test').cert, ['a.test']), /of another key/);
  assert.throws(() => check(good.cert + new Authority('Other').cert, ['a.test']), /did not issue/);
  assert.throws(() => check('', ['a.test']), /a chain of 0 certificates/);
  assert.throws(() => check(good.cert.repeat(11), ['a.test']), /a chain of 11 certificates/);
  assert.throws(
    () => check('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', []),
    /cannot be read/,
  );
});

test('acme: words of strangers fit on a line', () => {
  assert.equal(plain(`a\nb\u0000${'x'.repeat(9999)}`).length, 400);
  const problem = {
    type: 'urn:ietf:params:acme:error:rejectedIdentifier',
    detail: 'no\nway',
    subproblems: [{ detail: 'bad', identifier: { value: 'a.test' } }],
  };
  assert.deepEqual(problemIn(problem), {
    type: 'rejectedIdentifier',
    words: 'no way; a.test: bad (rejectedIdentifier)',
  });
  assert.equal(problemIn('x'), undefined);
  assert.equal(retryAfterMs('120'), 120_000);
  assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:02:00 GMT', 0), 120_000);
  assert.equal(retryAfterMs('999999999'), 7 * DAY_MS);
  assert.equal(retryAfterMs('soon'), undefined);
  for (const bad of ['http://ca.test/', 'https://u:p@ca.test/', 'file:///etc/passwd', '/x', 7, undefined])
    assert.throws(() => secureUrl(bad), /no URL of https/);
});

type Serve = (request: IncomingMessage, response: ServerResponse, origin: string) => void;

/** Talks to an authority that answers as `serve` says. */
async function withAuthority(serve: Serve, talk: (session: Session) => Promise<void>): Promise<void> {
  using ca = new Authority();
  const { cert, key } = ca.issue('localhost');
  let origin = '';
  const server = createServer({ cert, key }, (request, response) => serve(request, response, origin));
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  origin = `https://localhost:${typeof address === 'object' ? address?.port : ''}`;
  using session = new Session(`${origin}/dir`, openKey(await newKey('ecdsa:256')), {
    trusted: ca.cert,
    verify: true,
  });
  try {
    await talk(session);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const directory = (origin: string, more: object = {}) =>
  JSON.stringify({ newNonce: `${origin}/n`, newAccount: `${origin}/a`, newOrder: `${origin}/o`, ...more });

test('acme: hostile answers are refused with words, and cost no more than they may', async () => {
  const refusals: readonly (readonly [Serve, RegExp])[] = [
    [(_, response) => response.end('x'.repeat(600_000)), /more than 524288 bytes/],
    [(_, response) => response.end('[]'), /no object of JSON/],
    [(_, response, origin) => response.end(directory(origin).replace('https:', 'http:')), /no URL of https/],
    [(_, response, origin) => response.writeHead(302, { Location: `${origin}/x` }).end(), /answers 302/],
    [(_, response) => response.writeHead(503, { 'Retry-After': '7' }).end('<html>'), /answers 503/],
    [(_, response) => response.destroy(), /does not answer/],
  ];
  for (const [serve, words] of refusals)
    await withAuthority(serve, async session => {
      await assert.rejects(session.directory(), (fault: AcmeFault) => {
        assert.ok(fault instanceof AcmeFault);
        assert.match(fault.message, words);
        if (fault.status === 503) assert.equal(fault.retryAfterMs, 7000);
        return true;
      });
    });
});

test('acme: an authority that refuses every nonce is given up; one whose certificate nobody knows is not spoken to', async () => {
  let posts = 0;
  const serve: Serve = (request, response, origin) => {
    response.setHeader('Replay-Nonce', 'abc');
    if (request.url === '/dir') return response.end(directory(origin));
    if (request.method === 'HEAD') return response.end();
    posts++;
    response
      .writeHead(400)
      .end(JSON.stringify({ type: 'urn:ietf:params:acme:error:badNonce', detail: 'stale' }));
  };
  await withAuthority(serve, async session => {
    await assert.rejects(session.post((await session.directory()).newOrder, {}), /stale \(badNonce\)/);
    assert.equal(posts, 12);
  });
  using stranger = new Authority('Stranger');
  await withAuthority(serve, async session => {
    const { newNonce } = await session.directory();
    using other = new Session(newNonce, session.key, { trusted: stranger.cert, verify: true });
    await assert.rejects(other.directory(), /does not answer: .*(certificate|issuer)/);
  });
});

test('acme: an order names the profile and the certificate that it follows, where the authority knows of such', async () => {
  const ordered: Record<string, unknown>[] = [];
  const serve: Serve = (request, response, origin) => {
    response.setHeader('Replay-Nonce', 'abc');
    const meta = { profiles: { short: 'six days' } };
    if (request.url === '/dir')
      return void response.end(directory(origin, { renewalInfo: `${origin}/r`, meta }));
    if (request.method === 'HEAD') return void response.end();
    let said = '';
    request.on('data', (piece: Buffer) => (said += piece));
    request.on('end', () => {
      ordered.push(JSON.parse(Buffer.from(JSON.parse(said).payload, 'base64url').toString()));
      const type = ordered.length === 1 ? 'alreadyReplaced' : 'rejectedIdentifier';
      response
        .writeHead(403)
        .end(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail: 'no' }));
    });
  };
  const warned: string[] = [];
  const order = (session: Session, profile: AcmeIssuer['profile']) =>
    new OrderWork({
      ...{ session, issuer: { ...ISSUER, profile }, certificate: CERTIFICATE, file: 'a' },
      ...{ store: new AcmeStore(ISSUER), board: new AnswerBoard(async () => {}), replaces: 'x.y' },
      ...{ stop: new AbortController().signal, warn: message => void warned.push(message) },
    }).run();
  await withAuthority(serve, async session => {
    await assert.rejects(order(session, { name: 'short', isRequired: true }), /no \(rejectedIdentifier\)/);
    const { identifiers } = CERTIFICATE;
    const wish = { identifiers, profile: 'short' };
    assert.deepEqual(
      ordered,
      [{ ...wish, replaces: 'x.y' }, wish],
      'what was replaced already is not said again',
    );
    await assert.rejects(order(session, { name: 'long', isRequired: true }), /no profile "long", but short/);
    assert.equal(ordered.length, 2);
    await assert.rejects(order(session, { name: 'long', isRequired: false }), /rejectedIdentifier/);
    assert.deepEqual(ordered[2], { identifiers, replaces: 'x.y' });
    assert.match(warned.join(), /it chooses by itself/);
  });
});

test('acme: alerts are raised by certificates near their end, and by orders that fail', () => {
  const values = new Map<string, number>();
  const report: StatusReport = {
    ...{ version: '', pid: 1, file: '', uptimeMs: 0, revision: 1, appliedAtMs: 0, refusal: undefined },
    ...{ listeners: [], l7: undefined, l4: undefined, cluster: undefined },
    certificates: { expiring: 2, failing: 1, standIns: 3 },
  };
  readInto(values, { report, atMs: 0 }, undefined);
  for (const rule of ['certificate-expiring', 'certificate-order-failed']) {
    const { metric, bound } = DEFAULT_RULES.find(({ name }) => name === rule)!;
    assert.ok(values.get(metric)! > bound, rule);
  }
});

test('acme: ARI is asked by the identity of the certificate; nonsense is no window', async () => {
  const windows: Record<string, object | undefined> = {};
  const asked: string[] = [];
  const serve: Serve = (request, response, origin) => {
    if (request.url === '/dir')
      return response.end(
        directory(origin, { renewalInfo: `${origin}/ari/`, meta: { profiles: { short: 'x' } } }),
      );
    asked.push(request.url ?? '');
    response.setHeader('Retry-After', '21600');
    response.end(JSON.stringify({ suggestedWindow: windows[request.url ?? ''] }));
  };
  await withAuthority(serve, async session => {
    assert.deepEqual((await session.directory()).profiles, ['short']);
    windows['/ari/good'] = { start: '2026-01-02T04:00:00Z', end: '2026-01-03T04:00:00Z' };
    const found = await askRenewal(session, 'good');
    assert.deepEqual(found, {
      window: { startMs: Date.UTC(2026, 0, 2, 4), endMs: Date.UTC(2026, 0, 3, 4) },
      retryAfterMs: 21_600_000,
    });
    for (const bad of [
      undefined,
      { start: 'x', end: 'y' },
      { start: '2026-01-03T04:00:00Z', end: '2026-01-02T04:00:00Z' },
    ]) {
      windows['/ari/bad'] = bad;
      await assert.rejects(askRenewal(session, 'bad'), /window of renewal that is none/);
    }
    assert.equal(asked[0], '/ari/good');
  });
  await withAuthority(
    (_, response, origin) => void response.end(directory(origin)),
    async session => assert.equal(await askRenewal(session, 'x'), undefined),
  );
});
