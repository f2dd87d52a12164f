/** What is measured by test runs: each mode's known and new flows, what is dropped or answered, and how it grows with flows and services. */
import { SETTING, SOURCE } from '../../l4/layout.ts';
import { sourceKey } from '../../l4/maps.ts';
import type { Program } from '../../test/l4/program.ts';
import type { TestCase } from './test-runs.ts';
import { COOKIES, MODES, type Mode, reply, runAll, segment, serve } from './traffic.ts';

/** Flows that fit into the caches with all that is around them. */
const FEW = 10;
const DENIED_PREFIXES = 1000;

const many = (count: number, flags: string, from = 0) =>
  Array.from({ length: count }, (_, at) => segment(from + at, flags));

/** Established ones: they begin in their middle, which a ring allows. */
function withFlows(program: Program, count: number): void {
  runAll(program, many(count, 'S'));
  runAll(program, many(count, 'A'));
}

const known = (mode: Mode): TestCase => ({
  name: `${mode}: a known flow`,
  packets: many(FEW, 'A'),
  ...(mode === 'dr' && { burst: 'same' }), // what another mode has changed is another packet
  prepare(program) {
    serve(program, mode);
    withFlows(program, FEW);
  },
});

const fresh = (mode: Mode, runs: number): TestCase => ({
  name: `${mode}: a new flow`,
  packets: many(runs, 'S', FEW),
  ...(mode === 'dr' && { burst: 'clients' }),
  prepare(program) {
    serve(program, mode);
    program.knowWaysBack();
  },
});

const answers: TestCase = {
  name: 'nat: an answer of a known flow',
  packets: Array.from({ length: FEW }, (_, at) => reply(at, '10.1.0.1')),
  prepare(program) {
    serve(program, 'nat');
    program.service(1, [{ address: '10.0.0.1', port: 80, protocol: 6 }], [1]);
    withFlows(program, FEW);
    program.knowWaysBack();
  },
};

const stranger = (mode: Mode): TestCase => ({
  name: `not ours, ${mode} in use`,
  packets: [segment(1, 'A', '10.9.9.9')],
  burst: 'same',
  prepare: program => serve(program, mode),
});

function floods(runs: number): TestCase[] {
  const packets = many(runs, 'S');
  const flood = (name: string, prepare: TestCase['prepare'], burst?: 'clients'): TestCase => ({
    name: `flood of SYN: ${name}`,
    packets,
    prepare,
    ...(burst && { burst }),
  });
  return [
    flood(
      'dr, over the cap of entries, forwarded by the ring',
      program => {
        serve(program, 'dr');
        program.settings({ inserts_most: 1 });
      },
      'clients',
    ),
    flood('nat, over the cap of entries, dropped', program => {
      serve(program, 'nat');
      program.settings({ inserts_most: 1 });
    }),
    flood('nat, answered by cookies', program => serve(program, 'nat', 1, COOKIES)),
    flood(
      `a source that one of ${DENIED_PREFIXES} prefixes denies`,
      program => {
        serve(program, 'dr');
        for (let index = 0; index < DENIED_PREFIXES; index++)
          program.maps.putSource(sourceKey(0, `10.16.${index >> 2}.${(index & 3) * 64}`, 26), SOURCE.denied);
        program.maps.putSource(sourceKey(0, '172.16.0.0', 16), SOURCE.denied);
        program.settings({ flags: SETTING.filter });
      },
      'clients',
    ),
    {
      ...flood('one source over its limit', program => {
        serve(program, 'dr', 1, { syns: 1 });
      }),
      packets: Array.from({ length: runs }, (_, at) => segment(256 * 256 * (1 + at) + 7, 'S')),
    },
  ];
}

export const packetCases = (runs: number): TestCase[] => [
  stranger('dr'),
  stranger('nat'),
  ...MODES.flatMap(mode => [known(mode), fresh(mode, runs)]),
  answers,
  ...floods(runs),
];

/** A known flow among so many: packets of all of them, so that the caches hold none. */
export const flowCases = (counts: readonly number[], runs: number): TestCase[] =>
  counts.map(count => ({
    name: `dr: a known flow of ${count}`,
    packets: Array.from({ length: Math.min(count, runs) }, (_, at) =>
      segment(Math.floor((at * count) / Math.min(count, runs)), 'A'),
    ),
    flows: count,
    prepare(program) {
      serve(program, 'dr');
      for (let at = 0; at < count; at++) runAll(program, [segment(at, 'A')]);
    },
  }));

export const serviceCases = (counts: readonly number[], runs: number): TestCase[] =>
  counts.flatMap(count => [
    {
      name: `dr: a known flow, ${count} services`,
      packets: many(FEW, 'A'),
      prepare(program: Program) {
        serve(program, 'dr', count);
        withFlows(program, FEW);
      },
    },
    {
      name: `dr: a new flow, ${count} services`,
      packets: many(runs, 'S'),
      prepare: (program: Program) => serve(program, 'dr', count),
    },
  ]);
