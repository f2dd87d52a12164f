/** What is counted of connections and requests: each worker adds to a row of its own, readers add the rows up. */
import type { HistogramSum } from '#kit/exposition.ts';
import type { Exchange } from '../exchange.ts';
import type { WafAction } from '../waf/inspection.ts';
import { Counters } from '../zone/counters.ts';
import type { ZoneShelf } from '../zone/shelf.ts';
import type { CountersWish } from '../zone/wish.ts';
import { MALFORMED_REASONS, reasonNumber } from './reasons.ts';

/** Methods that are told apart; clients can make up any number of others. */
export const METHODS = [
  'other',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'CONNECT',
  'TRACE',
] as const;
const METHOD_NUMBERS = new Map<string, number>(METHODS.map((method, number) => [method, number]));
/** Statuses of three digits. */
const STATUSES = 1000;

/** Seconds. */
export const DURATION_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
export const LAG_BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** What the WAF made of requests, in the order in which they are counted. */
export const WAF_ACTIONS: readonly WafAction[] = ['pass', 'detect', 'block'];

/** What became of spans. */
export const SPAN_COUNTS = ['sent', 'dropped', 'failed'] as const;
export type SpanCount = (typeof SPAN_COUNTS)[number];

/** The same for every configuration, so that the memory stays over reloads and nothing moves. */
export const TRAFFIC_WISH: CountersWish = {
  kind: 'counters',
  name: 'traffic',
  metrics: [
    'accepted',
    'handled',
    'requests',
    { name: 'active', kind: 'gauge' },
    { name: 'reading', kind: 'gauge' },
    { name: 'writing', kind: 'gauge' },
    { name: 'durations', kind: 'histogram', bounds: DURATION_BOUNDS },
    { name: 'lag', kind: 'histogram', bounds: LAG_BOUNDS },
    'loopActiveS',
    'failedHandshakes',
    { name: 'malformed', kind: 'array', length: MALFORMED_REASONS.length },
    { name: 'inspected', kind: 'array', length: WAF_ACTIONS.length },
    'inspectionS',
    { name: 'spans', kind: 'array', length: SPAN_COUNTS.length },
    { name: 'answers', kind: 'array', length: STATUSES * METHODS.length },
  ],
};

/** Open connections of clients; `waiting` are those without a request. */
export interface ConnectionStates {
  readonly active: number;
  readonly reading: number;
  readonly writing: number;
  readonly waiting: number;
}

export interface AnswerCount {
  readonly status: number;
  readonly method: (typeof METHODS)[number];
  readonly count: number;
}

/** The view of the thread whose slot it is. @throws {RangeError} when the zones lack the memory */
export const openTraffic = (zones: ZoneShelf, slot: number): Traffic =>
  new Traffic(new Counters(zones.counters(TRAFFIC_WISH.name), slot));

export class Traffic {
  readonly #counters: Counters;
  readonly #requests: number;
  readonly #writing: number;
  readonly #durations: number;
  readonly #answers: number;

  constructor(counters: Counters) {
    this.#counters = counters;
    this.#requests = counters.index('requests');
    this.#writing = counters.index('writing');
    this.#durations = counters.index('durations');
    this.#answers = counters.index('answers');
  }

  // --- what workers add ---

  accepted(): void {
    this.#add('accepted', 1);
  }

  /** An accepted connection is one that moat serves. */
  handled(): void {
    this.#add('handled', 1);
  }

  connections(change: number): void {
    this.#add('active', change);
  }

  /** Connections that hold a part of a head. */
  reading(change: number): void {
    this.#add('reading', change);
  }

  malformed(reason: string): void {
    this.#counters.addTo(this.#counters.index('malformed'), reasonNumber(reason), 1);
  }

  /** @param seconds that rules took of the thread */
  inspected(action: WafAction, seconds: number): void {
    this.#counters.addTo(this.#counters.index('inspected'), WAF_ACTIONS.indexOf(action), 1);
    this.#add('inspectionS', seconds);
  }

  /** The process counts them, in a row of its own. */
  spans(what: SpanCount, n: number): void {
    this.#counters.addTo(this.#counters.index('spans'), SPAN_COUNTS.indexOf(what), n);
  }

  handshakeFailed(): void {
    this.#add('failedHandshakes', 1);
  }

  /** A request of a client begins; `ended()` follows. */
  began(): void {
    this.#counters.add(this.#requests, 1);
    this.#counters.add(this.#writing, 1);
  }

  ended(exchange: Exchange): void {
    const { head, response, errorStatus, failedStatus, startedMs, clock } = exchange;
    const counters = this.#counters;
    const status = response?.status ?? (errorStatus || failedStatus);
    const method = METHOD_NUMBERS.get(head.method) ?? 0;
    counters.add(this.#writing, -1);
    counters.addTo(this.#answers, (status < STATUSES ? status : 0) * METHODS.length + method, 1);
    counters.observe(this.#durations, (clock.nowMs() - startedMs) / 1000);
  }

  /** What the event loop of a worker did since it was last told. */
  looped(lagS: number, activeS: number): void {
    this.#counters.observe(this.#counters.index('lag'), lagS);
    this.#add('loopActiveS', activeS);
  }

  // --- what its own worker is told: since the process began, whoever had its place before included ---

  get ownAccepted(): number {
    return this.#counters.own(this.#counters.index('accepted'));
  }

  get ownRequests(): number {
    return this.#counters.own(this.#requests);
  }

  // --- what readers are told: all workers together, since the process began ---

  get acceptedCount(): number {
    return this.#sum('accepted');
  }

  get handledCount(): number {
    return this.#sum('handled');
  }

  get requestCount(): number {
    return this.#sum('requests');
  }

  get failedHandshakeCount(): number {
    return this.#sum('failedHandshakes');
  }

  /** Seconds that workers were busy. */
  get loopActiveS(): number {
    return this.#sum('loopActiveS');
  }

  states(): ConnectionStates {
    const active = this.#sum('active');
    const reading = this.#sum('reading');
    const writing = this.#sum('writing');
    // Other threads go on meanwhile: the three may be of different moments.
    return { active, reading, writing, waiting: Math.max(0, active - reading - writing) };
  }

  /** Those that occurred. */
  answers(): AnswerCount[] {
    return this.#counters.array(this.#answers).flatMap((count, number) => {
      const status = Math.floor(number / METHODS.length);
      return count > 0 ? [{ status, method: METHODS[number % METHODS.length]!, count }] : [];
    });
  }

  /** In the order of MALFORMED_REASONS. */
  malformedCounts(): number[] {
    return this.#counters.array(this.#counters.index('malformed'));
  }

  /** In the order of WAF_ACTIONS. */
  inspectedCounts(): number[] {
    return this.#counters.array(this.#counters.index('inspected'));
  }

  /** In the order of SPAN_COUNTS. */
  spanCounts(): number[] {
    return this.#counters.array(this.#counters.index('spans'));
  }

  /** Seconds that rules of the WAF took of all workers. */
  get inspectionS(): number {
    return this.#sum('inspectionS');
  }

  /** Seconds, with bounds DURATION_BOUNDS. */
  durations(): HistogramSum {
    return this.#counters.histogram(this.#durations);
  }

  /** Seconds that timers of the workers were late, with bounds LAG_BOUNDS. */
  lags(): HistogramSum {
    return this.#counters.histogram(this.#counters.index('lag'));
  }

  #add(name: string, n: number): void {
    this.#counters.add(this.#counters.index(name), n);
  }

  #sum(name: string): number {
    return this.#counters.sum(this.#counters.index(name));
  }
}
