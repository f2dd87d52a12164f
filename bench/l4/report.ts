/** Tells the results: tables for the terminal, JSON for bench/results. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Machine } from '../l7/machine.ts';
import type { Spread } from '../l7/rounds.ts';
import type { Options } from './options.ts';
import { PATH_COLUMNS, type PathRow } from './paths.ts';
import type { PacketRow } from './test-runs.ts';

export type Outcome = {
  readonly machine: Machine;
  readonly options: Options;
  readonly packets: PacketRow[];
  readonly paths: PathRow[];
};

const NAME_WIDTH = 52;
const ns = (value: Spread | undefined) =>
  value ? `${value.min.toFixed(0)} / ${value.median.toFixed(0)}` : '';
const ratio = (own: number, base: number) => (base > 0 ? (own / base).toFixed(2) : '-');

/** ns of the fastest round / of the median one, an empty program's cost taken off. */
export function packetTable(rows: readonly PacketRow[]): string[] {
  const head = ['ns a packet: least / median', 'xdp', 'of 200', '× least', 'tc', 'of 200', '× least'];
  const line = (cells: readonly string[]) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(NAME_WIDTH) : cell.padStart(12))).join(' ');
  const cells = (row: PacketRow | undefined) =>
    row ? [ns(row.ns), ns(row.burstNs), ratio(row.ns.median, row.leastNs.median)] : ['', '', ''];
  const names = [...new Set(rows.map(({ name }) => name))];
  return [
    line(head),
    ...names.map(name => {
      const of = (build: string) => rows.find(row => row.name === name && row.build === build);
      return line([name, ...cells(of('xdp')), ...cells(of('tc'))]);
    }),
  ];
}

/** Of PATH_COLUMNS. */
const TITLES = ['requests/s', 'connections/s', 'bulk Mbit/s', 'median µs', 'p99 µs'];

/** Medians, and in brackets how much they are of the first row's: the median of each round's ratio. */
export function pathTable(rows: readonly PathRow[]): string[] {
  const line = (cells: readonly string[]) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(24) : cell.padStart(20))).join(' ');
  return [
    line([rows[0]?.part ?? '', ...TITLES]),
    ...rows.map(row =>
      line([
        row.name,
        ...PATH_COLUMNS.map(
          column => `${row[column].median.toFixed(0)} (${row.ofFirst[column].median.toFixed(2)})`,
        ),
      ]),
    ),
  ];
}

/** Writes bench/results/l4-DATE.json. @returns where it is, in words */
export function save(outcome: Outcome): string {
  const { directory, quick } = outcome.options;
  mkdirSync(directory, { recursive: true });
  const name = join(directory, `l4-${outcome.machine.date.slice(0, 10)}${quick ? '-quick' : ''}.json`);
  const options = { ...outcome.options, directory: relative(process.cwd(), directory) };
  writeFileSync(name, `${JSON.stringify({ ...outcome, options }, null, 1)}\n`);
  return `results in ${relative(process.cwd(), name)}`;
}
