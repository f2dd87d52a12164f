/** crypt(3) hashes against vectors that other programs made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { cryptHash, cryptHashAsync } from '../../native/crypt.ts';

/** Key and hash; made with `openssl passwd` (the first three), `htpasswd -B` and crypt() of perl. */
const VECTORS: [kind: string, key: string, hash: string][] = [
  [
    'sha512crypt',
    'secret',
    '$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1',
  ],
  ['sha256crypt', 'secret', '$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA'],
  ['md5crypt', 'secret', '$1$saltsalt$9xy1btjgzLYfb7hivXtC//'],
  ['bcrypt', 'secret', '$2y$05$B9sxRiK/o28dNlY/VULvge6yPDgqR2p.tPLugMsUff0M/PHQXfgfO'],
  ['DES', 'secret', 'abNANd1rDfiNc'],
  [
    'bytes above 127',
    'p\xe4ss\xff',
    '$6$bytes$4FPrUv/hjoO7bdQKveZUlNVFBWYlvYdNK2Z.onVXywsP1NV3bLRzbQ8hSPNXFk01CsL6TZrrXFwL6rLtnTj6U1',
  ],
];

for (const [kind, key, hash] of VECTORS) {
  test(`cryptHash: ${kind}`, async () => {
    assert.equal(cryptHash(key, hash), hash);
    assert.notEqual(cryptHash(`${key}x`, hash), hash);
    assert.equal(await cryptHashAsync(key, hash), hash);
  });
}

test('cryptHash: a setting of no known kind gives undefined', async () => {
  for (const setting of ['', '$', '$zz$abc$', '*', '!', '{SHA}x']) {
    assert.equal(cryptHash('secret', setting), undefined, setting);
    assert.equal(await cryptHashAsync('secret', setting), undefined, setting);
  }
});

test('cryptHash: a key that C would cut short gives undefined', async () => {
  const [, key, hash] = VECTORS[0]!;
  for (const longer of [`${key}\0`, `${key}\0rest`, 'x'.repeat(512)]) {
    assert.equal(cryptHash(longer, hash), undefined);
    assert.equal(await cryptHashAsync(longer, hash), undefined);
  }
});

test('cryptHash: a wrong argument is a TypeError', async () => {
  for (const args of [
    ['x', 7],
    ['x', 'y'.repeat(400)],
    ['\u0142', '$6$abc'],
  ]) {
    assert.throws(() => Reflect.apply(cryptHash, undefined, args), TypeError);
    await assert.rejects(Reflect.apply(cryptHashAsync, undefined, args), TypeError);
  }
});

test('cryptHashAsync: a worker thread may end while its hashes are made', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData).then(({ cryptHashAsync }) => {
      for (let at = 0; at < 8; at++) cryptHashAsync('secret', '$2y$08$abcdefghijklmnopqrstuu');
      parentPort.postMessage('started');
    });`;
  const worker = new Worker(code, {
    eval: true,
    workerData: new URL('../../native/crypt.ts', import.meta.url).href,
  });
  await new Promise(started => worker.once('message', started));
  assert.equal(await worker.terminate(), 1);
  assert.ok(await cryptHashAsync('secret', '$1$abc'), 'the pool still works');
});
