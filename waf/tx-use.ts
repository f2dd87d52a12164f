/** What rules read and write of TX. */
import { macrosIn } from './macro.ts';
import type { Rule } from './rule.ts';

export interface Use {
  /** Names in lower case. */
  readonly reads: ReadonlySet<string>;
  /** The rule looks at all of TX, or at what a pattern chooses. */
  readonly readsAll: boolean;
  readonly writes: ReadonlySet<string>;
  /** What names begin with that hold a macro; '' can be any. */
  readonly prefixes: readonly string[];
  /** Whether the first link's targets and operator need nothing but TX, by name. */
  readonly asksTxOnly: boolean;
  /** What the first link asks, in TX. */
  readonly asks: ReadonlySet<string>;
  /** Whether all macros of the rule name values of TX. */
  readonly readsTxOnly: boolean;
}

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const known = new WeakMap<Rule, Use>(); // a rule never changes what it reads and writes

export function* links(head: Rule): Generator<Rule> {
  for (let link: Rule | undefined = head; link; link = link.next) yield link;
}

export function useOf(head: Rule): Use {
  const before = known.get(head);
  if (before) return before;
  const use = findUse(head);
  known.set(head, use);
  return use;
}

function findUse(head: Rule): Use {
  const reads = new Set<string>();
  const writes = new Set<string>();
  const prefixes: string[] = [];
  let readsAll = false;
  let readsTxOnly = true;
  for (const link of links(head)) {
    for (const { target } of link.selection?.sources ?? []) {
      if (target.variable.name !== 'TX') continue;
      if (target.selector?.kind === 'key') reads.add(target.selector.key);
      else readsAll = true;
    }
    for (const macro of [link.operatorArgument, ...link.texts].flatMap(macrosIn)) {
      if (!isNamedTx(macro)) {
        readsTxOnly = false;
        readsAll ||= /^tx(?:\.\/|$)/.test(macro);
      } else reads.add(macro.slice(3));
    }
    for (const { name, prefix } of link.txWrites) {
      if (name.constant !== undefined) writes.add(name.constant.toLowerCase());
      else prefixes.push(prefix);
    }
    if (link.capture) for (const digit of DIGITS) writes.add(digit);
  }
  const asks = new Set<string>();
  return { reads, readsAll, writes, prefixes, readsTxOnly, asks, asksTxOnly: asksTxOnly(head, asks) };
}

/** `%{tx.name}`, but neither `%{tx}` nor `%{tx./pattern/}`. */
const isNamedTx = (macro: string): boolean => macro.startsWith('tx.') && !macro.startsWith('tx./');

function asksTxOnly({ selection, operatorArgument }: Rule, asks: Set<string>): boolean {
  for (const { target } of selection?.sources ?? []) {
    if (target.variable.name !== 'TX' || target.selector?.kind !== 'key') return false;
    asks.add(target.selector.key);
  }
  for (const macro of macrosIn(operatorArgument)) {
    if (!isNamedTx(macro)) return false;
    asks.add(macro.slice(3));
  }
  return selection?.excluded.length === 0;
}

/** The uses of several rules together. */
export class TxUse {
  readonly #reads = new Set<string>();
  readonly #writes = new Set<string>();
  readonly #prefixes = new Set<string>();
  #readsAll = false;

  add(rule: Rule): void {
    const { reads, readsAll, writes, prefixes } = useOf(rule);
    for (const name of reads) this.#reads.add(name);
    for (const name of writes) this.#writes.add(name);
    for (const prefix of prefixes) this.#prefixes.add(prefix);
    this.#readsAll ||= readsAll;
  }

  /** Whether the rule may not be run ahead of these: it reads what they write, or writes what they read or write. */
  meets(rule: Rule): boolean {
    const { reads, readsAll, writes, prefixes } = useOf(rule);
    if (readsAll && this.#writes.size + this.#prefixes.size > 0) return true;
    if (prefixes.length > 0 || (this.#readsAll && writes.size > 0)) return true;
    return (
      [...reads].some(name => this.#written(name)) ||
      [...writes].some(name => this.#reads.has(name) || this.#written(name))
    );
  }

  /** Whether one of these writes what the rule's first link asks. */
  writesWhatItAsks(rule: Rule): boolean {
    return [...useOf(rule).asks].some(name => this.#written(name));
  }

  #written(name: string): boolean {
    if (this.#writes.has(name)) return true;
    for (const prefix of this.#prefixes) if (name.startsWith(prefix)) return true;
    return false;
  }
}
