/** The shared state of an engine that shares with nobody: for a program of one thread. */
import type { HttpModel } from '#model/l7/http.ts';
import { drawSecret, type SharedState, wishesOf } from './shared.ts';
import { ZoneRegistry } from './zone/registry.ts';

export class AloneState {
  readonly #zones: ZoneRegistry;
  readonly #secret = drawSecret();

  /** @param owner the thread's name for locks; @param slots places for threads: two for a program of one */
  constructor(owner: number, slots = 2) {
    this.#zones = new ZoneRegistry({ slots, slot: 0, owner }, () => {});
  }

  /** Zones keep their content from one configuration to the next; pools begin anew. */
  of(model: HttpModel): SharedState {
    const draft = this.#zones.draft();
    for (const wish of wishesOf(model)) draft.ask(wish);
    this.#zones.commit(draft);
    return { zones: this.#zones.share(), pools: { shares: [], secret: this.#secret } };
  }
}
