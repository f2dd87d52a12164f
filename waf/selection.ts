/** What a rule inspects: sources of entries, less the excluded ones. */
import { type Target, targetKey } from './seclang/targets.ts';
import type { Transaction } from './transaction.ts';
import { type Entry, entry } from './variable/variable.ts';

/** A target of rules; equal ones of a whole set are one. */
export interface Source {
  /** Among the fixed ones, or among the others, of those that a variant's rules look at; -1 until then. */
  id: number;
  /** The variable of its entries, as in `ARGS` or `&ARGS`. */
  readonly label: string;
  readonly target: Target;
  /** Whether it is known with the head of the request, and stays. */
  readonly fixed: boolean;
  /** Whether its values are names, of which hardly two are the same. */
  readonly areNames: boolean;
  /** Its entries, now. */
  readonly read: Reader;
}

type Reader = (transaction: Transaction) => readonly Entry[];

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

/** Gives sources numbers that leave no gaps: by them each transaction keeps what it has read. */
export class SourceNumbers {
  fixed = 0;
  others = 0;

  give(source: Source): void {
    if (source.id >= 0) return;
    source.id = source.fixed ? this.fixed++ : this.others++;
  }
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
    const { fixed = false } = target.variable;
    const areNames = target.variable.kind === 'many' && target.variable.areNames === true;
    const source = { id: -1, label, target, fixed, areNames, read: readerOf(target) };
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

const NOTHING: readonly Entry[] = [];
/** A document as a whole, for operators that ask for it themselves. */
const DOCUMENT: readonly Entry[] = [entry('', '[XML document tree]')];

/** What gives the entries of a target. */
function readerOf(target: Target): Reader {
  const { variable, selector, mode } = target;
  if (mode === 'count') return counterOf(target);
  if (variable.kind === 'one') {
    return t => {
      const value = variable.read(t);
      return value === undefined ? NOTHING : [{ key: '', lower: '', value }];
    };
  }
  if (variable.kind === 'tree') {
    if (selector?.kind !== 'path') return t => (t.body.processor === 'XML' ? DOCUMENT : NOTHING);
    const { source, path } = selector;
    return t => variable.select(t, path).map(value => entry(source, value));
  }
  if (selector === undefined) return t => variable.list(t);
  if (selector.kind === 'key' && variable.get) {
    const { key } = selector;
    const get = variable.get.bind(variable);
    return t => {
      const value = get(t, key);
      return value === undefined ? NOTHING : [{ key, lower: key, value }];
    };
  }
  if (selector.kind === 'pattern' && variable.choose) {
    const choose = variable.choose.bind(variable);
    return t => choose(t, selector);
  }
  return t => chosenOf(variable.list(t), target);
}

function chosenOf(entries: readonly Entry[], target: Target): readonly Entry[] {
  let found: Entry[] | undefined;
  for (let at = 0; at < entries.length; at++) {
    const one = entries[at]!;
    if (selects(target, one)) (found ??= []).push(one);
  }
  return found ?? NOTHING;
}

function counterOf(target: Target): Reader {
  const read = readerOf({ ...target, mode: 'values' });
  const key = target.selector?.kind === 'key' ? target.selector.key : '';
  return t => [{ key, lower: key, value: String(read(t).length) }];
}

function selects({ selector }: Target, { key, lower }: Entry): boolean {
  if (selector === undefined) return true;
  if (selector.kind === 'key') return selector.key === lower;
  return selector.kind === 'pattern' ? selector.test(key) : selector.source === key;
}

/** Whether an exclusion (of the rule, or of `ctl:ruleRemoveTargetById`) covers an entry. */
export const covers = (target: Target, label: string, one: Entry): boolean =>
  target.variable.name === label && selects(target, one);
