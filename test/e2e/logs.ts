/** Compares the access logs that two programs wrote of the same requests. */
import { until } from './rig.ts';
import type { Started } from './site.ts';

/** The names of access logs in the example sites. */
const LOGS = ['access.log', 'access.json'];

/** Pages that a program makes itself; and what comes in chunks, whose number is each program's own. */
const OWN_SIZE = /" [345]\d\d |"status":[345]|\/chunked/;

/**
 * Gives the lines that only one of them has. Lines whose sizes are each program's own are left out,
 * and those that hold a text of `besides`. Sizes of compressed answers are not compared.
 */
export async function logFaults(
  nginx: Started,
  moat: Started,
  besides: ReadonlySet<string>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const name of LOGS) {
    const wanted = lines(nginx, name, besides);
    await until(() => lines(moat, name, besides).length >= wanted.length, 'the last log lines', 2000).catch(
      () => {},
    );
    const got = lines(moat, name, besides);
    faults.push(...apart(wanted, got).map(line => `${name}: only nginx: ${line}`));
    faults.push(...apart(got, wanted).map(line => `${name}: only moat:  ${line}`));
  }
  return faults;
}

function lines(started: Started, name: string, besides: ReadonlySet<string>): string[] {
  const all = started.running.read(name).split('\n').slice(0, -1);
  return all
    .filter(line => !OWN_SIZE.test(line) && ![...besides].some(request => line.includes(request)))
    .map(line => (line.endsWith(' gzip') ? line.replace(/(" \d\d\d) \d+ /, '$1 - ') : line));
}

/** The lines of `one` that are not in `other`, as often as they are missing. */
function apart(one: readonly string[], other: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of other) left.set(line, (left.get(line) ?? 0) + 1);
  return one.filter(line => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
