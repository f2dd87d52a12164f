/** The canary of the program: there is one at most, and what came of the last one is told until the next. */
import type { Log } from '#kit/log.ts';
import type { Model } from '#model/main.ts';
import { refuse } from '../api/refusal.ts';
import { durationText } from '../status/text.ts';
import type { CanaryPlan } from './plan.ts';
import type { CanaryRun, Ended, Side } from './run.ts';

export const CANARY_OUTCOMES = ['applied', 'worse', 'few', 'stopped', 'refused'] as const;

export interface Outcome {
  /** `few`: too few requests to tell; `refused`: it was well, and could not be brought into force. */
  readonly outcome: (typeof CANARY_OUTCOMES)[number];
  readonly reason: string;
}

export interface CanaryState extends Partial<Outcome> {
  readonly who: string;
  /** ms since 1970 */
  readonly startedMs: number;
  readonly endsMs: number;
  /** Of 100 new connections. */
  readonly sharePercent: number;
  /** Of this run of the program: what was in force when it began. */
  readonly revision: number;
  /** Of its process. */
  readonly pid: number;
  /** What the others have done since it began. */
  readonly old: Side;
  readonly fresh: Side;
}

/** Of the control process. */
export interface CanaryHands {
  log(): Log;
  revision(): number;
  /** Does nothing else meanwhile. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** Another control process is there, on the same files. */
  isShared(): boolean;
  /** @throws {Error} with the reason; then nothing has changed */
  start(model: Model, plan: CanaryPlan, overtaken: () => string | undefined): Promise<CanaryRun>;
  /** Told of what came of it: for the audit log. */
  told(state: CanaryState): void;
}

export class CanaryKeeper {
  readonly #hands: CanaryHands;
  #run:
    | { readonly run: CanaryRun; readonly state: () => CanaryState; readonly over: Promise<void> }
    | undefined;
  #last: CanaryState | undefined;
  /** The sockets of the last one are in use still. */
  #leaving: Promise<void> = Promise.resolve();
  #isDeciding = false;
  #isClosed = false;

  constructor(hands: CanaryHands) {
    this.#hands = hands;
  }

  /** As it stands, or as the last one ended; undefined: there was none. */
  get state(): CanaryState | undefined {
    return this.#run?.state() ?? this.#last;
  }

  /** @throws {Refusal} while one runs */
  refuseBusy(): void {
    if (this.#run && !this.#isDeciding)
      throw refuse(
        409,
        'canary',
        'a canary is being tried: wait for its end, or end it by a rollback without an id',
      );
  }

  /**
   * Begins to try a configuration.
   *
   * @param decide what is done with what came of it, while nothing else is done @throws {Error} with the reason; then nothing has changed
   */
  async begin(
    model: Model,
    plan: CanaryPlan,
    who: string,
    decide: (ended: Ended) => Promise<Outcome>,
  ): Promise<void> {
    await this.#leaving;
    const revision = this.#hands.revision();
    const run = await this.#hands.start(model, plan, () => this.#overtaken(revision));
    const { startedMs, endsMs, pid } = run;
    const { sharePercent } = plan;
    const state = () => ({ ...{ who, startedMs, endsMs, sharePercent, revision, pid }, ...run.sides });
    const over = run.ended.then(ended => this.#over(run, ended, decide));
    this.#run = { run, state, over };
    this.#hands
      .log()
      .notice(
        `a canary of ${who}, process ${pid}, has ${sharePercent} of 100 new connections for ${durationText(plan.lengthMs)}`,
      );
  }

  #overtaken(revision: number): string | undefined {
    if (this.#hands.isShared()) return 'another process of moat is taking over';
    return this.#hands.revision() === revision
      ? undefined
      : 'another configuration came into force meanwhile';
  }

  async #over(run: CanaryRun, ended: Ended, decide: (ended: Ended) => Promise<Outcome>): Promise<void> {
    const isBad = ended.kind === 'worse' || ended.kind === 'stopped';
    if (isBad) this.#leaving = run.leave(); // at once, whatever is being done just now
    await this.#hands.take(async () => {
      if (this.#isClosed) return;
      this.#isDeciding = true;
      const outcome = await decide(ended).catch(
        (fault: Error): Outcome => ({ outcome: 'refused', reason: fault.message }),
      );
      this.#isDeciding = false;
      this.#tell({ ...this.#run!.state(), ...outcome });
    });
    if (!isBad) this.#leaving = run.leave(); // until here it has served what the others serve now, too
    this.#run = undefined;
  }

  #tell(state: CanaryState): void {
    this.#last = state;
    const { outcome, reason } = state;
    if (outcome === 'applied') this.#hands.log().notice(`the canary is in force everywhere: ${reason}`);
    else this.#hands.log().warn(`the canary is taken back: ${outcome}: ${reason}`);
    this.#hands.told(state);
  }

  /** @returns undefined when there is none; else resolves when it has ended */
  stop(why: string): Promise<void> | undefined {
    this.#run?.run.stop(why);
    return this.#run?.over;
  }

  /** The program ends. */
  close(): void {
    this.#isClosed = true;
    void this.stop('moat ends');
  }
}
