/**
 * TLS connections with a broken wire: between a good client and a running moat a piece is changed, cut, or followed by noise.
 * Whatever comes of it, no worker dies, every connection ends, and clients after it are served.
 * `MOAT_FUZZ_SEED` and `MOAT_FUZZ_RUNS` repeat or extend a run.
 */
import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls, type SecureVersion } from 'node:tls';
import { freePorts, httpConf, startMoat, until } from '../e2e/rig.ts';
import { Authority } from '../l7/authority.ts';
import { Dice } from './requests.ts';

const SEED = Number(process.env['MOAT_FUZZ_SEED'] ?? 20261127);
const RUNS = Number(process.env['MOAT_FUZZ_RUNS'] ?? 400);
const AT_ONCE = 8;
/** Among so many pieces, both ways together, the broken one is. */
const PIECES = 10;
const REQUEST = 'GET / HTTP/1.1\r\nHost: own.test\r\nConnection: close\r\n\r\n';

const noise = (dice: Dice, bytes: number) =>
  Buffer.from(Array.from({ length: bytes }, () => dice.below(256)));

function broken(dice: Dice, piece: Buffer): Buffer {
  const copy = Buffer.from(piece);
  switch (dice.below(3)) {
    case 0:
      for (let count = dice.below(4); count >= 0; count--) copy[dice.below(copy.length)] = dice.below(256);
      return copy;
    case 1:
      return copy.subarray(0, dice.below(copy.length));
    default:
      return Buffer.concat([copy, noise(dice, dice.below(300))]);
  }
}

/** What stands between client and moat on one connection. */
function relay(client: Socket, port: number, dice: Dice): void {
  const server = connect(port, '127.0.0.1');
  const at = dice.below(PIECES);
  let count = 0;
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on('data', piece => to.write(count++ === at ? broken(dice, Buffer.from(piece)) : piece));
    from.on('error', () => to.destroy()).on('close', () => to.destroy());
  }
}

/** One client; it resolves when its connection has ended, however that came. */
function visit(port: number, version: SecureVersion, session: Buffer | undefined) {
  return new Promise<{ readonly text: string; readonly session: Buffer | undefined }>(done => {
    const options = { minVersion: version, maxVersion: version, ...(session && { session }) };
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    let text = '';
    let given: Buffer | undefined;
    socket.on('session', ticket => (given = ticket)).on('data', bytes => (text += bytes.toString('latin1')));
    socket.on('secureConnect', () => socket.write(REQUEST)).on('error', () => socket.destroy());
    socket.on('end', () => socket.end()).on('close', () => done({ text, session: given }));
    // A piece that was cut leaves both sides waiting for the rest.
    setTimeout(() => socket.destroy(), 500).unref();
  });
}

test(`tls with a broken wire, ${RUNS} times, seed ${SEED}`, async t => {
  const [port = 0] = await freePorts(1);
  using ca = new Authority();
  const own = ca.issue('own.test');
  await using moat = await startMoat(
    httpConf(`error_log error.log info; ssl_session_cache shared:FUZZ:1m; ssl_early_data on;
      server { listen 127.0.0.1:${port} ssl; ssl_certificate own.crt; ssl_certificate_key own.key;
        ssl_verify_client optional_no_ca; location / { return 200 served; } }`),
    { files: { 'own.crt': own.cert, 'own.key': own.key } },
  );
  const dice = new Dice(SEED);
  const between = createServer(client => relay(client, port, dice)).listen(0, '127.0.0.1');
  await new Promise(done => between.once('listening', done));
  const at = (between.address() as { port: number }).port;
  let [left, served] = [RUNS, 0];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      let session: Buffer | undefined;
      while (left-- > 0) {
        const version = dice.pick(['TLSv1.2', 'TLSv1.3'] as const);
        const outcome = await visit(at, version, dice.below(2) ? session : undefined);
        session = outcome.session ?? session;
        if (outcome.text.endsWith('served')) served++;
      }
    }),
  );
  between.close();
  t.diagnostic(`${served} were served all the same`);
  assert.ok(served > 0 && served < RUNS, 'some pieces hurt, and some did not');
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    assert.match((await visit(port, version, undefined)).text, /served$/);
  await until(() => /SSL_do_handshake\(\) failed/.test(moat.read()));
  assert.doesNotMatch(moat.read(), /\[(alert|emerg|crit)\]/);
});
