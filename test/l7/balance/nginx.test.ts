/** Hashing sends every key to the member that nginx would send it to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BalanceMethod } from '#model/l7/upstream.ts';
import { STATE } from '../../../l7/zone/peers.ts';
import { freePorts, httpConf, startNginx } from '../../e2e/rig.ts';
import { Wire } from '../../e2e/wire.ts';
import { Field, memberModel } from './field.ts';

type Case = { readonly method: BalanceMethod; readonly directive: string; readonly keys: readonly string[] };

const words = Array.from({ length: 250 }, (_, n) => `item-${n}`);
const CASES: readonly Case[] = [
  { method: 'hash', directive: 'hash $http_x_key;', keys: words },
  { method: 'hash-consistent', directive: 'hash $http_x_key consistent;', keys: words },
  {
    method: 'ip-hash',
    directive: 'ip_hash;',
    keys: [
      ...Array.from({ length: 200 }, (_, n) => `${(n * 7) % 223}.${n}.${(n * 31) % 256}.9`),
      ...['::1', '2001:db8::7', '2001:db8:1:2:3:4:5:6', 'fe80::1:0:0:2', '::ffff:0:0', '1::'],
    ],
  },
];

/** Members with weights of 1 to 4, the third of them out of use. */
const WEIGHTS = [3, 1, 2, 4];
const DOWN = 2;

for (const { method, directive, keys } of CASES) {
  test(`${method}: ${keys.length} keys go where nginx sends them`, async () => {
    const [port = 0, ...members] = await freePorts(1 + WEIGHTS.length);
    const lines = members.map(
      (member, at) => `server 127.0.0.1:${member} weight=${WEIGHTS[at]} ${at === DOWN ? 'down' : ''};`,
    );
    const servers = members.map(
      member => `server { listen 127.0.0.1:${member}; return 200 127.0.0.1:${member}; }`,
    );
    await using _nginx = await startNginx(
      httpConf(`upstream pool { ${directive} ${lines.join(' ')} }
        server { listen 127.0.0.1:${port}; keepalive_requests 1000; set_real_ip_from 127.0.0.1; real_ip_header X-Key;
          location / { proxy_pass http://pool; } }
        ${servers.join('\n')}`),
    );
    using wire = await Wire.dial(port);
    wire.send(keys.map(key => `GET / HTTP/1.1\r\nHost: x\r\nX-Key: ${key}\r\n\r\n`).join(''));
    const models = members.map((member, at) => memberModel(`127.0.0.1:${member}`, { weight: WEIGHTS[at]! }));
    const field = new Field(method, models);
    field.peers.raise(DOWN, STATE.down);
    for (const key of keys) assert.equal(field.pick(key), (await wire.reply()).body, key);
  });
}
