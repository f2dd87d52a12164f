/** How a real server is drained: ready → draining, with a deadline → over. Pure. */
import type { RealCondition } from './condition.ts';

export interface DrainState {
  readonly phase: RealCondition['drain'];
  /** When it began, in the time of the events; undefined while it is ready. */
  readonly sinceMs: number | undefined;
  /** When it is over; Infinity: never by itself. */
  readonly untilMs: number;
}

export const READY: DrainState = { phase: 'no', sinceMs: undefined, untilMs: Infinity };

export type DrainEvent =
  /** The configuration or a command wants it drained within `deadlineMs`; 0: it may take its time. */
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  /** It is to take connections again. */
  | { readonly kind: 'resume' }
  /** Time has passed. */
  | { readonly kind: 'time' };

/** A drain that goes on is not begun anew: a changed deadline counts from its beginning. */
export function stepDrain(state: DrainState, event: DrainEvent, nowMs: number): DrainState {
  switch (event.kind) {
    case 'resume':
      return READY;
    case 'drain': {
      const sinceMs = state.sinceMs ?? nowMs;
      const untilMs = event.deadlineMs === 0 ? Infinity : sinceMs + event.deadlineMs;
      return { phase: nowMs >= untilMs ? 'over' : 'draining', sinceMs, untilMs };
    }
    case 'time':
      return state.phase === 'draining' && nowMs >= state.untilMs ? { ...state, phase: 'over' } : state;
  }
}
