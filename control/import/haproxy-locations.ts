/** Rules of an HAProxy frontend as servers and locations: which hosts are told apart, and which path comes first. */
import { escaped, type Where } from './haproxy-match.ts';
import type { Words } from './outcome.ts';
import type { Block } from './write.ts';

/** What becomes of requests of a place. */
export interface Rule {
  readonly where: Where;
  readonly does: readonly Words[];
}

/** Sets of hosts that rules name, and last all the others (undefined). */
export function groupsOf(rules: readonly Rule[]): (readonly string[] | undefined)[] {
  const groups = new Map<string, readonly string[]>();
  const known = new Set<string>();
  for (const { where } of rules) {
    const fresh = where.hosts?.filter(host => !known.has(host)) ?? [];
    // Hosts that were named alone before are groups already.
    for (const host of fresh) known.add(host);
    if (fresh.length > 0) groups.set(fresh.join(' '), fresh);
  }
  return [undefined, ...groups.values()];
}

/** The rules of a group until one that says nothing of paths, each path once: the first one counts. */
export function locationsOf(rules: readonly Rule[], hosts: readonly string[] | undefined): Block[] {
  const chosen: Place[] = [];
  for (const { where, does } of rules) {
    if (where.hosts && !hosts?.every(host => where.hosts!.includes(host))) continue;
    for (const path of where.paths ?? ['/'])
      if (!chosen.some(one => isShadowed(path, one.path))) chosen.push({ path, does });
    if (!where.paths) break;
  }
  // Patterns are tried in their order, prefixes are not: where there are both, all but the last become patterns.
  const isMixed = chosen.some(({ path }) => path.startsWith('~'));
  const places = isMixed ? merged(chosen.map(({ path, does }) => ({ path: asPattern(path), does }))) : chosen;
  return places.map(({ path, does }) => ({
    head: ['location', ...path.split(/ (.*)/s).filter(Boolean)],
    lines: does,
  }));
}

interface Place {
  readonly path: string;
  readonly does: readonly Words[];
}

/** Patterns that follow one another and do the same are one. */
function merged(places: readonly Place[]): Place[] {
  const found: Place[] = [];
  for (const place of places) {
    const before = found.at(-1);
    const [, sign, pattern] = /^(~\*?) (.*)$/s.exec(place.path) ?? [];
    if (before && before.does === place.does && sign !== undefined && before.path.startsWith(`${sign} `))
      found[found.length - 1] = { ...before, path: `${before.path}|${pattern}` };
    else found.push(place);
  }
  return found;
}

function isShadowed(path: string, earlier: string): boolean {
  if (path === earlier) return true;
  return (
    earlier.startsWith('^~ ') &&
    /^(\^~|=) /.test(path) &&
    path.slice(path.indexOf(' ') + 1).startsWith(earlier.slice(3))
  );
}

function asPattern(path: string): string {
  const [, sign, text = ''] = /^(\^~|=) (.*)$/s.exec(path) ?? [];
  if (sign === undefined) return path;
  return `~ ^${escaped(text)}${sign === '=' ? '$' : ''}`;
}
