/** Nanoseconds a packet, by test runs of the very programs: one packet a run, for a packet that was changed is not the same any more. */
import { join } from 'node:path';
import { ADDRESS, SETTING, SOURCE } from '../../l4/layout.ts';
import { sourceKey } from '../../l4/maps.ts';
import type { DirectorBuild } from '../../l4/programs.ts';
import { loadObject, runProgram } from '../../native/bpf.ts';
import { type BodySpec, frame } from '../../test/l4/packet.ts';
import { Program } from '../../test/l4/program.ts';

const EMPTY = join(import.meta.dirname, '../../l4/build/empty.o');
const CLIENTS = 4000;
const ROUNDS = 5;
const REPEAT = 200;

/** repeat: so many times in one run; for packets that a run leaves as they were, but for their hop count. */
type Case = { name: string; packets: Uint8Array[]; repeat?: number; prepare(program: Program): void };

const VIP = '10.0.0.1';
const clientOf = (index: number) => `192.0.${2 + (index >> 8)}.${index & 255}`;

const packet = (index: number, flags: string, destination = VIP): Uint8Array => {
  const body: BodySpec = { kind: 'tcp', ports: [1024 + (index % 60000), 80], flags, payload: 0 };
  return frame({ source: clientOf(index % 16000), destination, ttl: 255, body });
};

const many = (flags: string, count = CLIENTS) =>
  Array.from({ length: count }, (_, index) => packet(index, flags));

type Mode = 'dr' | 'nat' | 'fullnat' | 'tun';

function serve(program: Program, mode: Mode, services = 1): void {
  for (let id = 1; id <= 20; id++) program.real({ id, address: `10.1.0.${id}`, mode, tunnel: 'ipip' });
  const ring = Array.from({ length: 4093 }, (_, slot) => 1 + (slot % 20));
  for (let id = 1; id <= services; id++) {
    const address = id === 1 ? VIP : `10.2.${id >> 8}.${id & 255}`;
    if (id <= 25) program.service(id, [{ address, port: 80, protocol: 6 }], ring);
    else {
      program.address(address, ADDRESS.virtual);
      program.maps.putEndpoint({ address, port: 80, protocol: 6 }, 1);
    }
  }
  program.settings({ pools: 1 });
  if (mode === 'fullnat')
    program.maps.putPool(0, {
      first: Uint8Array.from([...Array(10).fill(0), 255, 255, 10, 1, 1, 1]),
      addresses: 4,
      first_port: 1024,
      last_port: 65535,
    });
}

const runAll = (program: Program, packets: Uint8Array[]) => {
  for (const data of packets) runProgram(program.fd, { data });
};

const hit = (mode: Mode, flows = CLIENTS): Case => ({
  name: `${mode}: a known flow of ${flows}`,
  packets: many('A', flows),
  prepare(program) {
    serve(program, mode);
    runAll(program, many('S', flows));
    runAll(program, many('A', flows));
  },
});
const miss = (mode: Mode): Case => ({
  name: `${mode}: a new flow`,
  packets: many('S'),
  prepare: program => serve(program, mode),
});

const CASES: Case[] = [
  {
    name: 'not ours',
    packets: [packet(1, 'A', '10.9.9.9')],
    prepare: program => serve(program, 'dr'),
  },
  {
    name: 'not ours, nat in use',
    packets: [packet(1, 'A', '10.9.9.9')],
    prepare: program => serve(program, 'nat'),
  },
  ...(['dr', 'nat', 'fullnat', 'tun'] as const).flatMap(mode => [hit(mode), miss(mode)]),
  hit('dr', 10),
  { ...hit('dr', 1), name: 'dr: a known flow, 200 packets a run', repeat: REPEAT },
  {
    name: 'not ours, 200 packets a run',
    packets: [packet(1, 'A', '10.9.9.9')],
    prepare: program => serve(program, 'dr'),
    repeat: REPEAT,
  },
  {
    name: 'dr: a known flow of 4000, 1000 services',
    packets: many('A'),
    prepare(program) {
      serve(program, 'dr', 1000);
      runAll(program, many('S'));
    },
  },
  {
    name: 'dr: a flood of SYN over the cap of entries',
    packets: many('S'),
    prepare(program) {
      serve(program, 'dr');
      program.settings({ inserts_most: 1 });
    },
  },
  {
    name: 'a denied source, 1000 prefixes',
    packets: many('S'),
    prepare(program) {
      serve(program, 'dr');
      for (let index = 0; index < 1000; index++)
        program.maps.putSource(sourceKey(0, `172.16.${index >> 2}.${(index & 3) * 64}`, 26), SOURCE.denied);
      program.maps.putSource(sourceKey(0, '192.0.0.0', 16), SOURCE.denied);
      program.settings({ flags: SETTING.filter });
    },
  },
];

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

/** The median of runs of one packet each; of the best round, for others use this machine as well. */
function measure(fd: number, packets: Uint8Array[], repeat: number, again: () => void): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    again();
    const runs: number[] = [];
    for (let index = 0; index < CLIENTS / repeat; index++)
      runs.push(runProgram(fd, { data: packets[index % packets.length]!, repeat }).durationNs);
    rounds.push(median(runs));
  }
  return Math.min(...rounds);
}

export type PacketCost = { build: DirectorBuild; name: string; ns: number; raw: number };

/** What each case costs, an empty program's cost taken off. */
export function packetCosts(): PacketCost[] {
  const empty = loadObject(EMPTY);
  const costs: PacketCost[] = [];
  for (const build of ['xdp', 'tc'] as const) {
    const nothing = empty.programs[`empty_${build}`]!;
    const base = (repeat: number) => measure(nothing, [packet(1, 'A')], repeat, () => {});
    const bases = new Map([1, REPEAT].map(repeat => [repeat, base(repeat)]));
    for (const { name, packets, prepare, repeat = 1 } of CASES) {
      const raw = measure(new Program(build).fd, packets, repeat, () => prepare(new Program(build)));
      costs.push({ build, name, ns: raw - bases.get(repeat)!, raw });
    }
  }
  return costs;
}
