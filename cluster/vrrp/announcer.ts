/** When addresses are announced: at once and again a while later, then now and then; a quarrel makes no storm. */
import type { AnnounceModel } from '#model/cluster/vrrp.ts';

/** Rivals that speak every 10 ms are answered by advertisements; announcements need no more than this. */
const LEAST_BETWEEN_MS = 1000;

export class Announcer {
  readonly #send: () => void;
  readonly #nowMs: () => number;
  #plan: AnnounceModel;
  #timers: NodeJS.Timeout[] = [];
  #burstAtMs = Number.NEGATIVE_INFINITY;

  /** @param send announces every address once */
  constructor(plan: AnnounceModel, send: () => void, nowMs: () => number) {
    this.#plan = plan;
    this.#send = send;
    this.#nowMs = nowMs;
  }

  /** Takes effect at the next start(). */
  replan(plan: AnnounceModel): void {
    this.#plan = plan;
  }

  /** The addresses are here now, or somebody else said they were there. */
  start(): void {
    const sinceMs = this.#nowMs() - this.#burstAtMs;
    this.stop();
    if (sinceMs >= LEAST_BETWEEN_MS) this.#burst();
    else this.#later(LEAST_BETWEEN_MS - sinceMs, () => this.#burst());
    const { delayMs, refreshMs } = this.#plan;
    if (delayMs > 0) this.#later(delayMs, () => this.#burst());
    if (refreshMs > 0) this.#timers.push(setInterval(() => this.#send(), refreshMs));
  }

  /** The next start() speaks at once: it is after a time without the addresses. */
  reset(): void {
    this.stop();
    this.#burstAtMs = Number.NEGATIVE_INFINITY;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }

  #later(ms: number, work: () => void): void {
    this.#timers.push(setTimeout(work, ms));
  }

  #burst(): void {
    this.#burstAtMs = this.#nowMs();
    for (let count = 0; count < this.#plan.repeat; count++) this.#send();
  }
}
