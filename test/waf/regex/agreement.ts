/** Our patterns and PCRE2 on the same values: what they do not agree about. */
import assert from 'node:assert/strict';
import { compilePattern, type Pattern } from '../../../waf/regex/pattern.ts';
import type { Asked, Judged } from './pcre2.ts';

export interface Tally {
  /** Pairs of a pattern and a value that both sides decided. */
  compared: number;
  matches: number;
  /** Pairs where PCRE2 came to its limit of backtracking. */
  undecided: number;
  /** Pairs where a pattern of ours that is not regular came to its limit. */
  gaveUp: number;
  readonly differences: string[];
}

/** Compares whether they match, and the groups where PCRE2 was asked for them. Patterns that PCRE2 refuses are left out. */
export function compare(
  patterns: readonly Asked[],
  values: readonly string[],
  judged: readonly Judged[],
): Tally {
  const tally: Tally = { compared: 0, matches: 0, undecided: 0, gaveUp: 0, differences: [] };
  patterns.forEach((asked, at) => {
    if (judged[at]!.faultAt !== undefined) return;
    const pattern = compilePattern(asked.source, asked);
    values.forEach((value, number) => {
      comparePair(pattern, value, judged[at]!.verdicts[number], tally);
    });
  });
  return tally;
}

type Verdict = Judged['verdicts'][number];

function comparePair(pattern: Pattern, value: string, verdict: Verdict, tally: Tally): void {
  if (verdict === undefined) return void tally.undecided++;
  const found = pattern.test(value);
  if (pattern.gaveUp) return void tally.gaveUp++;
  tally.compared++;
  if (verdict !== false) tally.matches++;
  if (found !== (verdict !== false)) return void tally.differences.push(told(pattern, value, found, verdict));
  if (found && !hasWhatItNeeds(pattern, value))
    tally.differences.push(
      `${JSON.stringify(pattern.source)} matches ${JSON.stringify(value)} without its literals`,
    );
  if (typeof verdict === 'boolean') return;
  const ours = pattern.exec(value);
  const theirs = verdict.slice(0, Math.min(9, pattern.groups) + 1).map(pair => pair && value.slice(...pair));
  if (JSON.stringify(ours) !== JSON.stringify(theirs))
    tally.differences.push(told(pattern, value, ours, theirs));
}

function hasWhatItNeeds({ literals, minLength }: Pattern, value: string): boolean {
  const folded = value.replace(/[A-Z]/g, letter => letter.toLowerCase());
  return value.length >= minLength && (literals?.some(literal => folded.includes(literal)) ?? true);
}

const told = ({ source }: Pattern, value: string, ours: unknown, theirs: unknown): string =>
  `${JSON.stringify(source.slice(0, 200))} on ${JSON.stringify(value.slice(0, 200))}: we say ${JSON.stringify(ours)}, PCRE2 ${JSON.stringify(theirs)}`;

/** No difference, and enough pairs of both outcomes that there could have been one. */
export function assertAgreed(tally: Tally, leastCompared: number): void {
  assert.deepEqual(tally.differences.slice(0, 5), []);
  assert.ok(tally.compared >= leastCompared, `only ${tally.compared} pairs were compared`);
  assert.ok(tally.matches > 0, 'nothing matched');
  assert.ok(tally.matches < tally.compared, 'everything matched');
}
