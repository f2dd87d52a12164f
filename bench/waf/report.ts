/** Tells the results of the WAF's benchmark: a table for the terminal, JSON for bench/results. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join, relative } from 'node:path';
import type { Machine } from '../l7/machine.ts';
import type { Row } from '../l7/rounds.ts';
import type { Ask } from './requests.ts';

/** µs of processor time, medians of the rounds. */
export interface Verdict {
  readonly request: string;
  readonly moatWafUs: number;
  readonly moatUs: number;
  readonly modsecurityUs: number;
  readonly nginxUs: number;
  /** Whole proxy against whole proxy. */
  readonly ratio: number;
  /** What inspecting adds to each: the same proxy without it subtracted. */
  readonly ratioNet: number;
  readonly goal: number;
  /** Failed or wrongly answered requests; above 0 the figures are not valid. */
  readonly errors: number;
}

/** @param rows of one request, one for each peer */
export function verdictOf({ name, goal }: Ask, rows: readonly Row[]): Verdict {
  const us = (peer: string) => rows.find(row => row.peer === peer)?.totalUs.median ?? Number.NaN;
  const [moatWafUs, moatUs, modsecurityUs, nginxUs] = [
    us('moat waf'),
    us('moat'),
    us('nginx modsec'),
    us('nginx'),
  ];
  return {
    request: name,
    moatWafUs,
    moatUs,
    modsecurityUs,
    nginxUs,
    ratio: modsecurityUs / moatWafUs,
    ratioNet: (modsecurityUs - nginxUs) / (moatWafUs - moatUs),
    goal,
    errors: rows.reduce((sum, row) => sum + row.errors, 0),
  };
}

const TITLES = ['moat waf', 'moat', 'nginx modsec', 'nginx', 'times less', 'net', 'goal'];

export function heading(): string {
  return `${'CPU µs/request'.padEnd(15)}${TITLES.map(title => title.padStart(13)).join('')}`;
}

export function lineOf(verdict: Verdict): string {
  const { request, moatWafUs, moatUs, modsecurityUs, nginxUs, ratio, ratioNet, goal, errors } = verdict;
  const cells = [
    ...[moatWafUs, moatUs, modsecurityUs, nginxUs].map(us => us.toFixed(0)),
    ...[ratio, ratioNet].map(times => times.toFixed(1)),
    String(goal),
  ];
  const invalid = errors > 0 ? `  INVALID: ${errors} errors` : '';
  return `${request.padEnd(15)}${cells.map(cell => cell.padStart(13)).join('')}${invalid}`;
}

export interface Outcome {
  readonly machine: Machine;
  readonly rounds: number;
  readonly seconds: number;
  readonly verdicts: readonly Verdict[];
  readonly rows: readonly Row[];
  /** PSS of each process tree after all of it, by peer. */
  readonly pssBytes: Readonly<Record<string, number>>;
  readonly configs: Readonly<Record<string, string>>;
}

/** Writes waf-DATE.json. @returns where it is, in words */
export function save(outcome: Outcome, directory: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `waf-${outcome.machine.date.slice(0, 10)}.json`);
  const busyAfter = loadavg()[0];
  writeFileSync(`${path}`, `${JSON.stringify({ ...outcome, busyAfter }, null, 1)}\n`);
  return `results in ${relative(process.cwd(), path)}; load average ${outcome.machine.busy.toFixed(1)} before, ${busyAfter?.toFixed(1)} after`;
}
