/** A set of rules as one place of the configuration has it: TX set beforehand, and all decided that follows from it. */
import type { VariableMap } from './collection/variables.ts';
import { foldRules } from './fold.ts';
import type { LinkedRules } from './link.ts';
import type { Matcher } from './operator/operator.ts';
import { type Plan, planOf } from './plan.ts';
import { buildPrefilter, type Filtered, type Prefilter } from './regex/prefilter.ts';
import { PHASES, type Phase, type Rule } from './rule.ts';
import type { SourceNumbers } from './selection.ts';
import { TextShelf } from './text-shelf.ts';
import { links } from './tx-use.ts';

export interface Variant {
  /** Nothing in their rules changes any more. */
  readonly plans: Readonly<Record<Phase, Plan>>;
  /** What TX holds when a transaction begins. */
  readonly tx: VariableMap;
  /** For phases 1 and 2. */
  readonly request: Filter;
  /** For the phases after them: long lists of words for responses do not make the other table large. */
  readonly response: Filter;
  /** Names that rules about requests ask DNS block lists for, `*` in the address's place. */
  readonly blockLists: readonly string[];
}

/** What tells that values need not be looked at. */
export interface Filter {
  readonly prefilter: Prefilter;
  /** By the number of a transformation: a result with fewer bytes matches no rule that it leads to. */
  readonly least: readonly number[];
  readonly shelf: TextShelf;
  /** Of the sources that rules look at. */
  readonly numbers: SourceNumbers;
}

/**
 * @param variables of TX, set before the first rule runs
 * @param removals sets of rules that may be taken out while a request runs, besides those that rules name themselves
 */
export function makeVariant(
  { phases: written, chosen, numbers }: LinkedRules,
  variables: Readonly<Record<string, string>>,
  removals: readonly Uint32Array[],
): Variant {
  const own: Record<Phase, Rule[]> = { 1: [], 2: [], 3: [], 4: [], 5: [] };
  for (const phase of PHASES) own[phase] = written[phase].map(rule => rule.clone());
  const { phases, tx } = foldRules(own, variables, [...chosen, ...removals]);
  for (const head of PHASES.flatMap(phase => phases[phase]))
    for (const { selection } of links(head))
      for (const source of selection?.sources ?? []) numbers.give(source);
  const request = filterFor([phases[1], phases[2]]);
  const response = filterFor([phases[3], phases[4], phases[5]]);
  const least = leastLengths(Object.values(phases).flatMap(heads => heads.flatMap(head => [...links(head)])));
  const [first, second] = request.plans;
  const [third, fourth, fifth] = response.plans;
  return {
    plans: { 1: first!, 2: second!, 3: third!, 4: fourth!, 5: fifth! },
    tx,
    request: { prefilter: request.prefilter, least, shelf: new TextShelf(), numbers },
    response: { prefilter: response.prefilter, least, shelf: new TextShelf(), numbers },
    blockLists: listsOf([...phases[1], ...phases[2]]),
  };
}

const listsOf = (heads: readonly Rule[]): string[] => [
  ...new Set(heads.flatMap(head => [...links(head)].flatMap(({ matcher }) => matcher?.list ?? []))),
];

/** Of a rule that the filter knows nothing about: its bit is never set, and nobody asks for it. */
const UNKNOWN: Filtered = { literals: [] };

/**
 * Gives each operator of which is known what its matches hold a bit, and makes the filter that sets them. Bits of heads are in
 * the order of their phases, each of which begins at a word of its own.
 */
function filterFor(phases: readonly (readonly Rule[])[]): { prefilter: Prefilter; plans: Plan[] } {
  const filtered: Filtered[] = [];
  let memos = 0;
  const give = (link: Rule): void => {
    const needs = link.shares && link.matcher && !link.negated ? needsOf(link, link.matcher) : undefined;
    if (needs) link.slot = filtered.length;
    else if (link.shares && (link.matcher?.pattern || link.matcher?.isCostly)) link.memo = memos++;
    link.isByWords = needs?.literals !== undefined;
    filtered.push(needs ?? UNKNOWN);
  };
  const plans = phases.map(heads => {
    while (filtered.length % 32 > 0) filtered.push(UNKNOWN);
    const firstWord = filtered.length / 32;
    for (const head of heads) give(head);
    return planOf(heads, firstWord);
  });
  for (const head of phases.flat()) for (const link of links(head)) if (link !== head) give(link);
  return { prefilter: buildPrefilter(filtered), plans };
}

function leastLengths(rules: readonly Rule[]): number[] {
  const least: number[] = [];
  for (const rule of rules) {
    let need = rule.shares ? leastOf(rule) : 0;
    for (const step of rule.shares ? rule.chain.toReversed() : []) {
      least[step.number] = Math.min(least[step.number] ?? need, need);
      if (step.most) need = 0; // what it makes may be longer than what it was made of
    }
  }
  return least;
}

/** Bytes that a value has at least when the operator of the rule matches it. */
function leastOf({ matcher, negated, needs }: Rule): number {
  if (!matcher || negated) return 0;
  if (matcher.pattern) return matcher.pattern.minLength ?? 0;
  if (matcher.words) return Math.min(...matcher.words.map(word => word.length));
  return needs.length > 0 ? 1 : 0;
}

function needsOf({ needs }: Rule, matcher: Matcher): Filtered | undefined {
  const literals = literalsOf(matcher);
  // A single byte is in every other value: to know the kinds of bytes costs nothing, and each find of a word does.
  const isWorthwhile = needs.length === 0 || literals?.every(literal => literal.length > 1);
  if (literals && isWorthwhile) return { literals };
  return needs.length > 0 ? { literals: undefined, kinds: needs } : undefined;
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
