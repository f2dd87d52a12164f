/** What a rule inspects: sources of entries, less the excluded ones. */
import { type Target, targetKey } from './seclang/targets.ts';
import type { Transaction } from './transaction.ts';
import { type Entry, entry } from './variable/variable.ts';

/** A target of rules; equal ones of a whole set are one. */
export interface Source {
  readonly id: number;
  /** The variable of its entries, as in `ARGS` or `&ARGS`. */
  readonly label: string;
  readonly target: Target;
}

/** The targets of a rule. */
export interface Selection {
  readonly sources: readonly Source[];
  readonly excluded: readonly Target[];
  /** Whether all of it stays the same during a phase, so that rules can share what was computed. */
  readonly frozen: boolean;
  /** Where it is one value at most, and may change between rules: the short way to it. */
  readonly sole: Sole | undefined;
}

/** One entry of a collection that rules write, or the count of it. */
interface Sole {
  readonly label: string;
  readonly key: string;
  read(transaction: Transaction): string | undefined;
}

export class SelectionBook {
  readonly #sources = new Map<string, Source>();

  selectionOf(targets: readonly Target[]): Selection {
    const exclusions = targets.filter(({ mode }) => mode === 'exclude');
    const whole = new Set(exclusions.filter(({ selector }) => !selector).map(({ variable }) => variable));
    const wanted = targets.filter(
      ({ mode, variable }) => mode === 'count' || (mode === 'values' && !whole.has(variable)),
    );
    const excluded = exclusions.filter(({ selector }) => selector);
    const frozen = wanted.every(({ variable }) => variable.life === 'frozen');
    const sole = wanted.length === 1 && excluded.length === 0 && !frozen ? soleOf(wanted[0]!) : undefined;
    return { sources: wanted.map(target => this.#sourceOf(target)), excluded, frozen, sole };
  }

  #sourceOf(target: Target): Source {
    const key = targetKey(target);
    const known = this.#sources.get(key);
    if (known) return known;
    const label = target.mode === 'count' ? `&${target.variable.name}` : target.variable.name;
    const source = { id: this.#sources.size, label, target };
    this.#sources.set(key, source);
    return source;
  }
}

function soleOf({ variable, selector, mode }: Target): Sole | undefined {
  if (variable.kind === 'one' && mode === 'values')
    return { label: variable.name, key: '', read: t => variable.read(t) };
  if (variable.kind !== 'many' || !variable.get || selector?.kind !== 'key') return undefined;
  const { key } = selector;
  const get = variable.get.bind(variable);
  if (mode === 'count')
    return { label: `&${variable.name}`, key, read: t => (get(t, key) === undefined ? '0' : '1') };
  return { label: variable.name, key, read: t => get(t, key) };
}

/** The entries of a target, now. */
export function entriesOf(target: Target, transaction: Transaction): readonly Entry[] {
  const { variable, selector, mode } = target;
  if (mode === 'count') return [counted(target, transaction)];
  if (variable.kind === 'one') {
    const value = variable.read(transaction);
    return value === undefined ? [] : [{ key: '', lower: '', value }];
  }
  if (variable.kind === 'tree') {
    if (selector?.kind !== 'path') return [];
    return variable.select(transaction, selector.path).map(value => entry(selector.source, value));
  }
  if (selector === undefined) return variable.list(transaction);
  if (selector.kind === 'key' && variable.get) {
    const value = variable.get(transaction, selector.key);
    return value === undefined ? [] : [{ key: selector.key, lower: selector.key, value }];
  }
  const found: Entry[] = [];
  for (const one of variable.list(transaction)) if (selects(target, one)) found.push(one);
  return found;
}

function counted(target: Target, transaction: Transaction): Entry {
  const found = entriesOf({ ...target, mode: 'values' }, transaction).length;
  const key = target.selector?.kind === 'key' ? target.selector.key : '';
  return { key, lower: key, value: String(found) };
}

function selects({ selector }: Target, { key, lower }: Entry): boolean {
  if (selector === undefined) return true;
  if (selector.kind === 'key') return selector.key === lower;
  return selector.kind === 'pattern' ? selector.test(key) : selector.source === key;
}

/** Whether an exclusion (of the rule, or of `ctl:ruleRemoveTargetById`) covers an entry. */
export const covers = (target: Target, label: string, one: Entry): boolean =>
  target.variable.name === label && selects(target, one);
