/** What is wished of the configurations of the program, by whom, and whose hands do it. */
import type { Model } from '#model/main.ts';
import type { CanaryHands } from '../canary/keeper.ts';
import type { CanaryWish } from '../canary/plan.ts';
import type { Invocation } from '../invocation.ts';
import type { Texts } from './place.ts';
import type { Reason } from './store.ts';

/** Of the control process. */
export interface Hands extends CanaryHands {
  readonly invocation: Invocation;
  /** In force now. */
  texts(): Texts;
  /** @returns what of it is not in force @throws {Error} with the reason; then nothing has changed */
  bring(model: Model, texts: Texts): Promise<readonly string[]>;
}

export interface Cause {
  readonly who: string;
  readonly why: Reason;
  readonly message: string;
}

export interface ApplyWish {
  /** What is to stand in files of the configuration, by path; latin1. */
  readonly files: readonly (readonly [path: string, text: string])[];
  readonly message: string;
  /** Goes back by itself when nobody confirms in time. */
  readonly confirmMs?: number | undefined;
  /** What was changed by hand on the disk and is not in force may be replaced, or come into force. */
  readonly overDrift?: boolean | undefined;
  /** A part of the traffic tries it first; it comes into force when it is not worse than what is. */
  readonly canary?: CanaryWish | undefined;
}

/** Out of a backup: a configuration whose files need not be there yet, with what it names. */
export interface RestoreFiles {
  /** Undefined: the configuration in force stays. */
  readonly files: ApplyWish['files'] | undefined;
  readonly beside: Texts;
  /** Files may lie anywhere: root wishes it. */
  readonly outside: boolean;
  /** Of files that are made anew. */
  readonly modes: ReadonlyMap<string, number>;
  /** All runs: there is no way back from here on. */
  readonly decide: () => void;
  readonly undecide: () => void;
  /** Puts in its place what is no file of the configuration; the store of the history is closed meanwhile. */
  readonly finish: () => void;
}

export interface RollbackWish {
  /** Undefined: what is unconfirmed is taken back. */
  readonly id?: number | undefined;
  readonly message?: string | undefined;
  readonly confirmMs?: number | undefined;
  readonly overDrift?: boolean | undefined;
}

export interface Unconfirmed {
  /** ms since 1970 */
  readonly deadlineMs: number;
  readonly who: string;
  readonly backTo?: number | undefined;
}
