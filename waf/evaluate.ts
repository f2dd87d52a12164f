/** Runs the rules of a phase over a transaction. */
import { applyChain, stages } from './chain.ts';
import { cut, MATCH_LIMIT, type Match, type MatchedRule } from './match.ts';
import type { Matcher } from './operator/operator.ts';
import { nextPlace, type Plan } from './plan.ts';
import { Reached } from './reached.ts';
import { type Candidates, isCandidate } from './regex/prefilter.ts';
import type { Rule } from './rule.ts';
import { covers } from './selection.ts';
import type { Column, Text } from './text.ts';
import type { Transaction } from './transaction.ts';
import { ValueSet } from './value-set.ts';
import type { Entry } from './variable/variable.ts';

/** What a run of a rule that is not silent has found so far. Most chains end without a match, so it is worded only at their end. */
export interface Finding {
  message: string | undefined;
  data: string;
  readonly reached: Reached[];
  /** By the same place: the link that matched, and the part that it matched where that is known already. */
  readonly links: Rule[];
  readonly parts: (string | undefined)[];
  more: number;
}

/** Runs rules in order, but for those of which is known that they cannot match, until one of them ends the phase. */
export function runRules(plan: Plan, transaction: Transaction): void {
  const { rules } = plan;
  const active = transaction.values.active(plan);
  for (let at = nextPlace(active, 0); at >= 0; at = nextPlace(active, at)) {
    const rule = rules[at]!;
    at++;
    if (transaction.control.isRemoved(rule.index) || !runRule(rule, transaction)) continue;
    if (transaction.phaseEnded) return;
    if (rule.skipTo >= 0) at = rule.skipTo;
  }
}

/** @returns whether the rule, with all links of its chain, matched */
function runRule(head: Rule, transaction: Transaction): boolean {
  transaction.rule = head;
  transaction.finding = undefined;
  for (let link: Rule | undefined = head; link; link = link.next)
    if (!runLink(link, head, transaction)) return false;
  conclude(head, transaction);
  return true;
}

function runLink(link: Rule, head: Rule, transaction: Transaction): boolean {
  if (!link.matcher) {
    for (const effect of link.effects) effect(transaction);
    if (head.logs) findingOf(transaction).message ??= link.message?.expand(transaction);
    return true;
  }
  return link.shares ? runShared(link, head, transaction) : runAlone(link, head, transaction);
}

/**
 * Values that other rules look at as well, each computed once. First the question whether any value of a source matches at
 * all, which for nearly every rule and request is answered by one bit; only then who and where.
 */
function runShared(link: Rule, head: Rule, transaction: Transaction): boolean {
  const { sources } = link.selection!;
  const { values } = transaction;
  let reached: Entry[] | undefined;
  for (let at = 0; at < sources.length; at++) {
    const source = sources[at]!;
    const raw = values.raw(source);
    if (raw.entries.length === 0) continue;
    const hits = hitsIn(link, raw.column, transaction);
    if (!hits) continue;
    reached ??= [];
    actOnHits(link, head, transaction, source.label, raw.entries, hits, reached);
  }
  return reached !== undefined && settle(transaction, reached);
}

/** The values of a source that match: after the chain, with `multiMatch` also on the way there. */
function hitsIn(link: Rule, raw: Column, transaction: Transaction): ValueSet | undefined {
  const { chain, multiMatch } = link;
  const { values } = transaction;
  let hits = multiMatch || chain.length === 0 ? judge(link, raw, transaction, undefined) : undefined;
  let column = raw;
  for (let step = 0; step < chain.length; step++) {
    const before = column;
    column = values.after(before, chain[step]!);
    const asked = multiMatch ? column !== before : step === chain.length - 1;
    if (asked) hits = judge(link, column, transaction, hits);
  }
  return hits;
}

/** @param slot -1 for operators that have to be asked each time */
const mayMatch = (candidates: Candidates, slot: number): boolean => slot < 0 || isCandidate(candidates, slot);

/** Whether values with these kinds of bytes can match. */
function hasNeeded({ needs }: Rule, signs: number): boolean {
  for (let at = 0; at < needs.length; at++) if ((needs[at]! & signs) === 0) return false;
  return true;
}

/** @returns the values that match, with those found before; undefined when none does */
function judge(
  link: Rule,
  { texts, candidates: ofAll, signs }: Column,
  transaction: Transaction,
  found: ValueSet | undefined,
): ValueSet | undefined {
  if (!mayMatch(ofAll, link.slot) || !hasNeeded(link, signs)) return found;
  let hits = found;
  for (let at = 0; at < texts.length; at++) {
    const text = texts[at]!;
    if (!mayMatch(text.candidates, link.slot) || !hasNeeded(link, text.signs)) continue;
    if (!(text.kept ? decidesOnce(link, text, transaction) : decides(link, text.value, transaction)))
      continue;
    if (hits) hits.add(text.value);
    else hits = new ValueSet(text.value);
  }
  return hits;
}

/** The same of a value that is kept, for which nothing is asked twice. */
function decidesOnce(link: Rule, text: Text, transaction: Transaction): boolean {
  const { memo, slot } = link;
  if (memo >= 0) return ((text.answers ??= [])[memo] ??= decides(link, text.value, transaction));
  const found = decides(link, text.value, transaction);
  // With multiMatch, what it was before may match all the same.
  if (!found && slot >= 0 && !link.multiMatch) text.strikeOut(slot);
  return found;
}

function actOnHits(
  link: Rule,
  head: Rule,
  transaction: Transaction,
  label: string,
  entries: readonly Entry[],
  hits: ValueSet,
  reached: Entry[],
): void {
  const { chain, multiMatch } = link;
  const act = (one: Entry, transformed: string): void => {
    if (!hits.has(transformed) || isSpared(link, head, transaction, label, one)) return;
    reached.push(actOn(link, head, transaction, new Reached(label, one, transformed)));
  };
  for (const one of entries) {
    if (multiMatch) for (const stage of stages(chain, one.value)) act(one, stage);
    else act(one, transaction.values.transformed(one.value, chain));
  }
}

/** Whether the rule excludes an entry, by its own targets or by what `ctl` did before. */
const isSpared = (link: Rule, head: Rule, { control }: Transaction, label: string, one: Entry): boolean =>
  link.selection!.excluded.some(target => covers(target, label, one)) ||
  control.isSpared(head.index, label, one);

/** Values that may be others at the next rule (TX), and `multiMatch`. */
function runAlone(link: Rule, head: Rule, transaction: Transaction): boolean {
  const { sole } = link.selection!;
  if (sole && !link.multiMatch) {
    const value = sole.read(transaction);
    if (value === undefined) return false;
    const transformed = applyChain(link.chain, value);
    if (!decides(link, transformed, transaction)) return false;
    const one = { key: sole.key, lower: sole.key, value };
    if (isSpared(link, head, transaction, sole.label, one)) return false;
    return settle(transaction, [actOn(link, head, transaction, new Reached(sole.label, one, transformed))]);
  }
  const reached: Entry[] = [];
  for (const { label, read } of link.selection!.sources)
    for (const one of read(transaction))
      for (const transformed of stagesOf(link, one.value))
        if (decides(link, transformed, transaction) && !isSpared(link, head, transaction, label, one))
          reached.push(actOn(link, head, transaction, new Reached(label, one, transformed)));
  return settle(transaction, reached);
}

/** The value after the chain; with `multiMatch` also before it and after each step that changes it. */
const stagesOf = ({ multiMatch, chain }: Rule, value: string): readonly string[] =>
  multiMatch ? stages(chain, value) : [applyChain(chain, value)];

function settle(transaction: Transaction, reached: readonly Entry[]): boolean {
  if (reached.length === 0) return false;
  transaction.matched.values = reached;
  return true;
}

/** A matcher that had to give up counts as a match, also where the rule negates it: nothing passes unjudged. */
function decides(link: Rule, value: string, transaction: Transaction): boolean {
  const matcher = link.matcher!;
  const found = matcher.match(value, transaction);
  return link.negated ? !found || matcher.pattern?.gaveUp === true : found;
}

/** What a match does at once, whatever the rest of the chain says. @returns it as an entry of MATCHED_VARS */
function actOn(link: Rule, head: Rule, transaction: Transaction, reached: Reached): Reached {
  transaction.matched.one = reached;
  const isKnown = link.capture || (head.logs && !goesByPattern(link));
  const captures = isKnown ? capturesOf(link, reached.value, transaction) : undefined;
  if (link.capture) transaction.tx.capture(captures ?? [reached.value]);
  for (const effect of link.effects) effect(transaction);
  if (head.logs) note(link, transaction, reached, captures?.[0]);
  return reached;
}

function note(link: Rule, transaction: Transaction, reached: Reached, part: string | undefined): void {
  const finding = findingOf(transaction);
  finding.message ??= link.message?.expand(transaction);
  if (finding.data === '' && link.data) finding.data = link.data.expand(transaction);
  if (finding.reached.length >= MATCH_LIMIT) {
    finding.more++;
    return;
  }
  finding.reached.push(reached);
  finding.links.push(link);
  finding.parts.push(part);
}

/** Whether the part that it matches depends on nothing but the value, so that it can be asked for later. */
const goesByPattern = ({ matcher, negated }: Rule): boolean => !negated && matcher?.pattern !== undefined;

function capturesOf(
  link: Rule,
  value: string,
  transaction: Transaction,
): readonly (string | undefined)[] | undefined {
  const matcher: Matcher = link.matcher!;
  return link.negated ? undefined : matcher.captures?.(value, transaction);
}

function matchOf(link: Rule, reached: Reached, known: string | undefined, transaction: Transaction): Match {
  const part = known ?? (goesByPattern(link) ? capturesOf(link, reached.value, transaction)?.[0] : undefined);
  return {
    variable: reached.key,
    value: cut(reached.one.value),
    transformed: cut(reached.value),
    part: part === undefined ? undefined : cut(part),
    operator: `${link.negated ? '!' : ''}@${link.operatorName} ${link.operatorArgument}`,
    transformations: link.chain.map(({ name }) => name),
  };
}

const findingOf = (transaction: Transaction): Finding =>
  (transaction.finding ??= { message: undefined, data: '', reached: [], links: [], parts: [], more: 0 });

/** The whole chain matched. */
function conclude(head: Rule, transaction: Transaction): void {
  if (head.severity !== undefined)
    transaction.highestSeverity = Math.min(transaction.highestSeverity, head.severity);
  if (head.logs) transaction.matchedRules.push(matchedRule(head, transaction, findingOf(transaction)));
  transaction.disrupt(head, transaction.finding?.message ?? '');
}

const matchedRule = (rule: Rule, transaction: Transaction, finding: Finding): MatchedRule => ({
  rule,
  message: finding.message ?? '',
  data: cut(finding.data),
  tags: rule.tags.map(tag => tag.expand(transaction)),
  matches: finding.reached.map((one, at) => matchOf(finding.links[at]!, one, finding.parts[at], transaction)),
  more: finding.more,
  auditLogs: rule.auditLogs,
});
