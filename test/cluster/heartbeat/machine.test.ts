/** Who may have the addresses, by what is heard, proven and granted: each row of the table once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  barredBy,
  initialLink,
  isUnheard,
  type LinkEvent,
  type LinkState,
  mustRelease,
  nextTickMs,
  type Role,
  type Rules,
  stepLink,
} from '../../../cluster/heartbeat/machine.ts';

/** Of the other node: with the drift of a timeout. */
const FENCE_MS = 990;
const WITNESS: Rules = { timeoutMs: 300, driftMs: 10, hasWitness: true, againMs: 250 };
const ALONE: Rules = { ...WITNESS, hasWitness: false };

const beat = (nowMs: number, echoMs?: number): LinkEvent => ({
  ...{ kind: 'beat', nowMs, echoMs },
  fenceMs: FENCE_MS,
});
const tick = (nowMs: number, role: Role): LinkEvent => ({
  kind: 'tick',
  nowMs,
  role,
});
const granted = (nowMs: number, untilMs: number): LinkEvent => ({ kind: 'granted', nowMs, untilMs });
const refused = (nowMs: number): LinkEvent => ({ kind: 'refused', nowMs, reason: 'lb2 has it' });

/** @returns the state, and the effects of the last event */
function play(rules: Rules, ...events: readonly LinkEvent[]): { state: LinkState; done: string[] } {
  let state = initialLink(0, FENCE_MS);
  let done: string[] = [];
  for (const event of events) {
    const [next, effects] = stepLink(state, event, rules);
    state = next;
    done = effects.map(effect => (effect.kind === 'apart' ? `apart ${effect.how}` : effect.kind));
  }
  return { state, done };
}

const MET = [beat(100, 90), tick(101, 'active')] as const;

describe('the link of two nodes', () => {
  test('they are together when each hears the other, and not before', () => {
    assert.deepEqual(play(WITNESS, beat(100), tick(101, 'none')).done, []);
    assert.deepEqual(play(WITNESS, beat(100, 90), tick(101, 'none')).done, ['together']);
  });

  test('silence is told from deafness, and both end', () => {
    assert.deepEqual(play(ALONE, ...MET, tick(399, 'active')).done, []);
    assert.deepEqual(play(ALONE, ...MET, tick(400, 'active')).done, ['apart silent']);
    const deaf = [beat(300, 90), beat(500, 90), beat(690, 90)];
    assert.deepEqual(play(ALONE, ...MET, ...deaf, tick(689, 'active')).done, []);
    assert.deepEqual(play(ALONE, ...MET, ...deaf, tick(690, 'active')).done, ['apart deaf']);
    const healed = play(ALONE, ...MET, tick(400, 'active'), beat(900, 890), tick(901, 'active'));
    assert.deepEqual(healed.done, ['together']);
  });

  test('who hears the other one, and is not heard, knows it: after a whole timeout, and not where a partition has just ended', () => {
    const unheard = (nowMs: number, ...events: readonly LinkEvent[]) =>
      isUnheard(play(ALONE, ...MET, ...events).state, ALONE, nowMs);
    assert.equal(unheard(389, beat(200, 90), beat(300, 90)), false);
    assert.equal(unheard(390, beat(200, 90), beat(300, 90)), true);
    assert.equal(unheard(390, beat(200, 90), beat(300, 200)), false, 'it is heard');
    assert.equal(unheard(400), false, 'it hears nothing');
    assert.equal(unheard(2299, beat(2000, 90), beat(2200, 90)), false, 'heard again since 2000');
    assert.equal(unheard(2300, beat(2000, 90), beat(2200, 90)), true);
  });

  test('the active node asks the witness when half of its right is gone, and only then', () => {
    assert.deepEqual(play(WITNESS, ...MET, tick(239, 'active')).done, []);
    assert.deepEqual(play(WITNESS, ...MET, tick(240, 'active')).done, ['ask']);
    assert.deepEqual(play(ALONE, ...MET, tick(240, 'active')).done, []);
    assert.deepEqual(play(WITNESS, ...MET, tick(240, 'active'), tick(260, 'active')).done, [], 'once');
  });

  test('a backup asks it when its promise is over: later than the right of an active one', () => {
    assert.deepEqual(play(WITNESS, ...MET, tick(401, 'backup'), tick(1399, 'backup')).done, []);
    assert.deepEqual(play(WITNESS, ...MET, tick(401, 'backup'), tick(1400, 'backup')).done, ['ask']);
    assert.deepEqual(play(WITNESS, ...MET, tick(401, 'none'), tick(1400, 'none')).done, [], 'no candidate');
  });

  test('the heir of one that has stopped asks as an active node does, before its own right is over', () => {
    assert.deepEqual(play(WITNESS, ...MET, tick(239, 'heir')).done, []);
    assert.deepEqual(play(WITNESS, ...MET, tick(240, 'heir'), tick(241, 'heir')).done, [], 'once');
    assert.deepEqual(play(WITNESS, ...MET, tick(240, 'heir')).done, ['ask']);
    const { state } = play(WITNESS, ...MET, tick(391, 'heir'), granted(392, 3392));
    assert.equal(barredBy(state, WITNESS, 393, 'other'), undefined);
  });

  test('a grant is renewed in time, asked for again after a refusal, and given back', () => {
    const asked = [...MET, tick(240, 'active')];
    assert.deepEqual(play(WITNESS, ...asked, granted(250, 3250), tick(1249, 'active')).done, [
      'apart silent',
    ]);
    const apart = [...asked, granted(250, 3250), tick(500, 'active')];
    assert.deepEqual(play(WITNESS, ...apart, tick(1249, 'active')).done, []);
    assert.deepEqual(play(WITNESS, ...apart, tick(1250, 'active')).done, ['ask']);
    const no = [...asked, refused(250), tick(480, 'active')];
    assert.deepEqual(play(WITNESS, ...no, tick(499, 'active')).done, []);
    assert.deepEqual(play(WITNESS, ...no, tick(500, 'active')).done, ['ask']);
    const healed = [...apart, beat(900, 890), tick(901, 'active')];
    assert.deepEqual(play(WITNESS, ...healed).done, ['together', 'give-back']);
    assert.deepEqual(play(WITNESS, ...apart, tick(600, 'none')).done, ['give-back']);
  });

  test('the addresses are given up when neither the other node nor the witness grants them any more', () => {
    const { state } = play(WITNESS, ...MET);
    assert.equal(mustRelease(state, WITNESS, 389), undefined);
    assert.match(mustRelease(state, WITNESS, 390)!, /has not granted/);
    assert.equal(mustRelease(state, ALONE, 10_000), undefined);
    const held = play(WITNESS, ...MET, tick(240, 'active'), granted(250, 3250)).state;
    assert.equal(mustRelease(held, WITNESS, 3249), undefined);
    assert.notEqual(mustRelease(held, WITNESS, 3250), undefined);
    const lost = play(WITNESS, ...MET, tick(240, 'active'), refused(250)).state;
    assert.match(mustRelease(lost, WITNESS, 390)!, /lb2 has it/);
  });

  test('whoever hears an active one does not become active, and whoever hears none asks VRRP, or the witness', () => {
    const { state } = play(WITNESS, ...MET);
    for (const rules of [ALONE, WITNESS])
      assert.match(barredBy(state, rules, 200, 'active')!, /by another path/);
    for (const rules of [ALONE, WITNESS]) assert.equal(barredBy(state, rules, 200, 'other'), undefined);
    assert.equal(barredBy(state, ALONE, 400, 'active'), undefined);
    assert.match(barredBy(state, WITNESS, 400, 'active')!, /may still be active/);
    assert.notEqual(barredBy(state, WITNESS, 1400, 'active'), undefined);
    const held = play(WITNESS, ...MET, tick(401, 'backup'), tick(1400, 'backup'), granted(1410, 3000)).state;
    assert.equal(barredBy(held, WITNESS, 1411, 'active'), undefined);
    assert.notEqual(barredBy(held, WITNESS, 3000, 'active'), undefined);
  });

  test('a process that begins keeps the promises of its earlier life', () => {
    const { state } = play(WITNESS);
    assert.match(barredBy(state, WITNESS, 1299, undefined)!, /may still be active/);
    assert.deepEqual(play(WITNESS, tick(1299, 'backup')).done, []);
    assert.deepEqual(play(WITNESS, tick(1300, 'backup')).done, ['ask']);
    assert.equal(barredBy(initialLink(0, FENCE_MS), ALONE, 1, undefined), undefined);
  });

  test('what the other node says of its fence is how long it is waited for', () => {
    const tells = (fenceMs: number): LinkEvent => ({ kind: 'beat', nowMs: 200, echoMs: 190, fenceMs });
    const asksAt = (nowMs: number, fenceMs: number) =>
      play(WITNESS, ...MET, tells(fenceMs), tick(201, 'backup'), tick(nowMs, 'backup')).done.includes('ask');
    assert.deepEqual([asksAt(514, 5), asksAt(515, 5)], [false, true]);
    assert.deepEqual([asksAt(1499, 990), asksAt(1500, 990)], [false, true]);
    const { state } = play(WITNESS, ...MET, tells(5));
    assert.match(barredBy(state, WITNESS, 514, 'active')!, /may still be active/);
    assert.doesNotMatch(barredBy(state, WITNESS, 515, 'active')!, /may still be active/);
  });

  test('between its ticks a node is woken when its right ends, its promise is over, or it may ask again', () => {
    const { state } = play(WITNESS, ...MET);
    assert.equal(nextTickMs(state, 'active', WITNESS, 101), 390);
    assert.equal(nextTickMs(state, 'active', WITNESS, 390), undefined, 'it has ended');
    assert.equal(nextTickMs(state, 'backup', WITNESS, 390), 1400);
    assert.equal(nextTickMs(state, 'none', WITNESS, 101), undefined);
    assert.equal(nextTickMs(state, 'active', ALONE, 101), undefined);
    const held = play(WITNESS, ...MET, tick(240, 'active'), granted(250, 3250)).state;
    assert.equal(nextTickMs(held, 'active', WITNESS, 300), 3250);
    const asked = play(WITNESS, ...MET, tick(1400, 'backup'));
    assert.equal(nextTickMs(asked.state, 'backup', WITNESS, 1401), undefined, 'an answer is waited for');
    const no = play(WITNESS, ...MET, tick(1400, 'backup'), refused(1410)).state;
    assert.equal(nextTickMs(no, 'backup', WITNESS, 1411), 1660);
    const ends = (leftMs: number) =>
      play(WITNESS, ...MET, tick(1400, 'backup'), { ...refused(1410), leftMs } as LinkEvent).state;
    assert.equal(nextTickMs(ends(100), 'backup', WITNESS, 1411), 1510, 'that of the other one ends then');
    assert.equal(nextTickMs(ends(0), 'backup', WITNESS, 1411), 1415);
    assert.equal(nextTickMs(ends(9000), 'backup', WITNESS, 1411), 1660);
  });

  test('two nodes: whatever is lost which way, the right of one ends before the other one may begin', () => {
    // What the active one sent at `sentMs` arrives `delayMs` later, and its echo may come at any time after.
    let cases = 0;
    for (const delayMs of [0, 1, 50, 299])
      for (const sentMs of [100, 177]) {
        const active = play(
          WITNESS,
          beat(sentMs + 2 * delayMs, sentMs),
          tick(sentMs + 2 * delayMs, 'active'),
        ).state;
        const backup = play(WITNESS, beat(sentMs + delayMs, 50), tick(sentMs + delayMs, 'backup')).state;
        for (let nowMs = sentMs + delayMs; nowMs < sentMs + 3000; nowMs += 7, cases++)
          assert.ok(
            mustRelease(active, WITNESS, nowMs) !== undefined ||
              barredBy(backup, WITNESS, nowMs, 'active') !== undefined,
            `both at ${nowMs}`,
          );
      }
    assert.ok(cases > 1000);
  });
});
