/** Nearly right requests over real sockets: moat answers or closes, never fails inside, and serves on afterwards. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { freePorts, httpConf, startMoat } from '../e2e/rig.ts';
import { response, startUpstream } from '../e2e/upstream.ts';
import { request } from '../e2e/wire.ts';
import { Dice, nearlyRight } from './requests.ts';

const SEED = Number(process.env['MOAT_FUZZ_SEED'] ?? 4711);
const RUNS = Number(process.env['MOAT_FUZZ_RUNS'] ?? 1500);

/** Sends bytes in one or two pieces, ends, and waits for the other side to close. */
function throwAt(port: number, bytes: string, dice: Dice): Promise<void> {
  return new Promise(done => {
    const socket = connect(port, '127.0.0.1');
    const cut = dice.once(2) ? dice.below(bytes.length + 1) : bytes.length;
    socket.on('error', () => {}).on('close', () => done());
    socket.resume();
    socket.write(bytes.slice(0, cut), 'latin1');
    if (dice.once(20)) return void socket.resetAndDestroy();
    setImmediate(() => socket.end(bytes.slice(cut), 'latin1'));
  });
}

test(`moat under ${RUNS} nearly right requests, seed ${SEED}: no internal fault, nothing left open`, async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream(({ body }) => response(200, body));
  await using moat = await startMoat(
    httpConf(
      `gzip on; gzip_min_length 1;
       limit_conn_zone $remote_addr zone=c:64k;
       server {
         listen 127.0.0.1:${port};
         client_header_timeout 300ms; client_body_timeout 300ms; lingering_timeout 300ms; keepalive_timeout 300ms;
         rewrite ^/a/(.*)$ /$1?was=$uri;
         location / { limit_conn c 1000; proxy_pass http://127.0.0.1:${upstream.port}; proxy_read_timeout 1s; }
         location /x { proxy_request_buffering off; proxy_pass http://127.0.0.1:${upstream.port}; proxy_read_timeout 1s; }
         location = / { return 200 "$request $http_x $args"; }
       }`,
      'error_log error.log info;',
    ),
  );
  const dice = new Dice(SEED);
  for (let run = 0; run < RUNS; run += 50) {
    await Promise.all(Array.from({ length: 50 }, () => throwAt(port, nearlyRight(dice), dice)));
  }
  assert.equal((await request(port, { path: '/', headers: { X: 'fine' } })).status, 200);
  const log = moat.read();
  assert.match(log, /client sent/, 'some of them must have been refused');
  assert.deepEqual(
    log.split('\n').filter(line => /\[(crit|alert|emerg)\]|internal fault/.test(line)),
    [],
  );
});
