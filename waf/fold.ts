/**
 * Decides when rules are loaded what no request can change: TX values that the set-up gives, and the rules that ask about
 * them. Rule sets spend a third of their rules on that; after this they cost nothing.
 */
import { applyChain } from './chain.ts';
import { VariableMap } from './collection/variables.ts';
import { PHASES, type Phase, type Rule, type TxScope } from './rule.ts';
import { holds } from './rule-bits.ts';
import { links, TxUse, useOf } from './tx-use.ts';

export interface Folded {
  readonly phases: Readonly<Record<Phase, readonly Rule[]>>;
  /** What TX holds when a transaction begins. */
  readonly tx: VariableMap;
}

/** Thrown by a look at something that only a request has. */
class Unknown extends Error {}

/**
 * @param phases heads of chains in order; their `skipTo` is written anew
 * @param variables of TX, set before the first rule
 * @param chosen sets of rules that `ctl` may take out, a bit each by index
 */
export function foldRules(
  phases: Readonly<Record<Phase, readonly Rule[]>>,
  variables: Readonly<Record<string, string>>,
  chosen: readonly Uint32Array[],
): Folded {
  const folder = new Folder(phases, chosen);
  for (const name of Object.keys(variables)) folder.tx.set(name, name.toLowerCase(), variables[name]!);
  folder.foldSetUp();
  while (folder.foldConditions()) {}
  return { phases: folder.compact(), tx: folder.tx };
}

class Folder {
  readonly tx = new VariableMap();
  readonly #phases: Readonly<Record<Phase, readonly Rule[]>>;
  readonly #chosen: readonly Uint32Array[];
  readonly #gone = new Set<Rule>();
  readonly #scope: TxScope;

  constructor(phases: Readonly<Record<Phase, readonly Rule[]>>, chosen: readonly Uint32Array[]) {
    this.#phases = phases;
    this.#chosen = chosen;
    const { tx } = this;
    this.#scope = {
      tx,
      lookup: macro => lookup(macro, tx),
      locate: refuse,
      listed: refuse,
      document: refuse,
    };
  }

  /**
   * Runs the rules at the start of phase 1 that only write TX, until one is met that may lead elsewhere. Rules that look at
   * the request stay, and nothing is run ahead of them that they read or write.
   */
  foldSetUp(): void {
    const rules = this.#phases[1];
    const before = new TxUse();
    for (let at = 0; at < rules.length; at++) {
      const rule = rules[at]!;
      const verdict = before.meets(rule) ? undefined : this.#verdict(rule);
      if (verdict === false) this.#gone.add(rule);
      else if (verdict && this.#isSetUp(rule)) {
        for (const write of rule.txWrites) write.apply(this.#scope);
        this.#gone.add(rule);
      } else {
        if (leads(rule)) return;
        before.add(rule);
      }
    }
  }

  /** Whether all that a match of the rule does is to write known values into TX. */
  #isSetUp(rule: Rule): boolean {
    return (
      rule.next === undefined &&
      // Of several values each that matches has its effects.
      (rule.selection?.sources.length ?? 1) === 1 &&
      !rule.logs &&
      !rule.capture &&
      rule.severity === undefined &&
      rule.effects.length === rule.txWrites.length &&
      !leads(rule) &&
      this.#chosen.every(bits => !holds(bits, rule.index)) &&
      useOf(rule).readsTxOnly
    );
  }

  /** Drops rules that cannot match, and what is always jumped over. @returns whether there was one */
  foldConditions(): boolean {
    const use = new TxUse();
    for (const phase of PHASES) for (const rule of this.#left(phase)) use.add(rule);
    let changed = false;
    for (const phase of PHASES) {
      const rules = this.#phases[phase];
      rules.forEach((rule, at) => {
        if (this.#gone.has(rule)) return;
        const verdict = this.#verdict(rule, use);
        const skipped = verdict === true && this.#isJump(rule, at, rules);
        if (verdict === false) this.#gone.add(rule);
        else if (skipped) for (const one of rules.slice(at, rule.skipTo)) this.#gone.add(one);
        changed ||= verdict === false || skipped;
      });
    }
    return changed;
  }

  #left = (phase: Phase): Rule[] => this.#phases[phase].filter(rule => !this.#gone.has(rule));

  /** Whether a match does nothing but jump, and nobody lands among what is jumped over. */
  #isJump(rule: Rule, at: number, rules: readonly Rule[]): boolean {
    if (rule.skipTo < 0 || rule.logs || [...links(rule)].some(acts)) return false;
    if (rule.disruptive.kind !== 'pass' || rule.severity !== undefined) return false;
    const lands = rules.some(
      (other, from) => from < at && !this.#gone.has(other) && other.skipTo > at && other.skipTo < rule.skipTo,
    );
    const over = rules.slice(at + 1, rule.skipTo);
    // Taken out by `ctl`, the rule would jump no more: that must not bring rules back which stay.
    return (
      !lands &&
      this.#chosen.every(bits => !holds(bits, rule.index) || over.every(one => holds(bits, one.index)))
    );
  }

  /**
   * What a rule says for every request; undefined when that depends on the request. One link that cannot match decides, unless
   * links before it do something on the way.
   *
   * @param use of all rules: what they write is not known
   */
  #verdict(rule: Rule, use?: TxUse): boolean | undefined {
    let isSure = true;
    for (const link of links(rule)) {
      const said = use?.writesWhatItAsks(link) ? undefined : this.#linkVerdict(link);
      if (said === false) return false;
      isSure &&= said === true;
      if (acts(link)) return isSure && !link.next ? true : undefined;
    }
    return isSure ? true : undefined;
  }

  #linkVerdict(rule: Rule): boolean | undefined {
    const { selection, matcher } = rule;
    if (!selection || !matcher) return true;
    if (rule.multiMatch || !useOf(rule).asksTxOnly) return undefined;
    try {
      const found = selection.sources.some(({ target }) => {
        const key = target.selector?.kind === 'key' ? target.selector.key : '';
        const value = this.tx.get(key);
        if (target.mode === 'count') return this.#matches(rule, value === undefined ? '0' : '1');
        return value !== undefined && this.#matches(rule, value);
      });
      return found;
    } catch (fault) {
      if (fault instanceof Unknown) return undefined;
      throw fault;
    }
  }

  #matches({ matcher, negated, chain }: Rule, value: string): boolean {
    return matcher!.match(applyChain(chain, value), this.#scope) !== negated;
  }

  /** The rules that are left, with jumps to where their goals are now. */
  compact(): Record<Phase, Rule[]> {
    const left: Record<Phase, Rule[]> = { 1: [], 2: [], 3: [], 4: [], 5: [] };
    for (const phase of PHASES) {
      const places = [0];
      for (const rule of this.#phases[phase]) {
        if (!this.#gone.has(rule)) left[phase].push(rule);
        places.push(left[phase].length);
      }
      for (const rule of left[phase])
        if (rule.skipTo >= 0) rule.skipTo = places[rule.skipTo] ?? left[phase].length;
    }
    return left;
  }
}

/**
 * Whether a match changes which rules come next. `ctl` does not: what it takes out is in `chosen`, and after
 * `ctl:ruleEngine=Off` no rule is left that could see what was decided early.
 */
const leads = (rule: Rule): boolean => rule.skipTo >= 0 || rule.disruptive.kind !== 'pass';

/** Whether a match of this link does something at once. */
const acts = ({ effects, capture }: Rule): boolean => effects.length > 0 || capture;

const refuse = (): never => {
  throw new Unknown();
};

function lookup(macro: string, tx: VariableMap): string {
  const name = /^tx[.:](.*)$/i.exec(macro)?.[1];
  if (name === undefined) throw new Unknown();
  return tx.get(name.toLowerCase()) ?? '';
}
