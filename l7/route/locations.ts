/** Finds the location of a request: exact, longest prefix, then regexes and predicates in order; nested ones likewise inside. */
import { regexOf } from '#kit/pcre.ts';
import type { LocationModel } from '#model/l7/http.ts';
import type { Template } from '#model/template.ts';
import type { Exchange } from '../exchange.ts';
import { rememberCaptures } from '../phase/captures.ts';
import type { LocationTable } from '../tables.ts';
import type { Text } from '../variable/space.ts';
import { RouteFinder } from './routes.ts';

/** Gives the table of a location, making it when it is first needed. */
export type LocationOf = (model: LocationModel) => LocationTable;

interface PrefixNode {
  readonly uri: string;
  readonly location: LocationModel;
  readonly final: boolean;
  readonly inside: LocationLevel | undefined;
}

interface RegexNode {
  readonly regex: RegExp;
  readonly names: readonly string[];
  readonly location: LocationModel;
  readonly inside: LocationLevel | undefined;
}

interface PredicateNode {
  readonly value: Text;
  readonly location: LocationModel;
  readonly inside: LocationLevel | undefined;
}

/** Compiles the variable of a predicate. */
export type TextOf = (template: Template) => Text;

/** The locations directly inside a server or a location. */
class LocationLevel {
  readonly exact = new Map<string, LocationModel>();
  /** Prefixes by length, longest first: a lookup is one hash for each length that occurs. */
  readonly prefixes = new Map<number, Map<string, PrefixNode>>();
  readonly lengths: readonly number[];
  readonly regexes: RegexNode[] = [];
  readonly predicates: PredicateNode[] = [];
  /** Locations that proxy, by their path without the slash at its end. */
  readonly redirects = new Map<string, LocationModel>();

  constructor(locations: readonly LocationModel[], textOf: TextOf) {
    for (const location of locations) this.#add(location, textOf);
    this.lengths = [...this.prefixes.keys()].sort((a, b) => b - a);
  }

  #add(location: LocationModel, textOf: TextOf): void {
    const { match } = location;
    const inside = location.locations.length > 0 ? new LocationLevel(location.locations, textOf) : undefined;
    if (location.autoRedirect && 'uri' in match) this.redirects.set(match.uri.slice(0, -1), location);
    if (match.kind === 'exact') this.exact.set(match.uri, location);
    else if (match.kind === 'prefix' || match.kind === 'prefix-final') {
      const same = this.prefixes.get(match.uri.length) ?? new Map<string, PrefixNode>();
      this.prefixes.set(
        match.uri.length,
        same.set(match.uri, { uri: match.uri, location, final: match.kind === 'prefix-final', inside }),
      );
    } else if (match.kind === 'regex') {
      const { names } = match.pattern;
      this.regexes.push({ regex: regexOf(match.pattern), names, location, inside });
    } else if (match.kind === 'predicate')
      this.predicates.push({ value: textOf(match.value), location, inside });
  }

  longestPrefix(path: string): PrefixNode | undefined {
    for (const length of this.lengths) {
      if (length > path.length) continue;
      const node = this.prefixes.get(length)!.get(path.slice(0, length));
      if (node) return node;
    }
    return undefined;
  }
}

export class LocationFinder {
  readonly #top: LocationLevel;
  readonly #of: LocationOf;
  /** Undefined: objects of others have none here. */
  readonly #routes: RouteFinder | undefined;

  constructor(locations: readonly LocationModel[], of: LocationOf, textOf: TextOf) {
    const written = locations.filter(({ match }) => match.kind !== 'route');
    this.#top = new LocationLevel(written, textOf);
    this.#routes = written.length < locations.length ? new RouteFinder(locations) : undefined;
    this.#of = of;
  }

  /** @returns undefined when no location matches: the server itself answers */
  find(exchange: Exchange): LocationTable | undefined {
    const route = this.#routes && isOfClient(exchange) ? this.#routes.find(exchange) : undefined;
    const location = route ?? descend(this.#top, exchange)?.location;
    return location && this.#of(location);
  }
}

/** What moat asks of itself (error pages, auth_request, mirror) is written by the operator, and so is who answers it. */
const isOfClient = (exchange: Exchange): boolean => exchange.main === exchange && exchange.errorStatus === 0;

/** `settled`: an exact or `^~` match, a regex or a predicate was found: outer ones are not tried. */
type Found = { readonly location: LocationModel; readonly settled: boolean };

function descend(level: LocationLevel, exchange: Exchange): Found | undefined {
  const { path } = exchange;
  const exact = level.exact.get(path);
  if (exact) return { location: exact, settled: true };
  let best: Found | undefined;
  const prefix = level.longestPrefix(path);
  if (level.redirects.size > 0 && prefix?.uri.length !== path.length) {
    const redirect = level.redirects.get(path);
    if (redirect) return { location: redirect, settled: true };
  }
  if (prefix) {
    best = { location: prefix.location, settled: prefix.final };
    const inner = prefix.inside && descend(prefix.inside, exchange);
    if (inner) best = { location: inner.location, settled: inner.settled || prefix.final };
    if (best.settled) return best;
  }
  for (const node of level.regexes) {
    const match = node.regex.exec(path);
    if (!match) continue;
    rememberCaptures(exchange, match, node.names);
    return {
      location: (node.inside && descend(node.inside, exchange)?.location) ?? node.location,
      settled: true,
    };
  }
  for (const node of level.predicates) {
    const value = node.value(exchange);
    if (value === '' || value === '0') continue;
    return {
      location: (node.inside && descend(node.inside, exchange)?.location) ?? node.location,
      settled: true,
    };
  }
  return best;
}
