/**
 * Nanoseconds a packet, by test runs of the very programs. One packet a run: a packet that was changed is not the same any more. Each is
 * run in turn with a program that does nothing, whose cost is taken off, and with the least that a director can do.
 */
import { join } from 'node:path';
import { endpointKey, u32 } from '../../l4/maps.ts';
import type { DirectorBuild } from '../../l4/programs.ts';
import { BpfMap, loadObject, runProgram } from '../../native/bpf.ts';
import { hopTo, Program } from '../../test/l4/program.ts';
import { type Spread, spread } from '../l7/rounds.ts';
import { segment, VIP } from './traffic.ts';

const BUILD_DIR = join(import.meta.dirname, '../../l4/build');
/** Behind Ethernet and IPv4. */
const SOURCE_PORT_AT = 14 + 20;
/** Packets of a burst: one run. */
const BURST = 200;
/** Client ports between the first packets of bursts. */
const PORTS_APART = 256;

export type TestCase = {
  readonly name: string;
  readonly packets: readonly Uint8Array[];
  /** Once a round, on a director with empty tables. */
  prepare(program: Program): void;
  /**
   * A burst of 200 is measured as well: of the same packet, where a run leaves it as it was but for its hop count, or of as many
   * clients.
   */
  readonly burst?: 'same' | 'clients';
  /** Only for a table of this size. */
  readonly flows?: number;
};

export type PacketRow = {
  readonly part: string;
  readonly name: string;
  readonly build: DirectorBuild;
  /** One packet a run. */
  readonly ns: Spread;
  /** 200 of them a run. */
  readonly burstNs: Spread | undefined;
  /** The least that a director can do, in the same rounds. */
  readonly leastNs: Spread;
};

type Yardsticks = {
  readonly empty: number;
  readonly least: number;
  /** Makes another client's packet each time, and hands it to the program that `next` holds. */
  readonly clients: number;
  readonly next: BpfMap;
};

function yardsticks(build: DirectorBuild): Yardsticks {
  const empty = loadObject(join(BUILD_DIR, 'empty.o')).programs[`empty_${build}`]!;
  const { programs, maps } = loadObject(join(BUILD_DIR, `least-${build}.o`));
  new BpfMap(maps['least_hops']!).put(endpointKey({ address: VIP, port: 80, protocol: 6 }), hopTo(1500));
  const clients = loadObject(join(BUILD_DIR, `clients-${build}.o`));
  return {
    empty,
    least: programs['least']!,
    clients: clients.programs['clients']!,
    next: new BpfMap(clients.maps['next']!),
  };
}

/** The mean of the middle half: the clock goes by steps of some ns, so a median would too. */
function middle(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  const half = sorted.slice(sorted.length >> 2, Math.max(1, (sorted.length * 3) >> 2));
  return half.reduce((sum, value) => sum + value, 0) / half.length;
}

type Round = { own: number; least: number; burst: number };

function measureRound(one: TestCase, program: Program, yards: Yardsticks, runs: number): Round {
  const { packets } = one;
  const { empty, least } = yards;
  const known = segment(1, 'A');
  const times = { empty: [] as number[], least: [] as number[], own: [] as number[] };
  for (let at = 0; at < runs; at++) {
    times.empty.push(runProgram(empty, { data: known }).durationNs);
    times.least.push(runProgram(least, { data: known }).durationNs);
    times.own.push(runProgram(program.fd, { data: packets[at % packets.length]! }).durationNs);
  }
  const base = middle(times.empty);
  return {
    own: middle(times.own) - base,
    least: middle(times.least) - base,
    burst: one.burst ? burst(one, program, yards) : 0,
  };
}

/** The table begins empty once more where each burst is of new clients. */
function burst(one: TestCase, used: Program, { empty, clients, next }: Yardsticks): number {
  const program = one.burst === 'same' ? used : new Program(used.build);
  if (program !== used) one.prepare(program);
  const own: number[] = [];
  const base: number[] = [];
  for (let at = 0; at < 20; at++) {
    const data = one.burst === 'same' ? one.packets[at % one.packets.length]! : burstOf(one, at);
    const through = (fd: number) => {
      if (one.burst === 'clients') next.put(u32(0), u32(fd));
      return runProgram(one.burst === 'clients' ? clients : fd, { data, repeat: BURST }).durationNs;
    };
    base.push(through(empty));
    own.push(through(program.fd));
  }
  return middle(own) - middle(base);
}

/** The first packet of a burst whose clients nobody has seen before. */
function burstOf({ packets }: TestCase, at: number): Uint8Array {
  const data = packets[0]!.slice();
  new DataView(data.buffer).setUint16(SOURCE_PORT_AT, 2000 + at * PORTS_APART);
  return data;
}

/** What the cases cost in both builds, taken in turns; but a large table is filled once, and its rounds follow one another. */
export function testRuns(
  part: string,
  cases: readonly TestCase[],
  { rounds, runs }: { rounds: number; runs: number },
): PacketRow[] {
  return (['xdp', 'tc'] as const).flatMap(build => {
    const yards = yardsticks(build);
    const found = new Map(cases.map(one => [one, [] as Round[]]));
    const prepared = (one: TestCase): Program => {
      const program = new Program(build, one.flows);
      one.prepare(program);
      return program;
    };
    for (const one of cases.filter(({ flows }) => flows !== undefined)) {
      const program = prepared(one);
      for (let round = 0; round < rounds; round++)
        found.get(one)!.push(measureRound(one, program, yards, runs));
    }
    for (let round = 0; round < rounds; round++) {
      for (const one of cases.filter(({ flows }) => flows === undefined))
        found.get(one)!.push(measureRound(one, prepared(one), yards, runs));
    }
    return [...found].map(([one, list]) => rowOf(part, build, one, list));
  });
}

const rowOf = (
  part: string,
  build: DirectorBuild,
  { name, burst }: TestCase,
  rounds: readonly Round[],
): PacketRow => ({
  part,
  name,
  build,
  ns: spread(rounds.map(({ own }) => own)),
  burstNs: burst ? spread(rounds.map(({ burst }) => burst)) : undefined,
  leastNs: spread(rounds.map(({ least }) => least)),
});
