/** Asks all members that are under health checks, each in its own time, a bounded number at once. */
import type { Log } from '#kit/log.ts';
import type { HealthCheckModel } from '#model/l7/health.ts';
import type { UserVariable } from '#model/l7/variable.ts';
import { AnswerVariables } from './answer.ts';
import { type Bed, Course, showState } from './patient.ts';
import type { Probe, ProbeMaker, ProbeMeans } from './probe.ts';
import { CheckContexts } from './tls.ts';

export interface CheckerMeans {
  readonly probes: Readonly<Record<HealthCheckModel['type'], ProbeMaker>>;
  readonly log: () => Log;
  readonly nowMs: () => number;
  /** 0 <= r < 1 */
  readonly random: () => number;
}

/** A pool whose members are checked. */
export interface Ward {
  readonly poolName: string;
  readonly checks: readonly HealthCheckModel[];
  /** With the names that tell them apart when the pool changes. */
  readonly beds: readonly (Bed & { readonly name: string })[];
}

/** Questions under way; more wait for their turn. */
const MOST_AT_ONCE = 1000;
/** First questions are this far apart. */
const FIRST_STEP_MS = 1;

export class HealthChecker {
  readonly #means: CheckerMeans;
  readonly #rounds = new Map<string, Round>();
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;
  readonly #variables = new AnswerVariables([]);
  readonly #probeMeans: ProbeMeans = { variables: this.#variables, contexts: new CheckContexts() };

  constructor(means: CheckerMeans) {
    this.#means = means;
  }

  /** Variables that `require` may name from now on. */
  useVariables(variables: readonly UserVariable[]): void {
    this.#variables.use(variables);
  }

  /**
   * Checks the members of these pools, and no others than those of pools that are not named.
   *
   * @param reloaded whether a configuration was read anew: members of mandatory checks that are not persistent prove themselves again
   */
  follow(wards: readonly Ward[], reloaded: boolean): void {
    let started = 0;
    for (const { poolName, checks, beds } of wards) {
      const kept = new Set<string>();
      for (const bed of beds) {
        const rounds = checks.map((check, at) => {
          const key = `${poolName}\0${at}\0${bed.name}`;
          kept.add(key);
          return this.#round(key, check, bed, reloaded);
        });
        const courses = rounds.map(round => round.course);
        const show = (reason: string | undefined) =>
          showState(bed, courses, reason, this.#means.log(), this.#means.nowMs());
        show('it was so before');
        for (const round of rounds) round.start(show, FIRST_STEP_MS * started++);
      }
      this.#closeOthers(`${poolName}\0`, kept);
    }
  }

  /** Ends all checks of pools that are not these. */
  keepOnly(poolNames: ReadonlySet<string>): void {
    for (const [key, round] of this.#rounds) {
      if (poolNames.has(key.slice(0, key.indexOf('\0')))) continue;
      round.close();
      this.#rounds.delete(key);
    }
  }

  #closeOthers(prefix: string, kept: ReadonlySet<string>): void {
    for (const [key, round] of this.#rounds) {
      if (!key.startsWith(prefix) || kept.has(key)) continue;
      round.close();
      this.#rounds.delete(key);
    }
  }

  /** A check that is what it was goes on; its verdict does in any case, unless it must be earned anew. */
  #round(key: string, check: HealthCheckModel, bed: Bed, reloaded: boolean): Round {
    const old = this.#rounds.get(key);
    const earned = !reloaded || !check.mandatory || check.persistent;
    if (old && earned && old.stamp === stampOf(check)) return old;
    old?.close();
    const before = earned ? old?.course.verdict : undefined;
    const verdict = before ?? (check.mandatory ? 'unchecked' : 'healthy');
    const { port = bed.member.port } = check;
    const probe = this.#means.probes[check.type](check, { ...bed.member, port }, this.#probeMeans);
    const round = new Round(check, probe, new Course(verdict), this.#means.random, work => this.#take(work));
    this.#rounds.set(key, round);
    return round;
  }

  async #take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= MOST_AT_ONCE) await new Promise<void>(turn => this.#waiting.push(turn));
    this.#underWay++;
    try {
      return await work();
    } finally {
      this.#underWay--;
      this.#waiting.shift()?.();
    }
  }
}

/** Two checks of the same stamp are the same, wherever they stand. */
const stampOf = (check: HealthCheckModel): string => JSON.stringify({ ...check, site: undefined });

/** One check of one member. */
class Round {
  readonly stamp: string;
  readonly course: Course;
  readonly #check: HealthCheckModel;
  readonly #probe: Probe;
  readonly #random: () => number;
  readonly #take: (work: () => Promise<string | undefined>) => Promise<string | undefined>;
  #show: (reason: string | undefined) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #state: 'new' | 'running' | 'closed' = 'new';

  constructor(
    check: HealthCheckModel,
    probe: Probe,
    course: Course,
    random: () => number,
    take: (work: () => Promise<string | undefined>) => Promise<string | undefined>,
  ) {
    this.#check = check;
    this.stamp = stampOf(check);
    this.#probe = probe;
    this.course = course;
    this.#random = random;
    this.#take = take;
  }

  /** @param show makes the verdicts on the member known @param inMs when the first question is asked, if none was yet */
  start(show: (reason: string | undefined) => void, inMs: number): void {
    this.#show = show;
    if (this.#state !== 'new') return;
    this.#state = 'running';
    this.#ask(inMs, true);
  }

  close(): void {
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#probe.close();
  }

  #ask(inMs: number, first: boolean): void {
    this.#timer = setTimeout(async () => {
      const wrong = await this.#take(() => this.#probe.run());
      if (this.#state === 'closed') return;
      if (this.course.note(wrong === undefined, this.#check)) this.#show(wrong);
      const { intervalMs, jitterMs } = this.#check;
      // After the first question, asked as soon as can be, members part from each other.
      const pauseMs = first ? intervalMs * (0.5 + this.#random() / 2) : intervalMs;
      this.#ask(pauseMs + this.#random() * jitterMs, false);
    }, inMs).unref();
  }
}
