/** Tells the results: tables for the terminal, JSON and a picture for bench/results. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { chart } from './chart.ts';
import type { Machine } from './machine.ts';
import type { Options } from './options.ts';
import type { Row, Spread } from './rounds.ts';
import type { Fact } from './scenarios.ts';

export type Outcome = {
  readonly machine: Machine;
  readonly options: Options;
  readonly rows: Row[];
  readonly facts: Fact[];
  readonly notes: string[];
  /** Configuration texts by scenario and peer. */
  readonly configs: Record<string, string>;
};

type Column = readonly [title: string, width: number, cell: (row: Row, base: Row | undefined) => string];

const COLUMNS: readonly Column[] = [
  ['', 11, row => row.peer],
  ['CPU µs/request', 22, row => `${us(row.totalUs.median)} (${us(row.totalUs.min)}-${us(row.totalUs.max)})`],
  ['user', 7, row => us(row.userUs.median)],
  ['system', 7, row => us(row.systemUs.median)],
  ['× nginx', 8, (row, base) => ratio(row.totalUs, base?.totalUs)],
  ['requests/s', 11, row => row.perSecond.median.toFixed(0)],
  ['× nginx', 8, (row, base) => ratio(row.perSecond, base?.perSecond)],
  ['MB/s', 7, row => (row.bytesPerSecond.median / 1e6).toFixed(0)],
  ['p50 ms', 8, row => ms(row.p50Us)],
  ['p99 ms', 8, row => ms(row.p99Us)],
  ['p99.9 ms', 9, row => ms(row.p999Us)],
  ['PSS MB', 8, row => (row.pssBytes / 1e6).toFixed(0)],
];

/** The rows as aligned text, one table per scenario, with ratios to nginx in the same scenario. */
export function tables(rows: readonly Row[]): string[] {
  const lines: string[] = [];
  for (const scenario of new Set(rows.map(row => row.scenario))) {
    const own = rows.filter(row => row.scenario === scenario);
    const base = own.find(row => row.peer === 'nginx');
    lines.push(
      COLUMNS.map(([title, width], at) => (at === 0 ? scenario.padEnd(width) : title.padStart(width))).join(
        ' ',
      ),
    );
    for (const row of own) {
      const cells = COLUMNS.map(([, width, cell], at) =>
        at === 0 ? cell(row, base).padEnd(width) : cell(row, base).padStart(width),
      );
      lines.push(cells.join(' ') + (row.errors > 0 ? `  INVALID: ${row.errors} errors` : ''));
    }
  }
  return lines;
}

/** Where things lay on the machine that measured is nobody's business. */
function portable({ options, ...rest }: Outcome) {
  const { moat, directory, ...others } = options;
  const fromHere = (path: string) => relative(process.cwd(), path);
  return { ...rest, options: { ...others, moat: fromHere(moat), directory: fromHere(directory) } };
}

/** Writes bench/results/l7-DATE.json and .svg. @returns where they are, in words */
export function save(outcome: Outcome): string {
  const { directory, quick } = outcome.options;
  mkdirSync(directory, { recursive: true });
  const name = join(directory, `l7-${outcome.machine.date.slice(0, 10)}${quick ? '-quick' : ''}`);
  writeFileSync(`${name}.json`, `${JSON.stringify(portable(outcome), null, 1)}\n`);
  if (outcome.rows.length > 0) writeFileSync(`${name}.svg`, chart(outcome));
  return `results in ${relative(process.cwd(), name)}.json and .svg`;
}

const us = (value: number) => value.toFixed(value < 100 ? 2 : 0);
const ms = (value: Spread) => (value.median / 1000).toFixed(2);
const ratio = (own: Spread, base: Spread | undefined) =>
  base && base.median > 0 ? (own.median / base.median).toFixed(2) : '-';
