/** One check of one real server, asked again and again. */
import type { L4CheckModel } from '#model/l4/health.ts';
import { type Course, stepCourse } from './course.ts';
import type { ProbeTarget } from './probe.ts';
import type { Outcome } from './table.ts';

export interface RoundMeans {
  readonly ask: (check: L4CheckModel, target: ProbeTarget) => Promise<Outcome>;
  /** 0 <= r < 1 */
  readonly random: () => number;
}

export class Round {
  readonly check: L4CheckModel;
  readonly target: ProbeTarget;
  /** What was said last, when it passed. */
  last: Extract<Outcome, { readonly passed: true }> | undefined;
  course: Course;
  readonly #means: RoundMeans;
  readonly #heard: (outcome: Outcome) => void;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param heard is called after each answer, when the course has taken it in */
  constructor(
    check: L4CheckModel,
    target: ProbeTarget,
    course: Course,
    means: RoundMeans,
    heard: (outcome: Outcome) => void,
  ) {
    this.check = check;
    this.target = target;
    this.course = course;
    this.#means = means;
    this.#heard = heard;
  }

  /** @param inMs when the first question is asked */
  start(inMs: number): void {
    this.#next(inMs, true);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #next(inMs: number, isFirst: boolean): void {
    this.#timer = setTimeout(() => this.#ask(isFirst), inMs).unref();
  }

  async #ask(isFirst: boolean): Promise<void> {
    const outcome = await this.#means.ask(this.check, this.target);
    if (this.#isClosed) return;
    this.course = stepCourse(this.course, outcome.passed, this.check);
    if (outcome.passed) this.last = outcome;
    this.#heard(outcome);
    const { intervalMs, jitterMs } = this.check;
    // All real servers are asked at once at first; then they part from each other.
    const pauseMs = isFirst ? intervalMs * (0.5 + this.#means.random() / 2) : intervalMs;
    this.#next(pauseMs + this.#means.random() * jitterMs, false);
  }
}
