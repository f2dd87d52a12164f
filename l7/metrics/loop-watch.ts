/** How late and how busy the event loop of a worker is: looked at once a second. */
import { performance } from 'node:perf_hooks';
import type { Traffic } from './traffic.ts';

const EVERY_MS = 1000;

export class LoopWatch {
  #timer: NodeJS.Timeout | undefined;
  #traffic: Traffic | undefined;
  #dueMs = 0;
  #activeMs = 0;

  /** From now on `traffic` is told. */
  begin(traffic: Traffic): void {
    this.#traffic = traffic;
    if (this.#timer) return;
    this.#dueMs = performance.now() + EVERY_MS;
    this.#timer = setInterval(() => this.#look(), EVERY_MS).unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const nowMs = performance.now();
    const { active: activeMs } = performance.eventLoopUtilization();
    this.#traffic?.looped(Math.max(0, nowMs - this.#dueMs) / 1000, (activeMs - this.#activeMs) / 1000);
    this.#activeMs = activeMs;
    this.#dueMs = nowMs + EVERY_MS;
  }
}
