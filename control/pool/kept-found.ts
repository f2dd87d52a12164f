/** Whom sources of members named last, kept in a file beside the history of the configuration: a start needs none of them. */
import type { Log } from '#kit/log.ts';
import { type KeptSource, keptSourcesOf, type L7Plane } from '#l7';
import { historyFolder } from '../history/place.ts';
import { keepJson, readKept } from '../host/keep-json.ts';

/** Members that come and go all the time are written so often at most. */
const LEAST_PAUSE_MS = 1000;

export class FoundMembers {
  readonly #plane: L7Plane;
  readonly #path: string;
  readonly #log: () => Log;
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;

  /** @param file the main file of the configuration, a latin1 string */
  constructor(plane: L7Plane, file: string, log: () => Log) {
    this.#plane = plane;
    this.#path = `${historyFolder(file)}/pool-found.json`;
    this.#log = log;
    plane.foundChanged = () => this.#changed();
  }

  /** Has the plane begin with what was kept. Never throws: what cannot be read is told of. */
  begin(): void {
    try {
      this.#plane.found = keptSourcesOf(readKept(this.#path) ?? []);
    } catch (fault) {
      this.#log().error(
        `"${this.#path}" cannot be read: ${(fault as Error).message}: members of pools are those that their sources name now`,
      );
    }
  }

  #changed(): void {
    this.#isDue = true;
    if (this.#timer) return;
    this.#keep(this.#plane.found);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isDue) this.#changed();
    }, LEAST_PAUSE_MS).unref();
  }

  #keep(found: readonly KeptSource[]): void {
    this.#isDue = false;
    try {
      keepJson(this.#path, found.length === 0 ? undefined : found);
    } catch (fault) {
      this.#log().error(
        `"${this.#path}" cannot be written: ${(fault as Error).message}: a start without the sources has no members from them`,
      );
    }
  }
}
