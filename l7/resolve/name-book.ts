/** The names that members of pools are configured by, and what they stand for now; looked up again as their time runs out. */
import { lookup } from 'node:dns/promises';
import type { Log } from '#kit/log.ts';
import type { ResolverSettings } from '#model/l7/core.ts';
import { ServerFault } from './client.ts';
import type { Found, Resolver } from './resolver.ts';
import { Resolvers } from './resolvers.ts';

/** A name to look up. */
export interface NameWish {
  readonly host: string;
  /** SRV records of this service are looked for: `http`, or a prefix with dots such as `_http._tcp`. */
  readonly service: string | undefined;
  /** Undefined: the system looks, once; what it does not find it is asked for again. */
  readonly resolver: { readonly settings: ResolverSettings; readonly timeoutMs: number } | undefined;
}

/** Where a member is. What SRV records do not say is as configured. */
export interface Endpoint {
  readonly host: string;
  readonly port?: number;
  readonly weight?: number;
  /** The record's priority is not the best one. */
  readonly second?: boolean;
}

export interface NameBookMeans {
  readonly nowMs: () => number;
  readonly log: () => Log;
  /** Told when a name stands for something else than before. */
  readonly changed: (key: string) => void;
}

/** So long a start or reload waits for names that nothing is known of. */
const START_PATIENCE_MS = 5000;
const RETRY_MS = { first: 1000, most: 60_000 };
/** Lookups of the system take threads that files and compression want too. */
const MOST_SYSTEM_LOOKUPS = 2;

export const keyOf = (wish: NameWish): string =>
  JSON.stringify([wish.host, wish.service, wish.resolver?.settings, wish.resolver?.timeoutMs]);

export class NameBook {
  readonly #means: NameBookMeans;
  readonly #entries = new Map<string, Entry>();
  readonly #resolvers: Resolvers;
  #systemLookups = 0;
  readonly #systemQueue: (() => void)[] = [];

  constructor(means: NameBookMeans) {
    this.#means = means;
    this.#resolvers = new Resolvers(means.nowMs);
  }

  /** Begins to look up what is new; resolves when it is known, or after a while. */
  async want(wishes: ReadonlyMap<string, NameWish>): Promise<void> {
    for (const [key, wish] of wishes)
      if (!this.#entries.has(key)) this.#entries.set(key, this.#open(key, wish));
    const fresh = [...wishes.keys()].map(key => this.#entries.get(key)!.first);
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, START_PATIENCE_MS);
    await Promise.race([Promise.all(fresh), late.promise]);
    clearTimeout(timer);
  }

  /** What a name stands for now; nothing while that is not known. */
  endpoints(key: string): readonly Endpoint[] {
    return this.#entries.get(key)?.endpoints ?? [];
  }

  /** Lets go of names that no configuration has any more. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, entry] of this.#entries) {
      if (keys.has(key)) continue;
      entry.close();
      this.#entries.delete(key);
    }
  }

  #open(key: string, wish: NameWish): Entry {
    const { resolver } = wish;
    const look: Look = resolver
      ? () => lookAt(wish, this.#resolvers.with(resolver.settings, resolver.timeoutMs))
      : () => this.#askSystem(wish.host);
    return new Entry(wish, look, this.#means, () => this.#means.changed(key));
  }

  async #askSystem(host: string): Promise<Outcome> {
    if (this.#systemLookups >= MOST_SYSTEM_LOOKUPS)
      await new Promise<void>(turn => this.#systemQueue.push(turn));
    this.#systemLookups++;
    try {
      const found = await lookup(host, { all: true });
      const hosts = [...new Set(found.map(({ address }) => address))].sort();
      return { endpoints: hosts.map(address => ({ host: address })), untilMs: Number.POSITIVE_INFINITY };
    } catch (error) {
      throw new ServerFault((error as Error).message);
    } finally {
      this.#systemLookups--;
      this.#systemQueue.shift()?.();
    }
  }
}

interface Outcome {
  readonly endpoints: readonly Endpoint[];
  /** When to look again. */
  readonly untilMs: number;
}
/** @throws {ServerFault} when nobody can tell */
type Look = () => Promise<Outcome>;

/** One name. */
class Entry {
  endpoints: readonly Endpoint[] = [];
  /** Resolves when the first answer or fault is there. */
  readonly first: Promise<void>;
  readonly #wish: NameWish;
  readonly #look: Look;
  readonly #means: NameBookMeans;
  readonly #changed: () => void;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #faults = 0;

  constructor(wish: NameWish, look: Look, means: NameBookMeans, changed: () => void) {
    this.#wish = wish;
    this.#look = look;
    this.#means = means;
    this.#changed = changed;
    this.first = this.#update();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #update(): Promise<void> {
    try {
      const { endpoints, untilMs } = await this.#look();
      this.#take(endpoints);
      if (Number.isFinite(untilMs)) this.#again(Math.max(0, untilMs - this.#means.nowMs()));
    } catch (error) {
      if (!(error instanceof ServerFault)) throw error;
      this.#failed(error.message);
    }
  }

  #take(endpoints: readonly Endpoint[]): void {
    if (this.#closed) return;
    const recovered = this.#faults > 0;
    this.#faults = 0;
    const same = JSON.stringify(endpoints) === JSON.stringify(this.endpoints);
    if (endpoints.length === 0 && (recovered || !same || this.#timer === undefined))
      this.#means
        .log()
        .error(`${this.#wish.host} could not be resolved: there is no such name, or nothing under it`);
    if (same && !recovered) return;
    this.endpoints = endpoints;
    const list = endpoints.map(({ host, port }) => (port === undefined ? host : `${host}:${port}`));
    if (list.length > 0) this.#means.log().notice(`${this.#wish.host} is now at ${list.join(' ')}`);
    if (!same) this.#changed();
  }

  /** What was known stays in use. */
  #failed(reason: string): void {
    if (this.#closed) return;
    const held = this.endpoints.length > 0 ? ', its last addresses stay in use' : '';
    if (this.#faults === 0)
      this.#means.log().error(`${this.#wish.host} could not be resolved: ${reason}${held}`);
    this.#again(Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** this.#faults));
    this.#faults++;
  }

  #again(inMs: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#update(), Math.min(inMs, 2 ** 31 - 1)).unref();
  }
}

async function lookAt({ host, service }: NameWish, resolver: Resolver): Promise<Outcome> {
  if (service !== undefined) return lookAtService(serviceName(service, host), resolver);
  const found = fresh(await resolver.addresses(host));
  const hosts = found.kind === 'found' ? found.values : [];
  return { endpoints: hosts.map(address => ({ host: address })), untilMs: found.untilMs };
}

/** Old answers that stand in for new ones are no news: the entry keeps what it has, and tells of the fault. */
function fresh<T>(found: Found<T>): Found<T> {
  if (found.stale !== undefined) throw new ServerFault(found.stale);
  return found;
}

/** nginx's rule: `http` stands for `_http._tcp`; what has a dot is taken as it is. */
const serviceName = (service: string, host: string) =>
  service.includes('.') ? `${service}.${host}` : `_${service}._tcp.${host}`;

async function lookAtService(name: string, resolver: Resolver): Promise<Outcome> {
  const services = fresh(await resolver.services(name));
  if (services.kind === 'missing') return { endpoints: [], untilMs: services.untilMs };
  const best = Math.min(...services.values.map(record => record.priority));
  const found = await Promise.all(
    services.values.map(async ({ target, port, weight, priority }) => {
      const addresses = fresh(await resolver.addresses(target));
      const hosts = addresses.kind === 'found' ? addresses.values : [];
      const second = priority > best;
      return {
        untilMs: addresses.untilMs,
        endpoints: hosts.map(host => ({ host, port, weight: weight || 1, second })),
      };
    }),
  );
  const endpoints = found.flatMap(one => one.endpoints);
  return {
    endpoints: endpoints.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    untilMs: Math.min(services.untilMs, ...found.map(one => one.untilMs)),
  };
}
