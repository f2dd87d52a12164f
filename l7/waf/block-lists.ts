/** What DNS block lists say of addresses (RFC 5782): asked before rules run, remembered, and in doubt they say nothing. */
import type { ResolverSettings } from '#model/l7/core.ts';
import { oncePer } from '../once-per.ts';
import { plainDns } from '../resolve/plain-dns.ts';
import { engine } from './engine.ts';

const KEPT = 20_000;
const LISTED_MS = 3_600_000;
const CLEAN_MS = 600_000;
/** A name server that says nothing is not waited for again so soon. */
const SILENT_MS = 30_000;
/** Questions under way at a time: beyond them nobody is listed for the moment. */
const MOST_LOOKUPS = 128;
/** So long a request waits at most. */
const TIMEOUT_MS = 1000;
/** Names that rules asked for and nobody had looked up yet. */
const MOST_MISSING = 256;

const OWN = {};
const dnsOf = oncePer((resolver: ResolverSettings | typeof OWN) =>
  plainDns('servers' in resolver ? resolver : undefined, TIMEOUT_MS),
);

/** Asks for the addresses of a name. @throws with a `code` of c-ares */
type Ask = (name: string) => Promise<readonly string[]>;

export class BlockLists {
  readonly #asks: boolean;
  /** In the order in which they were learnt. */
  readonly #known = new Map<string, { readonly answer: string | undefined; readonly untilMs: number }>();
  readonly #underWay = new Map<string, Promise<string | undefined>>();
  readonly #missing = new Set<string>();

  /** @param asks whether name servers are asked at all: what is only tried asks nobody, and nobody is listed */
  constructor(asks = true) {
    this.#asks = asks;
  }

  /** What is known now; a name that is not known is asked for before the next request is inspected. */
  listed(name: string): string | undefined {
    const known = this.#fresh(name);
    if (!known && this.#missing.size < MOST_MISSING) this.#missing.add(name);
    return known?.answer;
  }

  /**
   * Sees to it that the client's address is known to be listed or not.
   *
   * @returns undefined when it is; else a promise of why a list gave no answer, or of undefined; it does not fail
   */
  ready(
    address: string,
    lists: readonly string[],
    resolver: ResolverSettings | undefined,
  ): Promise<string | undefined> | undefined {
    if (!this.#asks) return undefined;
    const ask: Ask = name => dnsOf(resolver ?? OWN).resolve4(name);
    for (const name of this.#missing) void this.#lookUp(name, ask);
    this.#missing.clear();
    const names = lists.flatMap(list => engine().listName(address, list) ?? []);
    const unknown = names.filter(name => this.#fresh(name) === undefined);
    if (unknown.length === 0) return undefined;
    return Promise.all(unknown.map(name => this.#lookUp(name, ask))).then(faults =>
      faults.find(fault => fault !== undefined),
    );
  }

  #fresh(name: string): { readonly answer: string | undefined } | undefined {
    const known = this.#known.get(name);
    return known && performance.now() < known.untilMs ? known : undefined;
  }

  #lookUp(name: string, ask: Ask): Promise<string | undefined> {
    const begun = this.#underWay.get(name);
    if (begun) return begun;
    if (this.#underWay.size >= MOST_LOOKUPS)
      return Promise.resolve(`${shown(name)} is not asked for: too many questions`);
    const lookup = this.#ask(name, ask).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, lookup);
    return lookup;
  }

  async #ask(name: string, ask: Ask): Promise<string | undefined> {
    try {
      const answer = (await ask(name)).find(saysListed);
      this.#remember(name, answer, answer === undefined ? CLEAN_MS : LISTED_MS);
      return undefined;
    } catch (fault) {
      const { code, message } = fault as NodeJS.ErrnoException;
      const isAnswer = code === 'ENOTFOUND' || code === 'ENODATA';
      this.#remember(name, undefined, isAnswer ? CLEAN_MS : SILENT_MS);
      return isAnswer ? undefined : message.replace(name, shown(name));
    }
  }

  #remember(name: string, answer: string | undefined, forMs: number): void {
    this.#known.delete(name);
    this.#known.set(name, { answer, untilMs: performance.now() + forMs });
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value!);
  }
}

/** RFC 5782, section 2.1: an address of 127.0.0.0/8; lists use 127.255.255.0/24 to say that they refuse to answer. */
const saysListed = (address: string): boolean =>
  address.startsWith('127.') && !address.startsWith('127.255.255.');

/** Without the key that names of httpbl.org begin with. */
const shown = (name: string): string =>
  /\.httpbl\.org\.?$/i.test(name) ? name.replace(/^[a-z]{12}\./, '') : name;
