/** A rule, in its two lives: as a draft that directives write, and compiled for requests. */
import type { Chain } from './chain.ts';
import type { Place } from './diagnostic.ts';
import type { Matcher } from './operator/operator.ts';
import type { OperatorText } from './seclang/operator-text.ts';
import type { Target } from './seclang/targets.ts';
import type { Selection } from './selection.ts';
import type { Transaction } from './transaction.ts';
import type { Transform } from './transform/transform.ts';

export type Phase = 1 | 2 | 3 | 4 | 5;
export const PHASES = [1, 2, 3, 4, 5] as const;

export type DisruptiveKind = 'deny' | 'drop' | 'redirect' | 'allow' | 'pass' | 'block';

export interface Disruptive {
  readonly kind: DisruptiveKind;
  /** Of `redirect`. */
  readonly url?: import('./operator/operator.ts').Template;
  /** Of `allow`: this phase, the request's phases, or all. */
  readonly scope?: 'phase' | 'request' | 'all';
}

/** What an action does at a match, whether or not the rest of the chain matches. */
export type Effect = (transaction: Transaction) => void;

/** What a rule says of itself. */
export interface RuleText {
  id: number;
  message: import('./operator/operator.ts').Template | undefined;
  data: import('./operator/operator.ts').Template | undefined;
  /** 0 (emergency) to 7 (debug). */
  severity: number | undefined;
  tags: import('./operator/operator.ts').Template[];
  version: string;
  revision: string;
  maturity: number;
  accuracy: number;
}

export interface RuleFlags {
  capture: boolean;
  multiMatch: boolean;
  /** Undefined: as the default actions say. */
  log: boolean | undefined;
  auditLog: boolean | undefined;
}

/** A draft; `SecDefaultAction` and updates write into it, and `link.ts` compiles it. */
export interface RuleDraft extends Place, RuleText, RuleFlags {
  phase: Phase;
  /** Undefined: `SecAction`, which always matches. */
  operator: OperatorText | undefined;
  targets: Target[];
  transforms: Transform[];
  /** Whether `t:none` was said, so that those of the default actions do not come first. */
  transformsReset: boolean;
  disruptive: Disruptive | undefined;
  status: number | undefined;
  skip: number;
  skipAfter: string | undefined;
  effects: EffectMaker[];
  /** Made while the actions are read, for `xmlns:` in targets. */
  namespaces: Map<string, string>;
  chained: boolean;
  next: RuleDraft | undefined;
  hasId: boolean;
  hasPhase: boolean;
}

/** Some effects name other rules, which are known only once all have been read. */
export type EffectMaker = (link: LinkContext) => Effect;

export interface LinkContext {
  /** Indices of the rules (heads of chains) that a test chooses, a bit each. */
  choose(test: (rule: RuleDraft) => boolean): Uint32Array;
}

/** A rule or a link of a chain. */
export interface Rule extends Place, Readonly<RuleText>, Readonly<RuleFlags> {
  /** Of the chain's head among all heads: what bits of exclusions count by. */
  readonly index: number;
  readonly phase: Phase;
  readonly selection: Selection | undefined;
  /** Whether its values are computed once for all rules. */
  readonly shares: boolean;
  readonly chain: Chain;
  readonly matcher: Matcher | undefined;
  readonly operatorName: string;
  readonly operatorArgument: string;
  readonly negated: boolean;
  /** The prefilter's bit, or -1 when the operator has to be asked each time. */
  readonly slot: number;
  readonly effects: readonly Effect[];
  readonly disruptive: Disruptive;
  readonly status: number;
  readonly skip: number;
  /** Index in the phase's list to go on at, or -1. */
  skipTo: number;
  readonly next: Rule | undefined;
  readonly logs: boolean;
  readonly auditLogs: boolean;
}
