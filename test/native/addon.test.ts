/** The loader: what it says when the addon cannot be used, and that the addon has every verb it promises. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Addon, addon, load } from '../../native/addon.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-addon-'));
after(() => rmSync(dir, { recursive: true }));
const REMEDY = 'run scripts/build-native (it needs: apt-get install gcc libc6-dev libcrypt-dev)';

test('load: an addon that is not built is told with its remedy', () => {
  const path = join(dir, 'absent.node');
  assert.throws(() => load(path), { message: `Cannot load ${path}: it is not built: ${REMEDY}` });
});

test('load: a file that is no addon keeps the reason of the linker', () => {
  const path = join(dir, 'broken.node');
  writeFileSync(path, 'not an ELF file');
  assert.throws(
    () => load(path),
    (error: Error) => {
      assert.match(
        error.message,
        /^Cannot load .*broken\.node: .*(invalid ELF header|file too short).*: run scripts\/build-native/,
      );
      assert.ok(error.cause instanceof Error);
      return true;
    },
  );
});

test('addon: has each verb of its type, and each verb says its own name', () => {
  const text = readFileSync(join(import.meta.dirname, '../../native/addon.ts'), 'latin1');
  const source = text.slice(text.indexOf('export type Addon'), text.indexOf('\n};'));
  const promised = [...source.matchAll(/^ {2}(\w+)\(/gm)].map(match => match[1]!);
  const found = Object.keys(addon()).filter(verb => !verb.startsWith('probe'));
  assert.ok(promised.length > 15, `${promised.length} verbs`);
  assert.deepEqual(promised.sort(), found.sort());
  const wrong = { listenTcp: /Cannot listenTcp/, dupFd: /Cannot dupFd/, cryptHash: /Cannot cryptHash/ };
  for (const [verb, message] of Object.entries(wrong)) {
    assert.throws(() => Reflect.apply(addon()[verb as keyof Addon], undefined, []), {
      name: 'TypeError',
      message,
    });
  }
});
