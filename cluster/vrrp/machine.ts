/**
 * The state machine of one virtual router (RFC 9568 §6.4), pure: what holds and what happens give what holds next and
 * what is to be done. Sockets, timers and addresses are others' matter.
 *
 * ```
 *  state      │ event                                  │ done                                        │ next
 * ────────────┼────────────────────────────────────────┼─────────────────────────────────────────────┼──────────────────────
 *  initialize │ startup, owner                         │ advertise, take, announce                   │ active
 *             │ startup, adopted                       │ advertise, take, announce                   │ active
 *             │ startup, else                          │                                             │ backup, Active_Down
 *  backup     │ timer                                  │ advertise, take, announce                   │ active
 *             │ timer, barred                          │                                             │ backup, one interval
 *             │ timer, a whole interval late           │ (this process was paused: listen once more) │ backup, interval+skew
 *             │ advertisement of 0                     │                                             │ backup, Skew_Time
 *             │ advertisement ≥ own, or no preemption  │ learn the interval                          │ backup, Active_Down
 *             │ … < own, preempt_delay not over        │ learn the interval                          │ backup, Active_Down
 *             │ … < own, preemption                    │ (discarded)                                 │ backup, timer runs on
 *             │ follow active                          │ advertise, take, announce                   │ active
 *  active     │ timer                                  │ advertise                                   │ active, Adver_Timer
 *             │ timer, silent too long                 │ advertise, announce                         │ active, Adver_Timer
 *             │ advertisement of 0                     │ advertise, announce                         │ active, Adver_Timer
 *             │ … > own, or = own of a greater address │ release; learn the interval                 │ backup, Active_Down
 *             │ … lower                                │ advertise, announce                         │ active, Adver_Timer
 *             │ … lower, silent too long, no preemption│ release, advertise 0; learn the interval    │ backup, Active_Down
 *             │ yield, follow backup                   │ release, advertise 0                        │ backup, Active_Down
 *  any        │ shutdown (active: release, advertise 0)│                                             │ initialize
 * ```
 *
 * Addresses are released before priority 0 is said, so that at no time two routers have them.
 */
import { stepActive } from './active.ts';
import { becomeActive, becomeBackup, stepBackup } from './backup.ts';
import { type Event, OWNER_PRIORITY, type Own, type State, type Step } from './state.ts';

export const initialState = (own: Own): State => ({
  kind: 'initialize',
  own,
  barredBy: undefined,
  yielding: false,
});

export function step(state: State, event: Event): Step {
  switch (state.kind) {
    case 'initialize':
      return stepInitialize(state, event);
    case 'backup':
      return stepBackup(state, event);
    case 'active':
      return stepActive(state, event);
  }
}

function stepInitialize(state: State, event: Event): Step {
  switch (event.kind) {
    case 'startup':
      if (event.adopted && state.barredBy === undefined)
        return becomeActive(state, event.nowMs, event.reason);
      if (state.own.priority === OWNER_PRIORITY && state.barredBy === undefined && !state.yielding)
        return becomeActive(state, event.nowMs, `${event.reason}, and it owns the addresses`);
      return becomeBackup(state, event.nowMs, event.reason);
    case 'configured':
      return [{ ...state, own: event.own }, []];
    case 'barred':
      return [{ ...state, barredBy: event.by }, []];
    case 'claim':
      return [{ ...state, yielding: false }, []];
    default:
      return [state, []];
  }
}
