/** State Active: it has the addresses, and says so at every interval (RFC 9568 §6.4.3). */
import { addressText } from '#kit/address-bytes.ts';
import { becomeBackup, mayPreempt } from './backup.ts';
import { type Active, type Effect, type Event, STOP_PRIORITY, type Step } from './state.ts';

export function stepActive(state: Active, event: Event): Step {
  switch (event.kind) {
    case 'timer':
      return event.nowMs < state.dueMs ? [state, []] : onTime(state, event.nowMs);
    case 'advertisement':
      return hear(state, event);
    case 'shutdown':
      return shutDown(state, event.reason);
    case 'yield':
      return standDown({ ...state, yielding: true }, event.nowMs, event.reason);
    case 'follow':
      return event.to === 'active' ? [state, []] : standDown(state, event.nowMs, event.reason);
    case 'configured':
      return reconfigured(state, event);
    case 'barred':
      return [{ ...state, barredBy: event.by }, []];
    default:
      return [state, []];
  }
}

/** Others have given up waiting when three intervals have gone without a word. */
const isSilentTooLong = ({ own, sentMs }: Active, nowMs: number): boolean =>
  nowMs - sentMs > 3 * own.advertMs;

/** The beat is kept: a little lateness of one advertisement does not put off the next. */
function onTime(state: Active, nowMs: number): Step {
  const { own, dueMs, sentMs } = state;
  const isLate = nowMs - dueMs >= own.advertMs;
  const next: Active = { ...state, sentMs: nowMs, dueMs: (isLate ? nowMs : dueMs) + own.advertMs };
  const advertise: Effect = { kind: 'advertise', priority: own.priority };
  if (!isSilentTooLong(state, nowMs)) return [next, [advertise]];
  // What came in meanwhile was heard first, so nobody has taken over who would keep the addresses.
  return [
    next,
    [advertise, { kind: 'announce', why: 'paused' }, { kind: 'paused', silentMs: nowMs - sentMs }],
  ];
}

const sentNow = (state: Active, nowMs: number): Active => ({
  ...state,
  sentMs: nowMs,
  dueMs: nowMs + state.own.advertMs,
});

function hear(state: Active, event: Extract<Event, { kind: 'advertisement' }>): Step {
  const { own } = state;
  const { nowMs, priority, name } = event;
  const advertise: Effect = { kind: 'advertise', priority: own.priority };
  // It may have been active, too, and clients may have its link address.
  if (priority === STOP_PRIORITY)
    return [sentNow(state, nowMs), [advertise, { kind: 'announce', why: 'rival' }]];
  if (priority > own.priority)
    return becomeBackup(state, nowMs, `${name} has priority ${priority}, this router ${own.priority}`, event);
  if (priority === own.priority && Buffer.compare(event.source, own.source) > 0)
    return becomeBackup(
      state,
      nowMs,
      `${name} has the same priority, and a greater address than ${addressText(own.source)}`,
      event,
    );
  if (isSilentTooLong(state, nowMs) && !mayPreempt(state)) return yieldTo(state, event);
  return [sentNow(state, nowMs), [advertise, { kind: 'announce', why: 'rival' }]];
}

/** This process was paused, another one has taken over, and without preemption it keeps the place. */
function yieldTo(state: Active, event: Extract<Event, { kind: 'advertisement' }>): Step {
  const silentMs = event.nowMs - state.sentMs;
  const reason = `it was paused for ${Math.round(silentMs)} ms, and ${event.name} took over`;
  const [next, effects] = becomeBackup(state, event.nowMs, reason, event);
  return [next, [{ kind: 'paused', silentMs }, ...withStop(effects)]];
}

/** Goes to backup of its own will, and says so. */
function standDown(state: Active, nowMs: number, reason: string): Step {
  const [next, effects] = becomeBackup(state, nowMs, reason);
  return [next, withStop(effects)];
}

/** Priority 0 behind the release of the addresses. */
const withStop = (effects: readonly Effect[]): readonly Effect[] =>
  effects.flatMap((effect): readonly Effect[] =>
    effect.kind === 'release' ? [effect, { kind: 'advertise', priority: STOP_PRIORITY }] : [effect],
  );

function shutDown({ own, barredBy, yielding }: Active, reason: string): Step {
  return [
    { kind: 'initialize', own, barredBy, yielding },
    [
      { kind: 'release' },
      { kind: 'advertise', priority: STOP_PRIORITY },
      { kind: 'changed', from: 'active', to: 'initialize', reason },
    ],
  ];
}

/** Another priority or interval is said at once. */
function reconfigured(state: Active, { own, nowMs }: Extract<Event, { kind: 'configured' }>): Step {
  const isTold = own.priority === state.own.priority && own.advertMs === state.own.advertMs;
  if (isTold) return [{ ...state, own }, []];
  return [sentNow({ ...state, own }, nowMs), [{ kind: 'advertise', priority: own.priority }]];
}
