/**
 * HTTP/2 connections that are nearly right: frames of a good session, some of them changed, left out, doubled or cut, against
 * a running moat. Whatever comes of it, no worker dies, every connection ends, and requests after it are answered.
 * `MOAT_FUZZ_SEED` and `MOAT_FUZZ_RUNS` repeat or extend a run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PREFACE, settingsFrame, windowFrame, word } from '../../l7/wire/h2/frame.ts';
import { block, frame, H2Wire, pseudo } from '../e2e/h2-wire.ts';
import { freePorts, httpConf, startMoat } from '../e2e/rig.ts';
import { response, startUpstream } from '../e2e/upstream.ts';
import { Dice } from './requests.ts';

const SEED = Number(process.env['MOAT_FUZZ_SEED'] ?? 20261127);
const RUNS = Number(process.env['MOAT_FUZZ_RUNS'] ?? 1500);

const PATHS = ['/', '/proxy/x', '/file', '/hang', '/streamed/x', '/none'];
const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS', 'CONNECT', 'DELETE'];
/** One frame of a session, mostly sound. */
function someFrame(dice: Dice, streams: number[]): string {
  const stream = streams.length > 0 ? dice.pick(streams) : 1;
  switch (dice.below(14)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return someHeaders(dice, streams);
    case 4:
    case 5:
      return frame(0, dice.pick([0, 1, 8, 9]), stream, someBytes(dice, dice.below(40)));
    case 6:
      return frame(3, 0, stream, word(dice.below(14)));
    case 7:
      return settingsFrame([[dice.below(10), dice.pick([0, 1, 100, 65_535, 1_000_000, 16_384])]]);
    case 8:
      return windowFrame(dice.pick([0, stream]), dice.below(100_000));
    case 9:
      return frame(6, dice.below(2), 0, someBytes(dice, 8));
    case 10:
      return frame(2, 0, stream, someBytes(dice, 5));
    case 11:
      return frame(9, dice.pick([0, 4]), stream, someBytes(dice, dice.below(20)));
    case 12:
      return frame(0x10, 0, 0, word(stream) + dice.pick(['u=1', 'i', 'x', 'u=0, i;']));
    default:
      return frame(
        dice.below(256),
        dice.below(256),
        dice.pick([0, stream, dice.below(50)]),
        someBytes(dice, dice.below(60)),
      );
  }
}

function someHeaders(dice: Dice, streams: number[]): string {
  const stream = (streams.at(-1) ?? -1) + dice.pick([2, 2, 2, 2, 4]);
  streams.push(stream);
  const fields = [...pseudo(dice.pick(PATHS), dice.pick(METHODS))];
  if (dice.once(3)) fields.push(['content-length', String(dice.below(20))]);
  if (dice.once(6)) fields.push(['expect', '100-continue']);
  if (dice.once(6)) fields.splice(dice.below(fields.length), 1);
  const text = block(fields);
  const flags = dice.pick([4, 5, 5, 5]);
  if (dice.below(5) > 0) return frame(1, flags, stream, text);
  const cut = dice.below(text.length);
  return frame(1, flags & 1, stream, text.slice(0, cut)) + frame(9, 4, stream, text.slice(cut));
}

const someBytes = (dice: Dice, count: number) =>
  Array.from({ length: count }, () => String.fromCharCode(dice.below(256))).join('');

/** Changes a session a little: a byte, a piece that is left out or doubled. */
function damage(dice: Dice, bytes: string): string {
  let out = bytes;
  for (let times = dice.below(3); times > 0; times--) {
    const at = PREFACE.length + dice.below(Math.max(1, out.length - PREFACE.length));
    const length = dice.below(12);
    const how = dice.below(3);
    if (how === 0) out = out.slice(0, at) + String.fromCharCode(dice.below(256)) + out.slice(at + 1);
    else if (how === 1) out = out.slice(0, at) + out.slice(at + length);
    else out = out.slice(0, at + length) + out.slice(at);
  }
  return out;
}

function session(dice: Dice): string {
  const streams: number[] = [];
  let out = PREFACE + settingsFrame([]);
  for (let count = 1 + dice.below(12); count > 0; count--) out += someFrame(dice, streams);
  return damage(dice, out);
}

async function play(port: number, bytes: string, dice: Dice): Promise<void> {
  await using wire = await H2Wire.dial({ port, begin: '' });
  wire.tolerant = true;
  const cut = dice.once(2) ? bytes.length : dice.below(bytes.length);
  wire.send(bytes.slice(0, cut));
  await new Promise(setImmediate);
  wire.send(bytes.slice(cut));
  wire.socket.end();
  await wire.until(() => wire.ended, 'the connection to end');
}

test('h2 frames: nearly right sessions harm nobody', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream((received, socket) => {
    if (received.target === '/hang') return undefined;
    if (received.target === '/none') socket.destroy();
    return response(200, received.body);
  });
  const to = `http://127.0.0.1:${upstream.port}`;
  const moat = await startMoat(
    httpConf(`http2 on; error_log error.log notice; lingering_timeout 200ms; proxy_read_timeout 5s;
    server { listen 127.0.0.1:${port}; location / { return 200 body; }
      location /proxy/ { proxy_pass ${to}; } location /hang { proxy_pass ${to}; } location /none { proxy_pass ${to}; }
      location /streamed/ { proxy_pass ${to}; proxy_request_buffering off; }
      location /file { alias nginx.conf; } }`),
  );
  try {
    const dice = new Dice(SEED);
    for (let count = 0; count < RUNS; count += 20)
      await Promise.all(Array.from({ length: 20 }, () => play(port, session(dice), dice)));
    assert.doesNotMatch(moat.read(), /died|internal fault/);
    await using wire = await H2Wire.dial(port);
    assert.equal((await wire.get('/')).body, 'body');
  } finally {
    await moat.stop();
  }
});
