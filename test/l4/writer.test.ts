/** What the writer makes of tables: the numbers that the program reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SERVICE, STRUCTS } from '../../l4/layout.ts';
import { type L4Maps, u32 } from '../../l4/maps.ts';
import { readNumber } from '../../l4/struct.ts';
import type { RealTable, ServiceFacts, TableChange } from '../../l4/tables.ts';
import { MapWriter } from '../../l4/writer.ts';
import { NO_LIMIT } from '../../model/l4/virtual-server.ts';
import { Program, programMissing } from './program.ts';

const skip = programMissing();

const REAL: RealTable = {
  id: 1,
  serviceId: 1,
  name: '10.1.0.1:80',
  address: '10.1.0.1',
  port: 80,
  mode: 'nat',
  weight: 1,
  upper: 0,
  lower: 0,
  intake: 'all',
  fate: 'forward',
};
const FACTS: ServiceFacts = {
  name: '10.0.0.1:80 tcp',
  protocol: 'tcp',
  tunnel: { kind: 'ipip', port: 0 },
  persistence: undefined,
  onDead: 'rst',
  onePacket: false,
  synCookies: undefined,
  drain: { deadlineMs: 0, keepsPersistent: false },
  sourceLimit: NO_LIMIT,
  limit: NO_LIMIT,
  filter: { allowed: [], denied: [] },
};

function written(real: Partial<RealTable>, facts: Partial<ServiceFacts>): L4Maps {
  const { maps } = new Program('tc');
  const none = {
    local: new Set<string>(),
    tunnelSource4: new Uint8Array(4),
    tunnelSource6: new Uint8Array(16),
  };
  const changes: TableChange[] = [
    { kind: 'put-service', id: 1, facts: { ...FACTS, ...facts } },
    { kind: 'put-real', real: { ...REAL, ...real } },
    {
      kind: 'put-selection',
      serviceId: 1,
      selection: { kind: 'order', slots: Uint32Array.of(1) },
      changedSlots: 1,
    },
  ];
  new MapWriter(maps, none).apply(changes);
  return maps;
}

function realField(real: Partial<RealTable>, field: string): number {
  const value = new Uint8Array(STRUCTS.real.size);
  written(real, {}).map('reals').get(u32(1), value);
  return readNumber(STRUCTS.real, value, field);
}

function serviceField(facts: Partial<ServiceFacts>, field: string): number {
  const value = new Uint8Array(STRUCTS.service.size);
  written({}, facts).map('services').get(u32(1), value);
  return readNumber(STRUCTS.service, value, field);
}

test('the lower threshold is three quarters of the upper one where none is given, as LVS has it', {
  skip,
}, () => {
  assert.equal(realField({ upper: 10 }, 'lower'), 7);
  assert.equal(realField({ upper: 10, lower: 2 }, 'lower'), 2);
  assert.equal(realField({}, 'lower'), 0);
});

test('SYN cookies begin at their threshold, or at the limit of new connections below it', { skip }, () => {
  const limit = { ...NO_LIMIT, synsPerSecond: 50 };
  assert.equal(serviceField({}, 'flags'), 0);
  assert.equal(serviceField({ synCookies: { threshold: 9 } }, 'flags'), SERVICE.cookies);
  assert.equal(serviceField({ synCookies: { threshold: 9 } }, 'cookie_threshold'), 9);
  assert.equal(serviceField({ synCookies: { threshold: 90 }, limit }, 'cookie_threshold'), 50);
  assert.equal(serviceField({ synCookies: { threshold: 9 }, limit }, 'cookie_threshold'), 9);
  assert.equal(serviceField({ synCookies: { threshold: 0 }, limit }, 'cookie_threshold'), 0, 'always');
});
