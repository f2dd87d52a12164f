/** A set of rules as one place of the configuration has it: TX set beforehand, and all decided that follows from it. */
import type { VariableMap } from './collection/variables.ts';
import { foldRules } from './fold.ts';
import type { LinkedRules } from './link.ts';
import type { Matcher } from './operator/operator.ts';
import { buildPrefilter, type Prefilter } from './regex/prefilter.ts';
import { PHASES, type Phase, type Rule } from './rule.ts';
import { links } from './tx-use.ts';

export interface Variant {
  /** By phase: heads of chains, in order. Nothing in them changes any more. */
  readonly phases: Readonly<Record<Phase, readonly Rule[]>>;
  /** What TX holds when a transaction begins. */
  readonly tx: VariableMap;
  /** For phases 1 and 2. */
  readonly request: Filter;
  /** For the phases after them: long lists of words for responses do not make the other table large. */
  readonly response: Filter;
}

/** Says which patterns may match a value. */
export interface Filter {
  readonly prefilter: Prefilter;
  /** Transformations that the set has. */
  readonly steps: number;
}

/**
 * @param variables of TX, set before the first rule runs
 * @param removals sets of rules that may be taken out while a request runs, besides those that rules name themselves
 */
export function makeVariant(
  { phases: written, chosen, steps }: LinkedRules,
  variables: Readonly<Record<string, string>>,
  removals: readonly Uint32Array[],
): Variant {
  const own: Record<Phase, Rule[]> = { 1: [], 2: [], 3: [], 4: [], 5: [] };
  for (const phase of PHASES) own[phase] = written[phase].map(rule => rule.clone());
  const { phases, tx } = foldRules(own, variables, [...chosen, ...removals]);
  return {
    phases,
    tx,
    request: filterFor([...phases[1], ...phases[2]], steps),
    response: filterFor([...phases[3], ...phases[4], ...phases[5]], steps),
  };
}

/** Gives each operator that can say which words its matches hold a bit, and makes the filter that sets them. */
function filterFor(heads: readonly Rule[], steps: number): Filter {
  const slots: { readonly literals: readonly string[] }[] = [];
  for (const link of heads.flatMap(head => [...links(head)])) {
    const literals = link.shares && link.matcher && !link.negated ? literalsOf(link.matcher) : undefined;
    if (literals) link.slot = slots.push({ literals }) - 1;
  }
  return { prefilter: buildPrefilter(slots), steps };
}

function literalsOf({ pattern, words }: Matcher): readonly string[] | undefined {
  const literals = words?.map(word => word.toLowerCase()) ?? pattern?.literals;
  return literals?.some(literal => literal === '') ? undefined : literals?.map(fragmentOf);
}

const FRAGMENT = 6;

/** A part of a long word: it is in every value that holds the word, and keeps the table small. The rarer its signs the better. */
function fragmentOf(word: string): string {
  let best = word.slice(0, FRAGMENT);
  let most = -1;
  for (let at = 0; at + FRAGMENT <= word.length; at++) {
    const fragment = word.slice(at, at + FRAGMENT);
    const rare = fragment.replace(/[a-z ]/g, '').length;
    if (rare > most) [best, most] = [fragment, rare];
  }
  return best;
}
