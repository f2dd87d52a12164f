/** Names to addresses and services, remembered for as long as their records say. */
import type { ResolverSettings } from '#model/l7/core.ts';
import { DnsClient, ServerFault } from './client.ts';
import { isHostName, type Question, type Resource, type ServiceRecord } from './message.ts';

/** What a name stands for. `missing`: there is no such name, or nothing of that kind under it. */
export type Found<T> = {
  readonly untilMs: number;
  /** The answer is an old one, because no server gave a new one: why. */
  readonly stale?: string;
} & ({ readonly kind: 'found'; readonly values: readonly T[] } | { readonly kind: 'missing' });

interface Entry {
  readonly answer: Found<Resource>;
  /** Until then an old answer may stand in where no server gives a new one. */
  readonly staleUntilMs: number;
}

/** Of answers without a time of their own, and the bounds of those that have one. */
const NEGATIVE_MS = { standard: 10_000, most: 300_000 };
const LEAST_TTL_MS = 1000;
const MOST_TTL_MS = 7 * 86_400_000;
const STALE_MS = 3_600_000;
/** After a fault a name is not asked for again before this time. */
const FAULT_MS = 1000;
const MOST_ENTRIES = 10_000;
const MOST_ALIASES = 8;

export class Resolver {
  readonly #client: DnsClient;
  readonly #settings: ResolverSettings;
  readonly #nowMs: () => number;
  /** The least recently asked for stands first. */
  readonly #entries = new Map<string, Entry>();
  readonly #underWay = new Map<string, Promise<Found<Resource>>>();

  /** @param timeoutMs of a question @param nowMs monotonic */
  constructor(settings: ResolverSettings, timeoutMs: number, nowMs: () => number) {
    this.#client = new DnsClient(settings.servers, timeoutMs);
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  /**
   * The addresses of a name: IPv4 ones first, each kind sorted, so that equal answers are equal lists.
   *
   * @throws {ServerFault} when no server can tell, and nothing old is remembered
   */
  async addresses(name: string): Promise<Found<string>> {
    const kinds: Question[] = [];
    if (this.#settings.ipv4) kinds.push('A');
    if (this.#settings.ipv6) kinds.push('AAAA');
    const settled = await Promise.allSettled(kinds.map(kind => this.#resolve(name, kind)));
    const answers = settled.filter(one => one.status === 'fulfilled').map(one => one.value);
    const found = answers.filter(answer => answer.kind === 'found');
    const fault = settled.find(one => one.status === 'rejected');
    if (found.length === 0 && fault) throw fault.reason;
    const untilMs = Math.min(...answers.map(answer => answer.untilMs));
    const reason = answers.find(answer => answer.stale !== undefined)?.stale;
    const stale = reason === undefined ? {} : { stale: reason };
    if (found.length === 0) return { kind: 'missing', untilMs, ...stale };
    const values = found.flatMap(answer =>
      answer.values.flatMap(record => (record.type === 'address' ? [record.address] : [])).sort(),
    );
    return { kind: 'found', values, untilMs, ...stale };
  }

  /** The SRV records of a name. @throws {ServerFault} as addresses() */
  async services(name: string): Promise<Found<ServiceRecord>> {
    const answer = await this.#resolve(name, 'SRV');
    if (answer.kind === 'missing') return answer;
    const values = answer.values.flatMap(record => (record.type === 'service' ? [record.service] : []));
    return { ...answer, values };
  }

  /** Addresses that are known without asking; undefined when they are not. */
  known(name: string): readonly string[] | undefined {
    const { ipv4, ipv6 } = this.#settings;
    const nowMs = this.#nowMs();
    const values: string[] = [];
    for (const kind of ['A', 'AAAA'] as const) {
      if (!(kind === 'A' ? ipv4 : ipv6)) continue;
      const answer = this.#entries.get(`${kind} ${name}`)?.answer;
      if (!answer || answer.untilMs <= nowMs) return undefined;
      if (answer.kind === 'found')
        values.push(
          ...answer.values.flatMap(record => (record.type === 'address' ? [record.address] : [])).sort(),
        );
    }
    return values;
  }

  #resolve(name: string, type: Question): Promise<Found<Resource>> {
    const key = `${type} ${name}`;
    const entry = this.#entries.get(key);
    if (entry && entry.answer.untilMs > this.#nowMs()) {
      this.#remember(key, entry);
      return Promise.resolve(entry.answer);
    }
    let asked = this.#underWay.get(key);
    if (!asked) {
      asked = this.#refresh(key, name, type, entry).finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, asked);
    }
    return asked;
  }

  async #refresh(
    key: string,
    name: string,
    type: Question,
    old: Entry | undefined,
  ): Promise<Found<Resource>> {
    const nowMs = this.#nowMs();
    try {
      const answer = await this.#ask(name, type);
      this.#remember(key, { answer, staleUntilMs: answer.untilMs + STALE_MS });
      return answer;
    } catch (error) {
      if (!(error instanceof ServerFault) || !old || old.staleUntilMs <= nowMs) throw error;
      const answer = { ...old.answer, untilMs: this.#nowMs() + FAULT_MS, stale: error.message };
      this.#remember(key, { answer, staleUntilMs: old.staleUntilMs });
      return answer;
    }
  }

  #remember(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= MOST_ENTRIES) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Follows aliases, within an answer and from one answer to the next. */
  async #ask(asked: string, type: Question): Promise<Found<Resource>> {
    if (!isHostName(asked)) return { kind: 'missing', untilMs: this.#nowMs() + NEGATIVE_MS.standard };
    let name = asked.replace(/\.$/, '').toLowerCase();
    let ttlS = Number.POSITIVE_INFINITY;
    for (let alias = 0; alias <= MOST_ALIASES; alias++) {
      const reply = await this.#client.ask(name, type);
      for (let step = 0; step <= MOST_ALIASES; step++) {
        const next = reply.answers.find(record => record.owner === name && record.type === 'alias');
        if (next?.type !== 'alias') break;
        ttlS = Math.min(ttlS, next.ttlS);
        name = next.target;
      }
      const values = reply.answers.filter(
        record =>
          record.owner === name &&
          (record.type === 'address' ? record.of === type : record.type === 'service' && type === 'SRV'),
      );
      if (values.length > 0) {
        ttlS = Math.min(ttlS, ...values.map(record => record.ttlS));
        return { kind: 'found', values, untilMs: this.#nowMs() + this.#keepMs(ttlS) };
      }
      const wentOn = reply.answers.some(record => record.type === 'alias');
      if (reply.code === 3 || !wentOn)
        return { kind: 'missing', untilMs: this.#nowMs() + this.#keepNothingMs(reply.negativeS) };
    }
    throw new ServerFault(`${asked} is an alias of too many others`);
  }

  #keepMs(ttlS: number): number {
    const { validMs } = this.#settings;
    return validMs ?? Math.min(MOST_TTL_MS, Math.max(LEAST_TTL_MS, ttlS * 1000));
  }

  #keepNothingMs(negativeS: number | undefined): number {
    const ownMs = negativeS === undefined ? NEGATIVE_MS.standard : negativeS * 1000;
    return this.#settings.validMs ?? Math.min(NEGATIVE_MS.most, Math.max(LEAST_TTL_MS, ownMs));
  }
}
