/** A request is judged alike however its bytes come: with a length, in chunks of any size, over HTTP/2. Nothing refused reaches the server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fields, H2Wire, pseudo } from '../../e2e/h2-wire.ts';
import { freePorts, httpConf, startMoat } from '../../e2e/rig.ts';
import { startUpstream } from '../../e2e/upstream.ts';
import { Wire } from '../../e2e/wire.ts';
import { Dice } from '../../fuzz/requests.ts';
import { DISGUISES, type Disguised } from '../../waf/engine/disguises.ts';

const ATTACK = "1' UNION SELECT password FROM users-- ";
const HONEST = 'hello world';

const pairsOf = ({ headers }: Disguised): [string, string][] =>
  Array.from({ length: headers.length / 2 }, (_, at) => [headers[2 * at]!, headers[2 * at + 1]!]);

function headOf(sent: Disguised, framing: string): string {
  const lines = pairsOf(sent).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${sent.method} ${sent.target} HTTP/1.1\r\n${lines.join('')}${framing}Connection: close\r\n\r\n`;
}

async function whole(port: number, sent: Disguised): Promise<number> {
  using wire = await Wire.dial(port);
  const framing = sent.body === '' ? '' : `Content-Length: ${sent.body.length}\r\n`;
  return (await wire.send(headOf(sent, framing) + sent.body).reply()).status;
}

/** Chunks of one to seven bytes, their sizes with zeros in front or in capitals, some of them in a packet of their own. */
async function chunked(port: number, sent: Disguised, dice: Dice): Promise<number> {
  using wire = await Wire.dial(port);
  wire.send(headOf(sent, 'Transfer-Encoding: chunked\r\n'));
  for (let at = 0; at < sent.body.length; ) {
    const piece = sent.body.slice(at, at + 1 + dice.below(7));
    at += piece.length;
    wire.send(`${'0'.repeat(dice.below(4))}${piece.length.toString(16).toUpperCase()}\r\n${piece}\r\n`);
    if (dice.below(40) === 0) await new Promise(setImmediate);
  }
  return (await wire.send('0\r\n\r\n').reply()).status;
}

async function overHttp2(port: number, sent: Disguised, dice: Dice): Promise<number> {
  await using wire = await H2Wire.dial(port);
  const fields: Fields = [
    ...pseudo(sent.target, sent.method, 'shop.example'),
    ...pairsOf(sent)
      .filter(([name]) => name !== 'Host')
      .map(([name, value]): [string, string] => [name.toLowerCase(), value]),
  ];
  if (sent.body === '') return (await wire.answer(wire.open(fields))).status;
  const stream = wire.open(fields, null);
  for (let at = 0; at < sent.body.length; ) {
    const piece = sent.body.slice(at, at + 1 + dice.below(20));
    at += piece.length;
    wire.data(stream, piece, at >= sent.body.length);
  }
  return (await wire.answer(stream)).status;
}

test('disguises: the same verdict with a length, in chunks, and over HTTP/2; refused requests reach no server', async () => {
  const dice = new Dice(20261128);
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream();
  await using _moat = await startMoat(
    httpConf(`error_log error.log crit; waf block; server { listen 127.0.0.1:${port}; http2 on;
      location / { proxy_pass http://127.0.0.1:${upstream.port}; } }`),
  );
  let passed = 0;
  for (const [name, disguise] of Object.entries(DISGUISES))
    for (const text of [ATTACK, HONEST]) {
      const sent = disguise(text);
      const before = upstream.requests.length;
      const statuses = [await whole(port, sent), await overHttp2(port, sent, dice)];
      if (sent.body !== '') statuses.push(await chunked(port, sent, dice));
      assert.equal(new Set(statuses).size, 1, `${name}, ${text}: ${statuses}`);
      const reached = upstream.requests.length - before;
      if (text === ATTACK) assert.ok(statuses[0] === 403 || statuses[0] === 400, `${name}: ${statuses}`);
      assert.equal(reached, statuses[0] === 200 ? statuses.length : 0, name);
      passed += reached;
    }
  assert.ok(passed > 60, `${passed}`);
});
