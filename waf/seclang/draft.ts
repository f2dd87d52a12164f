/** Drafts of rules: empty ones, and the writing of actions into them. */
import { suggest } from '#kit/suggest.ts';
import type { ActionContext } from '../action/action.ts';
import { ACTIONS, REFUSED_ACTIONS } from '../action/table.ts';
import { type Place, RuleFault } from '../diagnostic.ts';
import type { RuleDraft } from '../rule.ts';
import { splitActions } from './action-list.ts';

export const emptyDraft = ({ file, line }: Place): RuleDraft => ({
  file,
  line,
  id: 0,
  hasId: false,
  phase: 2,
  hasPhase: false,
  message: undefined,
  data: undefined,
  severity: undefined,
  tags: [],
  version: '',
  revision: '',
  maturity: 0,
  accuracy: 0,
  capture: false,
  multiMatch: false,
  log: undefined,
  auditLog: undefined,
  operator: undefined,
  targets: [],
  transforms: [],
  transformsReset: false,
  disruptive: undefined,
  status: undefined,
  skip: 0,
  skipAfter: undefined,
  effects: [],
  txWrites: [],
  texts: [],
  namespaces: new Map(),
  chained: false,
  next: undefined,
});

/** @throws {RuleFault} for an unknown action, or a wrong argument */
export function applyActions(draft: RuleDraft, text: string, context: ActionContext): void {
  for (const { name, argument } of splitActions(text)) {
    const action = ACTIONS.get(name);
    if (!action) throw unknownAction(name);
    if (action.argument === 'none' && argument !== undefined)
      throw new RuleFault('action', `${action.name} takes no argument`, `write ${action.name}`);
    if (action.argument === 'required' && (argument === undefined || argument === ''))
      throw new RuleFault('action', `${action.name} has no argument`, `write ${action.name}:...`);
    action.apply(draft, argument ?? '', context);
  }
}

function unknownAction(name: string): RuleFault {
  const reason = Object.hasOwn(REFUSED_ACTIONS, name) ? REFUSED_ACTIONS[name] : undefined;
  if (reason) return new RuleFault('action', `the action ${name} is not supported`, reason);
  const near = suggest(name, ACTIONS.keys());
  return new RuleFault(
    'action',
    `there is no action ${JSON.stringify(name)}`,
    near && `did you mean ${ACTIONS.get(near)!.name}?`,
  );
}
