/** The event store: bounded, private, and not to be brought down by what lies in its place. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { WafEvent } from '#model/waf-event.ts';
import { EventReader } from '../../../control/waf/event-reader.ts';
import { EventStore } from '../../../control/waf/event-store.ts';

function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'moat-events-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const event = (number: number, more: Partial<WafEvent> = {}): WafEvent => ({
  id: number.toString(16).padStart(32, '0'),
  timeMs: number,
  action: 'block',
  source: 'rules',
  reason: '',
  server: 'a.example',
  status: 403,
  score: 5,
  clientAddress: '192.0.2.1',
  listener: { address: '192.0.2.9', port: 80, tls: false },
  host: 'a.example',
  path: '/x',
  location: '/',
  site: { file: 'moat.conf', line: 1 },
  phase: 2,
  request: {
    method: 'GET',
    target: '/x',
    protocol: 'HTTP/1.1',
    headers: [],
    body: 'y'.repeat(500),
    bodyBytes: 500,
  },
  rules: [
    { id: 100 + number, message: '', data: '', severity: '', tags: [], file: '', line: 1, matches: [] },
  ],
  ...more,
});

test('EventStore keeps events, EventReader finds them by what is asked', () => {
  using dir = folder();
  const path = join(dir.path, 'events.db');
  const store = new EventStore({ path, limitBytes: 1 << 20 }, assert.fail);
  store.add([event(1), event(2, { action: 'detect', path: '/y', clientAddress: '192.0.2.2' })]);
  const reader = new EventReader(path);
  const ids = (question: Parameters<EventReader['find']>[0]) =>
    reader.find(question).map(({ timeMs }) => timeMs);
  assert.deepEqual(ids({}), [2, 1]);
  assert.deepEqual(ids({ limit: 1 }), [2]);
  assert.deepEqual(ids({ action: 'detect' }), [2]);
  assert.deepEqual(ids({ rule: 101 }), [1]);
  assert.deepEqual(ids({ rule: 10 }), []);
  assert.deepEqual(ids({ path: '/y' }), [2]);
  assert.deepEqual(ids({ client: '192.0.2.1' }), [1]);
  assert.deepEqual(ids({ sinceMs: 2 }), [2]);
  assert.equal(reader.byId(event(1).id)?.timeMs, 1);
  assert.throws(() => reader.byId('0000'), /several/);
  assert.equal(reader.byId('f'), undefined);
  reader.close();
  store.close();
});

test('EventStore never grows beyond its limit, and loses the oldest', () => {
  using dir = folder();
  const path = join(dir.path, 'events.db');
  const store = new EventStore({ path, limitBytes: 1 << 20 }, assert.fail);
  for (let at = 0; at < 100; at++) store.add(Array.from({ length: 50 }, (_, n) => event(at * 50 + n)));
  const reader = new EventReader(path);
  const kept = reader.find({}).map(({ timeMs }) => timeMs);
  assert.equal(kept[0], 4999);
  assert.ok(kept.length > 300 && kept.length < 4000, `${kept.length} are kept`);
  assert.ok(statSync(path).size <= 1 << 20);
  reader.close();
  store.close();
});

test('EventStore: only the owner reads it', () => {
  using dir = folder();
  const store = new EventStore({ path: join(dir.path, 'events.db'), limitBytes: 1 << 20 }, assert.fail);
  store.add([event(1)]);
  for (const name of readdirSync(dir.path))
    assert.equal(statSync(join(dir.path, name)).mode & 0o077, 0, name);
  store.close();
});

test('EventStore: a file that is none is put aside and told of', () => {
  using dir = folder();
  const path = join(dir.path, 'events.db');
  writeFileSync(path, 'this is no database, whatever its name says '.repeat(100));
  const told: string[] = [];
  const store = new EventStore({ path, limitBytes: 1 << 20 }, message => told.push(message));
  store.add([event(1)]);
  store.close();
  assert.match(told[0]!, /put aside/);
  assert.equal(readdirSync(dir.path).filter(name => name.includes('.broken-')).length, 1);
});

test('EventStore: a place where no file can be is an error, not a crash later', () => {
  assert.throws(() => new EventStore({ path: '/dev/null/events.db', limitBytes: 1 << 20 }, assert.fail));
});
