/** The pure machines of the L4 tier: verdicts, quorum, drain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { READY, stepDrain } from '../../../l4/drain.ts';
import { stepCourse, UNCHECKED } from '../../../l4/health/course.ts';
import { holdsQuorum } from '../../../l4/health/quorum.ts';

/** Answers (+ passed, - failed), rise, fall → the verdict after each: a(live), d(ead). */
const COURSES: readonly (readonly [answers: string, rise: number, fall: number, verdicts: string])[] = [
  ['+', 3, 3, 'a'],
  ['-', 3, 3, 'd'],
  ['+--+---', 2, 3, 'aaaaaad'],
  ['-+-++', 2, 3, 'dddda'],
  ['+-+-+', 1, 1, 'adada'],
  ['+++--', 1, 2, 'aaaad'],
];

for (const [answers, rise, fall, verdicts] of COURSES)
  test(`stepCourse: ${answers} with rise ${rise} and fall ${fall} is ${verdicts}`, () => {
    let course = UNCHECKED;
    const got = [...answers].map(answer => {
      course = stepCourse(course, answer === '+', { rise, fall });
      return course.verdict[0];
    });
    assert.equal(got.join(''), verdicts);
  });

/** Weight and hysteresis, the living weight over time → whether it is held after each. */
const QUORUMS: readonly (readonly [weight: number, hysteresis: number, living: number[], held: string])[] = [
  [3, 0, [3, 2, 3], 'yny'],
  [3, 1, [3, 2, 1, 2, 3, 4], 'yynnny'],
  [1, 0, [0, 1, 0], 'nyn'],
  [2, 1, [2, 1, 0, 1, 2, 3], 'yynnny'],
];

for (const [weight, hysteresis, living, held] of QUORUMS)
  test(`holdsQuorum: ${weight} ± ${hysteresis} at ${living} is ${held}`, () => {
    let before: boolean | undefined;
    const got = living.map(now => {
      before = holdsQuorum(before, now, { weight, hysteresis });
      return before ? 'y' : 'n';
    });
    assert.equal(got.join(''), held);
  });

test('stepDrain: a deadline ends it, none lets it take its time', () => {
  const begun = stepDrain(READY, { kind: 'drain', deadlineMs: 100 }, 1000);
  assert.deepEqual(begun, { phase: 'draining', sinceMs: 1000, untilMs: 1100 });
  assert.equal(stepDrain(begun, { kind: 'time' }, 1099), begun);
  assert.equal(stepDrain(begun, { kind: 'time' }, 1100).phase, 'over');
  const slow = stepDrain(READY, { kind: 'drain', deadlineMs: 0 }, 1000);
  assert.equal(stepDrain(slow, { kind: 'time' }, 1e15).phase, 'draining');
});

test('stepDrain: another deadline counts from the beginning, and may be over at once or be taken back', () => {
  const begun = stepDrain(READY, { kind: 'drain', deadlineMs: 100 }, 1000);
  assert.equal(stepDrain(begun, { kind: 'drain', deadlineMs: 500 }, 1200).untilMs, 1500);
  assert.equal(stepDrain(begun, { kind: 'drain', deadlineMs: 50 }, 1060).phase, 'over');
  const over = stepDrain(begun, { kind: 'time' }, 2000);
  assert.equal(stepDrain(over, { kind: 'drain', deadlineMs: 5000 }, 2000).phase, 'draining');
  assert.equal(stepDrain(over, { kind: 'resume' }, 2000), READY);
});
