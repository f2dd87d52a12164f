/** What an action is: a word in a rule that writes into its draft when the rule is read. */
import type { Template } from '../operator/operator.ts';
import type { RuleDraft } from '../rule.ts';
import type { Target } from '../seclang/targets.ts';

export interface ActionContext {
  readonly macros: { template(text: string): Template };
  /** Reads targets, for actions that name some (`ctl:ruleRemoveTargetById`). */
  targets(text: string): Target[];
}

export interface Action {
  /** As rules spell it; compared without regard to case. */
  readonly name: string;
  readonly doc: string;
  readonly argument: 'none' | 'required' | 'optional';
  /** @throws {RuleFault} when the argument is wrong */
  apply(draft: RuleDraft, argument: string, context: ActionContext): void;
}

/** An action without an argument. */
export const plain = (name: string, doc: string, apply: (draft: RuleDraft) => void): Action => ({
  name,
  doc,
  argument: 'none',
  apply,
});

export const needs = (name: string, doc: string, apply: Action['apply']): Action => ({
  name,
  doc,
  argument: 'required',
  apply,
});
