/** What proxy_next_upstream makes of a try: which case it was, and whether another member may be tried. Pure. */
import type { NextUpstreamCase, ProxySettings } from '#model/l7/proxy.ts';
import type { CallFailure } from './connection.ts';
import type { Outcome } from './pool.ts';

const NOT_IDEMPOTENT = new Set(['POST', 'LOCK', 'PATCH']);

const STATUS_CASES: Readonly<Record<number, NextUpstreamCase>> = {
  500: 'http_500',
  502: 'http_502',
  503: 'http_503',
  504: 'http_504',
  403: 'http_403',
  404: 'http_404',
  429: 'http_429',
};

/** @returns undefined for a status that is an answer like any other */
export const statusCase = (status: number): NextUpstreamCase | undefined =>
  status < 400 ? undefined : STATUS_CASES[status];

export const FAILURE_CASES: Readonly<Record<CallFailure, NextUpstreamCase>> = {
  connect: 'error',
  closed: 'error',
  invalid: 'invalid_header',
  timeout: 'timeout',
};

/** A member that has nothing for the client, or refuses him, has not failed. */
export const outcomeOf = (what: NextUpstreamCase): Outcome =>
  what === 'http_403' || what === 'http_404' ? 'declined' : 'failed';

/** What the configuration says of it. */
export interface NextRule {
  readonly settings: Pick<ProxySettings, 'nextUpstreamTries' | 'nextUpstreamTimeoutMs'>;
  readonly next: ReadonlySet<NextUpstreamCase>;
}

/** A request on its way, so far. */
export interface TriesSoFar {
  readonly exchange: {
    readonly method: string;
    readonly clock: { nowMs(): number };
    /** Where there is one: whether a part of it was asked for. */
    readonly body: { readonly wanted: boolean } | undefined;
  };
  /** The last one included. */
  readonly tries: number;
  /** When the first began. */
  readonly startedMs: number;
  /** The last member has seen the request, or a part of it. */
  readonly requestSent: boolean;
  /** The body can be sent once more. */
  readonly bodyKept: boolean;
}

/** @param most tries that the pool has members for */
export function mayTryNext(what: NextUpstreamCase, rule: NextRule, soFar: TriesSoFar, most: number): boolean {
  const { nextUpstreamTries, nextUpstreamTimeoutMs } = rule.settings;
  const { exchange, tries } = soFar;
  if (!rule.next.has(what) || tries >= most) return false;
  if (nextUpstreamTries > 0 && tries >= nextUpstreamTries) return false;
  const spentMs = exchange.clock.nowMs() - soFar.startedMs;
  if (nextUpstreamTimeoutMs > 0 && spentMs >= nextUpstreamTimeoutMs) return false;
  if (!soFar.requestSent) return true;
  if (NOT_IDEMPOTENT.has(exchange.method) && !rule.next.has('non_idempotent')) return false;
  return soFar.bodyKept || !exchange.body?.wanted;
}
