/** Directives that make rules. */
import { RuleFault } from '../../diagnostic.ts';
import { applyActions, emptyDraft } from '../draft.ts';
import { parseOperatorText } from '../operator-text.ts';
import type { ReadContext, SecDirective } from './directive.ts';

function addRule([targets, operator, actions]: readonly string[], { program, place }: ReadContext): void {
  const draft = emptyDraft(place);
  applyActions(draft, actions ?? '', program.contextOf(draft));
  draft.targets = program.targets(targets!, draft);
  draft.operator = parseOperatorText(operator!);
  program.add(draft);
}

export const RULE_DIRECTIVES: readonly SecDirective[] = [
  {
    name: 'SecRule',
    doc: 'SecRule VARIABLES OPERATOR [ACTIONS]: inspects variables with an operator, and acts at a match.',
    args: [2, 3],
    apply: addRule,
  },
  {
    name: 'SecAction',
    doc: 'SecAction ACTIONS: acts always.',
    args: [1, 1],
    apply([actions], { program, place }) {
      const draft = emptyDraft(place);
      applyActions(draft, actions!, program.contextOf(draft));
      program.add(draft);
    },
  },
  {
    name: 'SecMarker',
    doc: 'SecMarker NAME: where skipAfter:NAME goes on.',
    args: [1, 1],
    apply([name], { program }) {
      if (program.pending)
        throw new RuleFault('chain', 'a marker stands within a chain', 'finish the chain before it');
      program.items.push({ marker: name! });
    },
  },
  {
    name: 'SecDefaultAction',
    doc: 'SecDefaultAction ACTIONS: what rules of a phase do that do not say so themselves; `block` does what it says.',
    args: [1, 1],
    apply([actions], { program, place }) {
      const draft = emptyDraft(place);
      applyActions(draft, actions!, program.contextOf(draft));
      if (!draft.hasPhase || !draft.disruptive || draft.disruptive.kind === 'block')
        throw new RuleFault(
          'defaults',
          'default actions need a phase and a disruptive action',
          'as in "phase:1,log,pass"',
        );
      if (draft.hasId || draft.effects.length > 0 || draft.chained)
        throw new RuleFault('defaults', 'default actions take no id, chain, setvar or ctl');
      program.defaults.set(draft.phase, draft);
    },
  },
  {
    name: 'Include',
    doc: 'Include PATTERN: reads the files that the pattern names, in the order of their names.',
    args: [1, 1],
    apply: ([pattern], context) => context.include(pattern!, 'refuse'),
  },
  {
    name: 'IncludeOptional',
    doc: 'IncludeOptional PATTERN: the same, and none need be there.',
    args: [1, 1],
    apply: ([pattern], context) => context.include(pattern!, 'pass over'),
  },
];
