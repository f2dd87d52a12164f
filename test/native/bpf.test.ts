/** The BPF addon against the kernel: objects, maps, pins, rings, runs, and programs on interfaces. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  BpfMap,
  closeObject,
  createMap,
  describeProgram,
  type LoadedObject,
  loadObject,
  MAP_FLAG,
  MAP_TYPE,
  openPinned,
  pin,
  readRing,
  runProgram,
  structsOf,
} from '../../native/bpf.ts';
import { bpfAddon } from '../../native/bpf-addon.ts';
import { attachTc, attachXdp, detachTc, detachXdp, queryTc, queryXdp } from '../../native/bpf-attach.ts';
import { closeFd } from '../../native/socket.ts';
import { bpfMissing, withBpffs } from './bpf-outside.ts';

const skip = bpfMissing();
const dir = mkdtempSync(join(tmpdir(), 'moat-bpf-'));
after(() => rmSync(dir, { recursive: true }));
const OBJECT = join(dir, 'sample.o');
const clang = (source: string, out: string) =>
  execFileSync('clang', [
    ...['-target', 'bpf', '-mcpu=v3', '-O2', '-g', '-c', source, '-o', out],
    ...['-isystem', `/usr/include/${arch() === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`],
  ]);
if (!skip) clang(join(import.meta.dirname, 'sample.bpf.c'), OBJECT);

const u32 = (...values: number[]) => new Uint8Array(new Uint32Array(values).buffer);
const number = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
const openFds = () => readdirSync('/proc/self/fd').length;
const fault = (run: () => unknown): NodeJS.ErrnoException & { object: string; log?: string } => {
  try {
    run();
  } catch (thrown) {
    return thrown as NodeJS.ErrnoException & { object: string };
  }
  throw new Error('nothing was thrown');
};

function withSample(use: (object: LoadedObject) => void, maps = {}): void {
  const before = openFds();
  const object = loadObject(OBJECT, maps);
  try {
    use(object);
  } finally {
    closeObject(object);
  }
  assert.equal(openFds(), before, 'descriptors are left open');
}

test('loadObject: gives descriptors of all maps and programs, close-on-exec, with the sizes wished for', {
  skip,
}, () => {
  withSample(
    ({ maps, programs }) => {
      assert.deepEqual(Object.keys(programs).sort(), ['sample_tc', 'sample_xdp']);
      assert.equal(describeProgram(programs['sample_xdp']!).name, 'sample_xdp');
      const { type, keyBytes, valueBytes, maxEntries } = new BpfMap(maps['table']!).facts;
      assert.deepEqual(
        { type, keyBytes, valueBytes, maxEntries },
        { type: 1, keyBytes: 4, valueBytes: 16, maxEntries: 77 },
      );
    },
    { table: { maxEntries: 77 } },
  );
});

test('loadObject: takes a map that stands already', { skip }, () => {
  withSample(first =>
    withSample(
      second => {
        new BpfMap(first.maps['table']!).put(u32(7), new Uint8Array(16).fill(9));
        const value = new Uint8Array(16);
        assert.ok(new BpfMap(second.maps['table']!).get(u32(7), value));
        assert.equal(value[0], 9);
      },
      { table: { fd: first.maps['table'] } },
    ),
  );
});

test('loadObject: a fault has errno, verb and object, and the log says why', { skip }, () => {
  const before = openFds();
  const absent = fault(() => loadObject('/nowhere.o'));
  assert.equal(absent.code, 'ENOENT');
  assert.equal(absent.object, '/nowhere.o');
  assert.match(absent.message, /^Cannot load \/nowhere\.o: ENOENT/);
  const table = createMap({ type: MAP_TYPE.hash, name: 'other', keyBytes: 8, valueBytes: 8, maxEntries: 1 });
  const unlike = fault(() => loadObject(OBJECT, { table: { fd: table } }));
  assert.ok(unlike.code, unlike.message);
  assert.ok(unlike.log, 'there is a log');
  closeFd(table);
  assert.equal(openFds(), before);
});

test('structsOf: tells the layout that the compiler chose', { skip }, () => {
  const { sample_value } = structsOf(OBJECT);
  assert.equal(sample_value?.size, 16);
  assert.deepEqual(sample_value.members['port'], { offset: 12, size: 2 });
});

test('BpfMap: entries are put by rule, read, deleted', { skip }, () => {
  withSample(({ maps }) => {
    const map = new BpfMap(maps['table']!);
    const value = new Uint8Array(16);
    assert.equal(map.get(u32(1), value), false);
    map.put(u32(1), new Uint8Array(16).fill(3), 'fresh');
    assert.equal(fault(() => map.put(u32(1), value, 'fresh')).code, 'EEXIST');
    const missing = fault(() => map.put(u32(2), value, 'existing'));
    assert.equal(missing.code, 'ENOENT');
    assert.match(missing.object, /^map table/);
    assert.equal(map.get(u32(1), value), true);
    assert.equal(value[15], 3);
    assert.equal(map.delete(u32(1)), true);
    assert.equal(map.delete(u32(1)), false);
  });
});

test('BpfMap: buffers of a wrong size never reach the kernel', { skip }, () => {
  withSample(({ maps }) => {
    const map = new BpfMap(maps['table']!);
    for (const call of [
      () => map.get(u32(1, 2), new Uint8Array(16)),
      () => map.get(u32(1), new Uint8Array(15)),
      () => map.put(u32(1), new Uint8Array(17)),
      () => map.delete(new Uint8Array(0)),
      () => map.putAll(u32(1, 2), new Uint8Array(16)),
      () => map.putAll(new Uint8Array(5), new Uint8Array(16)),
      () => new BpfMap(maps['counters']!).get(u32(0), new Uint8Array(4)),
    ]) {
      assert.throws(call, TypeError);
    }
  });
});

test('BpfMap: a batch writes, walks and deletes more entries than fit in one', { skip }, () => {
  withSample(
    ({ maps }) => {
      const map = new BpfMap(maps['table']!);
      const keys = Uint32Array.from({ length: 5000 }, (_, at) => at * 3);
      map.putAll(new Uint8Array(keys.buffer), new Uint8Array(keys.length * 16));
      const seen = new Set<number>();
      for (const [key] of map.entries()) seen.add(number(key));
      assert.equal(seen.size, 5000);
      assert.ok(keys.every(key => seen.has(key)));
      assert.equal([...map.keys()].length, 5000);
      assert.equal(map.deleteAll(u32(3, 6, 9)), 3);
      assert.equal([...map.entries()].length, 4997);
      const full = fault(() =>
        map.putAll(
          new Uint8Array(Uint32Array.from({ length: 4000 }, (_, at) => -1 - at).buffer),
          new Uint8Array(64000),
        ),
      );
      assert.match(full.code!, /E2BIG|ENOSPC/);
    },
    { table: { maxEntries: 6000 } },
  );
});

test('runProgram: gives verdict, packet and what it cost; per-CPU values come one after another', {
  skip,
}, () => {
  withSample(({ maps, programs }) => {
    const out = new Uint8Array(100);
    const run = runProgram(programs['sample_xdp']!, { data: new Uint8Array(64).fill(5), out, repeat: 10 });
    assert.equal(run.verdict, 2);
    assert.equal(run.bytes, 64);
    assert.equal(out[63], 5);
    assert.equal(runProgram(programs['sample_xdp']!, { data: new Uint8Array(65) }).verdict, 1);
    const cpus = readdirSync('/sys/devices/system/cpu').filter(name => /^cpu\d+$/.test(name)).length;
    const counts = new Uint8Array(8 * cpus);
    const counters = new BpfMap(maps['counters']!);
    assert.ok(counters.get(u32(0), counts));
    const total = Array.from({ length: cpus }, (_, cpu) => number(counts.subarray(cpu * 8))).reduce(
      (a, b) => a + b,
    );
    assert.equal(total, 11);
    assert.equal([...counters.entries(8 * cpus)].length, 4);
    assert.equal(
      fault(() => runProgram(programs['sample_xdp']!, { data: new Uint8Array(3) })).code,
      'EINVAL',
    );
  });
});

test('readRing: what programs tell comes on the loop, in order, more than the room holds', {
  skip,
}, async () => {
  const object = loadObject(OBJECT);
  const seen: number[] = [];
  let done: () => void;
  const all = new Promise<void>(resolve => (done = resolve));
  readRing(object.maps['events']!, record => {
    seen.push(number(record));
    if (seen.length === 3000) done();
  });
  for (let at = 0; at < 3000; at++)
    runProgram(object.programs['sample_xdp']!, { data: new Uint8Array(64 + (at % 1000)) });
  assert.equal(seen.length, 0, 'nothing is called while this turn lasts');
  const alive = setInterval(() => {}, 1000); // the ring does not keep the thread alive
  await all;
  clearInterval(alive);
  assert.deepEqual(seen.slice(998, 1002), [1062, 1063, 64, 65]);
  closeObject(object);
});

test('pin: a map outlives its descriptors, and maps of maps take new ones', { skip }, () => {
  withBpffs(path => {
    withSample(({ maps }) => {
      new BpfMap(maps['table']!).put(u32(4), new Uint8Array(16).fill(8));
      pin(maps['table']!, join(path, 'table'));
      const inner = createMap({
        type: MAP_TYPE.hash,
        name: 'inner',
        keyBytes: 4,
        valueBytes: 4,
        maxEntries: 16,
      });
      new BpfMap(maps['outer']!).put(u32(1), u32(inner));
      closeFd(inner);
      const unlike = createMap({
        type: MAP_TYPE.array,
        name: 'unlike',
        keyBytes: 4,
        valueBytes: 4,
        maxEntries: 16,
        flags: MAP_FLAG.innerMap,
      });
      assert.equal(fault(() => new BpfMap(maps['outer']!).put(u32(0), u32(unlike))).code, 'EINVAL');
      closeFd(unlike);
    });
    const fd = openPinned(join(path, 'table'));
    const value = new Uint8Array(16);
    assert.ok(new BpfMap(fd).get(u32(4), value));
    assert.equal(value[0], 8);
    closeFd(fd);
    unlinkSync(join(path, 'table'));
    const gone = fault(() => openPinned(join(path, 'table')));
    assert.equal(gone.code, 'ENOENT');
    assert.equal(gone.object, join(path, 'table'));
  });
});

test('attach: XDP and tc programs come onto an interface, are replaced and taken off', { skip }, () => {
  const name = `mt${process.pid}`;
  const ip = (...words: string[]) => execFileSync('ip', words, { stdio: 'pipe' });
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
  try {
    withSample(({ programs }) => {
      const [xdp, tc] = [programs['sample_xdp']!, programs['sample_tc']!];
      assert.deepEqual(queryXdp(name), { driver: 0, generic: 0, offload: 0 });
      for (const mode of ['driver', 'generic'] as const) {
        attachXdp(name, xdp, mode);
        assert.equal(queryXdp(name)[mode], describeProgram(xdp).id);
        attachXdp(name, xdp, mode, xdp);
        detachXdp(name, mode);
        assert.equal(queryXdp(name)[mode], 0);
      }
      assert.equal(queryTc(name, 'ingress', 10), 0);
      assert.equal(detachTc(name, 'ingress', 10), false);
      attachTc(name, 'ingress', tc, 10);
      attachTc(name, 'ingress', tc, 10);
      attachTc(name, 'egress', tc, 20);
      assert.equal(queryTc(name, 'ingress', 10), describeProgram(tc).id);
      assert.equal(queryTc(name, 'egress', 20), describeProgram(tc).id);
      assert.equal(detachTc(name, 'ingress', 10), true);
      assert.equal(queryTc(name, 'ingress', 10), 0);
      const wrong = fault(() => attachXdp(name, tc, 'driver'));
      assert.equal(wrong.code, 'EINVAL');
      assert.equal(wrong.object, name);
      assert.equal(fault(() => attachTc('nothing0', 'ingress', tc, 1)).code, 'ENODEV');
    });
  } finally {
    ip('link', 'delete', name);
  }
});

test('the BPF addon: each verb says its own name when it is called wrongly', { skip }, () => {
  const verbs = Object.entries(bpfAddon());
  assert.ok(verbs.length >= 20, `${verbs.length} verbs`);
  for (const [name, verb] of verbs) {
    assert.throws(() => Reflect.apply(verb, undefined, []), {
      name: 'TypeError',
      message: new RegExp(`^Cannot ${name}: `),
    });
  }
});

test('the main addon loads without libbpf', () => {
  const ldd = spawnSync('ldd', [join(import.meta.dirname, '../../native/build/moat.node')], {
    encoding: 'latin1',
  });
  assert.match(ldd.stdout, /libc\.so/);
  assert.doesNotMatch(ldd.stdout, /libbpf/);
  assert.ok(existsSync(join(import.meta.dirname, '../../native/build/moat.node')));
});
