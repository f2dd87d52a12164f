/** A value that a rule matched, as an entry of MATCHED_VARS. Hardly any name of one is ever asked for, so it is put together then. */
import type { Entry } from './variable/variable.ts';

export class Reached implements Entry {
  readonly label: string;
  readonly one: Entry;
  /** After the transformations. */
  readonly value: string;

  constructor(label: string, one: Entry, value: string) {
    this.label = label;
    this.one = one;
    this.value = value;
  }

  /** As in `ARGS:a`. */
  get key(): string {
    const { key } = this.one;
    return key === '' ? this.label : `${this.label}:${key}`;
  }

  get lower(): string {
    return this.key.toLowerCase();
  }
}

const NONE: readonly Entry[] = [];

/** What matched last. */
export class LastMatch {
  one: Reached | undefined;
  /** All values that the rule before in the chain matched. */
  values: readonly Entry[] = NONE;

  get name(): string {
    return this.one?.key ?? '';
  }

  get value(): string {
    return this.one?.value ?? '';
  }
}
