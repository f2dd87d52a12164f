/** The state machine of one virtual router: what RFC 9568 §6 demands, each rule kept once and not met once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialState, step } from '../../../cluster/vrrp/machine.ts';
import {
  activeDownMs,
  type Effect,
  type Event,
  type Own,
  type State,
  skewMs,
} from '../../../cluster/vrrp/state.ts';
import { addressBytes } from '../../../kit/address-bytes.ts';

const OWN: Own = {
  version: 3,
  priority: 100,
  advertMs: 1000,
  preempt: true,
  preemptDelayMs: 0,
  source: addressBytes('10.0.0.1'),
};
const SKEW = (156 * 1000) / 256;
const DOWN = 3000 + SKEW;

const startup = (nowMs = 0): Event => ({ kind: 'startup', nowMs, reason: 'start' });
const timer = (nowMs: number): Event => ({ kind: 'timer', nowMs });
const shutdown = (nowMs: number): Event => ({ kind: 'shutdown', nowMs, reason: 'stop' });
const heard = (nowMs: number, priority: number, { from = '10.0.0.2', intervalMs = 1000 } = {}): Event => ({
  ...{ kind: 'advertisement', nowMs, priority, intervalMs, source: addressBytes(from), name: from },
});

/** Plays events one after the other. @returns the state, and the effects of the last event as words */
function play(own: Partial<Own>, ...events: readonly Event[]): { state: State; done: string[] } {
  let state = initialState({ ...OWN, ...own });
  let effects: readonly Effect[] = [];
  for (const event of events) [state, effects] = step(state, event);
  return { state, done: effects.map(wordOf) };
}

const wordOf = (effect: Effect): string => {
  if (effect.kind === 'advertise') return `advertise ${effect.priority}`;
  if (effect.kind === 'announce') return `announce ${effect.why}`;
  return effect.kind === 'changed' ? `${effect.from} to ${effect.to}` : effect.kind;
};

const due = ({ state }: { state: State }) => (state.kind === 'initialize' ? undefined : state.dueMs);
/** A router that has become active at `DOWN`. */
const active: readonly Event[] = [startup(), timer(DOWN)];
const BECAME_ACTIVE = ['take', 'announce active'];

test('§6.1 Skew_Time and Active_Down_Interval', () => {
  assert.equal(skewMs(OWN, 1000), SKEW);
  assert.equal(activeDownMs(OWN, 1000), DOWN);
  assert.equal(Math.round(activeDownMs({ ...OWN, advertMs: 100 }, 100)), 361);
  assert.equal(activeDownMs({ ...OWN, priority: 254 }, 10), 30 + (2 * 10) / 256);
});
test('RFC 3768 §6.1 Skew_Time of version 2 is of one second whatever the interval', () => {
  assert.equal(skewMs({ ...OWN, version: 2 }, 5000), SKEW);
  assert.notEqual(skewMs(OWN, 5000), SKEW);
});

test('§6.4.1 startup: the owner is active at once', () => {
  const { state, done } = play({ priority: 255 }, startup());
  assert.equal(state.kind, 'active');
  assert.deepEqual(done, ['advertise 255', ...BECAME_ACTIVE, 'initialize to active']);
  assert.equal(due({ state }), 1000);
});
test('§6.4.1 startup: any other waits for Active_Down_Interval of its own interval', () => {
  const started = play({}, startup(500));
  assert.equal(started.state.kind, 'backup');
  assert.deepEqual(started.done, ['initialize to backup']);
  assert.equal(due(started), 500 + DOWN);
});

test('§6.4.2 backup: Active_Down_Timer fires: it advertises, announces, is active', () => {
  const { state, done } = play({}, ...active);
  assert.equal(state.kind, 'active');
  assert.deepEqual(done, ['advertise 100', ...BECAME_ACTIVE, 'backup to active']);
});
test('§6.4.2 backup: before that it stays', () => {
  const { state, done } = play({}, startup(), timer(DOWN - 1));
  assert.equal(state.kind, 'backup');
  assert.deepEqual(done, []);
});

test('§6.4.2 backup: priority 0 sets the timer to Skew_Time', () => {
  assert.equal(due(play({}, startup(), heard(100, 200), heard(200, 0))), 200 + SKEW);
});
test('§6.4.2 backup: priority 0 does not wait for the whole interval', () => {
  const { state } = play({}, startup(), heard(100, 200), heard(200, 0), timer(200 + SKEW));
  assert.equal(state.kind, 'active');
});

test('§6.4.2 backup: an advertisement of at least its priority resets the timer, and its interval is learned', () => {
  for (const priority of [100, 101, 255]) {
    const got = play({}, startup(), heard(100, priority, { intervalMs: 500 }));
    assert.equal(due(got), 100 + 1500 + SKEW / 2);
    assert.equal(got.state.kind, 'backup');
  }
});
test('§6.4.2 backup: a lower one is discarded with preemption, and the timer runs on', () => {
  assert.equal(due(play({}, startup(), heard(100, 99))), DOWN);
});
test('§6.4.2 backup: a lower one is heeded without preemption', () => {
  assert.equal(due(play({ preempt: false }, startup(), heard(100, 99))), 100 + DOWN);
});
test('§6.1 preempt mode: the owner preempts whatever it says', () => {
  const owner = { priority: 255, preempt: false };
  const first = play(owner, startup(), heard(10, 255, { from: '10.0.0.9' }));
  assert.equal(first.state.kind, 'backup');
  const before = due(first);
  assert.equal(due(play(owner, startup(), heard(10, 255, { from: '10.0.0.9' }), heard(100, 254))), before);
});
test('§6.4.2 backup: addresses are never compared', () => {
  assert.equal(due(play({}, startup(), heard(100, 100, { from: '10.0.0.0' }))), 100 + DOWN);
});
test('RFC 3768 §6.2 version 2 learns no interval', () => {
  assert.equal(due(play({ version: 2 }, startup(), heard(100, 200, { intervalMs: 3000 }))), 100 + DOWN);
});
test('§6.4.2 backup: shutdown says nothing', () => {
  const { state, done } = play({}, startup(), shutdown(100));
  assert.equal(state.kind, 'initialize');
  assert.deepEqual(done, ['backup to initialize']);
});

test('§6.4.3 active: Adver_Timer fires: it advertises, in its beat', () => {
  const got = play({}, ...active, timer(DOWN + 1000 + 3));
  assert.deepEqual(got.done, ['advertise 100']);
  assert.equal(due(got), DOWN + 2000);
});
test('§6.4.3 active: before that it is silent', () => {
  assert.deepEqual(play({}, ...active, timer(DOWN + 999)).done, []);
});
test('§6.4.3 active: priority 0 is answered at once, and the addresses are announced: two may have had them', () => {
  const got = play({}, ...active, heard(DOWN + 100, 0));
  assert.deepEqual(got.done, ['advertise 100', 'announce rival']);
  assert.equal(due(got), DOWN + 1100);
});
test('§6.4.3 active: a greater priority makes it backup with the interval of the other', () => {
  const got = play({}, ...active, heard(DOWN + 100, 101, { intervalMs: 100 }));
  assert.equal(got.state.kind, 'backup');
  assert.deepEqual(got.done, ['release', 'active to backup']);
  assert.equal(due(got), DOWN + 100 + 300 + SKEW / 10);
});
test('§6.4.3 active: Preempt_Mode is not asked', () => {
  assert.equal(play({ preempt: false }, ...active, heard(DOWN + 100, 101)).state.kind, 'backup');
});
test('§6.4.3 active: among equals the greater address stays', () => {
  assert.equal(play({}, ...active, heard(DOWN + 1, 100, { from: '10.0.0.2' })).state.kind, 'backup');
  assert.equal(play({}, ...active, heard(DOWN + 1, 100, { from: '10.0.0.0' })).state.kind, 'active');
  assert.equal(play({}, ...active, heard(DOWN + 1, 100, { from: '9.255.255.255' })).state.kind, 'active');
  assert.equal(play({}, ...active, heard(DOWN + 1, 100, { from: '200.0.0.1' })).state.kind, 'backup');
});
test('erratum 8298 an owner drops no advertisement: another owner of a greater address has its place', () => {
  const owner = { priority: 255 };
  const got = play(owner, startup(), heard(10, 255, { from: '10.0.0.9' }));
  assert.deepEqual(got.done, ['release', 'active to backup']);
  assert.equal(play(owner, startup(), heard(10, 255, { from: '10.0.0.0' })).state.kind, 'active');
});
test('§6.4.3 active: a lower priority is answered at once, and the addresses are announced again', () => {
  const got = play({}, ...active, heard(DOWN + 100, 99));
  assert.equal(got.state.kind, 'active');
  assert.deepEqual(got.done, ['advertise 100', 'announce rival']);
  assert.equal(due(got), DOWN + 1100);
});
test('§6.4.3 active: shutdown releases the addresses and says priority 0', () => {
  const { state, done } = play({}, ...active, shutdown(DOWN + 1));
  assert.equal(state.kind, 'initialize');
  assert.deepEqual(done, ['release', 'advertise 0', 'active to initialize']);
});

test('initialize: nothing but startup moves it', () => {
  for (const event of [timer(9e9), heard(5, 0), heard(5, 255), shutdown(6)])
    assert.equal(play({}, event).state.kind, 'initialize');
  assert.equal(play({}, startup(), startup(5)).state.kind, 'backup');
});

test('preempt_delay: a lower priority is heeded until it is over, then discarded', () => {
  const own = { preemptDelayMs: 10_000 };
  const first = play(own, startup(), heard(100, 99), heard(5000, 99));
  assert.equal(due(first), 5000 + DOWN);
  const over = play(own, startup(), heard(100, 99), heard(10_000, 99), heard(10_100, 99));
  assert.equal(due(over), 10_000 + DOWN);
});
test('preempt_delay: a greater or equal priority starts it anew', () => {
  const own = { preemptDelayMs: 10_000 };
  assert.equal(due(play(own, startup(), heard(100, 99), heard(200, 150), heard(10_150, 99))), 10_150 + DOWN);
});
test('preempt_delay: silence is not waited for', () => {
  assert.equal(play({ preemptDelayMs: 1e6 }, startup(), timer(DOWN)).state.kind, 'active');
});

test('pause: a backup that slept through its timer listens once more, once', () => {
  const slept = play({}, startup(), timer(DOWN + 5000));
  assert.deepEqual(slept.done, ['paused']);
  assert.equal(due(slept), DOWN + 5000 + 1000 + SKEW);
  const twice = play({}, startup(), timer(DOWN + 5000), timer(DOWN + 20_000));
  assert.equal(twice.state.kind, 'active');
});
test('pause: an active router that was silent too long announces again', () => {
  assert.deepEqual(play({}, ...active, timer(DOWN + 3001)).done, [
    'advertise 100',
    'announce paused',
    'paused',
  ]);
  assert.deepEqual(play({}, ...active, timer(DOWN + 2999)).done, ['advertise 100']);
});
test('pause: without preemption it leaves the place to who took over', () => {
  const asleep = play({ preempt: false }, ...active, heard(DOWN + 3700, 50));
  assert.equal(asleep.state.kind, 'backup');
  assert.deepEqual(asleep.done, ['paused', 'release', 'advertise 0', 'active to backup']);
  assert.equal(play({ preempt: false }, ...active, heard(DOWN + 900, 50)).state.kind, 'active');
  assert.equal(play({}, ...active, heard(DOWN + 3700, 50)).state.kind, 'active');
});

test('barred: it does not become active, and asks again each interval', () => {
  const barred: Event = { kind: 'barred', nowMs: 1, by: 'no witness' };
  const waits = play({}, startup(), barred, timer(DOWN));
  assert.equal(waits.state.kind, 'backup');
  assert.equal(due(waits), DOWN + 1000);
  assert.equal(play({ priority: 255 }, barred, startup()).state.kind, 'backup');
  const free: Event = { kind: 'barred', nowMs: DOWN + 1, by: undefined };
  assert.equal(play({}, startup(), barred, timer(DOWN), free, timer(DOWN + 1000)).state.kind, 'active');
});
test('barred when its time came, it becomes active as soon as it is not any more; barred before, when its time comes', () => {
  const [barred, free] = ['no witness', undefined].map(
    (by, at): Event => ({ kind: 'barred', nowMs: DOWN + at, by }),
  ) as [Event, Event];
  const late = play({}, startup(), { ...barred, nowMs: 1 }, timer(DOWN), free).state;
  assert.equal(late.kind === 'backup' && late.dueMs, DOWN + 1);
  assert.equal(
    play({}, startup(), { ...barred, nowMs: 1 }, timer(DOWN), free, timer(DOWN + 1)).state.kind,
    'active',
  );
  const early = play({}, startup(), { ...barred, nowMs: 1 }, { ...free, nowMs: 2 }).state;
  assert.equal(early.kind === 'backup' && early.dueMs, DOWN);
});

test('barred: an active router stays what it is', () => {
  assert.equal(play({}, ...active, { kind: 'barred', nowMs: DOWN + 1, by: 'x' }).state.kind, 'active');
});

test('yield: it says priority 0, and heeds any other until nobody is there or it claims', () => {
  const given: readonly Event[] = [...active, { kind: 'yield', nowMs: DOWN + 1, reason: 'by command' }];
  const { state, done } = play({}, ...given);
  assert.deepEqual(done, ['release', 'advertise 0', 'active to backup']);
  assert.ok(state.yielding);
  assert.equal(due(play({}, ...given, heard(DOWN + 500, 10))), DOWN + 500 + DOWN);
  assert.equal(
    due(play({}, ...given, { kind: 'claim', nowMs: DOWN + 2 }, heard(DOWN + 500, 10))),
    DOWN + 1 + DOWN,
  );
  const alone = play({}, ...given, timer(DOWN + 1 + DOWN));
  assert.equal(alone.state.kind, 'active');
  assert.ok(!alone.state.yielding);
});

test('follow: a group takes its members along', () => {
  const up: Event = { kind: 'follow', nowMs: 5, to: 'active', reason: 'VI_1' };
  assert.deepEqual(play({}, startup(), up).done, ['advertise 100', ...BECAME_ACTIVE, 'backup to active']);
  const down: Event = { kind: 'follow', nowMs: DOWN + 5, to: 'backup', reason: 'VI_1' };
  assert.deepEqual(play({}, ...active, down).done, ['release', 'advertise 0', 'active to backup']);
  assert.equal(play({}, up).state.kind, 'initialize');
});

test('configured: another priority moves the timer of a backup by its own part', () => {
  const own = { ...OWN, priority: 228 };
  const got = play({}, startup(), heard(100, 250), { kind: 'configured', nowMs: 200, own });
  assert.equal(due(got), 100 + 3000 + (28 * 1000) / 256);
});
test('configured: an active router says its new priority at once, and nothing when none has changed', () => {
  const change = (own: Partial<Own>): Event => ({
    kind: 'configured',
    nowMs: DOWN + 5,
    own: { ...OWN, ...own },
  });
  assert.deepEqual(play({}, ...active, change({ priority: 50 })).done, ['advertise 50']);
  assert.deepEqual(play({}, ...active, change({ preempt: false })).done, []);
});
