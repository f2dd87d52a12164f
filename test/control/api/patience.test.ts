/** Bodies that come slowly: an upload may take its time while bytes come, and nothing else may. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBody, readUpload } from '../../../control/api/http/body.ts';
import { Patience, type PatienceLimits } from '../../../control/api/http/patience.ts';

const LONG_MS = 120_000;
const LIMIT_BYTES = 1 << 20;

/** A server that reads bodies within these limits, one request each. @returns what became of the body, and the client's end */
async function server(kind: 'upload' | 'json', limits: Partial<PatienceLimits>, alsoHeard = () => {}) {
  const all = { wholeMs: LONG_MS, partMs: LONG_MS, partBytes: 4, ...limits };
  const outcome = Promise.withResolvers<string>();
  const read = async (request: IncomingMessage, patience: Patience, response: never) => {
    const means = { limitBytes: LIMIT_BYTES, expects: false, patience };
    if (kind === 'json') return JSON.stringify((await readBody(request, response, means))?.value);
    let text = '';
    for await (const piece of readUpload(request, response, means)) {
      text += Buffer.from(piece).toString();
      alsoHeard();
    }
    return text;
  };
  const made = createServer((request, response) => {
    const patience = new Patience(request, () => request.socket.destroy(), all);
    read(request, patience, response as never).then(outcome.resolve, fault =>
      outcome.resolve(`${fault.data.code}`),
    );
    request.socket.on('error', () => {});
  });
  made.listen(0, '127.0.0.1');
  await once(made, 'listening');
  const client: Socket = connect((made.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  const type = kind === 'json' ? 'application/json' : 'application/octet-stream';
  client.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 12\r\n\r\n`);
  return {
    client,
    outcome: outcome.promise,
    async [Symbol.asyncDispose]() {
      client.destroy();
      made.closeAllConnections();
      await new Promise(done => made.close(done));
    },
  };
}

test('patience: an upload goes on past the time that a whole body has, while bytes come', async () => {
  const heard = Promise.withResolvers<void>();
  await using rig = await server('upload', { wholeMs: 50 }, heard.resolve);
  rig.client.write('slow');
  await heard.promise;
  await sleep(200); // longer than a whole body may take
  rig.client.write('ly, bytes');
  assert.equal(await rig.outcome, 'slowly, byte');
});

test('patience: an upload whose bytes stay away ends, and so does one of which too few come', async () => {
  await using silent = await server('upload', { partMs: 50 });
  silent.client.write('slow');
  assert.equal(await silent.outcome, 'cut-off');
  await using dripping = await server('upload', { partMs: 200, partBytes: 1000 });
  const drip = setInterval(() => dripping.client.writable && dripping.client.write('x'), 150);
  assert.equal(await dripping.outcome, 'cut-off', 'each byte has bought it time');
  clearInterval(drip);
});

test('patience: a body of JSON is there soon, or never', async () => {
  await using rig = await server('json', { wholeMs: 50 });
  rig.client.write('{"a":');
  assert.equal(await rig.outcome, 'cut-off');
  await using quick = await server('json', {});
  quick.client.write('{"a":"soon"}');
  assert.equal(await quick.outcome, '{"a":"soon"}');
});
