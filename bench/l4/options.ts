/** The command line of the benchmark. */
import { resolve } from 'node:path';

export const PART_NAMES = [
  'packets',
  'flows',
  'services',
  'switched',
  'apart',
  'routed',
  'tunnels',
  'xdp',
] as const;
export type PartName = (typeof PART_NAMES)[number];

export type Options = {
  readonly quick: boolean;
  readonly only: readonly PartName[];
  /** What is compared is measured in turns, so many times. */
  readonly rounds: number;
  /** Of each load on a path. */
  readonly seconds: number;
  /** One-packet test runs a round. */
  readonly runs: number;
  /** How many flows the table holds in the part `flows`. */
  readonly flows: readonly number[];
  readonly services: readonly number[];
  readonly directory: string;
};

export const USAGE = `usage: npm run bench -- l4 [--quick] [--only PART,...] [--rounds N] [--seconds N] [--out DIR]
  parts: ${PART_NAMES.join(' ')}`;

const WITH_VALUE = ['--only', '--rounds', '--seconds', '--out'];

/** Reads the arguments. @returns what is wrong with them, when something is */
export function optionsFrom(args: readonly string[]): Options | string {
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const name = args[at]!;
    if (name === '--quick') given.set(name, 'yes');
    else if (!WITH_VALUE.includes(name)) return `unknown option ${name}`;
    else if (args[at + 1] === undefined) return `${name} needs a value`;
    else given.set(name, args[++at]!);
  }
  const quick = given.has('--quick');
  const asked = given.get('--only')?.split(',') ?? PART_NAMES;
  const stranger = asked.find(name => !PART_NAMES.some(known => known === name));
  if (stranger !== undefined) return `unknown part ${stranger}`;
  const rounds = Number(given.get('--rounds') ?? (quick ? 1 : 5));
  const seconds = Number(given.get('--seconds') ?? 1);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 99) return '--rounds is a number from 1 to 99';
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 60) return '--seconds is a number from 1 to 60';
  return {
    quick,
    only: PART_NAMES.filter(name => asked.includes(name)),
    rounds,
    seconds,
    runs: quick ? 300 : 1000,
    flows: quick ? [10, 1000] : [10, 1000, 100_000, 1_000_000],
    services: [1, 10, 100, 1000],
    directory: resolve(given.get('--out') ?? `${import.meta.dirname}/../results`),
  };
}
