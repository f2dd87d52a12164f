/** Finds the route of a request among those of objects: exact paths, then expressions, then the longest prefix; of equal paths the first whose words all hold. */
import { regexOf } from '#kit/pcre.ts';
import type { LocationModel } from '#model/l7/http.ts';
import type { FieldMatch, RouteMatch } from '#model/l7/route.ts';
import type { Exchange } from '../exchange.ts';

type Test = (exchange: Exchange) => boolean;

interface Entry {
  readonly holds: Test;
  readonly shares: readonly Share[];
  readonly total: number;
}

interface Share {
  readonly weight: number;
  readonly location: LocationModel;
}

interface RegexEntry extends Entry {
  readonly regex: RegExp;
}

export class RouteFinder {
  readonly #exact = new Map<string, Entry[]>();
  readonly #prefixes = new Map<string, Entry[]>();
  readonly #regexes: RegexEntry[] = [];
  /** Of the longest prefix: nothing beyond is looked at, however long a path is. */
  #mostPrefix = 0;

  /** @param locations of kind `route`, those that go first first */
  constructor(locations: readonly LocationModel[]) {
    for (const { match, locations: inside } of locations)
      if (match.kind === 'route') this.#add(match.route, inside);
  }

  #add(route: RouteMatch, inside: readonly LocationModel[]): void {
    const shares = inside.flatMap(location =>
      location.match.kind === 'share' ? [{ weight: location.match.weight, location }] : [],
    );
    const entry = {
      holds: testOf(route),
      shares,
      total: shares.reduce((sum, { weight }) => sum + weight, 0),
    };
    const { path } = route;
    if (path.kind === 'regex') return void this.#regexes.push({ ...entry, regex: regexOf(path.pattern) });
    if (path.kind === 'prefix') this.#mostPrefix = Math.max(this.#mostPrefix, path.path.length);
    const table = path.kind === 'exact' ? this.#exact : this.#prefixes;
    const same = table.get(path.path);
    if (same) same.push(entry);
    else table.set(path.path, [entry]);
  }

  /** At most one look-up for each slash of the path, as far as prefixes reach. @returns undefined when there is none */
  find(exchange: Exchange): LocationModel | undefined {
    const { path } = exchange;
    const entry =
      firstOf(this.#exact.get(path), exchange) ??
      this.#regexes.find(({ regex, holds }) => holds(exchange) && regex.test(path)) ??
      this.#longestPrefix(path, exchange);
    return entry && shareOf(entry);
  }

  #longestPrefix(path: string, exchange: Exchange): Entry | undefined {
    let end = path.length;
    if (end > this.#mostPrefix) end = path.lastIndexOf('/', this.#mostPrefix);
    while (end >= 0) {
      const found = firstOf(this.#prefixes.get(path.slice(0, end)), exchange);
      if (found || end === 0) return found;
      end = path.lastIndexOf('/', end - 1);
    }
    return undefined;
  }
}

const firstOf = (entries: readonly Entry[] | undefined, exchange: Exchange): Entry | undefined =>
  entries?.find(({ holds }) => holds(exchange));

/** By chance: who comes again may be answered by another one. */
function shareOf({ shares, total }: Entry): LocationModel | undefined {
  let left = shares.length > 1 ? Math.random() * total : 0;
  for (const { weight, location } of shares) {
    left -= weight;
    if (left < 0) return location;
  }
  return shares[0]?.location;
}

function testOf({ method, headers, query, hostLabels }: RouteMatch): Test {
  const fields = headers.map(field => ({ field, is: valueTest(field) }));
  const words = query.map(field => ({ field, is: valueTest(field) }));
  return exchange =>
    (method === undefined || exchange.method === method) &&
    (hostLabels === undefined || exchange.host.split('.').length === hostLabels) &&
    fields.every(({ field, is }) => is(exchange.head.headers.get(field.name))) &&
    (words.length === 0 || queryHolds(exchange.args, words));
}

function valueTest({ value }: FieldMatch): (text: string | undefined) => boolean {
  if (typeof value === 'string') return text => text === value;
  const regex = regexOf(value);
  return text => text !== undefined && regex.test(text);
}

type Word = { readonly field: FieldMatch; readonly is: (text: string | undefined) => boolean };

/** Parameters in the form of HTML forms; the first of a name counts. */
function queryHolds(args: string, words: readonly Word[]): boolean {
  const query = new URLSearchParams(args);
  return words.every(({ field, is }) => {
    const value = query.get(field.name);
    return is(value ?? undefined);
  });
}
