/** Directives that take rules, or parts of them, back. */
import { idTest, messageTest, tagTest } from '../../action/ctl.ts';
import { RuleFault } from '../../diagnostic.ts';
import type { RuleDraft } from '../../rule.ts';
import { applyActions } from '../draft.ts';
import type { Program } from '../program.ts';
import { type Target, targetKey } from '../targets.ts';
import type { ReadContext, SecDirective } from './directive.ts';

type Chooser = (text: string) => (rule: RuleDraft) => boolean;

const remove = (name: string, what: string, most: number, chooser: Chooser): SecDirective => ({
  name,
  doc: `${name} ${what}: takes rules out, wherever they stand.`,
  args: [1, most],
  apply(args, { program }) {
    const tests = args.map(chooser);
    program.exclusions.push(rules => rules.filter(rule => !tests.some(test => test(rule))));
  },
});

const updateTarget = (name: string, what: string, chooser: Chooser): SecDirective => ({
  name,
  doc: `${name} ${what} TARGETS [REPLACED]: adds targets to rules; !TARGET takes it out.`,
  args: [2, 3],
  apply([chosen, targets, replaced], { program }) {
    const test = chooser(chosen!);
    const replacing = replaced === undefined ? [] : readTargets(replaced, program);
    const added = readTargets(targets!, program);
    program.exclusions.push(rules => {
      for (const rule of rules) if (test(rule)) changeTargets(rule, added, replacing);
      return rules;
    });
  },
});

const readTargets = (text: string, program: Program): Target[] =>
  program.targets(text.replaceAll(/,(?=[!&]?[A-Z_]+(?:[:|,]|$))/g, '|'), { namespaces: new Map() });

/** Exclusions count for all links of a chain that look at the variable; additions for its head. */
function changeTargets(head: RuleDraft, added: readonly Target[], replaced: readonly Target[]): void {
  const gone = new Set(replaced.map(targetKey));
  if (gone.size > 0) head.targets = head.targets.filter(target => !gone.has(targetKey(target)));
  for (let link: RuleDraft | undefined = head; link; link = link.next) {
    const mine = link === head ? added : added.filter(({ mode }) => mode === 'exclude');
    link.targets = [...link.targets, ...mine.filter(target => !holds(link!, target))];
  }
}

const holds = (rule: RuleDraft, target: Target) =>
  rule.targets.some(one => targetKey(one) === targetKey(target));

function updateActions([which, actions]: readonly string[], { program, place }: ReadContext): void {
  const match = /^([0-9]{1,12})(?::([0-9]{1,3}))?$/.exec(which!.trim());
  if (!match)
    throw new RuleFault(
      'value',
      `${JSON.stringify(which)} is no id of a rule`,
      'write ID, or ID:LINK for a link of its chain',
    );
  const id = Number(match[1]);
  program.exclusions.push(rules => {
    let link: RuleDraft | undefined = rules.find(rule => rule.id === id);
    for (let steps = Number(match[2] ?? 0); link && steps > 0; steps--) link = link.next;
    if (!link)
      program.report(place, 'error', {
        code: 'exclusion',
        message: `there is no rule ${which}`,
        hint: 'check the id',
      });
    else change(link, actions!, program, place);
    return rules;
  });
}

function change(rule: RuleDraft, actions: string, program: Program, place: ReadContext['place']): void {
  const { id, phase, chained } = rule;
  try {
    applyActions(rule, actions, program.contextOf(rule));
    if (rule.id !== id || rule.phase !== phase || rule.chained !== chained)
      throw new RuleFault('exclusion', 'id, phase and chain of a rule stay as they are', 'leave them out');
  } catch (fault) {
    if (!(fault instanceof RuleFault)) throw fault;
    program.report(place, 'error', fault);
  }
}

export const EXCLUSION_DIRECTIVES: readonly SecDirective[] = [
  remove('SecRuleRemoveById', 'IDS', 1000, idTest),
  remove('SecRuleRemoveByTag', 'TAG', 1, tagTest),
  remove('SecRuleRemoveByMsg', 'MESSAGE', 1, messageTest),
  updateTarget('SecRuleUpdateTargetById', 'ID', idTest),
  updateTarget('SecRuleUpdateTargetByTag', 'TAG', tagTest),
  updateTarget('SecRuleUpdateTargetByMsg', 'MESSAGE', messageTest),
  {
    name: 'SecRuleUpdateActionById',
    doc: 'SecRuleUpdateActionById ID[:LINK] ACTIONS: changes what a rule does.',
    args: [2, 2],
    apply: updateActions,
  },
];
