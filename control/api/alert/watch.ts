/**
 * One rule at one metric, pure:
 *
 * ```
 * quiet ── bad ──▶ waiting ── bad for long enough ──▶ raised ── back behind `clear`, or gone ──▶ quiet
 *   ▲                 │ good again                        │ bad, or between bound and clear
 *   └─────────────────┘                                   └──▶ raised
 * ```
 */
import type { AlertRule } from '#model/api.ts';

/** A metric that nobody tells for so long is gone. */
const GONE_MS = 60_000;

export type Watch =
  | { readonly kind: 'quiet' }
  | { readonly kind: 'waiting'; readonly sinceMs: number }
  | { readonly kind: 'raised'; readonly sinceMs: number; readonly seenMs: number; readonly value: number };

export const QUIET: Watch = { kind: 'quiet' };

/** @param value undefined: it is not known */
export function step(watch: Watch, rule: AlertRule, value: number | undefined, nowMs: number): Watch {
  if (value === undefined) return watch.kind === 'raised' && nowMs - watch.seenMs < GONE_MS ? watch : QUIET;
  const isBad = beyond(rule, value, rule.bound);
  switch (watch.kind) {
    case 'quiet':
      if (!isBad) return watch;
      return rule.forMs === 0 ? raised(nowMs, value) : { kind: 'waiting', sinceMs: nowMs };
    case 'waiting':
      if (!isBad) return QUIET;
      return nowMs - watch.sinceMs >= rule.forMs ? raised(nowMs, value) : watch;
    case 'raised':
      return isBad || beyond(rule, value, rule.clear) ? { ...watch, seenMs: nowMs, value } : QUIET;
  }
}

const raised = (nowMs: number, value: number): Watch => ({
  ...{ kind: 'raised', sinceMs: nowMs, seenMs: nowMs, value },
});

const beyond = ({ side }: AlertRule, value: number, bound: number): boolean =>
  side === 'above' ? value > bound : value < bound;
