/** What the program in the kernel does with a selection, in the plainest words: for tests. */
import { LOCALITIES, type Memory, NO_MEMORY } from '../../../l4/schedulers/locality.ts';
import { SCORERS } from '../../../l4/schedulers/score.ts';
import type { Selection } from '../../../l4/tables.ts';

/** A real server with what it bears. */
export interface Load {
  readonly id: number;
  readonly weight: number;
  active: number;
  inactive: number;
  full: boolean;
}

export class Chooser {
  readonly #selection: Selection;
  readonly #loads: ReadonlyMap<number, Load>;
  readonly #draw: () => number;
  readonly #memories = new Map<number, Memory>();
  #turn = 0;

  constructor(selection: Selection, loads: readonly Load[], draw: () => number) {
    this.#selection = selection;
    this.#loads = new Map(loads.map(load => [load.id, load]));
    this.#draw = draw;
  }

  /** @param key of the flow: the hash of what the ring asks for, the destination of localities @returns an id, 0 for nobody */
  choose(key: number, nowMs = 0): number {
    const selection = this.#selection;
    switch (selection.kind) {
      case 'ring':
        return this.#firstOpen(selection.slots, key);
      case 'order':
        return this.#firstOpen(selection.slots, this.#turn++);
      case 'score':
        return SCORERS[selection.rule](this.#open(selection.reals), this.#draw)?.id ?? 0;
      case 'locality': {
        const memory = this.#memories.get(key) ?? NO_MEMORY;
        const [picked, next] = LOCALITIES[selection.rule](this.#open(selection.reals), memory, nowMs);
        this.#memories.set(key, next);
        return picked?.id ?? 0;
      }
    }
  }

  #open(ids: Uint32Array): Load[] {
    return Array.from(ids, id => this.#loads.get(id)!).filter(load => !load.full);
  }

  #firstOpen(slots: Uint32Array, from: number): number {
    for (let step = 0; step < slots.length; step++) {
      const id = slots[(from + step) % slots.length]!;
      if (!this.#loads.get(id)!.full) return id;
    }
    return 0;
  }
}

/** Numbers that look drawn by lot, the same in each run. */
export function lots(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
