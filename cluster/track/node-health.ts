/** `track health`: samples of the machine and of the L7 tier become an illness in quarters, which comes quickly and goes slowly. */
import type { HealthLimits, HealthRange } from '#model/cluster/track.ts';
import type { NodeSample } from './health.ts';
import type { TrackStatus } from './tracker.ts';

/** What lasts for less hardly counts. */
const SMOOTHING_MS = 5000;
/** So long it must be better before a quarter is given back: two nodes are not to swap places all the time. */
const CALM_MS = 30_000;
const STEPS = 4;
/** With fewer answers since the sample before, errors say nothing. */
const LEAST_ANSWERS = 1;

/** Each 0..1, but for `lag`: ms. */
interface Averages {
  cpu: number;
  memory: number;
  lag: number;
  errors: number;
}

export class NodeHealth {
  readonly #limits: HealthLimits;
  /** A node that starts is well. */
  readonly #averages: Averages = { cpu: 0, memory: 0, lag: 0, errors: 0 };
  #atMs: number | undefined;
  #step = 0;
  /** Since when it is better than its step. */
  #betterMs: number | undefined;

  constructor(limits: HealthLimits) {
    this.#limits = limits;
  }

  /** @param nowMs of a monotonic clock */
  next(sample: NodeSample, nowMs: number): TrackStatus {
    this.#average(sample, nowMs - (this.#atMs ?? nowMs - 1000));
    this.#atMs = nowMs;
    const measures = this.#measures();
    const worst = measures.toSorted((a, b) => b.ill - a.ill)[0];
    this.#climb(Math.floor((worst?.ill ?? 0) * STEPS), nowMs);
    const why = measures.map(({ says }) => says).join(', ');
    const illness = this.#step / STEPS;
    return { ok: illness < 1, illness, says: `${why}: ${this.#step} of ${STEPS} steps down` };
  }

  #average({ cpu = this.#averages.cpu, memory, lagMs, ...sample }: NodeSample, elapsedMs: number): void {
    const errors = sample.answers < LEAST_ANSWERS ? 0 : sample.errors / sample.answers;
    const now: Averages = { cpu, memory, lag: lagMs, errors };
    const part = 1 - Math.exp(-elapsedMs / SMOOTHING_MS);
    for (const key of ['cpu', 'memory', 'lag', 'errors'] as const)
      this.#averages[key] += (now[key] - this.#averages[key]) * part;
  }

  #measures(): { readonly ill: number; readonly says: string }[] {
    const { cpu, memory, lag, errors } = this.#limits;
    const now = this.#averages;
    const percent = (share: number) => `${Math.round(share * 100)} %`;
    return [
      ...measure(cpu, now.cpu, `CPU ${percent(now.cpu)}`),
      ...measure(memory, now.memory, `memory ${percent(now.memory)}`),
      ...measure(lag, now.lag, `lag ${Math.round(now.lag)} ms`),
      ...measure(errors, now.errors, `errors ${percent(now.errors)}`),
    ];
  }

  /** Worse at once, better by one step after a while. */
  #climb(step: number, nowMs: number): void {
    if (step >= this.#step) {
      this.#step = step;
      this.#betterMs = undefined;
      return;
    }
    this.#betterMs ??= nowMs;
    if (nowMs - this.#betterMs < CALM_MS) return;
    this.#step--;
    this.#betterMs = nowMs;
  }
}

function measure(range: HealthRange | undefined, value: number, says: string) {
  if (!range) return [];
  return [{ ill: Math.min(1, Math.max(0, (value - range.from) / (range.to - range.from))), says }];
}
