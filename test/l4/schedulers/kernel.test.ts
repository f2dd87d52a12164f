/** The program in the kernel picks as the definitions say: both are asked with the same loads, drawn by lot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchedulerName } from '#model/l4/scheduler.ts';
import { addressBytes } from '../../../l4/address.ts';
import { LOCALITY_RULE, SCORE_RULE, SELECTION, STRUCTS } from '../../../l4/layout.ts';
import { u32 } from '../../../l4/maps.ts';
import { LOCALITY_MOST, SHRINK_MS } from '../../../l4/schedulers/locality.ts';
import { selectionOf } from '../../../l4/schedulers/table.ts';
import { encode, readBytes, readNumber } from '../../../l4/struct.ts';
import type { Selection } from '../../../l4/tables.ts';
import { frame } from '../packet.ts';
import { BUILDS, Program, programMissing } from '../program.ts';
import { Chooser, type Load, lots } from './chooser.ts';

const skip = programMissing();
const SECRET = Buffer.alloc(16, 3);
const VIPS = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
const ROUNDS = 300;

/** One service of all those addresses, by that selection. */
class Farm {
  readonly program: Program;
  readonly loads: readonly Load[];
  readonly selection: Selection;
  #port = 1000;

  constructor(build: (typeof BUILDS)[number], name: SchedulerName, weights: readonly number[]) {
    this.program = new Program(build);
    this.loads = weights.map((weight, at) => ({
      id: at + 1,
      weight,
      active: 0,
      inactive: 0,
      full: false,
    }));
    const candidates = this.loads
      .filter(({ weight }) => weight > 0)
      .map(({ id, weight }) => ({ id, weight, key: `10.1.0.${id} 80` }));
    this.selection = selectionOf(candidates, { name, port: false }, SECRET);
    const { selection } = this;
    const rule =
      selection.kind === 'score'
        ? SCORE_RULE[selection.rule]
        : selection.kind === 'locality'
          ? LOCALITY_RULE[selection.rule]
          : 0;
    const ids = 'slots' in selection ? selection.slots : selection.reals;
    const places = VIPS.map(address => ({ address, port: 80, protocol: 6 }));
    this.program.service(1, places, [...ids], { selection: SELECTION[selection.kind], score_rule: rule });
  }

  /** Brings the loads into the maps, and asks. @returns the id of who was picked, 0 for nobody */
  ask(vip = 0): number {
    for (const { id, weight, active, inactive, full } of this.loads) {
      this.program.real({ id, address: `10.1.0.${id}`, mode: 'nat', weight, upper: full ? 1 : 0 });
      this.program.maps.map('real_states').put(u32(id), u32(active, inactive + (full ? 1 : 0), 0));
    }
    const { packet } = this.program.run(
      frame({
        source: '192.0.2.9',
        destination: VIPS[vip]!,
        body: { kind: 'tcp', ports: [this.#port++, 80], flags: 'S' },
      }),
    );
    return Number(/ > 10\.1\.0\.(\d+)[: ]/.exec(packet)?.[1] ?? 0);
  }
}

for (const build of BUILDS) {
  for (const name of ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'lblc', 'lblcr'] as const) {
    test(`${build}: ${name} picks as its definition does, whatever the loads`, { skip }, () => {
      const draw = lots(11);
      const upTo = (most: number) => Math.floor(draw() * (most + 1));
      const farm = new Farm(build, name, [1, 2, 0, 3, 4, 2]);
      const chooser = new Chooser(farm.selection, farm.loads, draw);
      const picked = new Set<number>();
      for (let round = 0; round < ROUNDS; round++) {
        for (const load of farm.loads) {
          load.active = upTo(load.weight * 2);
          load.inactive = upTo(3);
          load.full = draw() < 0.15;
        }
        const vip = upTo(VIPS.length - 1);
        const wanted = chooser.choose(vip);
        assert.equal(farm.ask(vip), wanted, `round ${round}, ${VIPS[vip]}: ${JSON.stringify(farm.loads)}`);
        picked.add(wanted);
      }
      assert.ok(picked.size >= 5, [...picked].join());
      assert.ok(!picked.has(3), 'weight 0');
    });
  }

  const localityKey = encode(STRUCTS.client_key, { address: addressBytes(VIPS[0]!), service: 1 });
  const setOf = (program: Program): { ids: number[]; changedNs: number } => {
    const value = new Uint8Array(STRUCTS.locality.size);
    program.maps.map('localities').get(localityKey, value);
    const bytes = readBytes(STRUCTS.locality, value, 'ids');
    const all = [...new Uint32Array(bytes.slice().buffer)];
    return {
      ids: all.slice(0, readNumber(STRUCTS.locality, value, 'count')),
      changedNs: readNumber(STRUCTS.locality, value, 'changed_ns'),
    };
  };
  const putSet = (program: Program, ids: number[], changedMsAgo: number, usedMsAgo = 0) => {
    // Also before the machine was started: only differences count.
    const before = (ms: number) => BigInt.asUintN(64, process.hrtime.bigint() - BigInt(ms) * 1_000_000n);
    program.maps.map('localities').put(
      localityKey,
      encode(STRUCTS.locality, {
        changed_ns: before(changedMsAgo),
        used_ns: before(usedMsAgo),
        count: ids.length,
        ids: new Uint8Array(Uint32Array.from([...ids, ...Array(LOCALITY_MOST - ids.length).fill(0)]).buffer),
      }),
    );
  };

  test(`${build}: lblcr: a set that did not change for a day loses its most loaded member`, { skip }, () => {
    const farm = new Farm(build, 'lblcr', [2, 2, 2]);
    [1, 2, 0].forEach((active, at) => {
      farm.loads[at]!.active = active;
    });
    putSet(farm.program, [1, 2], SHRINK_MS - 600_000);
    assert.equal(farm.ask(), 1);
    assert.deepEqual(setOf(farm.program).ids, [1, 2]);
    putSet(farm.program, [1, 2], SHRINK_MS + 600_000);
    assert.equal(farm.ask(), 1);
    assert.deepEqual(setOf(farm.program).ids, [1]);
    putSet(farm.program, [1], SHRINK_MS + 600_000);
    farm.ask();
    assert.deepEqual(setOf(farm.program).ids, [1], 'the last one stays');
  });

  test(`${build}: lblcr: a set that is full takes nobody in, and one of it that is gone makes room`, {
    skip,
  }, () => {
    const count = LOCALITY_MOST + 1;
    const farm = new Farm(build, 'lblcr', Array(count).fill(1));
    for (const load of farm.loads) load.active = 5;
    farm.loads[count - 1]!.active = 0;
    const ids = farm.loads.slice(0, LOCALITY_MOST).map(({ id }) => id);
    putSet(farm.program, ids, 0);
    assert.equal(farm.ask(), count, 'it is picked all the same');
    assert.deepEqual(setOf(farm.program).ids, ids);
    farm.program.maps.map('localities').delete(localityKey);
    putSet(farm.program, [30, ...ids.slice(1)], 0); // 30 is no real server of this service
    assert.equal(farm.ask(), count);
    assert.deepEqual(setOf(farm.program).ids, [...ids.slice(1), count]);
  });

  test(`${build}: lblc: a destination that nobody asked for in a day is forgotten`, { skip }, () => {
    const farm = new Farm(build, 'lblc', [2, 2]);
    farm.loads[1]!.active = 1;
    putSet(farm.program, [2], 90_000_000, 85_000_000);
    assert.equal(farm.ask(), 2, 'within a day it stays');
    putSet(farm.program, [2], 90_000_000, 87_000_000);
    assert.equal(farm.ask(), 1);
  });
}
