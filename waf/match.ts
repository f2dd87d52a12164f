/** What is told of rules that matched: enough for an operator to see why. */
import type { WafEventMatch } from '#model/waf-event.ts';
import type { Rule } from './rule.ts';

/** One value that a rule, or a link of its chain, matched; texts are cut at 1 KiB. */
export type Match = WafEventMatch;

/** A rule all of whose chain matched, and which is not silent. */
export interface MatchedRule {
  readonly rule: Rule;
  readonly message: string;
  readonly data: string;
  readonly tags: readonly string[];
  readonly matches: readonly Match[];
  /** Values beyond those in `matches`. */
  readonly more: number;
  readonly auditLogs: boolean;
}

/** Why the request shall not go on as it is. */
export interface Decision {
  readonly action: 'deny' | 'drop' | 'redirect';
  readonly status: number;
  /** Of a redirect. */
  readonly url: string | undefined;
  /** 0 when a limit decided. */
  readonly ruleId: number;
  readonly message: string;
  readonly phase: number;
}

const TEXT_LIMIT = 1024;
export const MATCH_LIMIT = 20;

export const cut = (text: string): string => (text.length > TEXT_LIMIT ? text.slice(0, TEXT_LIMIT) : text);
