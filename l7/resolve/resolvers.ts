/** The resolvers of a thread: one for all that are configured alike, so that they share what they remember. */
import type { ResolverSettings } from '#model/l7/core.ts';
import { Resolver } from './resolver.ts';

export class Resolvers {
  readonly #nowMs: () => number;
  readonly #bySettings = new Map<string, Resolver>();

  /** @param nowMs monotonic */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  with(settings: ResolverSettings, timeoutMs: number): Resolver {
    const key = JSON.stringify([settings, timeoutMs]);
    const known = this.#bySettings.get(key) ?? new Resolver(settings, timeoutMs, this.#nowMs);
    this.#bySettings.set(key, known);
    return known;
  }
}
