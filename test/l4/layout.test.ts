/** The layout in TypeScript is that of the compiled objects, and the names of numbers are those of the header. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as layout from '../../l4/layout.ts';
import { type Struct, widthOf } from '../../l4/struct.ts';
import { structsOf } from '../../native/bpf.ts';
import { programMissing } from './program.ts';

const ROOT = join(import.meta.dirname, '../..');
const HEADER = readFileSync(join(ROOT, 'l4/bpf/shared.h'), 'latin1').replace(/\/\*.*?\*\//gs, '');

test('layout.ts: every struct has the size, the fields and the places that the compiler chose', {
  skip: programMissing(),
}, () => {
  const found = {
    ...structsOf(join(ROOT, 'l4/build/sweep.o')),
    ...structsOf(join(ROOT, 'l4/build/sync.o')),
    ...structsOf(join(ROOT, 'l4/build/director-tc.o')),
  };
  assert.ok(Object.keys(layout.STRUCTS).length > 10);
  for (const [name, struct] of Object.entries<Struct>(layout.STRUCTS)) {
    const members = Object.fromEntries(
      Object.entries(struct.fields).map(([field, [offset, kind]]) => [
        field,
        { offset, size: widthOf(kind) },
      ]),
    );
    assert.deepEqual({ name, size: struct.size, members }, { name, ...found[name] });
  }
});

/** The members of an enum, without their common prefix, in lower case. */
function members(name: string): string[] {
  const body = new RegExp(`enum ${name} \\{(.*?)\\}`, 's').exec(HEADER)?.[1];
  assert.ok(body, `enum ${name} is in the header`);
  return body
    .split(',')
    .map(member => member.trim())
    .filter(member => member !== '' && !/^REASON(S|_DROP_FIRST)$/.test(member))
    .map(member =>
      member
        .replace(/ *=.*/, '')
        .replace(/^[A-Z]+_/, '')
        .toLowerCase()
        .replaceAll('_', '-'),
    );
}

test('layout.ts: enums have the names and numbers of the header', () => {
  const numbered = (table: Record<string, number>) =>
    Object.entries(table)
      .sort(([, a], [, b]) => a - b)
      .map(([name, at], index) => (at === index ? name : `${name} is ${at}, not ${index}`));
  const pairs: [string, readonly string[]][] = [
    ['reason', layout.REASONS],
    ['flow_state', layout.STATES],
    ['event_kind', layout.EVENTS],
    ['selection', numbered(layout.SELECTION)],
    ['ring_key', numbered(layout.RING_KEY)],
    ['score_rule', numbered(layout.SCORE_RULE)],
    ['forward_mode', numbered(layout.MODE)],
    ['intake', numbered(layout.INTAKE)],
    ['fate', numbered(layout.FATE)],
    ['tunnel', numbered(layout.TUNNEL)],
    ['flow_kind', numbered(layout.FLOW_KIND)],
    ['flow_role', numbered(layout.ROLE)],
    ['news_kind', numbered(layout.NEWS)],
    ['imported', layout.IMPORTED],
  ];
  for (const [name, table] of pairs) assert.deepEqual(table, members(name), name);
});

test('layout.ts: numbers are those of the header', () => {
  const defined = (name: string) => Number(new RegExp(`#define ${name} (\\d+)`).exec(HEADER)?.[1]);
  const pairs: [string, number][] = [
    ['LAYOUT_VERSION', layout.LAYOUT_VERSION],
    ['FLOW_SHARDS', layout.FLOW_SHARDS],
    ['REALS_MOST', layout.REALS_MOST],
    ['SERVICES_MOST', layout.SERVICES_MOST],
    ['SCORED_MOST', layout.SCORED_MOST],
    ['REASONS_MOST', layout.REASONS_MOST],
    ['SIEVE_BITS', layout.SIEVE_BITS],
    ['ENDPOINT_SLOT_BITS', layout.ENDPOINT_SLOT_BITS],
    ['SETTING_FILTER', layout.SETTING.filter],
    ['SETTING_LEASE', layout.SETTING.lease],
    ['SETTING_SYNC', layout.SETTING.sync],
    ['FLOW_SOURCE_COUNTED', layout.FLOW_FLAG.sourceCounted],
    ['FLOW_SPLICED', layout.FLOW_FLAG.spliced],
    ['FLOW_SYNCED', layout.FLOW_FLAG.synced],
    ['FLOW_TOLD', layout.FLOW_FLAG.told],
    ['FLOW_MIDWAY', layout.FLOW_FLAG.midway],
    ['IMPORTS_MOST', layout.IMPORTS_MOST],
    ['ADDRESS_VIRTUAL', layout.ADDRESS.virtual],
    ['ADDRESS_REAL', layout.ADDRESS.real],
    ['ADDRESS_SOURCE', layout.ADDRESS.source],
    ['SERVICE_ONE_PACKET', layout.SERVICE.onePacket],
    ['SERVICE_FILTER', layout.SERVICE.filter],
    ['SERVICE_ALLOW_ONLY', layout.SERVICE.allowOnly],
    ['REAL_LOCAL', layout.REAL.local],
    ['SOURCE_DENIED', layout.SOURCE.denied],
    ['SOURCE_ALLOWED', layout.SOURCE.allowed],
  ];
  for (const [name, value] of pairs) assert.equal(defined(name), value, name);
  assert.equal(layout.FIRST_DROP, 'malformed');
  assert.match(HEADER, /REASON_MALFORMED = REASON_DROP_FIRST/);
});
