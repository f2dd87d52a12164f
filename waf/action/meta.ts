/** Actions that tell what a rule is. */
import { RuleFault } from '../diagnostic.ts';
import type { Phase } from '../rule.ts';
import { type Action, needs } from './action.ts';

const PHASE_NAMES: Readonly<Record<string, Phase>> = {
  1: 1,
  2: 2,
  3: 3,
  4: 4,
  5: 5,
  'request-headers': 1,
  request: 2,
  'response-headers': 3,
  response: 4,
  logging: 5,
};

export const SEVERITIES = [
  'EMERGENCY',
  'ALERT',
  'CRITICAL',
  'ERROR',
  'WARNING',
  'NOTICE',
  'INFO',
  'DEBUG',
] as const;

/** @throws {RuleFault} unless `text` is an integer within the bounds */
export function integer(text: string, what: string, min: number, max: number): number {
  const value = /^[0-9]{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new RuleFault(
      'value',
      `${what} is ${JSON.stringify(text)}`,
      `give an integer from ${min} to ${max}`,
    );
  return value;
}

function severityOf(text: string): number {
  const named = SEVERITIES.indexOf(text.trim().toUpperCase() as (typeof SEVERITIES)[number]);
  return named >= 0 ? named : integer(text, 'the severity', 0, 7);
}

/** What a message names must not name it back: `logdata` may name `msg`, nothing else of the two may. */
function refuseCircle(text: string, what: string, circle: RegExp): void {
  const found = circle.exec(text)?.[0];
  if (found !== undefined)
    throw new RuleFault('macro', `${what} would have no end with ${found} in it`, 'leave it out');
}

export const META_ACTIONS: readonly Action[] = [
  needs('id', 'The number of the rule; no two rules share one.', (draft, text) => {
    draft.id = integer(text, 'the id', 1, 999_999_999_999);
    draft.hasId = true;
  }),
  needs('phase', 'When the rule runs: 1 to 5, request, response, logging.', (draft, text) => {
    const phase = PHASE_NAMES[text.trim().toLowerCase()];
    if (!phase)
      throw new RuleFault('value', `there is no phase ${JSON.stringify(text)}`, 'give 1, 2, 3, 4 or 5');
    draft.phase = phase;
    draft.hasPhase = true;
  }),
  needs('msg', 'What a match means; may hold macros.', (draft, text, { macros }) => {
    refuseCircle(text, 'msg', /%\{\s*rule[.:](?:msg|logdata)\s*\}/i);
    draft.message = macros.template(text);
  }),
  needs('logdata', 'What to log of a match; may hold macros.', (draft, text, { macros }) => {
    refuseCircle(text, 'logdata', /%\{\s*rule[.:]logdata\s*\}/i);
    draft.data = macros.template(text);
  }),
  needs('severity', 'EMERGENCY (0) to DEBUG (7).', (draft, text) => {
    draft.severity = severityOf(text);
  }),
  needs('tag', 'A word by which rules are chosen together; may hold macros.', (draft, text, { macros }) => {
    draft.tags.push(macros.template(text));
  }),
  needs('ver', 'The version of the set that the rule belongs to.', (draft, text) => {
    draft.version = text;
  }),
  needs('rev', 'The revision of the rule.', (draft, text) => {
    draft.revision = text;
  }),
  needs('maturity', 'How well tried the rule is, 1 to 9.', (draft, text) => {
    draft.maturity = integer(text, 'the maturity', 1, 9);
  }),
  needs('accuracy', 'How seldom the rule is wrong, 1 to 9.', (draft, text) => {
    draft.accuracy = integer(text, 'the accuracy', 1, 9);
  }),
  needs('xmlns', 'Declares a prefix for XML paths of the rule: xmlns:soap=URI.', (draft, text) => {
    const equals = text.indexOf('=');
    if (equals <= 0) throw new RuleFault('value', 'xmlns names no prefix', 'write xmlns:prefix=URI');
    draft.namespaces.set(text.slice(0, equals), text.slice(equals + 1));
  }),
];
