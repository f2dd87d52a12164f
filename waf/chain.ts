/** Chains of transformations. */
import { ANY_SIGN, LEADING_DOT_SIGN, signsOf } from './signs.ts';
import type { Transform } from './transform/transform.ts';

/** A transformation with its number in the set, under which results are kept. */
export interface Step {
  readonly number: number;
  readonly name: string;
  /** Kinds of bytes of which a value has one if this changes it. */
  readonly signs: number;
  readonly changesCaseOnly: boolean;
  /** Bytes that a result has at the most; absent where it is never longer than the value. */
  readonly most: ((value: string) => number) | undefined;
  run(value: string): string;
}

export type Chain = readonly Step[];

/** Numbers the transformations of a rule set. */
export class ChainBook {
  readonly #steps = new Map<string, Step>();

  chainOf(transforms: readonly Transform[]): Chain {
    return transforms.filter(({ name }) => name !== 'none').map(transform => this.#step(transform));
  }

  #step({ name, run, reactsTo, reactsToLeadingDot, most, changesCaseOnly = false }: Transform): Step {
    const known = this.#steps.get(name);
    if (known) return known;
    const atStart = reactsToLeadingDot ? LEADING_DOT_SIGN : 0;
    const signs = reactsTo === undefined ? ANY_SIGN : signsOf(reactsTo) | atStart;
    const step = { number: this.#steps.size, name, signs, changesCaseOnly, most, run };
    this.#steps.set(name, step);
    return step;
  }
}

export function applyChain(chain: Chain, value: string): string {
  let result = value;
  for (const step of chain) result = step.run(result);
  return result;
}

/** The value, and what it becomes after each step that changes it. */
export function stages(chain: Chain, value: string): string[] {
  const found = [value];
  for (const step of chain) {
    const next = step.run(found.at(-1)!);
    if (next !== found.at(-1)) found.push(next);
  }
  return found;
}
