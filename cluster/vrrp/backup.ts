/** State Backup: it listens, and becomes active when nobody speaks (RFC 9568 §6.4.2). */
import {
  activeDownMs,
  type Backup,
  type Effect,
  type Event,
  OWNER_PRIORITY,
  STOP_PRIORITY,
  type State,
  type Step,
  skewMs,
} from './state.ts';

/** @param reason why, as a sentence begins in a log */
export function becomeActive(state: State, nowMs: number, reason: string): Step {
  const { own, kind: from } = state;
  return [
    {
      kind: 'active',
      own,
      barredBy: state.barredBy,
      yielding: false,
      dueMs: nowMs + own.advertMs,
      sentMs: nowMs,
    },
    [
      { kind: 'advertise', priority: own.priority },
      { kind: 'take' },
      { kind: 'announce', why: 'active' },
      { kind: 'changed', from, to: 'active', reason },
    ],
  ];
}

/** Waits for Active_Down_Interval, by its own interval or by what an active router says. */
export function becomeBackup(
  state: State,
  nowMs: number,
  reason: string,
  heard?: { readonly intervalMs: number },
): Step {
  const { own, barredBy, yielding, kind: from } = state;
  const activeAdverMs = learned(state, heard?.intervalMs ?? own.advertMs);
  const next: Backup = {
    kind: 'backup',
    own,
    barredBy,
    yielding,
    activeAdverMs,
    dueMs: nowMs + activeDownMs(own, activeAdverMs),
    heardMs: heard && nowMs,
    preemptAtMs: undefined,
    outranks: undefined,
    listensAgain: false,
    overdue: false,
  };
  const changed: Effect = { kind: 'changed', from, to: 'backup', reason };
  return [next, from === 'active' ? [{ kind: 'release' }, changed] : [changed]];
}

/** Version 2 learns nothing: all must have one interval (RFC 3768 §6.2). */
const learned = ({ own }: State, intervalMs: number): number =>
  own.version === 2 ? own.advertMs : intervalMs;

/** An owner preempts whatever is configured (§6.1), unless it gave its place away. */
export const mayPreempt = ({ own, yielding }: State): boolean =>
  !yielding && (own.preempt || own.priority === OWNER_PRIORITY);

type Heard = Extract<Event, { kind: 'advertisement' }>;

export function stepBackup(state: Backup, event: Event): Step {
  const { nowMs } = event;
  switch (event.kind) {
    case 'timer':
      return nowMs < state.dueMs ? [state, []] : timedOut(state, nowMs);
    case 'advertisement':
      return [hear(state, event), []];
    case 'follow':
      if (event.to === 'backup' || state.barredBy !== undefined) return [state, []];
      return becomeActive(state, nowMs, event.reason);
    case 'shutdown':
      return shutDown(state, event.reason);
    case 'configured':
      return [reconfigured(state, event.own), []];
    case 'barred':
      return [unbarred(state, event.by, nowMs), []];
    case 'yield':
      return [{ ...state, yielding: true, preemptAtMs: undefined }, []];
    case 'claim':
      return [{ ...state, yielding: false }, []];
    case 'startup':
      return [state, []];
  }
}

const unbarred = (state: Backup, by: string | undefined, nowMs: number): Backup =>
  by === undefined && state.overdue
    ? { ...state, barredBy: by, dueMs: Math.min(state.dueMs, nowMs) }
    : { ...state, barredBy: by };

function shutDown({ own, barredBy, yielding }: Backup, reason: string): Step {
  return [
    { kind: 'initialize', own, barredBy, yielding },
    [{ kind: 'changed', from: 'backup', to: 'initialize', reason }],
  ];
}

function timedOut(state: Backup, nowMs: number): Step {
  const { own, activeAdverMs, dueMs } = state;
  if (nowMs - dueMs >= activeAdverMs && state.barredBy === undefined && !state.listensAgain) {
    // Who slept cannot tell whether the other one was silent.
    const silentMs = nowMs - dueMs;
    return [
      { ...state, dueMs: nowMs + activeAdverMs + skewMs(own, activeAdverMs), listensAgain: true },
      [{ kind: 'paused', silentMs }],
    ];
  }
  if (state.barredBy !== undefined)
    return [{ ...state, dueMs: nowMs + activeAdverMs, heardMs: undefined, overdue: true }, []];
  return becomeActive(state, nowMs, reasonToTakeOver(state, nowMs));
}

function reasonToTakeOver({ heardMs, outranks }: Backup, nowMs: number): string {
  if (outranks) return `it preempts ${outranks.name}, of priority ${outranks.priority}`;
  if (heardMs === undefined) return 'nobody else is active';
  return `the active router was silent for ${Math.round(nowMs - heardMs)} ms`;
}

function hear(state: Backup, event: Heard): Backup {
  const { own, activeAdverMs, preemptAtMs } = state;
  const { nowMs, priority } = event;
  if (priority === STOP_PRIORITY)
    return {
      ...{ ...state, dueMs: nowMs + skewMs(own, activeAdverMs) },
      ...{ heardMs: undefined, outranks: undefined, overdue: false },
    };
  if (priority >= own.priority) return heed(state, event, undefined);
  if (!mayPreempt(state)) return heed(state, event, undefined);
  const preemptFromMs = preemptAtMs ?? nowMs + own.preemptDelayMs;
  if (nowMs < preemptFromMs) return heed(state, event, preemptFromMs);
  return { ...state, preemptAtMs: preemptFromMs, outranks: { name: event.name, priority } };
}

function heed(state: Backup, { nowMs, intervalMs }: Heard, preemptAtMs: number | undefined): Backup {
  const activeAdverMs = learned(state, intervalMs);
  const dueMs = nowMs + activeDownMs(state.own, activeAdverMs);
  return {
    ...state,
    activeAdverMs,
    dueMs,
    heardMs: nowMs,
    preemptAtMs,
    outranks: undefined,
    listensAgain: false,
    overdue: false,
  };
}

/** Of the time that is left, the part changes that is its own. */
function reconfigured(state: Backup, own: Backup['own']): Backup {
  const activeAdverMs =
    state.heardMs === undefined ? own.advertMs : learned({ ...state, own }, state.activeAdverMs);
  const before = activeDownMs(state.own, state.activeAdverMs);
  return { ...state, own, activeAdverMs, dueMs: state.dueMs - before + activeDownMs(own, activeAdverMs) };
}
