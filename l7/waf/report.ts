/** What the error log says of a request in which rules of the WAF matched. */
import type { MatchedRule } from '#waf';
import type { Exchange } from '../exchange.ts';
import { quoted } from '../log/quoted.ts';
import type { Inspection } from './inspection.ts';

/** A log line names so many rules, and tells of the first few what they say: it is cut where it gets too long. */
const MOST_IDS = 200;
const MOST_TOLD = 8;
const MOST_TEXT = 200;

const told = (text: string): string => quoted(text.slice(0, MOST_TEXT));

/** `[id "N"]` is how logs of WAFs name rules; tools that read them look for it. */
const idText = ({ rule }: MatchedRule): string => `[id "${rule.id}"]`;

function ruleText({ rule, message, data, matches }: MatchedRule): string {
  const variable = matches.at(-1)?.variable;
  const where = variable === undefined ? '' : ` in ${told(variable)}`;
  return `${rule.id} ${told(message)}${where}${data === '' ? '' : ` data ${told(data)}`}`;
}

const WORDS = { pass: 'noted', detect: 'would block', block: 'blocked' } as const;

export function tellOfRules(exchange: Exchange, inspection: Inspection): void {
  if (!inspection.hasFindings) return;
  const { action, score, id, decision, matchedRules } = inspection;
  const ids = matchedRules.slice(0, MOST_IDS).map(idText).join(' ');
  const texts = matchedRules.slice(0, MOST_TOLD).map(ruleText).join(', ');
  const limit = decision?.ruleId === 0 ? ` ${decision.message}` : '';
  const level = action === 'block' ? 'error' : 'warn';
  exchange.log(level, `waf ${WORDS[action]}${limit}, score ${score}, id ${id} ${ids}: ${texts}`);
}
