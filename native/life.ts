/** The life of another process: who watches it does within microseconds of its death what it was told to do, without JavaScript. */
import { addon, type LifeHandle } from './addon.ts';

/** A message of rtnetlink that asks for an acknowledgement, or one of a raw protocol from an address of this host. */
export type WillStep =
  | { readonly message: Uint8Array }
  | {
      readonly message: Uint8Array;
      readonly protocol: number;
      /** 4 or 16 bytes each. */
      readonly destination: Uint8Array;
      readonly source: Uint8Array;
      /** Of the interface. */
      readonly index: number;
    };

/** @returns a descriptor of a life that nobody holds yet, for a child process */
export const makeLife = (): number => addon().lifeMake();

/** This thread holds it until it dies, or leaves it. Once a process. @throws {Error} when somebody holds it */
export const holdLife = (fd: number): void => addon().lifeHold(fd);

/** What was to be done when this process dies is not done: it ends in order. By the thread that holds it. */
export const leaveLife = (): void => addon().lifeLeave();

export class WatchedLife {
  readonly #handle: LifeHandle;

  /** @param fd of a life that is held already @param priority 1..99: real time, where that is allowed; 0: none */
  constructor(fd: number, priority: number) {
    this.#handle = addon().lifeWatch(fd, priority);
  }

  /** What is to be done when it dies, in this order, each whatever came of the others; instead of what was said before. */
  will(steps: readonly WillStep[]): void {
    addon().lifeWill(this.#handle, steps);
  }

  /**
   * Once, and when the process has ended: it is waited for.
   *
   * @returns what came of each step, 0 or a negative number of an error; undefined: it was left, and nothing was done
   */
  end(): readonly number[] | undefined {
    return addon().lifeEnd(this.#handle);
  }
}
