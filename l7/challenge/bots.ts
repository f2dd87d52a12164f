/** Crawlers that are who they say: the name of the address lies in their domain, and has that address. */
import type { promises as dns } from 'node:dns';
import { IpReader } from '#kit/ip.ts';
import type { KnownBot } from '#model/l7/challenge.ts';
import type { ResolverSettings } from '#model/l7/core.ts';
import { plainDns } from '../resolve/plain-dns.ts';

const KEPT = 10_000;
const KNOWN_MS = 3_600_000;
/** So long the answer "no" holds, also where name servers say nothing. */
const UNKNOWN_MS = 300_000;
/** Lookups under way at a time: beyond them nobody is a known bot for the moment. */
const MOST_LOOKUPS = 64;
const TIMEOUT_MS = 2000;
/** Names of an address that are looked at. */
const MOST_NAMES = 4;

export class BotRegister {
  readonly #bots: readonly KnownBot[];
  readonly #resolver: dns.Resolver;
  /** In the order in which they were learnt. */
  readonly #known = new Map<string, { readonly found: boolean; readonly untilMs: number }>();
  readonly #lookups = new Map<string, Promise<boolean>>();

  /** @param resolver undefined: the name servers of this machine */
  constructor(bots: readonly KnownBot[], resolver: ResolverSettings | undefined) {
    this.#bots = bots;
    this.#resolver = plainDns(resolver, TIMEOUT_MS);
  }

  /** @returns a promise where name servers have to be asked; it does not fail */
  isKnown(agent: string, address: string): boolean | Promise<boolean> {
    const lower = agent.toLowerCase();
    const bot = this.#bots.find(one => lower.includes(one.agent));
    if (!bot) return false;
    const key = `${bot.agent} ${address}`;
    const known = this.#known.get(key);
    if (known && performance.now() < known.untilMs) return known.found;
    const begun = this.#lookups.get(key);
    if (begun) return begun;
    if (this.#lookups.size >= MOST_LOOKUPS) return false;
    const lookup = this.#lookUp(bot, address).then(found => {
      this.#lookups.delete(key);
      this.#remember(key, found);
      return found;
    });
    this.#lookups.set(key, lookup);
    return lookup;
  }

  #remember(key: string, found: boolean): void {
    this.#known.delete(key);
    this.#known.set(key, { found, untilMs: performance.now() + (found ? KNOWN_MS : UNKNOWN_MS) });
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value!);
  }

  async #lookUp({ domains }: KnownBot, address: string): Promise<boolean> {
    const reader = new IpReader();
    if (!reader.read(address)) return false;
    const wanted = reader.format();
    try {
      const names = await this.#resolver.reverse(wanted);
      for (const name of names.slice(0, MOST_NAMES)) {
        const lower = name.toLowerCase();
        if (!domains.some(domain => lower === domain || lower.endsWith(`.${domain}`))) continue;
        const found = await this.#addresses(name, reader.family);
        if (found.some(one => reader.read(one) && reader.format() === wanted)) return true;
      }
    } catch {
      // No name, or no answer: it is not known, and has to work like everybody.
    }
    return false;
  }

  /** None where the name has none: another name of the address may. */
  async #addresses(name: string, family: number): Promise<string[]> {
    try {
      return await (family === 4 ? this.#resolver.resolve4(name) : this.#resolver.resolve6(name));
    } catch {
      return [];
    }
  }
}
