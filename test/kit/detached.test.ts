/** What is kept of a request must not keep the rest of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { cleanHost } from '../../l7/downstream/host.ts';
import { fieldKey } from '../../l7/field-names.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of heap that are in use more after `keep` had pieces of 1000 texts of 64 KB. */
function keptBytes(keep: (piece: string) => unknown): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1000; i++) {
    const name = `x-detached-name-${i}-of-a-field`;
    const head = Buffer.alloc(65_536, 'a');
    head.latin1Write(name, 0);
    keep(head.latin1Slice().slice(0, name.length));
  }
  collect();
  return process.memoryUsage().heapUsed - before;
}

test('detached: a list of pieces does keep the texts that they were cut from, so this test can fail', () => {
  const pieces: string[] = [];
  const bytes = keptBytes(piece => pieces.push(piece));
  assert.ok(bytes > 30e6, `${bytes} bytes for ${pieces.length}`);
});

test('detached: names of fields and hosts that are kept do not', () => {
  assert.ok(keptBytes(fieldKey) < 10e6);
  assert.ok(keptBytes(cleanHost) < 10e6);
});
