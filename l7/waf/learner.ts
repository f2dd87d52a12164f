/** Of what requests consist, where `waf_learn` is on: counted in this thread, told in batches. */

import { MEDIA_TYPE } from '#model/l7/waf.ts';
import { type LearnedFact, type LearnedKind, learnedPlace, MOST_LEARNED_CLIENTS } from '#model/waf-event.ts';
import type { MatchedRule } from '#waf';
import type { Exchange } from '../exchange.ts';
import type { Inspection } from './inspection.ts';

const BATCH_MS = 2000;
/** Different facts between two batches; a client that makes names up pushes out nobody's, he finds no room. */
const MOST_FACTS = 4096;
/** Longer names are nobody's. */
const MOST_NAME = 100;
/** Of each kind in one request. */
const MOST_OF_KIND = 100;
const NAME = /^[\x21-\x7e][\x20-\x7e]*$/;

interface Count {
  readonly place: string;
  readonly kind: LearnedKind;
  readonly value: string;
  readonly clients: Set<number>;
  readonly firstMs: number;
  lastMs: number;
  requests: number;
  flagged: number;
  accepted: number;
}

export class Learner {
  readonly #send: (facts: readonly LearnedFact[]) => void;
  #facts = new Map<string, Count>();
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (facts: readonly LearnedFact[]) => void) {
    this.#send = send;
  }

  /** Of a request that is over. O(names in it). */
  learn(exchange: Exchange, inspection: Inspection): void {
    const place = learnedPlace(exchange.server.model.serverName, exchange.location.model.label);
    const flagged = flaggedBy(inspection.matchedRules);
    const status = exchange.response?.status ?? 0;
    const isAccepted = inspection.decision === undefined && status > 0 && status < 400;
    const client = digestOf(exchange.remoteAddress);
    const nowMs = exchange.clock.wallMs();
    for (const [kind, values] of thingsOf(exchange, inspection)) {
      let room = MOST_OF_KIND;
      for (const value of values) {
        if (value.length > MOST_NAME || !NAME.test(value)) continue;
        if (room-- === 0) break;
        const count = this.#countOf(place, kind, value, nowMs);
        if (!count) continue;
        count.requests++;
        if (flagged.has(`${kind} ${value}`)) count.flagged++;
        if (isAccepted) count.accepted++;
        if (count.clients.size < MOST_LEARNED_CLIENTS) count.clients.add(client);
        count.lastMs = nowMs;
      }
    }
    this.#timer ??= setTimeout(() => this.flush(), BATCH_MS).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#facts.size === 0) return;
    const facts = [...this.#facts.values()].map(count => ({ ...count, clients: [...count.clients] }));
    this.#facts = new Map();
    this.#send(facts);
  }

  #countOf(place: string, kind: LearnedKind, value: string, nowMs: number): Count | undefined {
    const key = `${place}\0${kind}\0${value}`;
    const known = this.#facts.get(key);
    if (known) return known;
    if (this.#facts.size >= MOST_FACTS) return undefined;
    const counts = { requests: 0, flagged: 0, accepted: 0, firstMs: nowMs, lastMs: nowMs };
    const count = { place, kind, value, clients: new Set<number>(), ...counts };
    this.#facts.set(key, count);
    return count;
  }
}

/** Each thing once, however often the request has it. */
function* thingsOf(
  { host }: Exchange,
  { transaction }: Inspection,
): Generator<[LearnedKind, Iterable<string>]> {
  const { request, body } = transaction;
  yield ['method', [request.head.method]];
  yield ['host', [host]];
  if (MEDIA_TYPE.test(request.mediaType)) yield ['type', [request.mediaType]];
  yield ['header', new Set(request.headers.map(({ lower }) => lower))];
  yield ['cookie', new Set(request.cookies.map(({ lower }) => lower))];
  yield ['param', new Set([...request.argsGet, ...body.args].map(({ key }) => key))];
}

const KINDS: Readonly<Record<string, LearnedKind>> = {
  ARGS: 'param',
  ARGS_GET: 'param',
  ARGS_POST: 'param',
  ARGS_NAMES: 'param',
  ARGS_GET_NAMES: 'param',
  ARGS_POST_NAMES: 'param',
  REQUEST_HEADERS: 'header',
  REQUEST_HEADERS_NAMES: 'header',
  REQUEST_COOKIES: 'cookie',
  REQUEST_COOKIES_NAMES: 'cookie',
};

/** `kind value` of what rules matched in. */
function flaggedBy(rules: readonly MatchedRule[]): Set<string> {
  const flagged = new Set<string>();
  for (const { matches } of rules)
    for (const { variable } of matches) {
      const colon = variable.indexOf(':');
      const kind = KINDS[variable.slice(0, Math.max(0, colon))];
      const name = variable.slice(colon + 1);
      if (kind) flagged.add(`${kind} ${kind === 'param' ? name : name.toLowerCase()}`);
    }
  return flagged;
}

/** FNV-1a of 32 bits: to tell clients apart, not to know them. */
function digestOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
