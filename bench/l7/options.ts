/** The command line of the benchmark. */
import { resolve } from 'node:path';

export const SCENARIO_NAMES = [
  'small',
  'full',
  'body',
  'connections',
  'tls-keepalive',
  'tls-full',
  'tls-resumed',
  'idle',
  'scale',
] as const;
export const PEER_NAMES = ['moat', 'nginx', 'haproxy', 'http-proxy'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];
export type PeerName = (typeof PEER_NAMES)[number];

export type Options = {
  readonly quick: boolean;
  readonly only: readonly ScenarioName[];
  readonly peers: readonly PeerName[];
  /** Measured runs of each peer in each scenario, taken in turns. */
  readonly rounds: number;
  readonly seconds: number;
  /** Load before the first measured run, for a just-in-time compiler to settle. */
  readonly warmSeconds: number;
  /** What the whole run may take; scenarios that begin late have one round. */
  readonly budgetS: number;
  readonly idleConnections: number;
  /** How many servers and locations the scenario `scale` goes through. */
  readonly sizes: readonly number[];
  /** The program measured as moat. */
  readonly moat: string;
  readonly directory: string;
};

export const USAGE = `usage: npm run bench -- l7 [--quick] [--only NAME,...] [--peers NAME,...] [--rounds N] [--seconds N] [--moat PATH] [--out DIR]
  scenarios: ${SCENARIO_NAMES.join(' ')}
  peers: ${PEER_NAMES.join(' ')}`;

/** Reads the arguments. @returns what is wrong with them, when something is */
export function optionsFrom(args: readonly string[]): Options | string {
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const name = args[at]!;
    if (name === '--quick') given.set(name, 'yes');
    else if (!['--only', '--peers', '--rounds', '--seconds', '--moat', '--out'].includes(name))
      return `unknown option ${name}`;
    else if (args[at + 1] === undefined) return `${name} needs a value`;
    else given.set(name, args[++at]!);
  }
  const quick = given.has('--quick');
  const only = chosen(given.get('--only'), SCENARIO_NAMES);
  const peers = chosen(given.get('--peers'), PEER_NAMES);
  const rounds = Number(given.get('--rounds') ?? (quick ? 1 : 3));
  const seconds = Number(given.get('--seconds') ?? (quick ? 1 : 2));
  if (typeof only === 'string') return `unknown scenario ${only}`;
  if (typeof peers === 'string') return `unknown peer ${peers}`;
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 99) return '--rounds is a number from 1 to 99';
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 60) return '--seconds is a number from 1 to 60';
  return {
    quick,
    only,
    peers,
    rounds,
    seconds,
    warmSeconds: quick ? 0.5 : 1,
    budgetS: quick ? 75 : 300 * Math.max(1, (rounds * seconds) / 6),
    idleConnections: quick ? 2000 : 10_000,
    sizes: quick ? [10, 1000] : [10, 100, 1000, 10_000],
    moat: resolve(given.get('--moat') ?? `${import.meta.dirname}/../../bin/moat`),
    directory: resolve(given.get('--out') ?? `${import.meta.dirname}/../results`),
  };
}

/** The names asked for in the table's order, or the first one that is not in it. */
function chosen<T extends string>(text: string | undefined, all: readonly T[]): readonly T[] | string {
  if (text === undefined) return all;
  const asked = text.split(',');
  return asked.find(name => !all.some(known => known === name)) ?? all.filter(name => asked.includes(name));
}
