/** A stored body whose file is lost: its reader tells, instead of waiting for ever. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BodyStore } from '../../../l7/downstream/body-store.ts';
import { RequestBody } from '../../../l7/downstream/request-body.ts';

const BYTES = 100_000;

test('a stored body: a file that became shorter is told as lost, after what is left of it', async () => {
  const tempPath = mkdtempSync(join(tmpdir(), 'body-store-'));
  try {
    const body = new RequestBody(BYTES, { bodyWanted() {}, pauseReading() {}, resumeReading() {} });
    const stored = Promise.withResolvers<Error | undefined>();
    const store = new BodyStore(body, { memoryBytes: 10, tempPath, named: 'clean' }, stored.resolve);
    store.bodyData(Buffer.alloc(BYTES, 'x'));
    store.bodyEnd();
    assert.equal(await stored.promise, undefined);
    truncateSync(store.path!, BYTES / 2);
    let got = 0;
    const lost = Promise.withResolvers<Error>();
    const taker = {
      bodyData: (data: Buffer) => void (got += data.length),
      bodyEnd: () => lost.reject(new Error('it passed as whole')),
    };
    store.reader(taker, lost.resolve).start();
    assert.match((await lost.promise).message, /shorter/);
    assert.equal(got, BYTES / 2);
    store.close();
  } finally {
    rmSync(tempPath, { recursive: true, force: true });
  }
});
