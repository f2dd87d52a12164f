/** A rule, in its two lives: as a draft that directives write, and compiled for requests. */
import type { Chain } from './chain.ts';
import type { MutableCollection } from './collection/variables.ts';
import type { Place } from './diagnostic.ts';
import type { Matcher, MatchScope, Template } from './operator/operator.ts';
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
  readonly url?: Template;
  /** Of `allow`: this phase, the request's phases, or all. */
  readonly scope?: 'phase' | 'request' | 'all';
}

/** What an action does at a match, whether or not the rest of the chain matches. */
export type Effect = (transaction: Transaction) => void;

/** What `setvar:tx...` works on: a transaction, or what is known of all of them when rules are loaded. */
export interface TxScope extends MatchScope {
  readonly tx: MutableCollection;
}

/** A `setvar` of TX. */
export interface TxWrite {
  readonly name: Template;
  /** The name up to its first macro, in lower case. */
  readonly prefix: string;
  apply(scope: TxScope): void;
}

/** What a rule says of itself. */
export interface RuleText {
  id: number;
  message: Template | undefined;
  data: Template | undefined;
  /** 0 (emergency) to 7 (debug). */
  severity: number | undefined;
  tags: Template[];
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
  /** Those of the effects that write TX. */
  txWrites: TxWrite[];
  /** All texts with macros in its actions. */
  texts: string[];
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

/** What linking found out about a rule that its draft does not say. */
export interface Linked {
  readonly index: number;
  readonly head: RuleDraft;
  readonly selection: Selection | undefined;
  readonly shares: boolean;
  readonly chain: Chain;
  readonly matcher: Matcher | undefined;
  readonly effects: readonly Effect[];
  readonly disruptive: Disruptive;
  readonly status: number;
  readonly next: Rule | undefined;
  readonly logs: boolean;
  readonly auditLogs: boolean;
}

/** A rule or a link of a chain. A class, so that V8 keeps its many fields in one fixed shape. */
export class Rule implements Place, Readonly<RuleText> {
  readonly file: string;
  readonly line: number;
  readonly id: number;
  readonly message: Template | undefined;
  readonly data: Template | undefined;
  readonly severity: number | undefined;
  readonly tags: Template[];
  readonly version: string;
  readonly revision: string;
  readonly maturity: number;
  readonly accuracy: number;
  readonly capture: boolean;
  readonly multiMatch: boolean;
  readonly phase: Phase;
  readonly operatorName: string;
  readonly operatorArgument: string;
  readonly negated: boolean;
  readonly txWrites: readonly TxWrite[];
  readonly texts: readonly string[];
  /** Of the chain's head among all heads: what bits of exclusions count by. */
  readonly index: number;
  readonly selection: Selection | undefined;
  /** Whether its values stay the same during a phase, and are computed once for all rules. */
  readonly shares: boolean;
  readonly chain: Chain;
  readonly matcher: Matcher | undefined;
  /** Masks of kinds of bytes: a value that matches has one of each (`signs.ts`). */
  readonly needs: readonly number[];
  readonly effects: readonly Effect[];
  readonly disruptive: Disruptive;
  readonly status: number;
  readonly next: Rule | undefined;
  readonly logs: boolean;
  readonly auditLogs: boolean;
  readonly #draft: RuleDraft;
  readonly #linked: Linked;
  /** The prefilter's bit, or -1 when the operator has to be asked each time. */
  slot = -1;
  /** Without a bit: the place of its answer in what is kept of a value; -1 when it is not worth while, or not the value's alone. */
  memo = -1;
  /** Whether words alone set that bit: then it has no regard to the case of letters. */
  isByWords = false;
  /** Index in the phase's list to go on at after a match, or -1 for the next. */
  skipTo = -1;

  constructor(draft: RuleDraft, linked: Linked) {
    this.file = draft.file;
    this.line = draft.line;
    this.id = linked.head.id;
    this.message = draft.message;
    this.data = draft.data;
    this.severity = draft.severity;
    this.tags = draft.tags;
    this.version = draft.version;
    this.revision = draft.revision;
    this.maturity = draft.maturity;
    this.accuracy = draft.accuracy;
    this.capture = draft.capture;
    this.multiMatch = draft.multiMatch;
    this.phase = linked.head.phase;
    this.operatorName = draft.operator?.name ?? '';
    this.operatorArgument = draft.operator?.argument ?? '';
    this.negated = draft.operator?.negated ?? false;
    this.txWrites = draft.txWrites;
    this.texts = draft.texts;
    this.index = linked.index;
    this.selection = linked.selection;
    this.shares = linked.shares;
    this.chain = linked.chain;
    this.matcher = linked.matcher;
    this.needs = this.negated ? [] : (linked.matcher?.signs ?? linked.matcher?.pattern?.signs ?? []);
    this.effects = linked.effects;
    this.disruptive = linked.disruptive;
    this.status = linked.status;
    this.next = linked.next;
    this.logs = linked.logs;
    this.auditLogs = linked.auditLogs;
    this.#draft = draft;
    this.#linked = linked;
  }

  /** The same rule with all its links, whose bits and jumps are of their own. */
  clone(): Rule {
    const copy = new Rule(this.#draft, { ...this.#linked, next: this.next?.clone() });
    copy.skipTo = this.skipTo;
    return copy;
  }
}
